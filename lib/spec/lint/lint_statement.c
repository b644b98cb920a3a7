#include "spec/lint/lint_statement.h"

#include "base/json.h"

#include <string.h>
#include <strings.h>

bool lint_statement_matches(const char *pattern, const char *text)
{
    for (; *pattern && *pattern != '*'; pattern++, text++)
        if (!*text || (*pattern != '?' && strncasecmp(pattern, text, 1) != 0))
            return false;
    if (!*pattern)
        return !*text;
    for (;; text++) {
        if (lint_statement_matches(pattern + 1, text))
            return true;
        if (!*text)
            return false;
    }
}

const char *lint_statement_any(const json_t *texts, bool (*test)(const char *, const char *),
                               const char *with)
{
    const json_t *item;
    size_t i;

    if (json_is_string(texts))
        return test(json_string_value(texts), with) ? json_string_value(texts) : NULL;
    json_array_foreach(texts, i, item) {
        if (json_is_string(item) && test(json_string_value(item), with))
            return json_string_value(item);
    }
    return NULL;
}

bool lint_statement_is_for(const json_t *statement, const char *action)
{
    const json_t *not_action = json_object_get(statement, "NotAction");

    return not_action ? !lint_statement_any(not_action, lint_statement_matches, action)
                      : lint_statement_any(json_object_get(statement, "Action"),
                                           lint_statement_matches, action) != NULL;
}

/* The statement at index of a policy document, whose Statement may be one or a list; borrowed, NULL
 * past the last. */
static const json_t *statement_at(const json_t *policy, size_t index)
{
    const json_t *statements = json_object_get(policy, "Statement");

    if (json_is_object(statements))
        return index ? NULL : statements;
    return json_array_get(statements, index);
}

bool lint_statement_grants(const json_t *policy, const char *action, const char *resource)
{
    const json_t *statement;

    for (size_t i = 0; (statement = statement_at(policy, i)); i++) {
        const char *effect = json_text(statement, "Effect");

        if (effect && !strcmp(effect, "Allow") && lint_statement_is_for(statement, action) &&
            lint_statement_any(json_object_get(statement, "Resource"), lint_statement_matches,
                               resource))
            return true;
    }
    return false;
}
