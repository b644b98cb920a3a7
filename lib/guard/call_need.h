/* call_need.h -- how many calls one look at a spec's resources takes: what `calls_per_minute` must
 * leave room for.
 *
 * Reads that are equal are sent once, as reading/read_cache.c does, and many as one, as
 * reading/wide_reads.c does; further pages, and what only
 * a reply makes necessary, are not known beforehand, so a look takes at least so many. */
#ifndef GUARD_CALL_NEED_H
#define GUARD_CALL_NEED_H

#include "resources/kind.h"

/* Adds the reads of a resource to those known: an object, by call; scope has the kind, what is
 * wanted (references resolved) and the facts of the pipeline.  wide: a read that another one
 * answers (struct wide_read) is counted as that. */
void call_need_add(const struct scope *scope, bool wide, bool remove, json_t *known);
/* How many calls those known are. */
size_t call_need_count(const json_t *known);

#endif
