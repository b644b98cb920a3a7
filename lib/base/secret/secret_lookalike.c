/* secret_lookalike.c -- what is secret in a text though nobody knows it. */
#include "base/secret/secret_lookalike.h"

#include "base/secret/secret_letters.h"
#include "base/secret/secret_variable.h"

#include <string.h>
#include <strings.h>

/* Before the @ of a URL.  In paths of S3 an @ is a letter like others. */
static void find_users(struct secret_search *search, const struct secret_view *view)
{
    const char *text = view->bytes, *url = text;

    while ((url = strstr(url, "://"))) {
        bool is_s3 = url - text >= 2 && !strncmp(url - 2, "s3", 2);
        size_t length = strcspn(url += 3, is_s3 ? " \t\n\"'<>/?#" : " \t\n\"'<>");
        const char *at = memrchr(url, '@', length);

        if (at)
            secret_search_hide(search, view, (size_t)(url - text), (size_t)(at - text));
        url += length; /* of what begins within no other @ is the last */
    }
}

enum { AWS_SECRET_KEY = 40, AWS_TOKEN = 100, MOST_MARKS = 5, NAMED = 16, SHORTEST_NAME = 10 };

/* Chance changes between capitals, small letters and digits at two places of three; words, paths
 * and numbers rarely do. */
static bool is_by_chance(const char *word, size_t length)
{
    size_t seen[5] = {0}, changes = 0;
    int last = 0;

    for (size_t i = 0; i < length; i++) {
        int class = secret_letters_chance[(unsigned char)word[i]];

        seen[class]++;
        changes += i && class != last;
        last = class;
    }
    return seen[1] && seen[2] && seen[3] && changes * 20 >= length * 7 &&
           seen[4] <= MOST_MARKS * length / AWS_SECRET_KEY;
}

static void hide_lookalike(struct secret_search *search, const struct secret_view *view,
                           size_t from, size_t to)
{
    secret_search_hide(search, view, from, to);
    search->lookalike = true;
}

static bool begins_at_slash(const char *word, size_t i)
{
    return !i || word[i - 1] == '/';
}

/* A secret access key as a part of a path; a token is the whole of it. */
static void find_in_word(struct secret_search *search, const struct secret_view *view, size_t from,
                         size_t length)
{
    const char *word = view->bytes + from;

    if (length >= AWS_TOKEN && is_by_chance(word, length))
        hide_lookalike(search, view, from, from + length);
    for (size_t i = 0; i + AWS_SECRET_KEY <= length; i++)
        if (begins_at_slash(word, i) &&
            (i + AWS_SECRET_KEY == length || word[i + AWS_SECRET_KEY] == '/') &&
            is_by_chance(word + i, AWS_SECRET_KEY))
            hide_lookalike(search, view, from + i, from + i + AWS_SECRET_KEY);
}

/* A secret access key or session token of AWS that was put where nobody would look for one. */
static void find_lookalikes(struct secret_search *search, const struct secret_view *view)
{
    struct secret_letters_run run = {.letters = secret_letters_chance, .least = AWS_SECRET_KEY};

    while (secret_letters_next(&run, view->bytes, view->length))
        find_in_word(search, view, run.from, run.end - run.from);
}

/* Bytes of a name at text that says that a secret follows, as headers, queries and answers of AWS
 * have them; 0: none. */
static size_t name_length(const char *text)
{
    static const char *const names[] = {
        "X-Amz-Security-Token", "X-Amz-Signature", "aws_secret_access_key", "aws_session_token",
        "SecretAccessKey",      "SessionToken",    "Authorization: Bearer", "Signature="};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncasecmp(text, names[i], strlen(names[i])))
            return strlen(names[i]);
    return 0;
}

/* Where the text, or what is behind, has the first two letters of such a name; else its end. */
static const char *next_name(const char *text)
{
    static const unsigned char first[256] = {
        ['X'] = 1, ['x'] = 1, ['A'] = 2, ['a'] = 2, ['S'] = 4, ['s'] = 4, ['\0'] = 8};
    static const unsigned char second[256] = {['-'] = 1, ['W'] = 2, ['w'] = 2, ['U'] = 2, ['u'] = 2,
                                              ['E'] = 4, ['e'] = 4, ['I'] = 4, ['i'] = 4};

    for (;; text++) {
        while (!first[(unsigned char)*text])
            text++;
        if (!*text || first[(unsigned char)*text] & second[(unsigned char)text[1]])
            return text;
    }
}

static void find_named(struct secret_search *search, const struct secret_view *view)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_.~-";
    const char *text = view->bytes;

    if (view->length < SHORTEST_NAME + NAMED)
        return;
    for (const char *at = next_name(text); *at; at = next_name(at)) {
        size_t name = name_length(at), length;

        at += name ? name : 1;
        if (!name)
            continue;
        at += strspn(at, "\"'=: ");
        length = strspn(at, letters);
        if (length >= NAMED)
            secret_search_hide(search, view, (size_t)(at - text), (size_t)(at - text) + length);
    }
}

static void find_private_keys(struct secret_search *search, const struct secret_view *view)
{
    const char *text = view->bytes, *at = text;

    while ((at = strstr(at, "-----BEGIN ")) && (at = strstr(at, SECRET_KEY_BEGINS))) {
        const char *end = strstr(at += strlen(SECRET_KEY_BEGINS), SECRET_KEY_ENDS);

        secret_search_hide(search, view, (size_t)(at - text),
                           end ? (size_t)(end - text) : view->length);
        if (!end)
            return;
    }
}

void secret_lookalike_find(struct secret_search *search, const struct secret_view *view)
{
    find_users(search, view);
    find_lookalikes(search, view);
    find_named(search, view);
    find_private_keys(search, view);
}
