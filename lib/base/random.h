/* random.h -- chance: bytes nobody can guess, and delays that keep many of us apart. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* From OpenSSL's generator; aborts when it has none to give. */
void random_bytes(void *bytes, size_t length);
/* A random (version 4) UUID, RFC 9562, in lower case. */
void random_uuid(char text[static 37]);
/* From 0 up to, but not including, 1. */
double random_chance(void);
/* From 0 to most, both included; 0 when most is less. */
int64_t random_jitter(int64_t most);

#endif
