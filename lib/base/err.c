/* err.c -- the first error wins, and gets its context in front. */
#include "base/err.h"

#include "base/mem.h"
#include "base/secret/secret.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* On one line, UTF-8 and without secrets; before it is cut, since a part of a secret is told as
 * well. */
static char *tellable(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static char *tellable(const char *format, va_list args)
{
    cleanup_free char *text = NULL;
    char *told;

    if (vasprintf(&text, format, args) < 0)
        abort();
    told = secret_hide(text);
    for (char *c = told; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    str_make_utf8(told);
    return told;
}

/* As much of more as fits, in whole characters; cutting a message short is better than losing it.
 */
static void append(char text[static sizeof((struct err *)0)->text], const char *more)
{
    size_t n = strlen(text);

    while (*more && n + 1 < sizeof((struct err *)0)->text)
        text[n++] = *more++;
    while (n && *more && ((unsigned char)*more & 0xc0) == 0x80)
        more--, n--;
    text[n] = '\0';
}

int err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
    cleanup_free char *told = NULL;
    va_list args;

    if (!e || e->kind != ERR_NONE)
        return -1;
    e->kind = kind;
    va_start(args, format);
    told = tellable(format, args);
    va_end(args);
    e->text[0] = '\0';
    append(e->text, told);
    return -1;
}

int err_wrap(struct err *e, const char *format, ...)
{
    cleanup_free char *told = NULL;
    char text[sizeof e->text];
    va_list args;

    if (!e)
        return -1;
    va_start(args, format);
    told = tellable(format, args);
    va_end(args);
    text[0] = '\0';
    append(text, told);
    append(text, ": ");
    append(text, e->text);
    memcpy(e->text, text, sizeof e->text);
    return -1;
}

void err_clear(struct err *e)
{
    e->kind = ERR_NONE;
    e->text[0] = '\0';
}
