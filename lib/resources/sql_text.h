/* sql_text.h -- SQL as tokens, so that white space, comments and letter case of words do not count.
 */
#ifndef RESOURCES_SQL_TEXT_H
#define RESOURCES_SQL_TEXT_H

#include <stdbool.h>

/* Moves *cursor behind the next token and copies it to *token (new text; words in lower case,
 * quoted text as it is).  False at the end. */
bool sql_text_next(const char **cursor, char **token);
/* The same tokens in the same order; a final semicolon does not count. */
bool sql_text_same(const char *a, const char *b);

#endif
