/* verb_iam_policy.c -- what billingd must be allowed to do for this spec, and nothing more. */
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "reconcile/iam_policy.h"

int verb_iam_policy(const struct options *options)
{
    int code;
    struct manifest *manifest = spec_load_strictly(options, &code);
    json_auto_t *policy = NULL;

    if (!manifest)
        return code;
    policy = iam_policy(manifest);
    if (json_view_print(policy))
        code = EXIT_FAILED;
    manifest_free(manifest);
    return code;
}
