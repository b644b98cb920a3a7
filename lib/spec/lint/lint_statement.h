/* lint_statement.h -- statements of IAM policies, as far as lints ask. */
#ifndef SPEC_LINT_LINT_STATEMENT_H
#define SPEC_LINT_LINT_STATEMENT_H

#include <jansson.h>
#include <stdbool.h>

/* AWS's patterns: "*" is any text, "?" one character; letters of either case. */
bool lint_statement_matches(const char *pattern, const char *text);
/* The item of a text or list that passes, borrowed, or NULL. */
const char *lint_statement_any(const json_t *texts, bool (*test)(const char *, const char *),
                               const char *with);
/* Whether the statement is about the action: Action, or NotAction. */
bool lint_statement_is_for(const json_t *statement, const char *action);
/* Whether an Allow of the policy document is for the action on the resource, whatever its
 * condition. */
bool lint_statement_grants(const json_t *policy, const char *action, const char *resource);

#endif
