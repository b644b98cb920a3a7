/* lifecycle_rule.h -- S3's lifecycle rules compared by meaning.
 *
 * A prefix may stand in Filter, beside it (the old form) or in And; an empty one is none; And of
 * one is that one; transitions and tags have no order.  Source: "Lifecycle configuration elements",
 * S3 user guide. */
#ifndef RESOURCES_LIFECYCLE_RULE_H
#define RESOURCES_LIFECYCLE_RULE_H

#include <jansson.h>
#include <stdbool.h>

bool lifecycle_rule_same(const json_t *a, const json_t *b);

#endif
