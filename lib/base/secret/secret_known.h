/* secret_known.h -- all secrets that are known: those of the environment and those that
 * were learned, in an index by their pieces. */
#ifndef BASE_SECRET_KNOWN_H
#define BASE_SECRET_KNOWN_H

#include "base/secret/secret_sieve.h"

#include <stdbool.h>
#include <stddef.h>

/* As secret.h has them. */
void secret_known_learn(bool lasts, const char *value);
void secret_known_forget(void);

/* Between these two nothing becomes known or is forgotten, on whatever thread; what the environment
 * has now is known then. */
void secret_known_begin(void);
void secret_known_end(void);

/* Between them: what sorts out most texts, and where in the bytes secrets stand.  found is told of
 * each from..to, and the name of its variable ("": it was learned) when it stands there as a whole,
 * else NULL. */
const struct secret_sieve *secret_known_sieve(void);
void secret_known_find(const char *bytes, size_t length,
                       void (*found)(void *arg, size_t from, size_t to, const char *whole),
                       void *arg);

#endif
