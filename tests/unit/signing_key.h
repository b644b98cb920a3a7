/* signing_key.h -- a new signing key, for who tests what is signed. */
#ifndef TESTS_UNIT_SIGNING_KEY_H
#define TESTS_UNIT_SIGNING_KEY_H

#include "billing/receipt/signature.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* By way of a file, as it is read from one. */
static struct signature_key *signing_key_new(void)
{
    char path[] = "/tmp/test-signing-key-XXXXXX";
    EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    FILE *file = fdopen(mkstemp(path), "w");
    struct err e = {0};
    struct signature_key *read;

    PEM_write_PrivateKey(file, made, NULL, NULL, 0, NULL, NULL);
    (void)fclose(file);
    (void)chmod(path, 0600);
    read = signature_private_key(path, &e);
    (void)unlink(path);
    EVP_PKEY_free(made);
    return read;
}

#endif
