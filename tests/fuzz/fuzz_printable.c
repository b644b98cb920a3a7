/* Any bytes on their way to a terminal or a log: nothing in them acts, they are cut as they like,
 * secrets are hidden, and texts for tables keep to their columns and stay apart.  The first byte
 * says where they are cut. */
#include "fuzz.h"

#include "base/mem.h"
#include "base/printable.h"
#include "base/secret/secret.h"
#include "base/str.h"
#include "base/text_width.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "a-password-nobody-knows"

static void print(struct str *out, const char *bytes, size_t length, size_t piece)
{
    struct printable stream = {0};

    for (size_t i = 0; i < length; i += piece)
        printable_add(&stream, out, bytes + i, length - i < piece ? length - i : piece);
    printable_end(&stream, out);
}

static void check_stream(const char *bytes, size_t length, size_t piece)
{
    cleanup_str struct str whole = {0}, pieces = {0}, other = {0}, again = {0};
    cleanup_free char *ours = mem_new(length + 1);

    print(&whole, bytes, length, length + 1);
    print(&pieces, bytes, length, piece);
    must(!strcmp(str_text(&whole), str_text(&pieces)));
    /* Without the mark of our own colours nothing of it acts. */
    for (size_t i = 0; i < length; i++)
        ours[i] = (char)(bytes[i] == *PRINTABLE_OURS ? '?' : bytes[i]);
    print(&other, ours, length, piece);
    for (const char *crlf; (crlf = strstr(str_text(&other), "\r\n")) != NULL;)
        *(char *)crlf = ' ';
    must(printable_is(str_text(&other)));
    print(&again, str_text(&other), other.len, piece);
    must(!strcmp(str_text(&other), str_text(&again)));
}

static void check_secret(const char *text)
{
    cleanup_free char *with = mem_printf("%.*s " SECRET " %s", (int)(strlen(text) / 2), text, text);
    cleanup_free char *hidden = secret_hide(with), *found = secret_in(with), *again = NULL;

    must(!strstr(hidden, SECRET));
    must(found);
    again = secret_hide(hidden);
    must(!strstr(again, SECRET));
}

static void check_width(const char *text, int columns)
{
    cleanup_free char *fit = text_width_fit(text, columns), *exact = text_width_exact(text);

    must(str_is_utf8(fit, strlen(fit)) && printable_is(fit) && !strpbrk(fit, "\n\t"));
    must(text_width(fit) <= (columns > 1 ? columns : 1));
    must(str_is_utf8(exact, strlen(exact)) && printable_is(exact) && !strpbrk(exact, "\n\t"));
}

static void check_codes(const char *bytes, size_t length)
{
    cleanup_str struct str base64 = {0}, escaped = {0};
    cleanup_free char *made = mem_text_n(bytes, length), *back = NULL, *text = NULL;
    size_t n;

    str_add_base64(&base64, bytes, length);
    back = str_from_base64(str_text(&base64), &n);
    must(back && n == length && !memcmp(back, bytes, length));
    str_add_escaped(&escaped, bytes, strlen(bytes), "/");
    text = str_unescape(str_text(&escaped));
    must(!strcmp(text, bytes));
    str_make_utf8(made);
    must(str_is_utf8(made, strlen(made)) && strlen(made) == strlen(bytes));
}

FUZZ_TARGET(printable)
{
    struct fuzz_input input = {data, size};
    size_t piece = 1 + fuzz_byte(&input), length;
    cleanup_free char *bytes = fuzz_rest(&input, &length);

    (void)setenv("FUZZ_PASSWORD", SECRET, 1);
    check_stream(bytes, length, piece);
    check_secret(bytes);
    check_width(bytes, (int)(piece % 40));
    check_codes(bytes, length);
}
