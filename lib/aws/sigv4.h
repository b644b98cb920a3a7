/* sigv4.h -- AWS Signature Version 4 with OpenSSL, one function per documented stage.
 *
 * Source: AWS, "Create a signed AWS API request".  Time is an argument, so tests fix it. */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include "aws/codec/message.h"
#include "aws/credentials/credentials.h"

#include <stdbool.h>
#include <stdint.h>

struct sigv4_secrets {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;        /* NULL for long-lived keys */
    struct aws_derived_keys *derived; /* from that secret, borrowed; NULL: none are kept */
};

struct sigv4_scope {
    const char *region;
    const char *service;      /* signing name */
    int64_t time_s;           /* epoch seconds, already corrected for clock skew */
    bool encode_path_twice;   /* everything but S3 */
    bool normalize_path;      /* everything but S3 */
    bool sign_payload_header; /* S3: add x-amz-content-sha256 */
    const char *payload_hash; /* of the body, where it is known already; sigv4_sign takes it */
};

/* The stages.  Results are new text.  headers of *message must hold all that is to be signed,
 * host and x-amz-date included. payload_hash: hex SHA-256 of the body. */
char *sigv4_payload_hash(const char *body, size_t length);
char *sigv4_canonical_request(const struct sigv4_scope *scope, const struct aws_message *message,
                              const char *payload_hash);
char *sigv4_string_to_sign(const struct sigv4_scope *scope, const char *canonical_request);
char *sigv4_signature(const struct sigv4_scope *scope, const char *secret_access_key,
                      const char *string_to_sign);

/* All of it: adds Host, X-Amz-Date, X-Amz-Security-Token, X-Amz-Content-Sha256 (S3) and
 * Authorization to message. host includes a non-default port. */
void sigv4_sign(const struct sigv4_scope *scope, const struct sigv4_secrets *secrets,
                const char *host, struct aws_message *message);

#endif
