/* value.h -- one field's value between a spec, AWS's wire form and the comparison.
 *
 * "Value" is the form specs and plans have; "wire" is what AWS's model says at the field's member.
 */
#ifndef RESOURCES_VALUE_H
#define RESOURCES_VALUE_H

#include "resources/kind.h"

/* A default as tables have it: "0.5", "true", "STANDARD", "[]"; new reference. */
json_t *value_from_text(const struct field *field, const char *text);
/* What AWS returned (NULL: no such member) as a value: field->absent_is where that says what
 * nothing means.  New reference, NULL for nothing. */
json_t *value_from_wire(const struct field *field, const json_t *wire);
/* A value as AWS wants it at shape (NULL: as it is; numbers and truths become text where the shape
 * is a string's); new reference.  have_wire: what AWS has there
 * now, or NULL: column comments and a policy's other members are taken from it. */
json_t *value_to_wire(const struct field *field, const json_t *shape, const json_t *value,
                      const json_t *have_wire);
/* What AWS has, with what is wanted laid over it: others' keys, statements and rules are kept, ours
 * that are no longer wanted go.  New reference. */
json_t *value_merge(const struct field *field, const json_t *want, const json_t *have);
/* Appends {"field", "want", "have"} for every difference that matters; want or have is missing
 * where there is none.  "field" is the name with the key inside: tags.owner, policy[Sid]. */
void value_differences(const struct field *field, const json_t *want, const json_t *have,
                       json_t *differences);

#endif
