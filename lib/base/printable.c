#include "base/printable.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST_COLOUR = 16 };

bool printable_acts(uint32_t c)
{
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
           c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* Bytes of the character that begins with first; 0: none does. */
static size_t character_length(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf5 ? 4
                          : 0;
}

static uint32_t character(const char *text, size_t length)
{
    uint32_t c = (unsigned char)*text;

    if (length > 1)
        c &= 0x7fU >> length;
    for (size_t i = 1; i < length; i++)
        c = c << 6 | ((unsigned char)text[i] & 0x3f);
    return c;
}

bool printable_is(const char *text)
{
    for (size_t n; *text; text += n) {
        n = character_length((unsigned char)*text);
        if (!n || strnlen(text, n) < n || printable_acts(character(text, n)))
            return false;
    }
    return true;
}

char *printable_line(char *text)
{
    for (char *c = text; c && *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return text;
}

/* A colour or movement of ours at text: its length, 0 when it is none, more than room when it is
 * not all there. */
static size_t ours_length(const char *text, size_t room)
{
    size_t i = 2;

    if (room < 2)
        return 2;
    if (text[1] == '\r')
        return 2;
    if (text[1] != '[')
        return 0;
    while (i < room && i < LONGEST_COLOUR && (isdigit((unsigned char)text[i]) || text[i] == ';'))
        i++;
    return i == room ? i + 1 : strchr("mAJ", text[i]) ? i + 1 : 0;
}

/* Adds the first character of text; its length, 0 when it is not all there. */
static size_t add_one(struct str *out, const char *text, size_t room)
{
    bool is_ours = !strncmp(text, PRINTABLE_OURS, 1);
    size_t n = is_ours ? ours_length(text, room) : character_length((unsigned char)*text);

    if (n > room)
        return 0;
    if (is_ours && n) {
        if (text[1] != '\r')
            str_add_char(out, '\033');
        str_add_n(out, text + 1, n - 1);
        return n;
    }
    if (!n || !(str_is_utf8(text, n) || !*text)) {
        str_addf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        return 1;
    }
    if (*text == '\r' && room < 2)
        return 0;
    if (printable_acts(character(text, n)) && strncmp(text, "\r\n", 2) != 0)
        str_addf(out, "\\u%04x", (unsigned)character(text, n));
    else
        str_add_n(out, text, n);
    return n;
}

/* How much of text are characters of one byte that may stand as they are: nearly all of it. */
static size_t plain_length(const char *text, size_t room)
{
    size_t n = 0;

    while (n < room && ((text[n] >= ' ' && text[n] <= '~') || text[n] == '\n' || text[n] == '\t'))
        n++;
    return n;
}

void printable_add(struct printable *stream, struct str *out, const char *bytes, size_t length)
{
    struct str *rest = &stream->rest;
    size_t done = 0, n;

    str_add_n(rest, bytes, length);
    while (done < rest->len) {
        n = plain_length(rest->data + done, rest->len - done);
        if (n)
            str_add_n(out, rest->data + done, n);
        else if (!(n = add_one(out, rest->data + done, rest->len - done)))
            break;
        done += n;
    }
    if (!done)
        return;
    rest->len -= done;
    memmove(rest->data, rest->data + done, rest->len + 1);
}

void printable_end(struct printable *stream, struct str *out)
{
    for (size_t i = 0; i < stream->rest.len; i++)
        str_addf(out, "\\x%02x", (unsigned)(unsigned char)stream->rest.data[i]);
    str_fini(&stream->rest);
}
