/* verb_schema.c -- the JSON Schemas of billing.yaml and of a template, for editors. */
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "spec/manifest.h"

#include <string.h>

int verb_schema(const struct options *options)
{
    bool template = options->operand && !strcmp(options->operand, "template");
    json_auto_t *schema = NULL;

    if (options->operand && !template) {
        (void)fprintf(stderr,
                      "billingd: schema '%s': choose template, or nothing for billing.yaml\n",
                      options->operand);
        return EXIT_BAD_USAGE;
    }
    schema = manifest_schema(template);
    return json_view_print(schema) ? EXIT_FAILED : EXIT_DONE;
}
