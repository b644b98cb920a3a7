/* codec.h -- parameters to HTTP and back, for the four protocols, driven by the model.
 *
 * Parameters and results are JSON with the model's member names.  Timestamps are numbers (epoch
 * seconds, fraction allowed), blobs are text holding the raw bytes, 64-bit numbers are integers. */
#ifndef AWS_CODEC_CODEC_H
#define AWS_CODEC_CODEC_H

#include "aws/codec/message.h"
#include "aws/codec/model.h"

/* Fills *out (zero it first).  Fails with ERR_INVALID, naming the member, when params do not fit.
 * Members with the idempotencyToken trait that params leave out get a fresh UUID.
 * Operations that need a body checksum (S3), or are given ChecksumAlgorithm SHA256, get
 * x-amz-checksum-sha256 and its sdk header. */
int codec_encode(const struct aws_operation *operation, const json_t *params,
                 struct aws_message *out, struct err *e);

/* Success: returns 0 and *result (new reference, an object).  An AWS error (any non-2xx status, an
 * S3 <Error> in a 200) returns -1 and fills *error.  A reply that is no valid reply of this
 * operation (truncated, HTML, wrong types) returns -1 with error->code "InvalidReply". */
int codec_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                 json_t **result, struct aws_error *error);

/* Bytes of memory, never too few, that decoding takes beside the reply itself. */
size_t codec_memory(const struct aws_operation *operation, const struct aws_raw_reply *reply);

#endif
