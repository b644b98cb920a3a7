/* secret_sieve.h -- which texts surely hold none of the secrets that are known.
 *
 * It keeps bits of every GRAM bytes of them.  A text is looked at in steps, so long that the bytes
 * by which a secret is known have a whole gram at one of them.  What passes may hold one; very few
 * others pass. */
#ifndef BASE_SECRET_SIEVE_H
#define BASE_SECRET_SIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many bytes in a row tell a secret; shorter ones are known as a whole. */
enum { SECRET_PIECE = 12 };

struct secret_sieve {
    uint64_t *bits;
    unsigned shift;   /* of a hash to the number of its bit */
    size_t room;      /* grams */
    bool every, open; /* a short secret is known: no step is passed over; all texts pass */
};

/* Empty, with room for the grams of so many bytes; what it had is given back. */
void secret_sieve_begin(struct secret_sieve *sieve, size_t room);
void secret_sieve_fini(struct secret_sieve *sieve);
/* What must pass: of a secret, or any SECRET_PIECE bytes in a row of a part of one. */
void secret_sieve_add(struct secret_sieve *sieve, const char *bytes, size_t length);

/* Bytes that are followed by one more. */
bool secret_sieve_passes(const struct secret_sieve *sieve, const char *bytes, size_t length);
/* What letters of base64 mean, whichever begins a group of four. */
bool secret_sieve_passes_base64(const struct secret_sieve *sieve, const char *text, size_t length);
/* What the pairs of hexadecimal digits at text[*from] mean; *from is then where they end.  Fewer
 * than least bytes do not pass. */
bool secret_sieve_passes_hex(const struct secret_sieve *sieve, const char *text, size_t *from,
                             size_t least);

#endif
