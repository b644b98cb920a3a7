/* call_decode.c -- a reply decoded and judged: small ones at once, large ones on another thread,
 * since a page of ten thousand log events takes longer than the loop has. */
#include "aws/call_private.h"

#include "aws/reply/reply_check.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

/* A millisecond or so. */
enum { AT_ONCE_BYTES = 32 << 10 };

/* Everything that the thread touches is its own, or constant. */
struct call_decode {
    uv_work_t work;
    struct aws_call *call; /* NULL: cancelled meanwhile */
    call_decoded_fn *done;
    struct aws_operation operation;
    json_t *params;
    char *account, *body;
    struct aws_message head; /* its headers */
    struct aws_raw_reply raw;
    json_t *result;
    struct aws_error error;
    bool valid;
};

static bool decode(const struct aws_operation *operation, const struct reply_asked *asked,
                   const struct aws_raw_reply *raw, json_t **result, struct aws_error *error)
{
    (void)codec_decode(operation, raw, result, error);
    return !reply_check(operation, asked, raw, result, error);
}

static void on_work(uv_work_t *work)
{
    struct call_decode *job = work->data;
    const struct reply_asked asked = {job->params, job->account};

    job->valid = decode(&job->operation, &asked, &job->raw, &job->result, &job->error);
}

static void on_worked(uv_work_t *work, int status)
{
    struct call_decode *job = work->data;
    struct aws_call *call = job->call;

    (void)status; /* nobody cancels it */
    if (call) {
        call->decode = NULL;
        call->reply.result = json_share(job->result);
        call->reply.error = job->error;
        job->done(call, &job->raw, job->valid);
    }
    json_decref(job->result);
    json_decref(job->params);
    aws_message_fini(&job->head);
    free(job->account);
    free(job->body);
    free(job);
}

static void start(struct aws_call *call, const struct aws_raw_reply *raw, call_decoded_fn *done)
{
    struct call_decode *job = mem_new(sizeof *job);
    const char *account = identity_account(call->identity);

    *job = (struct call_decode){.call = call, .done = done, .operation = call->operation};
    job->work.data = job;
    job->params = json_share(call->params);
    job->account = account ? mem_text(account) : NULL;
    job->body = mem_text_n(raw->body, raw->body_length);
    for (size_t i = 0; i < raw->header_count; i++)
        aws_message_add_header(&job->head, raw->headers[i].name, raw->headers[i].value);
    job->raw = (struct aws_raw_reply){raw->status, job->head.headers, job->head.header_count,
                                      job->body, raw->body_length};
    call->decode = job;
    if (uv_queue_work(call->client->loop, &job->work, on_work, on_worked))
        abort(); /* only without a function */
}

void call_decode(struct aws_call *call, const struct aws_raw_reply *raw, call_decoded_fn *done)
{
    const struct reply_asked asked = {call->params, identity_account(call->identity)};

    if (raw->body_length > AT_ONCE_BYTES) {
        start(call, raw, done);
        return;
    }
    done(call, raw, decode(&call->operation, &asked, raw, &call->reply.result, &call->reply.error));
}

void call_decode_forget(struct aws_call *call)
{
    if (call->decode)
        call->decode->call = NULL;
    call->decode = NULL;
}
