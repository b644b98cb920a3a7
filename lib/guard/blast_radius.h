/* blast_radius.h -- how many of the things in place one pass may change: `reconcile.max_changes`.
 *
 * A template that was emptied, or names that lead elsewhere, differ in everything at once.  What
 * counts is what is in place: a resource that would be changed or deleted, and one that was in
 * place at an earlier look and would be made anew (another region, an emptied account).  What was
 * never seen in place does not count, so that a first creation goes through, also one that was cut
 * short. */
#ifndef GUARD_BLAST_RADIUS_H
#define GUARD_BLAST_RADIUS_H

#include <stdbool.h>
#include <stddef.h>

struct blast_radius;

/* most: changes that one pass may make; 0: as many as there are. */
struct blast_radius *blast_radius_new(size_t most);
/* NULL is harmless. */
void blast_radius_free(struct blast_radius *radius);
/* For once, or from now on, another number. */
void blast_radius_allow(struct blast_radius *radius, size_t most);
size_t blast_radius_most(const struct blast_radius *radius);
/* Takes over what another one (NULL: none) saw in place, which sees nothing more. */
void blast_radius_inherit(struct blast_radius *radius, const struct blast_radius *from);
/* The resource of that address is in place. */
void blast_radius_see(struct blast_radius *radius, const char *address);
/* Whether writing it counts.  makes: it is not in place. */
bool blast_radius_counts(const struct blast_radius *radius, const char *address, bool makes);
/* Whether so many changes are too many. */
bool blast_radius_is_over(const struct blast_radius *radius, size_t changes);

#endif
