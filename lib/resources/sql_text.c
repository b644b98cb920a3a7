#include "resources/sql_text.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

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

bool sql_text_next(const char **cursor, char **token)
{
    const char *p = skip_blank(*cursor);
    size_t n;

    if (!*p)
        return false;
    n = token_length(p);
    *token = mem_text_n(p, n);
    if (!strchr("'\"`", *p))
        for (char *c = *token; *c; c++)
            *c = (char)tolower((unsigned char)*c);
    *cursor = p + n;
    return true;
}

static bool next_but_final_semicolon(const char **cursor, char **token)
{
    bool found = sql_text_next(cursor, token);

    if (found && !strcmp(*token, ";") && !*skip_blank(*cursor)) {
        free(*token);
        *token = NULL;
        return false;
    }
    return found;
}

bool sql_text_same(const char *a, const char *b)
{
    for (;;) {
        cleanup_free char *x = NULL, *y = NULL;
        bool more_a = next_but_final_semicolon(&a, &x), more_b = next_but_final_semicolon(&b, &y);

        if (!more_a || !more_b)
            return more_a == more_b;
        if (strcmp(x, y))
            return false;
    }
}
