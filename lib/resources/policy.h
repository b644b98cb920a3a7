/* policy.h -- IAM policy documents compared by meaning.
 *
 * One string is a list of one, lists are sets, actions ignore case, "*" as principal is
 * {"AWS":"*"}, an account id is its root ARN in any partition, no Version is
 * 2008-10-17, the Id does not matter, booleans and numbers in conditions are text,
 * statements have no order.  Source: IAM, "Grammar of the IAM JSON policy language". */
#ifndef RESOURCES_POLICY_H
#define RESOURCES_POLICY_H

#include <jansson.h>
#include <stdbool.h>

/* A policy as AWS returns it (JSON text, perhaps percent-encoded, or already an object) as a
 * document; new reference, NULL when it is no JSON object. */
json_t *policy_parse(const json_t *wire);
/* The statements of a document as a list (a single object is a list of one); new reference. */
json_t *policy_statements(const json_t *document);
bool policy_same(const json_t *a, const json_t *b);
bool policy_statement_same(const json_t *a, const json_t *b);

#endif
