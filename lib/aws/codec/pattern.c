/* pattern.c -- translates Java patterns to POSIX, as far as that is safe.
 *
 * Only ASCII texts are tried, so a character class is a set of 127 characters and whatever lies
 * above
 * (\u00A0-\uD7FF) can be dropped from it.  Classes are written out character by character: POSIX
 * has neither escapes nor \d inside of brackets. */
#include "aws/codec/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { ASCII = 128, ABOVE = 0x10000 };

struct translation {
    const char *in;
    struct str *out;
    bool set[ASCII];
};

static bool in_category(char category, int c)
{
    switch (category) {
    case 'd':
        return isdigit(c);
    case 'w':
        return isalnum(c) || c == '_';
    case 's':
        return c == ' ' || (c >= '\t' && c <= '\r');
    case 'L':
        return isalpha(c);
    case 'N':
        return isdigit(c);
    case 'Z':
        return c == ' ';
    case 'P':
        return c != 0 && strchr("!\"#%&'()*,-./:;?@[\\]_{}", c) != NULL;
    default:
        return false;
    }
}

static void add_category(struct translation *t, char category, bool negated)
{
    for (int c = 1; c < ASCII; c++)
        if (in_category(category, c) != negated)
            t->set[c] = true;
}

/* After a backslash: \d \w \s \D \W \S \p{L}.  True when it was one of those. */
static bool take_category(struct translation *t)
{
    if (*t->in && strchr("dws", *t->in)) {
        add_category(t, *t->in++, false);
        return true;
    }
    if (*t->in && strchr("DWS", *t->in)) {
        add_category(t, (char)tolower(*t->in++), true);
        return true;
    }
    if (t->in[0] == 'p' && t->in[1] == '{' && t->in[2] && strchr("LNZP", t->in[2]) &&
        t->in[3] == '}') {
        add_category(t, t->in[2], false);
        t->in += 4;
        return true;
    }
    return false;
}

/* After a backslash: the one character meant, ABOVE for any beyond ASCII, -1 for what we do not
 * know. */
static int take_escaped(struct translation *t)
{
    unsigned char c = (unsigned char)*t->in;

    if (c == 'u') {
        char digits[5] = {0}, *end;
        long code;

        for (int i = 0; i < 4 && t->in[1 + i]; i++)
            digits[i] = t->in[1 + i];
        code = strtol(digits, &end, 16);
        if (end != digits + 4)
            return -1;
        t->in += 5;
        return code < ASCII ? (int)code : ABOVE;
    }
    if (!c || c >= ASCII || (isalnum(c) && !strchr("tnrf", c)))
        return -1;
    t->in++;
    switch (c) {
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 'f':
        return '\f';
    default:
        return c;
    }
}

/* One end of a range, or a single character of a class; -1: not understood. */
static int take_class_character(struct translation *t)
{
    unsigned char c = (unsigned char)*t->in;

    if (c == '\\') {
        t->in++;
        return take_escaped(t);
    }
    if (!c || c == '[' || (c == '&' && t->in[1] == '&')) /* Java's unions and intersections */
        return -1;
    t->in++;
    while (c >= ASCII && ((unsigned char)*t->in & 0xC0) == 0x80)
        t->in++;
    return c < ASCII ? c : ABOVE;
}

static bool take_class_item(struct translation *t)
{
    int low, high;

    if (t->in[0] == '\\') {
        t->in++;
        if (take_category(t))
            return true;
        t->in--;
    }
    low = high = take_class_character(t);
    if (low >= 0 && t->in[0] == '-' && t->in[1] != ']' && t->in[1] != '[') {
        const char *dash = t->in++;

        if (t->in[0] == '\\' && t->in[1] && strchr("dwsDWSp", t->in[1]))
            t->in = dash; /* "[a-\d]": the dash stands for itself */
        else
            high = take_class_character(t);
    }
    if (low < 0 || high < 0 || (high < low && low != ABOVE))
        return false;
    for (int c = low; c <= high && c < ASCII; c++)
        t->set[c] = true;
    return true;
}

