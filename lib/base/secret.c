/* secret.c -- finds what must not be told in texts, in whatever form it stands there.
 *
 * An index holds pieces of every secret.  A text is looked through as it is and as readers would
 * read it: escapes undone, lines joined, base64 and hexadecimal decoded.  Each such view knows
 * which bytes of the text its own bytes come from. */
#include "base/secret.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Shorter values are words that stand in any text; of longer ones this many bytes in a row tell
 * one.  Of LONG ones, every STRIDE-th such piece is in the index. */
enum { SHORTEST = 8, PIECE = 12, LONG = 128, STRIDE = 4 };
/* Those that end by themselves (of roles, renewed by the hour) make room for each other. */
enum { LEARNED = 512 };

#define KEY_BEGINS "PRIVATE KEY-----"

extern char **environ;

bool secret_is_name(const char *variable)
{
    static const char *const parts[] = {"SECRET",     "PASSWORD", "PASSWD",
                                        "PASSPHRASE", "TOKEN",    "CREDENTIAL"};
    static const char *const ends[] = {"ACCESS_KEY", "PRIVATE_KEY", "API_KEY",
                                       "APIKEY",     "_PASS",       "_PWD"};
    static const char *const places[] = {"_FILE",       "_PATH",    "_DIR",   "_DIRECTORY",
                                         "_URL",        "_URI",     "_ARN",   "_NAME",
                                         "_EXPIRATION", "_PROCESS", "_SOURCE"};

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

/* "u:p" of postgres://u:p@host; in paths of S3 an @ is a letter like others. */
static char *user_of_any_url(const char *value)
{
    const char *start = strstr(value, "://");
    bool is_s3 = start && start - value >= 2 && !strncmp(start - 2, "s3", 2);
    size_t length = start && !is_s3 ? strcspn(start + 3, "/?# \t\n\"'<>") : 0;
    const char *at = length ? memrchr(start + 3, '@', length) : NULL;

    return at && at - start - 3 >= SHORTEST ? mem_text_n(start + 3, (size_t)(at - start - 3))
                                            : NULL;
}

/* "u:p" of http_proxy and AWS_ENDPOINT_URL: what stands before the @, with or without a scheme. */
static char *user_of_url(const char *name, const char *value)
{
    const char *start = strstr(value, "://"), *at = strrchr(value, '@');

    if (strncmp(name, "AWS_ENDPOINT_URL", 16) != 0 && !str_ends_with(name, "_proxy") &&
        !str_ends_with(name, "_PROXY"))
        return user_of_any_url(value);
    if (!at)
        return NULL;
    start = start && start < at ? start + 3 : value;
    return mem_text_n(start, (size_t)(at - start));
}

/* ---- all that are known ---- */

struct secret {
    char *name; /* of its variable; NULL: learned */
    char *text;
    size_t length;
};

/* Errors are made on other threads, too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *learned[2][LEARNED]; /* those that end, those that last */
static size_t next_learned[2];
static uint64_t learnings;

/* What the text is looked up in; made anew when a secret or a variable has changed. */
static struct {
    uint64_t made_of;
    struct secret *secrets;
    size_t count, room;
    struct piece {
        uint32_t secret, offset;
    } * pieces; /* hashed, open addressing; offset UINT32_MAX: free */
    size_t mask;
} known;

static void forget_known(void)
{
    for (size_t i = 0; i < known.count; i++) {
        free(known.secrets[i].name);
        mem_free_secret(known.secrets[i].text);
    }
    free(known.secrets);
    free(known.pieces);
    memset(&known, 0, sizeof known);
}

/* At least one byte long; name is copied. */
static void add_known(const char *name, const char *text)
{
    if (known.count == known.room) {
        known.room = known.room ? 2 * known.room : 64;
        known.secrets = mem_resize(known.secrets, known.room, sizeof *known.secrets);
    }
    known.secrets[known.count++] =
        (struct secret){name ? mem_text(name) : NULL, mem_text(text), strlen(text)};
}

static void add_user(const char *name, const char *user)
{
    const char *colon = strchr(user, ':');
    cleanup_free char *plain = colon ? str_unescape(colon + 1) : NULL;

    if (!colon)
        return;
    add_known(name, user);
    if (strlen(colon + 1) >= SHORTEST)
        add_known(name, colon + 1);
    if (plain && strlen(plain) >= SHORTEST)
        add_known(name, plain);
}

static void add_variables(void)
{
    for (char **entry = environ; entry && *entry; entry++) {
        const char *equals = strchr(*entry, '=');
        cleanup_free char *name = mem_text_n(*entry, equals ? (size_t)(equals - *entry) : 0);
        cleanup_free char *user = equals ? user_of_url(name, equals + 1) : NULL;

        if (user)
            add_user(name, user);
        if (equals && (secret_is_name(name) || is_private_key(equals + 1)) &&
            strlen(equals + 1) >= SHORTEST)
            add_known(name, equals + 1);
    }
}

static size_t hash_of(const char *piece)
{
    uint64_t first;
    uint32_t rest;

    memcpy(&first, piece, sizeof first);
    memcpy(&rest, piece + sizeof first, sizeof rest);
    first = (first ^ ((uint64_t)rest << 29)) * 0x9e3779b97f4a7c15U;
    return (size_t)(first ^ first >> 32);
}

static void add_piece(size_t secret, size_t offset)
{
    size_t slot = hash_of(known.secrets[secret].text + offset) & known.mask;

    while (known.pieces[slot].offset != UINT32_MAX)
        slot = (slot + 1) & known.mask;
    known.pieces[slot] = (struct piece){(uint32_t)secret, (uint32_t)offset};
}

/* Of a private key only what no other has too. */
static void add_pieces(size_t number)
{
    const struct secret *secret = &known.secrets[number];
    const char *begun = strstr(secret->text, KEY_BEGINS);
    const char *ended = begun ? strstr(begun, "-----END") : NULL;
    size_t at = begun ? (size_t)(begun - secret->text) + strlen(KEY_BEGINS) : 0;
    size_t end = ended ? (size_t)(ended - secret->text) : secret->length;
    size_t stride = secret->length < LONG ? 1 : STRIDE;

    if (at + PIECE > end)
        return;
    for (; at + PIECE < end; at += stride)
        add_piece(number, at);
    add_piece(number, end - PIECE);
}

static void index_pieces(void)
{
    size_t pieces = 1, size = 64;

    for (size_t i = 0; i < known.count; i++)
        pieces += (known.secrets[i].length < LONG ? LONG : known.secrets[i].length / STRIDE) + 2;
    while (size < 2 * pieces)
        size *= 2;
    known.mask = size - 1;
    known.pieces = mem_resize(NULL, size, sizeof *known.pieces);
    memset(known.pieces, 0xff, size * sizeof *known.pieces);
    for (size_t i = 0; i < known.count; i++)
        add_pieces(i);
}

/* A variable that is set anew is another text at another place. */
static uint64_t made_of_now(void)
{
    uint64_t sum = learnings * 2 + 1;

    for (char **entry = environ; entry && *entry; entry++)
        sum = (sum ^ (uint64_t)(uintptr_t)*entry) * 0x100000001b3U;
    return sum | 1;
}

static void refresh_known(void)
{
    uint64_t now = made_of_now();

    if (known.made_of == now)
        return;
    forget_known();
    add_variables();
    for (size_t i = 0; i < 2 * LEARNED; i++)
        if (learned[i / LEARNED][i % LEARNED])
            add_known(NULL, learned[i / LEARNED][i % LEARNED]);
    index_pieces();
    known.made_of = now;
}

static bool is_learned(const char *value)
{
    for (size_t i = 0; i < 2 * LEARNED; i++) {
        const char *other = learned[i / LEARNED][i % LEARNED];

        if (other && !strcmp(other, value))
            return true;
    }
    return false;
}

static void learn(bool lasts, const char *value)
{
    if (!value || strlen(value) < SHORTEST)
        return;
    (void)pthread_mutex_lock(&lock);
    if (!is_learned(value)) {
        char **place = &learned[lasts][next_learned[lasts]++ % LEARNED];

        mem_free_secret(*place);
        *place = mem_text(value);
        learnings++;
    }
    (void)pthread_mutex_unlock(&lock);
}

void secret_learn(const char *value)
{
    learn(false, value);
}

void secret_learn_lasting(const char *value)
{
    learn(true, value);
}

void secret_forget(void)
{
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < 2 * LEARNED; i++) {
        mem_free_secret(learned[i / LEARNED][i % LEARNED]);
        learned[i / LEARNED][i % LEARNED] = NULL;
    }
    learnings++;
    forget_known();
    (void)pthread_mutex_unlock(&lock);
}

