/* str.c -- a growing byte string, and the encodings of text. */
#include "base/str.h"

#include "base/mem.h"

#include <ctype.h>

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void reserve(struct str *s, size_t more)
{
    size_t need = s->len + more + 1;

    if (s->data && need <= s->room)
        return;
    s->room = need < 64 ? 64 : need + need / 2;
    s->data = mem_resize(s->data, s->room, 1);
}

void str_add_n(struct str *s, const void *bytes, size_t length)
{
    reserve(s, length);
    if (length)
        memcpy(s->data + s->len, bytes, length);
    s->len += length;
    s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
    str_add_n(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
    str_add_n(s, &c, 1);
}

void str_addf(struct str *s, const char *format, ...)
{
    va_list args;
    cleanup_free char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    str_add(s, text);
}

const char *str_text(const struct str *s)
{
    return s->data ? s->data : "";
}

char *str_take(struct str *s)
{
    char *data;

    reserve(s, 0);
    s->data[s->len] = '\0';
    data = s->data;
    *s = (struct str){0};
    return data;
}

void str_fini(struct str *s)
{
    free(s->data);
    *s = (struct str){0};
}

static int is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("-_.~", c));
}

void str_add_escaped(struct str *s, const char *text, size_t length, const char *keep)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (is_unreserved(c) || (c && strchr(keep, c)))
            str_add_char(s, (char)c);
        else
            str_addf(s, "%%%02X", c);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char *str_unescape(const char *text)
{
    struct str s = {0};

    for (;;) {
        size_t plain = strcspn(text, "%");

        str_add_n(&s, text, plain);
        text += plain;
        if (!*text)
            return str_take(&s);
        if (hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0 && strncmp(text, "%00", 3) != 0) {
            str_add_char(&s, (char)(hex_value(text[1]) * 16 + hex_value(text[2])));
            text += 3;
        } else {
            str_add_char(&s, *text++);
        }
    }
}

void str_add_html(struct str *s, char c)
{
    switch (c) {
    case '&':
        str_add(s, "&amp;");
        break;
    case '<':
        str_add(s, "&lt;");
        break;
    case '>':
        str_add(s, "&gt;");
        break;
    case '"':
        str_add(s, "&quot;");
        break;
    case '\'':
        str_add(s, "&#39;");
        break;
    default:
        str_add_char(s, c);
    }
}

void str_add_hex(struct str *s, const unsigned char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++)
        str_add_n(s, (char[]){digits[bytes[i] >> 4], digits[bytes[i] & 15]}, 2);
}

void str_add_base64(struct str *s, const void *bytes, size_t length)
{
    reserve(s, 4 * ((length + 2) / 3) + 1);
    s->len += (size_t)EVP_EncodeBlock((unsigned char *)s->data + s->len, bytes, (int)length);
}

char *str_from_base64(const char *text, size_t *length)
{
    size_t n = strlen(text);
    char *bytes;
    int decoded;

    if (n % 4)
        return NULL;
    bytes = mem_new(n / 4 * 3 + 1);
    decoded = EVP_DecodeBlock((unsigned char *)bytes, (const unsigned char *)text, (int)n);
    if (decoded < 0) {
        free(bytes);
        return NULL;
    }
    for (size_t i = n; i > 0 && text[i - 1] == '=' && decoded > 0; i--)
        decoded--;
    bytes[decoded] = '\0';
    *length = (size_t)decoded;
    return bytes;
}

size_t str_distance(const char *a, const char *b)
{
    size_t row[65], la = strlen(a), lb = strlen(b);

    if (la > 64 || lb > 64)
        return 65;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best =
                corner + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));

            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}

enum { HINTED = 12 };

const char *str_nearest(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    size_t length = strlen(word), limit = length / 3 + 2;

    for (; *candidates; candidates++) {
        size_t other = strlen(*candidates),
               distance = other > length ? other - length : length - other;

        if (distance < limit) /* it is no less than that */
            distance = str_distance(word, *candidates);
        if (distance < limit) {
            limit = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}

char *str_hint(const char *word, const char *const *candidates)
{
    const char *nearest = str_nearest(word, candidates);
    struct str s = {0};
    size_t i;

    if (nearest)
        str_addf(&s, "; did you mean %s?", nearest);
    for (i = 0; !nearest && candidates[i] && i < HINTED; i++)
        str_addf(&s, "%s%s", i ? ", " : "; there are ", candidates[i]);
    if (i == HINTED && candidates[i])
        str_add(&s, ", ...");
    return str_take(&s);
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_length(const unsigned char *s, size_t room)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (!n || n > room || s[0] > 0xf4 || !s[0])
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf)
        if (s[i] < low || s[i] > high)
            return 0;
    return n;
}

bool str_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

bool str_is_utf8(const char *bytes, size_t length)
{
    size_t n;

    for (size_t i = 0; i < length; i += n) {
        n = utf8_length((const unsigned char *)bytes + i, length - i);
        if (!n)
            return false;
    }
    return true;
}

void str_make_utf8(char *text)
{
    size_t length = strlen(text), n;

    for (; length; text += n, length -= n) {
        n = utf8_length((unsigned char *)text, length);
        if (!n)
            *text = '?';
        n += !n;
    }
}
