/* account_guard.h -- whether the credentials are of the account that the spec names.
 *
 * Asked before anything else is read or written. */
#ifndef SPEC_ACCOUNT_GUARD_H
#define SPEC_ACCOUNT_GUARD_H

#include "base/err.h"
#include "spec/manifest.h"

/* identity: the result of sts:GetCallerIdentity.  *account is its account, borrowed from it; NULL
 * when it does not tell.  0 when the spec names the same account or none at all; -1 and *e when it
 * names another (ERR_INVALID), or that is unknown (ERR_RETRY). */
int account_guard_check(const struct manifest *manifest, const json_t *identity,
                        const char **account, struct err *e);

#endif