/* ---- views of a text ---- */

/* One look through a text: what was found. */
struct search {
    bool *hidden;    /* per byte of the text */
    char *whole;     /* name of the first secret that is there as a whole; "": it was learned */
    bool only_known; /* is looked for */
    bool lookalike;  /* something has the form of one */
};

/* Bytes, NUL-ended, and for each where in the text it begins; one more for the end. */
struct view {
    char *bytes;
    size_t *at;
    size_t length;
};

static void view_fini(struct view *view)
{
    free(view->bytes);
    free(view->at);
}

/* With room for so many bytes. */
static void view_begin(struct view *view, size_t room, size_t from)
{
    *view = (struct view){mem_resize(NULL, room + 1, 1),
                          mem_resize(NULL, room + 1, sizeof *view->at), 0};
    view->bytes[0] = '\0';
    view->at[0] = from;
}

static void view_add(struct view *view, char c, size_t from, size_t to)
{
    view->bytes[view->length] = c;
    view->at[view->length++] = from;
    view->bytes[view->length] = '\0';
    view->at[view->length] = to;
}

static void search_fini(struct search *search)
{
    free(search->hidden);
    free(search->whole);
}

static void found_whole(struct search *search, const struct secret *secret)
{
    if (!search->whole)
        search->whole = mem_text(secret->name ? secret->name : "");
}

