/* error.c -- the sentence that tells an error of AWS. */
#include "aws/codec/error.h"

#include "base/mem.h"
#include "base/printable.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void aws_error_copy(char *out, size_t room, const char *text, size_t length)
{
    if (length >= room) {
        length = room - 1;
        while (length && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    str_make_utf8(out);
}

void aws_error_say(struct aws_error *error, const char *format, ...)
{
    cleanup_free char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    aws_error_copy(error->message, sizeof error->message, text, strlen(text));
}

bool aws_error_is(const struct aws_error *error, const char *word, size_t length)
{
    return (strlen(error->code) == length && !strncmp(error->code, word, length)) ||
           (length && strlen(error->modelled) == length && !strncmp(error->modelled, word, length));
}

char *aws_error_summary(const struct aws_error *error)
{
    return printable_line(mem_printf("%s: %s: %s", error->operation ? error->operation : "",
                                     error->code, error->message));
}

char *aws_error_text(const struct aws_error *error)
{
    cleanup_free char *summary = aws_error_summary(error);

    return *error->request_id ? mem_printf("%s (request %s)", summary, error->request_id)
                              : mem_text(summary);
}
