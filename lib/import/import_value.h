/* import_value.h -- what an override must say so that a field is wanted as AWS has it. */
#ifndef IMPORT_IMPORT_VALUE_H
#define IMPORT_IMPORT_VALUE_H

#include "resources/kind.h"

/* What is laid over want (mappings are merged by key there, and null takes one away) to make have
 * of it; new reference, JSON null where the field is to be left alone.  *in_order (may be NULL) is
 * false when columns would come out in another order: no override can say that. */
json_t *import_value_over(const struct field *field, const json_t *want, const json_t *have,
                          bool *in_order);
/* Whether a value that no spec declares is worth declaring: a single value, and none that is usual
 * or that AWS gives by itself. */
bool import_value_is_own(const struct field *field, const json_t *have);
/* The name of a statement or rule; NULL: it has none. */
const char *import_value_item(const struct field *field, const json_t *item);
/* The item of that name in a list, or NULL; borrowed. */
const json_t *import_value_find(const struct field *field, const json_t *list, const char *name);

#endif
