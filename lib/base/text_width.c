/* text_width.c -- Unicode's widths, coarsely: no library of ours has them, and the C library's
 * depend on the locale. */
#include "base/text_width.h"

#include "base/printable.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Reads one UTF-8 character; a broken one is a single byte with the value '?'. */
static uint32_t next_character(const char *text, size_t *length)
{
    unsigned char first = (unsigned char)*text;
    size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : 0;
    uint32_t value = first;

    *length = 1;
    if (first < 0x80)
        return first;
    if (!more || first > 0xf4)
        return '?';
    value &= 0x3fU >> more;
    if (strnlen(text, more + 1) <= more || !str_is_utf8(text, more + 1))
        return '?';
    for (size_t i = 1; i <= more; i++)
        value = value << 6 | ((unsigned char)text[i] & 0x3f);
    *length = more + 1;
    return value;
}

struct range {
    uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

/* The blocks of Unicode's EastAsianWidth.txt that are W or F, coarsely; and what takes no column.
 */
static int character_width(uint32_t c)
{
    static const struct range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                                        {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
                                        {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
                                        {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
    static const struct range none[] = {
        {0x0300, 0x036f}, {0x1160, 0x11ff}, {0x200b, 0x200d}, {0xfe00, 0xfe0f}};

    if (is_in(none, sizeof(none) / sizeof(*none), c))
        return 0;
    return is_in(wide, sizeof(wide) / sizeof(*wide), c) ? 2 : 1;
}

int text_width(const char *text)
{
    int width = 0;

    for (size_t length; *text; text += length)
        width += character_width(next_character(text, &length));
    return width;
}

char *text_width_fit(const char *text, int columns)
{
    struct str fitted = {0};
    size_t length, cut = 0; /* where the ellipsis would go */
    int width = 0;

    for (; *text; text += length) {
        uint32_t c = next_character(text, &length);
        bool broken = c == '?' && *text != '?';
        int wide = character_width(c);

        if (width + wide > columns) {
            if (fitted.data)
                fitted.data[fitted.len = cut] = '\0';
            if (columns > 0)
                str_add(&fitted, "\u2026");
            break;
        }
        if (broken || printable_acts(c) || c < 0x20)
            str_add_char(&fitted, c == '\n' || c == '\t' ? ' ' : '?');
        else
            str_add_n(&fitted, text, length);
        width += wide;
        if (width < columns)
            cut = fitted.len;
    }
    return str_take(&fitted);
}

/* What a reader does not see, or sees as something else. */
static bool is_hidden(uint32_t c)
{
    static const struct range hidden[] = {
        {0x00a0, 0x00a0}, {0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c},  {0x115f, 0x1160},
        {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f},  {0x2028, 0x202f},
        {0x205f, 0x206f}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xd800, 0xdfff},  {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff}};

    return c < 0x20 || printable_acts(c) || is_in(hidden, sizeof hidden / sizeof *hidden, c);
}

static bool is_exact(const char *text)
{
    size_t length;

    if (*text == ' ')
        return false;
    for (; *text; text += length) {
        uint32_t c = next_character(text, &length);

        if ((c == '?' && *text != '?') || is_hidden(c) || (c == ' ' && !text[length]))
            return false;
    }
    return true;
}

/* JSON writes what lies beyond 16 bits as two. */
static void add_escape(struct str *s, uint32_t c)
{
    if (c > 0xffff)
        str_addf(s, "\\u%04X\\u%04X", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
    else
        str_addf(s, "\\u%04X", c);
}

char *text_width_exact(const char *text)
{
    struct str exact = {0};
    size_t length;

    if (is_exact(text)) {
        str_add(&exact, text);
        return str_take(&exact);
    }
    str_add_char(&exact, '"');
    for (; *text; text += length) {
        uint32_t c = next_character(text, &length);

        if (c == '?' && *text != '?') {
            str_addf(&exact, "\\x%02X", (unsigned char)*text);
        } else if (is_hidden(c)) {
            add_escape(&exact, c);
        } else {
            if (c == '"' || c == '\\')
                str_add_char(&exact, '\\');
            str_add_n(&exact, text, length);
        }
    }
    str_add_char(&exact, '"');
    return str_take(&exact);
}
