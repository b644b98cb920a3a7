/* message.h -- what both ends of the codec share: requests and replies, as HTTP carries them and as
 * callers see them. */
#ifndef AWS_CODEC_MESSAGE_H
#define AWS_CODEC_MESSAGE_H

#include "aws/codec/error.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Adds one (copied), also when there is one of that name. */
void aws_message_add_header(struct aws_message *message, const char *name, const char *value);
void aws_message_fini(struct aws_message *message);

/* What came back over HTTP. Borrowed by the decoder. */
struct aws_raw_reply {
    int status;
    const struct aws_header *headers;
    size_t header_count;
    const char *body;
    size_t body_length; /* bytes */
};

bool aws_message_reply_has(const struct aws_raw_reply *reply, const char *name);
/* The value of a header of the reply, whatever the case of its name; NULL when absent, and when it
 * comes again with another value: whichever were taken, the reply could mean the other. */
const char *aws_message_reply_header(const struct aws_raw_reply *reply, const char *name);

/* AWS's id of the request, which each reply of its has in one header or another; NULL without one.
 * The reply's own. */
const char *aws_message_request_id(const struct aws_raw_reply *reply);

/* The end of a call, all its attempts together. */
struct aws_reply {
    json_t *result;         /* NULL unless the call succeeded; borrowed, share it to keep it */
    struct aws_error error; /* what AWS said, or code "Connection", "Timeout", "InvalidReply",
                               "Credentials" when no usable reply came */
    enum err_kind kind;     /* ERR_NONE, or what to do about error */
    bool throttled;
    bool may_be_done;  /* an attempt was sent that AWS may have carried out: its answer was lost, or
                          was no answer to it (status 5xx, or none of AWS's) */
    unsigned attempts; /* HTTP requests sent, 1 or more; 0 when none could be sent */
    int64_t elapsed_ms;
    int64_t ended_ms; /* when, monotonic milliseconds */
};
/* Called once, never from inside the function that sends, unless cancelled.  reply is gone
 * afterwards. */
typedef void aws_done_fn(void *arg, const struct aws_reply *reply);

#endif
