/* digest.h -- SHA-256, mostly in hex, the one fingerprint of billing: of texts, prices, objects. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

/* The 32 bytes of the digest. */
void digest_sha256_sum(const void *bytes, size_t length, unsigned char sum[static 32]);
/* 64 hex digits of the bytes, NUL-ended, into hex. */
void digest_sha256(const void *bytes, size_t length, char hex[static 65]);
/* The same of what comes piece by piece. */
struct digest;
struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *bytes, size_t length);
/* Frees digest; NULL is harmless, and hex "" then. */
void digest_end(struct digest *digest, char hex[static 65]);

#endif
