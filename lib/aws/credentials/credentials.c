/* credentials.c -- credentials leave no trace in memory. */
#include "aws/credentials/credentials.h"

#include "base/mem.h"

#include <openssl/crypto.h>
#include <string.h>

static void forget_derived(struct aws_derived_keys *keys)
{
    struct aws_derived_key *key;

    while (keys && (key = SLIST_FIRST(keys)) != NULL) {
        SLIST_REMOVE_HEAD(keys, next);
        free(key->scope);
        OPENSSL_cleanse(key, sizeof *key);
        free(key);
    }
}

void aws_credentials_fini(struct aws_credentials *credentials)
{
    mem_free_secret(credentials->access_key_id);
    mem_free_secret(credentials->secret_access_key);
    mem_free_secret(credentials->session_token);
    forget_derived(credentials->derived);
    free(credentials->derived);
    memset(credentials, 0, sizeof *credentials);
}
