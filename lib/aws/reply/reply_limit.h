/* reply_limit.h -- how many bytes a reply may have, and how much memory it may take.
 *
 * A server that is broken, hostile or not AWS at all must not fill the memory: what is larger than
 * the largest reply that AWS can send to the call is not read to its end, and is no reply. */
#ifndef AWS_REPLY_REPLY_LIMIT_H
#define AWS_REPLY_REPLY_LIMIT_H

#include "aws/codec/codec.h"

enum {
    REPLY_LIMIT_BYTES = 512 << 10, /* of all that has no row of its own */
    REPLY_LIMIT_MOST = 16 << 20,   /* of any */
    REPLY_LIMIT_MEMORY = 96 << 20, /* of what a reply is decoded to */
};

/* Bytes that the body of a reply to the operation, called with params, may have. */
size_t reply_limit_bytes(const struct aws_operation *operation, const json_t *params);

#endif
