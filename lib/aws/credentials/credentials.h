/* credentials.h -- the keys that sign, as every file of this room hands them on.
 *
 * config       the environment and the shared files
 * provider     where keys may come from, in which order; its header says how one more is added
 * chain        how to get from such keys to the wanted ones: role after role
 * identity     keys that are there when asked for: fetched, kept, refreshed early */
#ifndef AWS_CREDENTIALS_CREDENTIALS_H
#define AWS_CREDENTIALS_CREDENTIALS_H

#include <stdint.h>
#include <sys/queue.h>

/* What signs in the secret's place (sigv4.c): derived from it for a day, a region and a service. */
struct aws_derived_key {
    char *scope; /* "20250131/REGION/SERVICE/aws4_request" */
    unsigned char key[32];
    SLIST_ENTRY(aws_derived_key) next;
};
/* The last of each region and service. */
SLIST_HEAD(aws_derived_keys, aws_derived_key);

struct aws_credentials {
    char *access_key_id;
    char *secret_access_key;
    char *session_token;              /* NULL for long-lived keys */
    int64_t expires_s;                /* epoch seconds; 0: never */
    struct aws_derived_keys *derived; /* NULL: none are kept */
};
/* Frees and overwrites; all members are NULL again. */
void aws_credentials_fini(struct aws_credentials *credentials);

#endif
