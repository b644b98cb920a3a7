/* digest.h -- SHA-256 in hex, the one fingerprint of billing: of texts, prices, objects. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

/* 64 hex digits of the bytes, NUL-ended, into hex. */
void digest_sha256(const void *bytes, size_t length, char hex[static 65]);

#endif
