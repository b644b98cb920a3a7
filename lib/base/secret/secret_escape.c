/* secret_escape.c -- a character as it was before it was escaped. */
#include "base/secret/secret_escape.h"

#include "base/secret/secret_letters.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of "\163" and "\U00000073" with digits of base 8 or 16; its length, 0: no such escape. */
static size_t read_number(const char *text, size_t digits, int base, char *out)
{
    char number[9] = "", *end;
    long value;

    (void)snprintf(number, digits + 1, "%.*s", (int)digits, text); /* not all that follows */
    value = strtol(number, &end, base);
    *out = (char)value;
    return isxdigit((unsigned char)*number) && end == number + digits && value > 0 && value < 0x80
               ? digits
               : 0;
}

/* "\u002f", "\/", "\n".  Its length; 0: no escape. */
static size_t read_backslash(const char *text, char *out)
{
    static const char letters[] = "nrtbf", meant[] = "\n\r\t\b\f";
    const char *letter = text[1] ? strchr(letters, text[1]) : NULL;
    long number = text[1] == 'u' ? secret_letters_hex_number(text + 2, 4) : -1;

    if (text[1] == 'U' && read_number(text + 2, 8, 16, out))
        return 10;
    if (text[1] >= '0' && text[1] <= '7' && read_number(text + 1, 3, 8, out))
        return 4;
    if (text[1] == 'x' && (number = secret_letters_hex_number(text + 2, 2)) > 0) {
        *out = (char)number;
        return 4;
    }
    if (number > 0x7f || !number)
        return 0;
    *out = number >= 0 ? (char)number : letter ? meant[letter - letters] : text[1];
    return number >= 0 ? 6 : letter || (text[1] && strchr("\"'\\/", text[1])) ? 2 : 0;
}

/* "&amp;" and "&#x2b;". */
static size_t read_entity(const char *text, char *out)
{
    static const struct {
        const char *name;
        char meant;
    } entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    bool is_hex = text[1] == '#' && (text[2] == 'x' || text[2] == 'X');
    unsigned long number;
    char *end;

    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (!strncmp(text, entities[i].name, strlen(entities[i].name))) {
            *out = entities[i].meant;
            return strlen(entities[i].name);
        }
    if (text[1] != '#' || !isxdigit((unsigned char)text[is_hex ? 3 : 2]))
        return 0;
    number = strtoul(text + (is_hex ? 3 : 2), &end, is_hex ? 16 : 10);
    *out = (char)number;
    return *end == ';' && number && number < 0x80 ? (size_t)(end - text) + 1 : 0;
}

static size_t read_escape(const char *text, char *out)
{
    long number;

    switch (*text) {
    case '\\':
        return read_backslash(text, out);
    case '&':
        return read_entity(text, out);
    case '%':
        number = secret_letters_hex_number(text + 1, 2);
        *out = (char)number;
        return number > 0 ? 3 : 0;
    default:
        return 0;
    }
}

/* Most texts have none of what an escape begins with. */
static bool may_have(const char *text, size_t length)
{
    return memchr(text, '\\', length) || memchr(text, '%', length) || memchr(text, '&', length);
}

bool secret_escape_next(struct secret_escape *escape, const char *text, size_t length)
{
    static const bool stops[256] = {['\\'] = true, ['&'] = true, ['%'] = true, ['\0'] = true};
    size_t at = escape->at + escape->length;

    if (!at && !may_have(text, length))
        return false;
    for (;; at++) {
        size_t read;

        while (!stops[(unsigned char)text[at]])
            at++;
        if (at >= length)
            return false;
        read = read_escape(text + at, &escape->meant);
        if (read) {
            escape->at = at;
            escape->length = read;
            return true;
        }
    }
}
