#include "spec/account_guard.h"

#include "base/json.h"

#include <string.h>

int account_guard_check(const struct manifest *manifest, const json_t *identity,
                        const char **account, struct err *e)
{
    *account = json_text(identity, "Arn") ? json_text(identity, "Account") : NULL;
    if (!*account)
        return err_set(e, ERR_RETRY,
                       "who we are is unknown: GetCallerIdentity names no account or no caller");
    if (manifest->account && strcmp(manifest->account, *account) != 0)
        return err_set(e, ERR_INVALID,
                       "the credentials belong to account %s, but the spec is for %s: nothing was "
                       "read or written",
                       *account, manifest->account);
    return 0;
}
