/* task_unique.h -- what is told of a name that must be one thing's, and is nobody's or several's.
 *
 * Private to this room. */
#ifndef RECONCILE_TASK_UNIQUE_H
#define RECONCILE_TASK_UNIQUE_H

#include "resources/kind.h"

/* A sentence with the name, the region, and the candidates in the reply with their ids: the nearest
 * names, or all that have it.  call: one with `unique` and `find`, whose first pair is the name;
 * matches: how many fit.  New text. */
char *task_unique_text(const struct scope *scope, const struct call *call, const json_t *reply,
                       size_t matches);

#endif
