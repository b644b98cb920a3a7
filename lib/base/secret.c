#include "base/secret.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Shorter values are words that stand in any text; of longer ones this much is told apart. */
enum { SHORTEST = 8, CUT_SHORT = 12, LEARNED = 24 };

extern char **environ;

/* Errors are made on other threads, too. */
static pthread_mutex_t learning = PTHREAD_MUTEX_INITIALIZER;
static char *learned[LEARNED];
static size_t next_learned;

bool secret_is_name(const char *variable)
{
    static const char *const parts[] = {"SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN"};
    static const char *const ends[] = {"ACCESS_KEY", "PRIVATE_KEY", "API_KEY", "APIKEY", "_PASS"};
    static const char *const places[] = {"_FILE", "_PATH", "_DIR", "_URL", "_URI", "_ARN", "_NAME"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (str_ends_with(variable, places[i]))
            return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(variable, parts[i]))
            return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends_with(variable, ends[i]))
            return true;
    return false;
}

static bool is_private_key(const char *text)
{
    const char *begin = strstr(text, "-----BEGIN ");

    return begin && strstr(begin, "PRIVATE KEY");
}

/* "u:p" of http_proxy and AWS_ENDPOINT_URL: what stands before the @, with or without a scheme. */
static char *user_of_url(const char *name, const char *value)
{
    const char *start = strstr(value, "://"), *at = strrchr(value, '@');

    if (!at || (strncmp(name, "AWS_ENDPOINT_URL", 16) != 0 && !str_ends_with(name, "_proxy") &&
                !str_ends_with(name, "_PROXY")))
        return NULL;
    start = start && start < at ? start + 3 : value;
    return mem_text_n(start, (size_t)(at - start));
}

/* Calls visit with each secret of the environment, and what it is called, until it returns false.
 */
static void each_variable(bool (*visit)(void *arg, const char *name, const char *secret), void *arg)
{
    bool more = true;

    for (char **entry = environ; entry && *entry && more; entry++) {
        const char *equals = strchr(*entry, '=');
        cleanup_free char *name = mem_text_n(*entry, equals ? (size_t)(equals - *entry) : 0);
        cleanup_free char *user = equals ? user_of_url(name, equals + 1) : NULL;

        if (user && strchr(user, ':'))
            more = visit(arg, name, user);
        else if (equals && (secret_is_name(name) || is_private_key(equals + 1)) &&
                 strlen(equals + 1) >= SHORTEST)
            more = visit(arg, name, equals + 1);
    }
}

struct search {
    const char *text;
    char *found;
};

static bool look(void *arg, const char *name, const char *secret)
{
    struct search *search = arg;

    if (strstr(search->text, secret))
        search->found = mem_printf("the value of %s", name);
    return !search->found;
}

char *secret_in(const char *text)
{
    struct search search = {.text = text};

    if (is_private_key(text))
        return mem_text("a private key");
    each_variable(look, &search);
    return search.found;
}

static bool is_learned(const char *value)
{
    for (size_t i = 0; i < LEARNED; i++)
        if (learned[i] && !strcmp(learned[i], value))
            return true;
    return false;
}

void secret_learn(const char *value)
{
    if (!value || strlen(value) < SHORTEST)
        return;
    (void)pthread_mutex_lock(&learning);
    if (!is_learned(value)) {
        mem_free_secret(learned[next_learned]);
        learned[next_learned] = mem_text(value);
        next_learned = (next_learned + 1) % LEARNED;
    }
    (void)pthread_mutex_unlock(&learning);
}

void secret_forget(void)
{
    (void)pthread_mutex_lock(&learning);
    for (size_t i = 0; i < LEARNED; i++) {
        mem_free_secret(learned[i]);
        learned[i] = NULL;
    }
    (void)pthread_mutex_unlock(&learning);
}

/* Bytes of secret that text begins with, when they are enough to be it. */
static size_t match(const char *text, const char *secret)
{
    size_t n = 0;

    while (secret[n] && text[n] == secret[n])
        n++;
    return n && (!secret[n] || n >= CUT_SHORT) ? n : 0;
}

struct hiding {
    const char *text;
    bool *hidden; /* per byte of text */
};

static bool hide(void *arg, const char *name, const char *secret)
{
    struct hiding *hiding = arg;

    (void)name;
    for (size_t i = 0; hiding->text[i]; i++) {
        size_t n = match(hiding->text + i, secret);

        memset(hiding->hidden + i, true, n);
        i += n ? n - 1 : 0;
    }
    return true;
}

/* Before the @ of a URL.  In paths of S3 an @ is a letter like others. */
static void hide_users(const struct hiding *hiding)
{
    const char *url = hiding->text;

    while ((url = strstr(url, "://"))) {
        bool is_s3 = url - hiding->text >= 2 && !strncmp(url - 2, "s3", 2);
        size_t length = strcspn(url += 3, is_s3 ? " \t\n\"'<>/?#" : " \t\n\"'<>");
        const char *at = memrchr(url, '@', length);

        if (at)
            memset(hiding->hidden + (url - hiding->text), true, (size_t)(at - url));
    }
}

/* ---- what looks like one ---- */

enum { AWS_SECRET_KEY = 40, AWS_TOKEN = 100, MOST_MARKS = 5 };

static int class_of(char c)
{
    return isupper((unsigned char)c)   ? 1
           : islower((unsigned char)c) ? 2
           : isdigit((unsigned char)c) ? 3
                                       : 4;
}

/* Chance changes between capitals, small letters and digits at two places of three; words, paths
 * and numbers rarely do. */
static bool is_by_chance(const char *word, size_t length)
{
    bool seen[5] = {false};
    size_t changes = 0, marks = 0;

    for (size_t i = 0; i < length; i++) {
        int class = class_of(word[i]);

        seen[class] = true;
        marks += class == 4;
        changes += i && class != class_of(word[i - 1]);
    }
    return seen[1] && seen[2] && seen[3] && changes * 20 >= length * 7 &&
           marks <= MOST_MARKS * length / AWS_SECRET_KEY;
}

/* A secret access key or session token of AWS that was put where nobody would look for one. */
static void hide_lookalikes(const struct hiding *hiding)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (const char *at = hiding->text; *at; at++) {
        size_t length = strspn(at, letters);

        if ((length == AWS_SECRET_KEY || length >= AWS_TOKEN) && is_by_chance(at, length))
            memset(hiding->hidden + (at - hiding->text), true, length);
        at += length;
        if (!*at)
            break;
    }
}

char *secret_hide(const char *text)
{
    struct hiding hiding = {text, mem_new(strlen(text) + 1)};
    struct str s = {0};

    each_variable(hide, &hiding);
    (void)pthread_mutex_lock(&learning);
    for (size_t i = 0; i < LEARNED; i++)
        if (learned[i])
            (void)hide(&hiding, "", learned[i]);
    (void)pthread_mutex_unlock(&learning);
    hide_users(&hiding);
    hide_lookalikes(&hiding);
    for (size_t i = 0; text[i]; i++)
        if (!hiding.hidden[i])
            str_add_char(&s, text[i]);
        else if (!i || !hiding.hidden[i - 1])
            str_add(&s, "***");
    free(hiding.hidden);
    return str_take(&s);
}