static void hide(struct search *search, const struct view *view, size_t from, size_t to)
{
    for (size_t i = view->at[from]; i < view->at[to]; i++)
        search->hidden[i] = true;
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* Of digits hexadecimal digits at text; -1: there are not so many. */
static long hex_number(const char *text, size_t digits)
{
    long number = 0;

    for (size_t i = 0; i < digits; i++) {
        if (hex_value(text[i]) < 0)
            return -1;
        number = number * 16 + hex_value(text[i]);
    }
    return number;
}

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
    long number = text[1] == 'u' ? hex_number(text + 2, 4) : -1;

    if (text[1] == 'U' && read_number(text + 2, 8, 16, out))
        return 10;
    if (read_number(text + 1, 3, 8, out))
        return 4;
    if (text[1] == 'x' && (number = hex_number(text + 2, 2)) > 0) {
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

/* A character as it was before it was escaped; its length, 0: it was not. */
static size_t read_escape(const char *text, char *out)
{
    long number;

    switch (*text) {
    case '\\':
        return read_backslash(text, out);
    case '&':
        return read_entity(text, out);
    case '%':
        number = hex_number(text + 1, 2);
        *out = (char)number;
        return number > 0 ? 3 : 0;
    default:
        return 0;
    }
}

/* The view with escapes undone once; whether there were any. */
static bool unescape(const struct view *view, struct view *out)
{
    const char *text = view->bytes;
    bool changed = false;
    size_t step;

    view_begin(out, view->length, view->at[0]);
    for (size_t i = 0; i < view->length; i += step) {
        char meant;
        size_t length = read_escape(text + i, &meant);

        changed = changed || length;
        step = length ? length : 1;
        view_add(out, length ? meant : text[i], view->at[i], view->at[i + step]);
    }
    return changed;
}

/* The view with its lines joined: without breaks, the blanks that indent the next one, and the
 * backslash that says that it goes on. */
static void join_lines(const struct view *view, struct view *out)
{
    const char *text = view->bytes;
    size_t length;

    view_begin(out, view->length, view->at[0]);
    for (size_t i = 0; i < view->length; i += length) {
        bool goes_on = text[i] == '\\' && (text[i + 1] == '\n' || text[i + 1] == '\r');
        bool ends = goes_on || text[i] == '\n' || text[i] == '\r';

        length = ends ? goes_on + strspn(text + i + goes_on, "\r\n\t ") : 1;
        if (ends)
            out->at[out->length] = view->at[i + length];
        else
            view_add(out, text[i], view->at[i], view->at[i + 1]);
    }
}

static int base64_value(char c)
{
    return isupper((unsigned char)c)   ? c - 'A'
           : islower((unsigned char)c) ? c - 'a' + 26
           : isdigit((unsigned char)c) ? c - '0' + 52
           : c == '+' || c == '-'      ? 62
           : c == '/' || c == '_'      ? 63
                                       : -1;
}

/* Bytes of the base64 letters from..to, which begin a group of four. */
static void decode_base64(const struct view *view, size_t from, size_t to, struct view *out)
{
    const char *text = view->bytes;

    for (size_t i = from; i + 1 < to; i++) {
        size_t within = (i - from) % 4;
        int high = base64_value(text[i]), low = base64_value(text[i + 1]);

        if (high < 0 || low < 0)
            return;
        if (within == 3) /* its six bits are the end of the byte before */
            continue;
        view_add(out, (char)(high << (2 + 2 * within) | low >> (4 - 2 * within)), view->at[i],
                 view->at[i + 2]);
    }
}

/* Digits in pairs, which a blank or colon may part.  Where they end. */
static size_t decode_hex(const struct view *view, size_t from, struct view *out)
{
    const char *text = view->bytes;
    long number;

    while ((number = hex_number(text + from, 2)) >= 0) {
        view_add(out, (char)number, view->at[from], view->at[from + 2]);
        from += 2;
        from += (text[from] == ' ' || text[from] == ':') && hex_value(text[from + 1]) >= 0;
    }
    return from;
}

/* ---- what is found in a view ---- */

/* The secret lies around text[at], where its byte offset is: hides as much of it as there is. */
static void take(struct search *search, const struct view *view, size_t at, struct piece piece)
{
    const struct secret *secret = &known.secrets[piece.secret];
    const char *text = view->bytes;
    size_t from = 0, to = PIECE;

    if (memcmp(text + at, secret->text + piece.offset, PIECE) != 0)
        return;
    while (from < at && from < piece.offset &&
           text[at - from - 1] == secret->text[piece.offset - from - 1])
        from++;
    while (at + to < view->length && piece.offset + to < secret->length &&
           text[at + to] == secret->text[piece.offset + to])
        to++;
    hide(search, view, at - from, at + to);
    if (from + to == secret->length)
        found_whole(search, secret);
}

static void find_short(struct search *search, const struct view *view)
{
    for (size_t i = 0; i < known.count; i++) {
        const struct secret *secret = &known.secrets[i];
        const char *text = view->bytes, *found = text;

        while (secret->length < PIECE &&
               (found = memmem(found, view->length - (size_t)(found - text), secret->text,
                               secret->length))) {
            hide(search, view, (size_t)(found - text), (size_t)(found - text) + secret->length);
            found_whole(search, secret);
            found += secret->length;
        }
    }
}

static void find_known(struct search *search, const struct view *view)
{
    const char *text = view->bytes;

    find_short(search, view);
    for (size_t at = 0; at + PIECE <= view->length; at++) {
        size_t slot = hash_of(text + at) & known.mask;

        for (; known.pieces[slot].offset != UINT32_MAX; slot = (slot + 1) & known.mask)
            take(search, view, at, known.pieces[slot]);
    }
}

/* In what the base64 texts of the view mean, whichever letter begins a group. */
static void find_base64(struct search *search, const struct view *view, struct view *decoded)
{
    size_t end;

    for (size_t from = 0; from < view->length; from = end + 1) {
        for (end = from; end < view->length && base64_value(view->bytes[end]) >= 0;)
            end++;
        for (size_t i = 0; i < 4 && end - from >= SHORTEST * 4 / 3; i++) {
            decoded->length = 0;
            decode_base64(view, from + i, end, decoded);
            find_known(search, decoded);
        }
    }
}

static void find_hex(struct search *search, const struct view *view, struct view *decoded)
{
    size_t end;

    for (size_t from = 0; from < view->length; from = end + 1) {
        decoded->length = 0;
        end = decode_hex(view, from, decoded);
        if (decoded->length >= SHORTEST)
            find_known(search, decoded);
    }
}

static void find_encoded(struct search *search, const struct view *view)
{
    struct view decoded;

    view_begin(&decoded, view->length, view->at[0]);
    find_base64(search, view, &decoded);
    find_hex(search, view, &decoded);
    view_fini(&decoded);
}

/* Before the @ of a URL.  In paths of S3 an @ is a letter like others. */
static void find_users(struct search *search, const struct view *view)
{
    const char *text = view->bytes, *url = text;

    while ((url = strstr(url, "://"))) {
        bool is_s3 = url - text >= 2 && !strncmp(url - 2, "s3", 2);
        size_t length = strcspn(url += 3, is_s3 ? " \t\n\"'<>/?#" : " \t\n\"'<>");
        const char *at = memrchr(url, '@', length);

        if (at)
            hide(search, view, (size_t)(url - text), (size_t)(at - text));
        url += length; /* of what begins within no other @ is the last */
    }
}

/* ---- what looks like one ---- */

enum { AWS_SECRET_KEY = 40, AWS_TOKEN = 100, MOST_MARKS = 5, NAMED = 16 };

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

static void hide_lookalike(struct search *search, const struct view *view, size_t from, size_t to)
{
    hide(search, view, from, to);
    search->lookalike = true;
}

static bool begins_at_slash(const char *word, size_t i)
{
    return !i || word[i - 1] == '/';
}

/* A secret access key as a part of a path; a token is the whole of it. */
static void find_in_word(struct search *search, const struct view *view, size_t from, size_t length)
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
static void find_lookalikes(struct search *search, const struct view *view)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text = view->bytes;

    for (size_t at = 0, length; at < view->length; at += length + 1) {
        length = strspn(text + at, letters);
        find_in_word(search, view, at, length);
    }
}

/* Bytes of a name at text that says that a secret follows, as headers, queries and answers of AWS
 * have them; 0: none. */
static size_t name_length(const char *text)
{
    static const char *const names[] = {
        "X-Amz-Security-Token", "X-Amz-Signature", "aws_secret_access_key", "aws_session_token",
        "SecretAccessKey",      "SessionToken",    "Authorization: Bearer", "Signature="};

    if (!strchr("XxAaSs", *text))
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncasecmp(text, names[i], strlen(names[i])))
            return strlen(names[i]);
    return 0;
}

