/* random.c -- the one place that asks for random numbers. */
#include "base/random.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

void random_bytes(void *bytes, size_t length)
{
    if (RAND_bytes(bytes, (int)length) != 1)
        abort();
}

void random_uuid(char text[static 37])
{
    unsigned char b[16];

    random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    (void)snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                   b[13], b[14], b[15]);
}

double random_chance(void)
{
    uint32_t bits;

    random_bytes(&bits, sizeof bits);
    return bits / 4294967296.0;
}

int64_t random_jitter(int64_t most)
{
    uint64_t bits;

    if (most <= 0)
        return 0;
    random_bytes(&bits, sizeof bits);
    return (int64_t)(bits % ((uint64_t)most + 1));
}