/* Writes t->set as a bracket expression.  Order matters to POSIX: "]" first, "^" not first, "-"
 * last. */
static bool add_set(struct translation *t)
{
    size_t start = t->out->len + 1;

    str_add_char(t->out, '[');
    if (t->set[']'])
        str_add_char(t->out, ']');
    for (int c = 1; c < ASCII; c++)
        if (t->set[c] && !strchr("][^-", c))
            str_add_char(t->out, (char)c);
    if (t->set['['])
        str_add_char(t->out, '[');
    if (t->set['^'] && t->out->len == start) { /* nothing but "^" and perhaps "-" */
        t->out->len--;
        t->out->data[t->out->len] = '\0';
        str_add(t->out, t->set['-'] ? "[-^]" : "\\^");
        return true;
    }
    if (t->set['^'])
        str_add_char(t->out, '^');
    if (t->set['-'])
        str_add_char(t->out, '-');
    if (t->out->len == start)
        return false; /* matches nothing in ASCII */
    str_add_char(t->out, ']');
    return true;
}

static bool take_class(struct translation *t)
{
    bool negated = *t->in == '^';

    memset(t->set, 0, sizeof(t->set));
    t->in += negated;
    while (*t->in != ']')
        if (!take_class_item(t))
            return false;
    t->in++;
    for (int c = 1; negated && c < ASCII; c++)
        t->set[c] = !t->set[c];
    return add_set(t);
}

static bool take_outer_escape(struct translation *t)
{
    int c;

    memset(t->set, 0, sizeof(t->set));
    if (take_category(t))
        return add_set(t);
    c = take_escaped(t);
    if (c < 1 || c >= ASCII)
        return false;
    t->set[c] = true;
    return add_set(t);
}

/* "{2,3}" as it is; "*", "+", "?" too.  A lazy "?" after it changes no full match; "+" would. */
static bool take_quantifier(struct translation *t)
{
    if (*t->in == '{') {
        size_t n = 1 + strspn(t->in + 1, "0123456789,");

        if (n < 2 || !isdigit((unsigned char)t->in[1]) || t->in[n] != '}')
            return false;
        str_add_n(t->out, t->in, n + 1);
        t->in += n + 1;
    } else {
        str_add_char(t->out, *t->in++);
    }
    if (*t->in == '+')
        return false;
    t->in += *t->in == '?';
    return true;
}

static bool take_one(struct translation *t)
{
    unsigned char c = (unsigned char)*t->in;

    if (c >= ASCII)
        return false;
    if (strchr("*+?{", c))
        return take_quantifier(t);
    t->in++;
    if (c == '\\')
        return take_outer_escape(t);
    if (c == '[')
        return take_class(t);
    if (c == '(' && *t->in == '?') {
        if (t->in[1] != ':')
            return false;
        t->in += 2;
    }
    str_add(t->out, c == '}' || c == ']' ? "\\" : "");
    str_add_char(t->out, (char)c);
    return true;
}

bool pattern_translate(const char *pattern, struct str *out)
{
    struct translation t = {.in = pattern, .out = out};

    str_add(out, "^(");
    while (*t.in)
        if (!take_one(&t))
            return false;
    str_add(out, ")$");
    return true;
}

bool pattern_matches(const char *pattern, const char *text)
{
    cleanup_str struct str posix = {0};
    regex_t compiled;
    int result;

    for (const char *p = text; *p; p++)
        if ((unsigned char)*p >= ASCII)
            return true;
    if (!pattern_translate(pattern, &posix) ||
        regcomp(&compiled, str_text(&posix), REG_EXTENDED | REG_NOSUB) != 0)
        return true;
    result = regexec(&compiled, text, 0, NULL, 0);
    regfree(&compiled);
    return result != REG_NOMATCH;
}
