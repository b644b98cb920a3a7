#include "billing/shadow/shadow_sql.h"

#include "base/mem.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Behind what begins at `at`, when that is a comment or something in quotes; else at. */
static const char *skip(const char *at)
{
    const char *end;

    if (!strncmp(at, "--", 2))
        return at + strcspn(at, "\n");
    if (!strncmp(at, "/*", 2)) {
        end = strstr(at + 2, "*/");
        return end ? end + 2 : at + strlen(at);
    }
    if (*at != '\'' && *at != '"')
        return at;
    end = strchr(at + 1, *at);
    return end ? end + 1 : at + strlen(at);
}

/* Behind blanks and comments. */
static const char *skip_blanks(const char *at)
{
    for (;;) {
        const char *before = at;

        at += strspn(at, " \t\r\n\f");
        if (*at == '-' || *at == '/')
            at = skip(at);
        if (at == before)
            return at;
    }
}

static int refuse(const char *file, const char *text, const char *at, const char *why,
                  struct err *e)
{
    int line = 1, column = 1;

    for (const char *c = text; c < at; c++) {
        column = *c == '\n' ? 1 : column + (((unsigned char)*c & 0xc0) != 0x80);
        line += *c == '\n';
    }
    return err_set(e, ERR_INVALID, "%s:%d:%d: %s", file, line, column, why);
}

char *shadow_sql_check(const char *file, const char *text, struct err *e)
{
    const char *first = skip_blanks(text), *at = first;
    size_t n = strspn(first, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    bool reads =
        (n == 6 && !strncasecmp(first, "SELECT", 6)) || (n == 4 && !strncasecmp(first, "WITH", 4));

    if (!reads) {
        (void)refuse(file, text, first,
                     *first ? "only a query is run: it must begin with SELECT or WITH"
                            : "holds no query",
                     e);
        return NULL;
    }
    while (*at && *at != ';') {
        const char *behind = skip(at);

        at = behind > at ? behind : at + 1;
    }
    if (*at && *skip_blanks(at + 1)) {
        (void)refuse(file, text, skip_blanks(at + 1), "a second statement: one query is run", e);
        return NULL;
    }
    return mem_text_n(text, (size_t)(at - text));
}
