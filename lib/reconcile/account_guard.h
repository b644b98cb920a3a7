/* account_guard.h -- nothing is read or written in an account that the spec does not name. */
#ifndef RECONCILE_ACCOUNT_GUARD_H
#define RECONCILE_ACCOUNT_GUARD_H

#include "base/err.h"
#include "spec/manifest.h"

/* identity: what GetCallerIdentity answered.  0 when the spec is for its account, or names none;
 * otherwise -1 and *e: ERR_INVALID for another account, ERR_RETRY when the reply does not say. */
int account_guard(const struct manifest *manifest, const json_t *identity, struct err *e);

#endif
