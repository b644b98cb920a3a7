/* signature.h -- Ed25519 over bytes (RFC 8032), with keys in PEM files as openssl makes them. */
#ifndef BILLING_RECEIPT_SIGNATURE_H
#define BILLING_RECEIPT_SIGNATURE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { SIGNATURE_BYTES = 64 };

struct signature_key;

/* The private key (PKCS #8 PEM) in a file that nobody but its owner reads.  Files below
 * $CREDENTIALS_DIRECTORY may be readable by a group: systemd lets the service in by an access
 * control list, which shows as such bits.  NULL and *e (ERR_INVALID) with the remedy. */
struct signature_key *signature_private_key(const char *path, struct err *e);
/* The public key in a file; a private key's file will do, its mode does not matter here. */
struct signature_key *signature_public_key(const char *path, struct err *e);
/* The same; NULL and "" are an error that says how a key to trust is given. */
struct signature_key *signature_trusted_key(const char *path, struct err *e);
void signature_key_free(struct signature_key *key);

/* SHA-256 (hex) of the public key in DER form: what
 * `openssl pkey -pubout -outform DER | sha256sum` says. */
void signature_fingerprint(const struct signature_key *key, char hex[static 65]);
/* The public key in PEM; new text. */
char *signature_public_pem(const struct signature_key *key);

/* The same key and bytes always give the same signature.  -1 and *e for a public key. */
int signature_sign(const struct signature_key *key, const void *bytes, size_t length,
                   unsigned char signature[static SIGNATURE_BYTES], struct err *e);
bool signature_is_good(const struct signature_key *key, const void *bytes, size_t length,
                       const void *signature, size_t signature_length);

#endif
