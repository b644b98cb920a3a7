/* turns.h -- which items of a pass may write: after what they need, and one at a time where they
 * rewrite the same document. */
#ifndef RECONCILE_TURNS_H
#define RECONCILE_TURNS_H

#include "reconcile/item.h"

/* Fills `after` of a pipeline's items, which stand in the order of its resources. */
void turns_order(struct item *items, const struct manifest_pipeline *pipeline);
/* Once all are planned: says of those that will wait in vain what for, so that a plan tells what
 * will really happen. */
void turns_foresee(struct item *items, size_t count);
/* Releases planned items whose turn it is; blocks those that wait for one that failed.  True when
 * it ended early, for the loop's sake: call it again in the next round. */
bool turns_release(struct item *items, size_t count);

/* Whether it is there enough to be referred to: what goes into it may be under way, or have failed.
 */
bool turns_is_there(const struct item *item);

#endif
