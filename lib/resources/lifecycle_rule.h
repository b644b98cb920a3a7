/* lifecycle_rule.h -- S3's lifecycle rules compared by meaning.
 *
 * A prefix may stand in Filter, beside it (the old form) or in And; an empty one is none; And of
 * one is that one; transitions and tags have no order.  Source: "Lifecycle configuration elements",
 * S3 user guide. */
#ifndef RESOURCES_LIFECYCLE_RULE_H
#define RESOURCES_LIFECYCLE_RULE_H

#include <jansson.h>
#include <stdbool.h>

/* The rules in today's form, where any is in the old one: S3 takes no configuration that has both.
 * New reference. */
json_t *lifecycle_rule_lift(const json_t *rules);
/* IDs of the rules in the old form, by commas; new text, "" when there is none. */
char *lifecycle_rule_old(const json_t *rules);
bool lifecycle_rule_same(const json_t *a, const json_t *b);

#endif
