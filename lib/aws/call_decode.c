/* call_decode.c -- a reply decoded and judged: small ones at once, large ones on another thread,
 * since a page of ten thousand log events takes longer than the loop has.
 *
 * What a large one takes of memory is worked out first, on that thread too, for small values take
 * many times their text.  All that are being decoded share REPLY_LIMIT_MEMORY: others wait. */
#include "aws/call_private.h"

#include "aws/reply/reply_check.h"
#include "aws/reply/reply_limit.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* A millisecond or so. */
enum { AT_ONCE_BYTES = 32 << 10 };

/* Everything that the thread touches is its own, or constant. */
struct call_decode {
    uv_work_t work;
    struct aws_client *client; /* NULL: gone meanwhile */
    struct aws_call *call;     /* NULL: cancelled meanwhile */
    call_decoded_fn *done;
    struct aws_operation operation;
    json_t *params;
    char *account, *body;
    struct aws_message head; /* its headers */
    struct aws_raw_reply raw;
    size_t memory; /* what decoding takes at most */
    bool waits;    /* for memory: no thread has it */
    bool decodes;
    json_t *result;
    struct aws_error error;
    bool valid;
    TAILQ_ENTRY(call_decode) next;
};

static bool decode(const struct aws_operation *operation, const struct reply_asked *asked,
                   const struct aws_raw_reply *raw, json_t **result, struct aws_error *error)
{
    (void)codec_decode(operation, raw, result, error);
    return !reply_check(operation, asked, raw, result, error);
}

static void work(struct call_decode *job, uv_work_cb on_work, uv_after_work_cb on_worked)
{
    job->work.data = job;
    if (uv_queue_work(job->client->loop, &job->work, on_work, on_worked))
        abort(); /* only without a function */
}

static void on_work(uv_work_t *request)
{
    struct call_decode *job = request->data;
    const struct reply_asked asked = {job->params, job->account};

    job->valid = decode(&job->operation, &asked, &job->raw, &job->result, &job->error);
}

static void start_waiting(struct aws_client *client);

/* Its result is the caller's by now, or nobody's. */
static void end(struct call_decode *job)
{
    struct aws_client *client = job->client;

    json_decref(job->result);
    json_decref(job->params);
    aws_message_fini(&job->head);
    free(job->account);
    explicit_bzero(job->body, job->raw.body_length); /* replies of STS hold secrets */
    free(job->body);
    if (client) {
        TAILQ_REMOVE(&client->decodes, job, next);
        client->decoding -= job->decodes ? job->memory : 0;
        http_give_back(client->http, job->raw.body_length);
        start_waiting(client);
    }
    free(job);
}

static void tell(struct call_decode *job)
{
    struct aws_call *call = job->call;

    if (call) {
        call->decode = NULL;
        call->reply.result = json_share(job->result);
        call->reply.error = job->error;
        job->done(call, &job->raw, job->valid);
    }
    end(job);
}

static void on_worked(uv_work_t *request, int status)
{
    (void)status; /* nobody cancels it */
    tell(request->data);
}

/* In the order they came in; one that is alone has all the memory. */
static void start_waiting(struct aws_client *client)
{
    struct call_decode *job;

    TAILQ_FOREACH(job, &client->decodes, next) {
        if (!job->waits)
            continue;
        if (client->decoding && client->decoding + job->memory > REPLY_LIMIT_MEMORY)
            return;
        job->waits = false;
        job->decodes = true;
        client->decoding += job->memory;
        work(job, on_work, on_worked);
    }
}

static void measure(uv_work_t *request)
{
    struct call_decode *job = request->data;

    job->memory = codec_memory(&job->operation, &job->raw);
}

static void refuse(struct call_decode *job)
{
    job->error = (struct aws_error){.operation = job->operation.name};
    (void)snprintf(job->error.code, sizeof job->error.code, "InvalidReply");
    aws_error_say(&job->error,
                  "the reply's %zu bytes hold so many values that they take more than %d MiB",
                  job->raw.body_length, REPLY_LIMIT_MEMORY >> 20);
}

static void on_measured(uv_work_t *request, int status)
{
    struct call_decode *job = request->data;

    (void)status; /* nobody cancels it */
    if (!job->call || !job->client) {
        end(job);
    } else if (job->memory > REPLY_LIMIT_MEMORY) {
        refuse(job);
        tell(job);
    } else {
        job->waits = true;
        start_waiting(job->client);
    }
}

static void start(struct aws_call *call, const struct http_reply *http, call_decoded_fn *done)
{
    struct call_decode *job = mem_new(sizeof *job);
    const struct aws_raw_reply *raw = &http->raw;
    const char *account = identity_account(call->identity);

    *job = (struct call_decode){
        .client = call->client, .call = call, .done = done, .operation = call->operation};
    job->params = json_share(call->params);
    job->account = account ? mem_text(account) : NULL;
    for (size_t i = 0; i < raw->header_count; i++)
        aws_message_add_header(&job->head, raw->headers[i].name, raw->headers[i].value);
    job->body = http_keep(http);
    job->raw = (struct aws_raw_reply){raw->status, job->head.headers, job->head.header_count,
                                      job->body, raw->body_length};
    call->decode = job;
    TAILQ_INSERT_TAIL(&call->client->decodes, job, next);
    work(job, measure, on_measured);
}

void call_decode(struct aws_call *call, const struct http_reply *http, call_decoded_fn *done)
{
    const struct reply_asked asked = {call->params, identity_account(call->identity)};
    const struct aws_raw_reply *raw = &http->raw;

    if (raw->body_length > AT_ONCE_BYTES) {
        start(call, http, done);
        return;
    }
    done(call, raw, decode(&call->operation, &asked, raw, &call->reply.result, &call->reply.error));
}

void call_decode_forget(struct aws_call *call)
{
    struct call_decode *job = call->decode;

    call->decode = NULL;
    if (!job)
        return;
    job->call = NULL;
    if (job->waits)
        end(job);
}

void call_decode_forget_client(struct aws_client *client)
{
    struct call_decode *job;

    TAILQ_FOREACH(job, &client->decodes, next)
        job->client = NULL;
}
