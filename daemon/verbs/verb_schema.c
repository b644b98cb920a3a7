/* verb_schema.c -- the JSON Schema of billing.yaml, for editors. */
#include "daemon/verbs/verb.h"
#include "spec/manifest.h"

int verb_schema(const struct options *options)
{
    json_auto_t *schema = manifest_schema();

    (void)options;
    if (json_dumpf(schema, stdout, JSON_INDENT(2)) < 0)
        return EXIT_FAILED;
    (void)fputc('\n', stdout);
    return EXIT_DONE;
}
