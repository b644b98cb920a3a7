/* pattern.c -- Java's regular expressions as PCRE2's: nearly the same language.
 *
 * What differs: Java writes characters beyond the first plane as two \u escapes, and has
 * intersections (&&) and sets within sets.  Java's \w, \d and \s are ASCII, as PCRE2's are. */
#include "aws/codec/pattern.h"

#include "base/mem.h"
#include "base/str.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

/* Far more than any pattern of AWS needs on any text of AWS's lengths; a text that needs more is
 * not refused. */
enum { MOST_STEPS = 1000000, MOST_DEPTH = 10000 };

static bool read_escape(const char *at, unsigned *unit)
{
    int length = 0;

    return sscanf(at, "\\u%4x%n", unit, &length) == 1 && length == 6;
}

/* Two escapes that are the halves of one character become that character. */
static void join_surrogates(const char *pattern, struct str *out)
{
    while (*pattern) {
        unsigned high, low;

        if (read_escape(pattern, &high) && high >= 0xD800 && high < 0xDC00 &&
            read_escape(pattern + 6, &low) && low >= 0xDC00 && low < 0xE000) {
            str_addf(out, "\\u{%x}", 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
            pattern += 12;
        } else if (*pattern == '\\' && pattern[1]) {
            str_add_n(out, pattern, 2);
            pattern += 2;
        } else {
            str_add_char(out, *pattern++);
        }
    }
}

/* A set within a set, or an intersection: PCRE2 takes both for plain characters. */
static bool is_java_only(const char *pattern)
{
    bool inside = false;

    for (; *pattern; pattern++) {
        if (*pattern == '\\' && pattern[1])
            pattern++;
        else if (inside && (*pattern == '[' || !strncmp(pattern, "&&", 2)))
            return true;
        else if (*pattern == '[')
            inside = true;
        else if (*pattern == ']')
            inside = false;
    }
    return false;
}

/* NULL: not tried.  To be freed by pcre2_code_free. */
static pcre2_code *compile(const char *pattern)
{
    uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY;
    pcre2_compile_context *context;
    struct str joined = {0};
    pcre2_code *code;
    PCRE2_SIZE where;
    int problem;

    if (is_java_only(pattern))
        return NULL;
    context = pcre2_compile_context_create(NULL);
    /* \uhhhh as in Java, and \u{h...}. */
    (void)pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
    join_surrogates(pattern, &joined);
    code = pcre2_compile((PCRE2_SPTR)str_text(&joined), PCRE2_ZERO_TERMINATED, options, &problem,
                         &where, context);
    pcre2_compile_context_free(context);
    str_fini(&joined);
    return code;
}

/* The models' patterns are few, and asked of each pipeline anew: they stay, compiled.  A spec is
 * read on the loop and, at a reload, beside it. */
struct known {
    char *pattern;
    pcre2_code *code; /* NULL: not tried */
};

static void *patterns; /* a tree of struct known (search.h) */
static pthread_mutex_t patterns_lock = PTHREAD_MUTEX_INITIALIZER;

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->pattern, ((const struct known *)b)->pattern);
}

/* Compiled once; a code may be used by several threads at a time. */
static const pcre2_code *code_of(const char *pattern)
{
    const struct known wanted = {.pattern = (char *)pattern};
    struct known *const *found, *known;

    (void)pthread_mutex_lock(&patterns_lock);
    found = tfind(&wanted, &patterns, compare);
    known = found ? *found : NULL;
    if (!known) {
        known = mem_new(sizeof *known);
        *known = (struct known){mem_text(pattern), compile(pattern)};
        if (!tsearch(known, &patterns, compare))
            abort(); /* no memory */
    }
    (void)pthread_mutex_unlock(&patterns_lock);
    return known->code;
}

bool pattern_is_known(const char *pattern)
{
    return code_of(pattern) != NULL;
}

bool pattern_matches(const char *pattern, const char *text)
{
    const pcre2_code *code = code_of(pattern);
    pcre2_match_context *limits;
    pcre2_match_data *match;
    int found;

    if (!code)
        return true;
    limits = pcre2_match_context_create(NULL);
    (void)pcre2_set_match_limit(limits, MOST_STEPS);
    (void)pcre2_set_depth_limit(limits, MOST_DEPTH);
    match = pcre2_match_data_create_from_pattern(code, NULL);
    found = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, match, limits);
    pcre2_match_data_free(match);
    pcre2_match_context_free(limits);
    return found != PCRE2_ERROR_NOMATCH;
}
