#include "billing/receipt/canonical.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

/* The letter behind the backslash; 0: a control character without one. */
static char short_escape(unsigned char c)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = c ? strchr(bytes, c) : NULL;

    return found ? letters[found - bytes] : '\0';
}

static bool is_escaped(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void add_part(struct str *out, const char *text, size_t length)
{
    size_t plain = 0;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (!is_escaped(c))
            continue;
        str_add_n(out, text + plain, i - plain);
        plain = i + 1;
        if (short_escape(c))
            str_addf(out, "\\%c", short_escape(c));
        else
            str_addf(out, "\\u%04x", c);
    }
    str_add_n(out, text + plain, length - plain);
}

void canonical_add_text(struct str *out, const char *text, size_t length)
{
    str_add_char(out, '"');
    add_part(out, text, length);
    str_add_char(out, '"');
}

void canonical_add_text_or_null(struct str *out, const char *text)
{
    if (text)
        canonical_add_text(out, text, strlen(text));
    else
        str_add(out, "null");
}

/* ---- reading ---- */

int canonical_wrong(struct canonical_reader *reader, const char *format, ...)
{
    char what[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return err_set(reader->e, ERR_INVALID, "byte %llu: %s", (unsigned long long)reader->at, what);
}

int canonical_peek(struct canonical_reader *reader)
{
    if (reader->e->kind)
        return -1;
    if (reader->next == reader->end) {
        ptrdiff_t got = reader->more(reader->arg, reader->bytes, sizeof reader->bytes, reader->e);

        if (got <= 0)
            return -1;
        reader->next = 0;
        reader->end = (size_t)got;
    }
    return reader->bytes[reader->next];
}

static void take(struct canonical_reader *reader, size_t count)
{
    if (reader->copy)
        str_add_n(reader->copy, reader->bytes + reader->next, count);
    reader->next += count;
    reader->at += count;
}

/* The next byte, taken; -1 and *e at the end. */
static int next_byte(struct canonical_reader *reader)
{
    int byte = canonical_peek(reader);

    if (byte < 0)
        return canonical_wrong(reader, "the file ends here: it was cut off");
    take(reader, 1);
    return byte;
}

int canonical_literal(struct canonical_reader *reader, const char *literal)
{
    for (const char *wanted = literal; *wanted; wanted++) {
        int byte = canonical_peek(reader);

        if (byte < 0)
            return canonical_wrong(reader, "the file ends here, where %s should stand", literal);
        if (byte != (unsigned char)*wanted)
            return canonical_wrong(reader, "here %s should stand", literal);
        take(reader, 1);
    }
    return 0;
}

int canonical_end(struct canonical_reader *reader)
{
    if (canonical_peek(reader) >= 0)
        return canonical_wrong(reader, "more follows behind the end");
    return reader->e->kind ? -1 : 0;
}

static int hex_digit(int byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Behind a backslash and u: 00 and two digits, of a control character that has no shorter form. */
static int numbered_escape(struct canonical_reader *reader)
{
    int high, low, value;

    if (canonical_literal(reader, "00"))
        return -1;
    high = hex_digit(next_byte(reader));
    low = hex_digit(next_byte(reader));
    value = high < 0 || low < 0 ? 0 : high * 16 + low;
    if (value > 0 && value < 0x20 && !short_escape((unsigned char)value))
        return value;
    return canonical_wrong(reader, "this character is written otherwise in canonical JSON");
}

/* Behind a backslash: the character that is meant. */
static int escape(struct canonical_reader *reader)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    int letter = next_byte(reader);
    const char *found = letter > 0 ? strchr(letters, letter) : NULL;

    if (letter < 0)
        return -1;
    if (letter == 'u')
        return numbered_escape(reader);
    if (found)
        return (unsigned char)bytes[found - letters];
    return canonical_wrong(reader, "this character is written otherwise in canonical JSON");
}

/* Takes bytes that stand for themselves, so many at most. */
static void take_plain(struct canonical_reader *reader, struct str *out, size_t most)
{
    size_t count = 0, there = reader->end - reader->next, left = there < most ? there : most;
    const unsigned char *bytes = reader->bytes + reader->next;

    while (count < left && !is_escaped(bytes[count]))
        count++;
    str_add_n(out, bytes, count);
    take(reader, count);
}

int canonical_text(struct canonical_reader *reader, struct str *out, size_t most)
{
    size_t start = out->len;
    int byte;

    if (canonical_literal(reader, "\""))
        return -1;
    while ((byte = canonical_peek(reader)) >= 0 && byte != '"') {
        if (!is_escaped((unsigned char)byte)) {
            take_plain(reader, out, most - (out->len - start) + 1);
        } else if (byte != '\\') {
            return canonical_wrong(reader, "a control character inside a text");
        } else {
            take(reader, 1);
            byte = escape(reader);
            if (byte < 0)
                return -1;
            str_add_char(out, (char)byte);
        }
        if (out->len - start > most)
            return canonical_wrong(reader, "a text of more than %zu bytes", most);
    }
    if (next_byte(reader) < 0)
        return -1;
    if (out->len > start && !str_is_utf8(out->data + start, out->len - start))
        return canonical_wrong(reader, "the text before is no UTF-8");
    return 0;
}

int canonical_number(struct canonical_reader *reader, int64_t *number)
{
    int byte = canonical_peek(reader);
    bool is_zero = byte == '0';

    *number = 0;
    if (byte < '0' || byte > '9')
        return canonical_wrong(reader, "here a whole number, not below zero, should stand");
    for (int digits = 1; byte >= '0' && byte <= '9'; digits++) {
        if (is_zero && digits > 1)
            return canonical_wrong(reader, "a number with a zero before it");
        *number = *number * 10 + (byte - '0');
        if (*number > CANONICAL_NUMBER_MOST)
            return canonical_wrong(reader, "a number above 2^53 - 1");
        take(reader, 1);
        byte = canonical_peek(reader);
    }
    return reader->e->kind ? -1 : 0;
}

int canonical_hex(struct canonical_reader *reader, unsigned char *bytes, size_t count)
{
    if (canonical_literal(reader, "\""))
        return -1;
    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(next_byte(reader));
        int low = high < 0 ? -1 : hex_digit(next_byte(reader));

        if (high < 0 || low < 0)
            return canonical_wrong(reader, "here %zu digits of lower-case hex should stand",
                                   2 * count);
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return canonical_literal(reader, "\"");
}
