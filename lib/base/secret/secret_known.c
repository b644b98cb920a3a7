/* secret_known.c -- all secrets that are known, in an index by their pieces. */
#include "base/secret/secret_known.h"

#include "base/mem.h"
#include "base/secret/secret_variable.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

/* Of LONG ones, every STRIDE-th piece is in the index. */
enum { PIECE = SECRET_PIECE, LONG = 128, STRIDE = 4 };
/* Those that end by themselves (of roles, renewed by the hour) make room for each other. */
enum { LEARNED = 512 };

extern char **environ;

struct secret {
    char *name; /* of its variable; "": learned */
    char *text; /* NULL: forgotten; its pieces stay */
    size_t length;
};

/* Errors are made on other threads, too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *learned[2][LEARNED]; /* those that end, those that last */
static size_t next_learned[2];

/* What texts are looked up in; made anew when a variable has changed or many are forgotten. */
static struct {
    uint64_t made_of; /* 0: it is to be made */
    struct secret *secrets;
    size_t count, room, forgotten;
    struct piece {
        uint32_t secret, offset;
    } * pieces;      /* hashed, open addressing; offset UINT32_MAX: free */
    size_t size;     /* of pieces */
    size_t expected; /* at most so many pieces are of the secrets, */
    size_t bytes;    /* which are so long together */
    struct secret_sieve sieve;
} known;

static void forget_known(void)
{
    for (size_t i = 0; i < known.count; i++) {
        free(known.secrets[i].name);
        mem_free_secret(known.secrets[i].text);
    }
    free(known.secrets);
    free(known.pieces);
    secret_sieve_fini(&known.sieve);
    memset(&known, 0, sizeof known);
}

/* At least one byte long; name is copied. */
static void add_known(const char *name, const char *text)
{
    size_t length = strlen(text);

    if (known.count == known.room) {
        known.room = known.room ? 2 * known.room : 64;
        known.secrets = mem_resize(known.secrets, known.room, sizeof *known.secrets);
    }
    known.secrets[known.count++] = (struct secret){mem_text(name), mem_text(text), length};
    known.expected += (length < LONG ? LONG : length / STRIDE) + 2;
    known.bytes += length;
}

