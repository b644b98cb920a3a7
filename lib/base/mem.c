/* mem.c -- memory that is there or the process is not. */
#include "base/mem.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Written past the streams, which need memory themselves, and in one piece. */
_Noreturn void mem_give_up(const char *why)
{
    char said[160];
    int length = snprintf(said, sizeof said, "billingd: %s\n", why);

    (void)!write(STDERR_FILENO, said, length < (int)sizeof said ? (size_t)length : sizeof said - 1);
    _exit(MEM_EXIT);
}

void *mem_checked(void *pointer)
{
    if (!pointer)
        mem_give_up("out of memory");
    return pointer;
}

void *mem_new(size_t size)
{
    return mem_checked(calloc(1, size ? size : 1));
}

void *mem_resize(void *old, size_t count, size_t size)
{
    return mem_checked(reallocarray(old, count ? count : 1, size));
}

char *mem_text(const char *text)
{
    return text ? mem_checked(strdup(text)) : NULL;
}

char *mem_text_n(const char *text, size_t length)
{
    char *copy = mem_checked(malloc(length + 1));

    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *mem_printf(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    return mem_checked(n < 0 ? NULL : text);
}

void mem_free_secret(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}
