/* credentials.h -- where keys come from: the chain of sources, one file each.
 *
 * The order is that of the SDKs (AWS SDKs and Tools Reference Guide, "Credential provider chain"):
 * environment, profile, web identity, container, instance metadata.  The last three come later;
 * until then one that is configured is refused by name.  A source that is configured but broken is
 * an error; only one that is not configured lets the next one have its turn. */
#ifndef AWS_CREDENTIALS_CREDENTIALS_H
#define AWS_CREDENTIALS_CREDENTIALS_H

#include "aws/credentials/config.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct aws_credentials {
    char *access_key_id;
    char *secret_access_key;
    char *session_token; /* NULL for long-lived keys */
    int64_t expires_s;   /* epoch seconds; 0: never */
};
/* Frees and overwrites; all members are NULL again. */
void aws_credentials_fini(struct aws_credentials *credentials);
void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from);

/* A role to assume. */
struct aws_role {
    char *arn;
    char *session_name; /* NULL: our name */
    char *external_id;  /* NULL: none */
    int duration_s;     /* 0: AWS's default */
};
void aws_role_fini(struct aws_role *role);

/* How to get credentials: these keys, then each role with the credentials got before. */
struct aws_chain {
    struct aws_credentials keys;
    struct aws_role *roles;
    size_t role_count;
    char *source; /* for people: "environment", "profile billing" */
};
void aws_chain_fini(struct aws_chain *chain);

/* Goes through the sources.  *chain must be zero.  Fails with ERR_DENIED when there are no
 * credentials, with ERR_INVALID when a source is set up wrongly or is not supported, naming the
 * variable or "FILE:LINE: key". */
int aws_chain_resolve(const struct aws_config *config, struct aws_chain *chain, struct err *e);

/* One source: 1 when it gave credentials, 0 when it is not configured, -1 and *e when it is wrong.
 */
typedef int aws_source_fn(const struct aws_config *config, struct aws_chain *chain, struct err *e);
aws_source_fn aws_source_environment, aws_source_profile, aws_source_web_identity,
    aws_source_container;
/* The keys of the environment, for credential_source = Environment too. */
int aws_environment_keys(struct aws_credentials *keys, struct err *e);

/* STS AssumeRole: what to send (new reference), and what comes back. */
json_t *aws_assume_role_params(const struct aws_role *role);
int aws_assume_role_result(const json_t *result, struct aws_credentials *out, struct err *e);

#endif