static void find_named(struct search *search, const struct view *view)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_.~-";
    size_t name;

    for (size_t at = 0, length; at < view->length; at += name ? name : 1) {
        name = name_length(view->bytes + at);
        if (!name)
            continue;
        name += strspn(view->bytes + at + name, "\"'=: ");
        length = strspn(view->bytes + at + name, letters);
        if (length >= NAMED)
            hide(search, view, at + name, at + name + length);
    }
}

static void find_private_keys(struct search *search, const struct view *view)
{
    const char *text = view->bytes, *at = text;

    while ((at = strstr(at, "-----BEGIN ")) && (at = strstr(at, KEY_BEGINS))) {
        const char *end = strstr(at += strlen(KEY_BEGINS), "-----END");

        hide(search, view, (size_t)(at - text), end ? (size_t)(end - text) : view->length);
        if (!end)
            return;
    }
}

/* ---- a whole text ---- */

enum { MOST_ESCAPED = 3 };

static void find_all(struct search *search, const struct view *view)
{
    find_known(search, view);
    if (search->only_known)
        return;
    find_users(search, view);
    find_lookalikes(search, view);
    find_named(search, view);
    find_private_keys(search, view);
}

/* As it is and with its escapes undone, as often as there are some. */
static void look_unescaped(struct search *search, struct view *view)
{
    for (int i = 0; i <= MOST_ESCAPED; i++) {
        struct view plain;
        bool changed;

        find_all(search, view);
        find_encoded(search, view);
        changed = unescape(view, &plain);
        view_fini(view);
        *view = plain;
        if (!changed)
            return;
    }
}

