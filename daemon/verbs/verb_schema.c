/* verb_schema.c -- the JSON Schema of billing.yaml, for editors. */
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "spec/manifest.h"

int verb_schema(const struct options *options)
{
    json_auto_t *schema = manifest_schema();

    (void)options;
    return json_view_print(schema) ? EXIT_FAILED : EXIT_DONE;
}
