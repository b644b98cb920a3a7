/* chain.h -- how to get credentials: keys, then each role with the credentials got before. */
#ifndef AWS_CREDENTIALS_CHAIN_H
#define AWS_CREDENTIALS_CHAIN_H

#include "aws/credentials/credentials.h"

#include <stddef.h>

/* A role to assume. */
struct aws_role {
    char *arn;
    char *session_name; /* NULL: our name */
    char *external_id;  /* NULL: none */
    int duration_s;     /* 0: AWS's default */
};
void aws_chain_role_fini(struct aws_role *role);

struct aws_chain {
    struct aws_credentials keys;
    struct aws_role *roles; /* the first is assumed with keys */
    size_t role_count;
    char *source; /* for people: "environment", "profile billing" */
};
void aws_chain_fini(struct aws_chain *chain);

#endif
