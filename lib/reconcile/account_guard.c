#include "reconcile/account_guard.h"

#include "base/json.h"

#include <string.h>

int account_guard(const struct manifest *manifest, const json_t *identity, struct err *e)
{
    const char *account = json_text(identity, "Account");

    if (!account || !json_text(identity, "Arn"))
        return err_set(e, ERR_RETRY,
                       "who we are is unknown: GetCallerIdentity names no account or no caller");
    if (!manifest->account || !strcmp(manifest->account, account))
        return 0;
    return err_set(e, ERR_INVALID,
                   "the credentials belong to account %s, but the spec is for %s: nothing was read "
                   "or written",
                   account, manifest->account);
}
