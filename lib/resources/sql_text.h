/* sql_text.h -- SQL as tokens, so that white space, comments and letter case of words do not count.
 */
#ifndef RESOURCES_SQL_TEXT_H
#define RESOURCES_SQL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Moves *cursor behind the next token, and returns where that begins in the text and its length.
 * Letter case counts in what is quoted, not in words.  NULL at the end. */
const char *sql_text_next(const char **cursor, size_t *length);
/* Whether the token, by its first letter, is quoted. */
bool sql_text_is_quoted(const char *token);
/* The same tokens in the same order; a final semicolon does not count. */
bool sql_text_same(const char *a, const char *b);

#endif
