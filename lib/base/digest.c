/* digest.c -- SHA-256 as text. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

void digest_sha256_sum(const void *bytes, size_t length, unsigned char sum[static 32])
{
    unsigned n = 0;

    if (!EVP_Digest(length ? bytes : "", length, sum, &n, EVP_sha256(), NULL) || n != 32)
        abort(); /* libcrypto without SHA-256 */
}

void digest_sha256(const void *bytes, size_t length, char hex[static 65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[32];

    digest_sha256_sum(bytes, length, sum);
    for (unsigned i = 0; i < sizeof sum; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[64] = '\0';
}