static void look_through(struct search *search, const char *text)
{
    struct view view, joined;

    view_begin(&view, strlen(text), 0);
    for (size_t i = 0; text[i]; i++)
        view_add(&view, text[i], i, i + 1);
    (void)pthread_mutex_lock(&lock);
    refresh_known();
    look_unescaped(search, &view);
    if (strpbrk(view.bytes, "\r\n")) {
        join_lines(&view, &joined);
        find_known(search, &joined);
        find_encoded(search, &joined);
        view_fini(&joined);
    }
    (void)pthread_mutex_unlock(&lock);
    view_fini(&view);
}

char *secret_in(const char *text)
{
    struct search search = {.hidden = mem_new(strlen(text) + 1)};
    char *name = NULL;

    look_through(&search, text);
    if (is_private_key(text))
        name = mem_text("a private key");
    else if (search.whole)
        name = *search.whole ? mem_printf("the value of %s", search.whole)
                             : mem_text("a secret of the AWS configuration");
    else if (search.lookalike)
        name = mem_text("what looks like a secret access key or session token of AWS");
    search_fini(&search);
    return name;
}

static char *hidden(struct search *search, const char *text)
{
    struct str s = {0};

    search->hidden = mem_new(strlen(text) + 1);
    look_through(search, text);
    for (size_t i = 0; text[i]; i++)
        if (!search->hidden[i])
            str_add_char(&s, text[i]);
        else if (!i || !search->hidden[i - 1])
            str_add(&s, "***");
    search_fini(search);
    return str_take(&s);
}

char *secret_hide(const char *text)
{
    return hidden(&(struct search){0}, text);
}

char *secret_hide_known(const char *text)
{
    return hidden(&(struct search){.only_known = true}, text);
}
