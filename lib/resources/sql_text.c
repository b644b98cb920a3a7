#include "resources/sql_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *skip_blank(const char *p)
{
    for (;;) {
        if (isspace((unsigned char)*p)) {
            p++;
        } else if (p[0] == '-' && p[1] == '-') {
            p += strcspn(p, "\n");
        } else if (p[0] == '/' && p[1] == '*') {
            const char *end = strstr(p + 2, "*/");

            p = end ? end + 2 : p + strlen(p);
        } else {
            return p;
        }
    }
}

static size_t quoted_length(const char *p)
{
    size_t n = 1;

    while (p[n] && (p[n] != p[0] || p[n + 1] == p[0]))
        n += p[n] == p[0] ? 2 : 1; /* a doubled quote stands for one */
    return p[n] ? n + 1 : n;
}

static size_t token_length(const char *p)
{
    static const char *const pairs[] = {"<>", "!=", "<=", ">=", "||", "->", "=>"};
    size_t n = 0;

    if (strchr("'\"`", *p))
        return quoted_length(p);
    while (isalnum((unsigned char)p[n]) || p[n] == '_' || (unsigned char)p[n] >= 0x80 ||
           (n && p[n] == '$') || (n && p[n] == '.' && isdigit((unsigned char)p[0])))
        n++;
    if (n)
        return n;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!strncmp(p, pairs[i], 2))
            return 2;
    return 1;
}

bool sql_text_is_quoted(const char *token)
{
    return *token == '\'' || *token == '"' || *token == '`';
}

const char *sql_text_next(const char **cursor, size_t *length)
{
    const char *p = skip_blank(*cursor);

    if (!*p)
        return NULL;
    *length = token_length(p);
    *cursor = p + *length;
    return p;
}

static const char *next_but_final_semicolon(const char **cursor, size_t *length)
{
    const char *token = sql_text_next(cursor, length);

    return token && *token == ';' && !*skip_blank(*cursor) ? NULL : token;
}

bool sql_text_same(const char *a, const char *b)
{
    for (;;) {
        size_t n = 0, m = 0;
        const char *x = next_but_final_semicolon(&a, &n), *y = next_but_final_semicolon(&b, &m);

        if (!x || !y)
            return !x && !y;
        if (n != m || (sql_text_is_quoted(x) ? memcmp(x, y, n) : strncasecmp(x, y, n)))
            return false;
    }
}
