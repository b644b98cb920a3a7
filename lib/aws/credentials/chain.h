/* chain.h -- how to get credentials: keys or whom to ask for some, then each role with the
 * credentials got before. */
#ifndef AWS_CREDENTIALS_CHAIN_H
#define AWS_CREDENTIALS_CHAIN_H

#include "aws/credentials/credentials.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A role to assume. */
struct aws_role {
    char *arn;
    char *session_name; /* NULL: our name */
    char *external_id;  /* NULL: none */
    int duration_s;     /* 0: AWS's default */
};
void aws_chain_role_fini(struct aws_role *role);

enum aws_origin_kind {
    AWS_ORIGIN_KEYS,         /* they are in the chain */
    AWS_ORIGIN_WEB_IDENTITY, /* STS gives them for a token */
    AWS_ORIGIN_SSO,          /* IAM Identity Center gives them for a token of `aws sso login` */
    AWS_ORIGIN_PROCESS,      /* a program prints them */
    AWS_ORIGIN_CONTAINER,    /* a service beside the container has them (ECS, EKS) */
    AWS_ORIGIN_METADATA,     /* the instance's metadata service has them (EC2) */
};

/* Who is asked for keys, and with what.  NULL where the kind has no use for it. */
struct aws_origin {
    enum aws_origin_kind kind;
    char *setting;    /* what asks for it: a variable, or "FILE:LINE: key" */
    char *profile;    /* SSO: for `aws sso login --profile` */
    char *url;        /* CONTAINER: the document; METADATA: the service, without "/" at its end */
    char *token_file; /* WEB_IDENTITY, CONTAINER, SSO */
    char *secret;     /* CONTAINER: the token itself; PROCESS: the command */
    char *region, *account_id; /* SSO */
    char *role_name;           /* SSO; METADATA: the one to ask for */
    bool session;            /* SSO: the token belongs to an [sso-session], so it can be renewed */
    struct aws_role role;    /* WEB_IDENTITY */
    int timeout_s, attempts; /* METADATA */
    bool last_resort;        /* METADATA: nobody named it, there was just nothing before it */
};

struct aws_chain {
    struct aws_origin origin;
    struct aws_credentials keys;
    struct aws_role *roles; /* the first is assumed with keys */
    size_t role_count;
    char *source; /* for people: "environment", "profile billing" */
    char *why;    /* of a provider that has nothing: why, while it is being asked */
    /* Providers that were asked before this one: [{"source", "why"}]; NULL: none. */
    json_t *passed_over;
};
void aws_chain_fini(struct aws_chain *chain);

#endif
