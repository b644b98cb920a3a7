/* live_lint.h -- what the lints say of what AWS has, beyond what they say of the spec. */
#ifndef RECONCILE_LIVE_LINT_H
#define RECONCILE_LIVE_LINT_H

#include "reconcile/item.h"

/* Judges what was read for the items of one pipeline (facts and billing are its own) and notes each
 * finding at its task, in place of those noted before.  What could not be read, or is not there, is
 * not judged. */
void live_lint(const struct item *items, size_t count, const json_t *facts, const json_t *billing);

#endif
