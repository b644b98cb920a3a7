/* call_encode.c -- a large body encoded and hashed on another thread: ten megabytes take longer
 * than the loop has.  Once a call: all its attempts send and sign the same body. */
#include "aws/call_private.h"

#include "aws/sigv4.h"
#include "base/json.h"
#include "base/mem.h"

/* Copied, hashed for S3's checksum and for the signature: a millisecond or so. */
enum { AT_ONCE_BYTES = 256 << 10 };

/* Everything that the thread touches is its own, or constant. */
struct call_encode {
    uv_work_t work;
    struct aws_call *call; /* NULL: cancelled meanwhile */
    call_encoded_fn *done;
    struct aws_operation operation;
    json_t *params;
    struct aws_message message;
    char *hash;
    struct err e;
    bool failed;
};

/* Of all operations PutObject alone takes more than AWS's limits for JSON let through. */
bool call_encode_is_large(const struct aws_call *call)
{
    return json_string_length(json_object_get(call->params, "Body")) > AT_ONCE_BYTES;
}

static void on_work(uv_work_t *work)
{
    struct call_encode *job = work->data;

    job->failed = codec_encode(&job->operation, job->params, &job->message, &job->e) != 0;
    if (!job->failed)
        job->hash = sigv4_payload_hash(job->message.body, job->message.body_length);
}

static void on_worked(uv_work_t *work, int status)
{
    struct call_encode *job = work->data;
    struct aws_call *call = job->call;

    (void)status; /* nobody cancels it */
    json_decref(job->params);
    if (call) {
        call->encode = NULL;
        if (!job->failed) {
            call->message = job->message;
            call->payload_hash = job->hash;
            call->encoded = true;
        }
        job->done(call, job->failed ? &job->e : NULL);
    } else if (!job->failed) {
        aws_message_fini(&job->message);
        free(job->hash);
    }
    free(job);
}

void call_encode(struct aws_call *call, call_encoded_fn *done)
{
    struct call_encode *job = mem_new(sizeof *job);

    *job = (struct call_encode){.call = call, .done = done, .operation = call->operation};
    job->work.data = job;
    job->params = json_share(call->params);
    call->encode = job;
    if (uv_queue_work(call->client->loop, &job->work, on_work, on_worked))
        abort(); /* only without a function */
}

void call_encode_forget(struct aws_call *call)
{
    if (call->encode)
        call->encode->call = NULL;
    call->encode = NULL;
}
