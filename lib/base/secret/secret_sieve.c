/* secret_sieve.c -- which texts surely hold none of the secrets that are known: a Bloom filter. */
#include "base/secret/secret_sieve.h"

#include "base/mem.h"
#include "base/secret/secret_letters.h"

#include <endian.h>
#include <string.h>

/* Of any PIECE bytes, one gram in STEP begins at a multiple of it.  Eight letters of base64 are
 * STEP bytes as well. */
enum { GRAM = 7, STEP = SECRET_PIECE - GRAM + 1, LETTERS = 8, HASHES = 3, BITS = 32 };
enum { SMALLEST = 256 }; /* room */
#define GRAM_MASK ((UINT64_C(1) << 8 * GRAM) - 1)

_Static_assert(STEP * 8 == LETTERS * 6, "the windows of base64 lie as those of bytes");

void secret_sieve_begin(struct secret_sieve *sieve, size_t room)
{
    unsigned shift = 64 - 13; /* SMALLEST * BITS */

    secret_sieve_fini(sieve);
    for (sieve->room = SMALLEST; sieve->room < room; sieve->room *= 2)
        shift--;
    sieve->shift = shift;
    sieve->bits = mem_new(sieve->room * BITS / 8);
}

void secret_sieve_fini(struct secret_sieve *sieve)
{
    free(sieve->bits);
    *sieve = (struct secret_sieve){0};
}

static inline uint64_t hash_of(uint64_t gram)
{
    return gram * UINT64_C(0x9e3779b97f4a7c15);
}

static inline bool has_bit(const struct secret_sieve *sieve, uint64_t hash)
{
    uint64_t bit = hash >> sieve->shift;

    return sieve->bits[bit / 64] >> bit % 64 & 1;
}

static inline bool has(const struct secret_sieve *sieve, uint64_t gram)
{
    uint64_t hash = hash_of(gram);
    int i = 0;

    while (i < HASHES && has_bit(sieve, hash)) {
        hash = hash_of(hash);
        i++;
    }
    return i == HASHES;
}

static inline uint64_t gram_at(const char *bytes)
{
    uint64_t gram;

    memcpy(&gram, bytes, sizeof gram);
    return be64toh(gram) >> 8;
}

static void add_gram(struct secret_sieve *sieve, uint64_t gram)
{
    uint64_t hash = hash_of(gram);

    for (int i = 0; i < HASHES; i++, hash = hash_of(hash)) {
        uint64_t bit = hash >> sieve->shift;

        sieve->bits[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}

void secret_sieve_add(struct secret_sieve *sieve, const char *bytes, size_t length)
{
    sieve->open = sieve->open || length < GRAM;
    sieve->every = sieve->every || length < SECRET_PIECE;
    for (size_t i = 0; i + GRAM <= length; i++)
        add_gram(sieve, gram_at(bytes + i));
}

bool secret_sieve_passes(const struct secret_sieve *sieve, const char *bytes, size_t length)
{
    size_t step = sieve->every ? 1 : STEP;

    for (size_t i = 0; i + GRAM <= length; i += step)
        if (has(sieve, gram_at(bytes + i)))
            return true;
    return sieve->open;
}

/* The grams that end with the last letter and within it, and one that ends with the letter before:
 * of each way to group them one. */
static inline bool has_any(const struct secret_sieve *sieve, uint64_t bits)
{
    return has(sieve, bits & GRAM_MASK) || has(sieve, bits >> 2 & GRAM_MASK) ||
           has(sieve, bits >> 4 & GRAM_MASK) || has(sieve, bits >> 6 & GRAM_MASK);
}

static inline uint64_t add_letter(uint64_t bits, char letter)
{
    return bits << 6 | (uint64_t)(secret_letters_base64[(unsigned char)letter] - 1);
}

static bool passes_letters(const struct secret_sieve *sieve, const char *text, size_t length)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < length; i++) {
        bits = add_letter(bits, text[i]);
        if (has_any(sieve, bits))
            return true;
    }
    return sieve->open;
}

bool secret_sieve_passes_base64(const struct secret_sieve *sieve, const char *text, size_t length)
{
    uint64_t bits = 0;
    size_t i = 0;

    if (sieve->every)
        return passes_letters(sieve, text, length);
    for (; i + LETTERS <= length; i += LETTERS) {
        for (size_t j = 0; j < LETTERS; j++)
            bits = add_letter(bits, text[i + j]);
        if (has_any(sieve, bits))
            return true;
    }
    if (length - i < LETTERS - 1)
        return false;
    while (i < length) /* one letter is missing, and one gram ends before it */
        bits = add_letter(bits, text[i++]);
    return has(sieve, bits & GRAM_MASK);
}

bool secret_sieve_passes_hex(const struct secret_sieve *sieve, const char *text, size_t *from,
                             size_t least)
{
    size_t step = sieve->every ? 1 : STEP, count = 0, end = *from;
    bool passes = sieve->open;
    uint64_t bits = 0;

    for (int byte; (byte = secret_letters_hex_pair(text, &end)) >= 0;) {
        bits = bits << 8 | (uint64_t)byte;
        if (++count % step == 0)
            passes = passes || has(sieve, bits & GRAM_MASK);
    }
    *from = end;
    return passes && count >= least;
}