static void add_variables(void)
{
    for (char **entry = environ; entry && *entry; entry++) {
        const char *equals = strchr(*entry, '=');
        cleanup_free char *name = mem_text_n(*entry, equals ? (size_t)(equals - *entry) : 0);

        if (equals)
            secret_variable_each(name, equals + 1, add_known);
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
    size_t mask = known.size - 1, slot = hash_of(known.secrets[secret].text + offset) & mask;

    while (known.pieces[slot].offset != UINT32_MAX)
        slot = (slot + 1) & mask;
    known.pieces[slot] = (struct piece){(uint32_t)secret, (uint32_t)offset};
}

/* Of a private key only what no other has too. */
static void add_pieces(size_t number)
{
    const struct secret *secret = &known.secrets[number];
    const char *begun = strstr(secret->text, SECRET_KEY_BEGINS);
    const char *ended = begun ? strstr(begun, SECRET_KEY_ENDS) : NULL;
    size_t at = begun ? (size_t)(begun - secret->text) + strlen(SECRET_KEY_BEGINS) : 0;
    size_t end = ended ? (size_t)(ended - secret->text) : secret->length;
    size_t stride = secret->length < LONG ? 1 : STRIDE;

    if (secret->length < PIECE)
        secret_sieve_add(&known.sieve, secret->text, secret->length);
    if (at + PIECE > end)
        return;
    secret_sieve_add(&known.sieve, secret->text + at, end - at);
    for (; at + PIECE < end; at += stride)
        add_piece(number, at);
    add_piece(number, end - PIECE);
}

/* Those from first on; all where they need more room. */
static void index_pieces(size_t first)
{
    size_t size = known.size ? known.size : 64;

    while (size < 2 * (known.expected + 1))
        size *= 2;
    if (size > known.size || known.bytes > known.sieve.room) {
        known.size = size;
        known.pieces = mem_resize(known.pieces, size, sizeof *known.pieces);
        memset(known.pieces, 0xff, size * sizeof *known.pieces);
        secret_sieve_begin(&known.sieve, known.bytes);
        first = 0;
    }
    for (; first < known.count; first++)
        if (known.secrets[first].text)
            add_pieces(first);
}

/* A variable that is set anew is another text at another place. */
static uint64_t made_of_now(void)
{
    uint64_t sum = 1;

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
            add_known("", learned[i / LEARNED][i % LEARNED]);
    index_pieces(0);
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

/* The index is made anew only when much of it is of no use. */
static void forget_learned(const char *value)
{
    size_t i = 0;

    while (i < known.count && (*known.secrets[i].name || !known.secrets[i].text ||
                               strcmp(known.secrets[i].text, value) != 0))
        i++;
    if (i == known.count)
        return;
    mem_free_secret(known.secrets[i].text);
    known.secrets[i].text = NULL;
    if (++known.forgotten > LEARNED)
        known.made_of = 0;
}

static void put_learned(char **place, const char *value)
{
    if (*place)
        forget_learned(*place);
    mem_free_secret(*place);
    *place = mem_text(value);
    if (known.made_of) {
        add_known("", value);
        index_pieces(known.count - 1);
    }
}

void secret_known_learn(bool lasts, const char *value)
{
    if (!value || strlen(value) < SECRET_SHORTEST)
        return;
    (void)pthread_mutex_lock(&lock);
    if (!is_learned(value))
        put_learned(&learned[lasts][next_learned[lasts]++ % LEARNED], value);
    (void)pthread_mutex_unlock(&lock);
}

void secret_known_forget(void)
{
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < 2 * LEARNED; i++) {
        mem_free_secret(learned[i / LEARNED][i % LEARNED]);
        learned[i / LEARNED][i % LEARNED] = NULL;
    }
    forget_known();
    (void)pthread_mutex_unlock(&lock);
}

void secret_known_begin(void)
{
    (void)pthread_mutex_lock(&lock);
    refresh_known();
}

void secret_known_end(void)
{
    (void)pthread_mutex_unlock(&lock);
}

const struct secret_sieve *secret_known_sieve(void)
{
    return &known.sieve;
}

/* ---- what is found ---- */

struct look {
    const char *bytes;
    size_t length;
    void (*found)(void *arg, size_t from, size_t to, const char *whole);
    void *arg;
    /* What was found last: of which secret, where that would begin, and up to where. */
    const struct secret *last;
    size_t begins, to;
};

/* Each of its pieces that stands there tells of the same bytes. */
static bool is_told(const struct look *look, const struct secret *secret, size_t begins, size_t at)
{
    return look->last == secret && look->begins == begins && at + PIECE <= look->to;
}

/* The secret lies around bytes[at], where its byte offset is: tells as much of it as there is. */
static void take(struct look *look, size_t at, struct piece piece)
{
    const struct secret *secret = &known.secrets[piece.secret];
    const char *bytes = look->bytes;
    size_t from = 0, to = PIECE;

    if (!secret->text || is_told(look, secret, at - piece.offset, at) ||
        memcmp(bytes + at, secret->text + piece.offset, PIECE) != 0)
        return;
    while (from < at && from < piece.offset &&
           bytes[at - from - 1] == secret->text[piece.offset - from - 1])
        from++;
    while (at + to < look->length && piece.offset + to < secret->length &&
           bytes[at + to] == secret->text[piece.offset + to])
        to++;
    look->last = secret;
    look->begins = at - piece.offset;
    look->to = at + to;
    look->found(look->arg, at - from, at + to, from + to == secret->length ? secret->name : NULL);
}

static void find_short(struct look *look, const struct secret *secret)
{
    const char *bytes = look->bytes, *at = bytes;

    while ((at = memmem(at, look->length - (size_t)(at - bytes), secret->text, secret->length))) {
        look->found(look->arg, (size_t)(at - bytes), (size_t)(at - bytes) + secret->length,
                    secret->name);
        at += secret->length;
    }
}

void secret_known_find(const char *bytes, size_t length,
                       void (*found)(void *arg, size_t from, size_t to, const char *whole),
                       void *arg)
{
    struct look look = {.bytes = bytes, .length = length, .found = found, .arg = arg};
    size_t mask = known.size - 1;

    for (size_t i = 0; i < known.count; i++)
        if (known.secrets[i].text && known.secrets[i].length < PIECE)
            find_short(&look, &known.secrets[i]);
    for (size_t at = 0; at + PIECE <= length; at++) {
        size_t slot = hash_of(bytes + at) & mask;

        for (; known.pieces[slot].offset != UINT32_MAX; slot = (slot + 1) & mask)
            take(&look, at, known.pieces[slot]);
    }
}
