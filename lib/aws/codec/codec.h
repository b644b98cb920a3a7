/* codec.h -- parameters to HTTP and back, for the four protocols, driven by the model.
 *
 * Parameters and results are JSON with the model's member names.  Timestamps are numbers (epoch
 * seconds, fraction allowed), blobs are text holding the raw bytes, 64-bit numbers are integers. */
#ifndef AWS_CODEC_CODEC_H
#define AWS_CODEC_CODEC_H

#include "aws/codec/model.h"
#include "base/err.h"

#include <stddef.h>

struct aws_header {
    char *name;
    char *value;
};

/* An HTTP request without its host. aws_message_fini frees everything in it. */
struct aws_message {
    const char *method; /* static or from the model */
    char *path;  /* percent-encoded, starts with "/"; for S3 "/{Bucket}/{Key+}" (path style) */
    char *query; /* percent-encoded without "?"; "" when there is none */
    struct aws_header *headers; /* without host, date, authorization */
    size_t header_count;
    char *body;         /* NULL when empty */
    size_t body_length; /* bytes */
};

void aws_message_add_header(struct aws_message *message, const char *name, const char *value);
void aws_message_fini(struct aws_message *message);

/* What came back. Borrowed by the decoder. */
struct aws_raw_reply {
    int status;
    const struct aws_header *headers;
    size_t header_count;
    const char *body;
    size_t body_length; /* bytes */
};

struct aws_error {
    int status;    /* HTTP status; 0 when no reply came */
    char code[96]; /* AWS's code, namespace and suffix stripped; "HTTP 503" where it gave none */
    char message[640];
    char request_id[96]; /* "" when the reply named none */
};

/* Fills *out (zero it first).  Fails with ERR_INVALID, naming the member, when params do not fit.
 * Members with the idempotencyToken trait that params leave out get a fresh UUID.
 * Operations that need a body checksum (S3) get x-amz-checksum-sha256 and its sdk header. */
int aws_encode(const struct aws_operation *operation, const json_t *params, struct aws_message *out,
               struct err *e);

/* Success: returns 0 and *result (new reference, an object).  An AWS error (any non-2xx status, an
 * S3 <Error> in a 200) returns -1 and fills *error.  A reply that is no valid reply of this
 * operation (truncated, HTML, wrong types) returns -1 with error->code "InvalidReply". */
int aws_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
               json_t **result, struct aws_error *error);

/* Case-insensitive header look-up in a reply; NULL when absent. */
const char *aws_reply_header(const struct aws_raw_reply *reply, const char *name);

#endif
