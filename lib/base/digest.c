/* digest.c -- SHA-256 as text. */
#include "base/digest.h"

#include "base/mem.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

/* Found once: OpenSSL would look it up again for every digest, which costs as much as a kilobyte.
 */
static EVP_MD *sha256;

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!sha256)
        abort(); /* libcrypto without SHA-256 */
}

static const EVP_MD *algorithm(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, fetch);
    return sha256;
}

void digest_sha256_sum(const void *bytes, size_t length, unsigned char sum[static 32])
{
    unsigned n = 0;

    if (!EVP_Digest(length ? bytes : "", length, sum, &n, algorithm(), NULL) || n != 32)
        abort();
}

static void put_hex(const unsigned char sum[static 32], char hex[static 65])
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned i = 0; i < 32; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[64] = '\0';
}

void digest_sha256(const void *bytes, size_t length, char hex[static 65])
{
    unsigned char sum[32];

    digest_sha256_sum(bytes, length, sum);
    put_hex(sum, hex);
}

/* ---- piece by piece ---- */

struct digest {
    EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
    struct digest *digest = mem_new(sizeof *digest);

    digest->context = EVP_MD_CTX_new();
    if (!digest->context || !EVP_DigestInit_ex(digest->context, algorithm(), NULL))
        abort();
    return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
    if (!EVP_DigestUpdate(digest->context, bytes, length))
        abort();
}

void digest_end(struct digest *digest, char hex[static 65])
{
    unsigned char sum[EVP_MAX_MD_SIZE];

    *hex = '\0';
    if (!digest)
        return;
    if (!EVP_DigestFinal_ex(digest->context, sum, NULL))
        abort();
    put_hex(sum, hex);
    EVP_MD_CTX_free(digest->context);
    free(digest);
}
