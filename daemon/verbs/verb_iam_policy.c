/* verb_iam_policy.c -- what billingd must be allowed to do for this spec, and nothing more. */
#include "daemon/verbs/spec.h"
#include "daemon/verbs/verb.h"
#include "reconcile/iam_policy.h"

int verb_iam_policy(const struct options *options)
{
    size_t warnings;
    int code;
    struct manifest *manifest = spec_load(options, &code, &warnings);
    json_auto_t *policy = NULL;

    if (!manifest)
        return code;
    policy = iam_policy(manifest);
    if (json_dumpf(policy, stdout, JSON_INDENT(2)) < 0)
        code = EXIT_FAILED;
    (void)fputc('\n', stdout);
    manifest_free(manifest);
    return code;
}
