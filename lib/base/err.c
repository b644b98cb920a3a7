/* err.c -- the first error wins, and gets its context in front. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
    va_list args;

    if (!e || e->kind != ERR_NONE)
        return -1;
    e->kind = kind;
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return -1;
}

/* As much of more as fits; cutting a message short is better than losing it. */
static void append(char text[static sizeof((struct err *)0)->text], const char *more)
{
    size_t n = strlen(text);

    while (*more && n + 1 < sizeof((struct err *)0)->text)
        text[n++] = *more++;
    text[n] = '\0';
}

int err_wrap(struct err *e, const char *format, ...)
{
    char text[sizeof e->text];
    va_list args;
    int n;

    if (!e)
        return -1;
    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0)
        text[0] = '\0';
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
