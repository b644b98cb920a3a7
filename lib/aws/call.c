/* call.c -- the life of a call: start, encode (call_encode.c), attempts (call_attempt.c), decode
 * (call_decode.c), again if it must be, end.
 *
 * What is over the budget of calls waits in call_pace.c, what AWS does not take so fast in
 * call_rate.c.
 *
 * A call is always at one point of enum call_state.  Its timer starts it, ends its pauses, and else
 * stands at the deadline.  After done() nothing here touches the call or its client again: the
 * caller may have freed both. */
#include "aws/call_private.h"

#include "aws/loop_watch.h"
#include "aws/reply/reply_page.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/secret/secret.h"

#include <string.h>

static void on_timer(uv_timer_t *timer);

/* The loop's clock is left alone: it stands still while timers run, so that one of a millisecond,
 * which others put off their work by, never fires in the same round. */
static void arm(struct aws_call *call, enum call_state state, int64_t delay_ms)
{
    call->state = state;
    (void)uv_timer_start(&call->timer, on_timer, delay_ms > 0 ? (uint64_t)delay_ms : 0, 0);
}

static void arm_deadline(struct aws_call *call, enum call_state state)
{
    arm(call, state, call->deadline_ms - clock_monotonic_ms());
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* The struct itself stays until its timer is closed. */
static void dispose(struct aws_call *call)
{
    call->state = CALL_DONE;
    call_attempt_forget(call);
    if (call->encoded)
        aws_message_fini(&call->message);
    json_decref(call->params);
    json_decref(call->reply.result);
    free(call->region);
    free(call->payload_hash);
    uv_close((uv_handle_t *)&call->timer, on_closed);
}

static void detach(struct aws_call *call)
{
    LIST_REMOVE(call, next);
    call_pace_leave(call);
    call_rate_leave(call);
    if (call->state == CALL_WAITING)
        identity_forget(call->identity, &call->waiter);
    http_cancel(call->transfer);
    call->transfer = NULL;
    call_encode_forget(call);
    call_decode_forget(call);
}

/* A signature that does not match is answered with what was signed: the session token is in it. */
static void hide_secrets(struct aws_error *error)
{
    cleanup_free char *told = secret_hide(error->message);

    aws_error_say(error, "%s", told);
}

static void finish(struct aws_call *call)
{
    detach(call);
    hide_secrets(&call->reply.error);
    call->state = CALL_DONE; /* a late aws_call_cancel does nothing */
    call->reply.ended_ms = clock_monotonic_ms();
    call->reply.elapsed_ms = call->reply.ended_ms - call->started_ms;
    call->done(call->arg, &call->reply);
    dispose(call);
}

static bool was_throttled(const struct aws_call *call)
{
    const struct aws_error *error = &call->reply.error;

    return *error->code && retry_classify(call->operation.model->name, error->status,
                                          error->code) == RETRY_THROTTLED;
}

/* With the error that the last attempt left in reply. */
static void finish_refused(struct aws_call *call, enum err_kind kind)
{
    call->reply.kind = kind;
    call->reply.throttled = was_throttled(call);
    finish(call);
}

void aws_call_fence(struct aws_call *call, const struct aws_fence *fence)
{
    int64_t end_ms = clock_monotonic_ms() + fence->left_ms(fence->arg);

    call->fence = fence;
    if (end_ms < call->deadline_ms)
        call->deadline_ms = end_ms;
}

void aws_call_cancel(struct aws_call *call)
{
    if (!call || call->state == CALL_DONE)
        return;
    detach(call);
    dispose(call);
}

/* ---- attempts ---- */

static void on_reply(void *arg, const struct http_reply *http);

static void on_encoded(struct aws_call *call, const struct err *e);

static void begin(struct aws_call *call)
{
    enum call_attempt_verdict verdict = call_attempt_begin(call, on_reply);

    if (verdict != CALL_ATTEMPT_PACED)
        call_pace_leave(call);
    if (verdict != CALL_ATTEMPT_RATED)
        call_rate_leave(call);
    switch (verdict) {
    case CALL_ATTEMPT_PACED:
        call_pace_wait(call);
        break;
    case CALL_ATTEMPT_RATED:
        call_rate_wait(call);
        break;
    case CALL_ATTEMPT_SENT:
        arm_deadline(call, CALL_SENDING);
        break;
    case CALL_ATTEMPT_WAITING:
        arm_deadline(call, CALL_WAITING);
        break;
    case CALL_ATTEMPT_LARGE:
        arm_deadline(call, CALL_ENCODING);
        call_encode(call, on_encoded);
        break;
    case CALL_ATTEMPT_FAILED:
        finish(call);
    }
}

static void on_encoded(struct aws_call *call, const struct err *e)
{
    if (!e) {
        begin(call);
        return;
    }
    call_attempt_error(call, "InvalidRequest", e->text);
    call->reply.kind = ERR_INVALID;
    finish(call);
}

/* ---- what came back ---- */

static void try_again_later(struct aws_call *call, const struct aws_raw_reply *raw)
{
    const struct aws_error *error = &call->reply.error;
    const char *service = call->operation.model->name;
    const char *after = raw ? aws_message_reply_header(raw, "x-amz-retry-after") : NULL;
    enum retry_class class = retry_classify(service, error->status, error->code);
    int64_t delay_ms = 0;

    if (class == RETRY_THROTTLED)
        call_rate_throttled(call);
    if (retry_next(&call->retry, class, after, call->client->options.chance(), &delay_ms) ==
            RETRY_AGAIN &&
        clock_monotonic_ms() + delay_ms < call->deadline_ms) {
        arm(call, CALL_PAUSING, delay_ms);
        return;
    }
    finish_refused(call, retry_kind(service, error->status, error->code));
}

static void on_refused(struct aws_call *call, const struct aws_raw_reply *raw)
{
    if (raw->status >= 500 || strcmp(call->reply.error.code, "InvalidReply") == 0)
        call->reply.may_be_done = true;
    if (call_attempt_learn(call, raw))
        begin(call);
    else
        try_again_later(call, raw);
}

static void observe(struct aws_call *call, const char *code)
{
    struct aws_client *client = call->client;
    const struct aws_error *error = &call->reply.error;
    int64_t elapsed_ms = clock_monotonic_ms() - call->sent_ms;

    log_debug("attempt", "{s:s, s:s, s:s, s:s, s:I}", "service", call->operation.model->name, "op",
              call->operation.name, "code", code, "request_id", error->request_id, "ms",
              (json_int_t)elapsed_ms);
    if (client->observer)
        client->observer(client->observer_arg,
                         &(struct aws_attempt){call->operation.model->name, call->operation.name,
                                               code, was_throttled(call), elapsed_ms,
                                               call->waited_ms});
    call->waited_ms = 0;
}

static void on_no_reply(struct aws_call *call, const struct http_reply *http)
{
    static const char *const codes[] = {
        [HTTP_CONNECTION] = "Connection",
        [HTTP_TIMEOUT] = "Timeout",
        [HTTP_TOO_LARGE] = "InvalidReply",
        [HTTP_REFUSED] = "Connection",
    };
    cleanup_free char *message = mem_printf("%s: %s", call->endpoint.host, http->problem);

    call_attempt_error(call, codes[http->failure], message);
    call->reply.may_be_done = call->reply.may_be_done || http->sent;
    observe(call, call->reply.error.code);
    if (http->failure == HTTP_REFUSED)
        finish_refused(call, ERR_INVALID);
    else
        try_again_later(call, NULL);
}

/* One page of several, for who takes it for all. */
static bool is_part(const struct aws_call *call)
{
    const struct reply_page_rule *rule =
        call->pages ? NULL : reply_page_find(call->operation.model->name, call->operation.name);

    return rule && reply_page_has_more(rule, call->reply.result);
}

static void on_decoded(struct aws_call *call, const struct aws_raw_reply *raw, bool valid)
{
    if (!valid) {
        observe(call, call->reply.error.code);
        on_refused(call, raw);
        return;
    }
    observe(call, "ok");
    retry_succeeded(&call->retry);
    if (is_part(call)) {
        json_decref(call->reply.result);
        call->reply.result = NULL;
        call_attempt_error(call, "MorePages", "the reply is not all: it has more pages");
        finish_refused(call, ERR_INVALID);
        return;
    }
    call->reply.kind = ERR_NONE;
    identity_learn(call->identity, call->operation.name, call->reply.result);
    memset(&call->reply.error, 0, sizeof call->reply.error);
    finish(call);
}

static void on_reply(void *arg, const struct http_reply *http)
{
    struct aws_call *call = arg;

    call->transfer = NULL;
    memset(&call->reply.error, 0, sizeof call->reply.error);
    if (http->failure != HTTP_OK) {
        on_no_reply(call, http);
        return;
    }
    /* It came in time: the deadline is over. */
    call->state = CALL_DECODING;
    (void)uv_timer_stop(&call->timer);
    call_decode(call, http, on_decoded);
}

static void on_timer(uv_timer_t *timer)
{
    struct aws_call *call = timer->data;

    if (loop_watch_puts_off(timer, on_timer))
        return;
    if (call->state == CALL_STARTING || call->state == CALL_PAUSING || call->state == CALL_PACED) {
        begin(call);
        return;
    }
    call->reply.may_be_done = call->reply.may_be_done || call->state == CALL_SENDING;
    call_attempt_error(call, "Timeout",
                       call->state == CALL_WAITING ? "no credentials before the call's deadline"
                                                   : "no reply before the call's deadline");
    call->reply.kind = ERR_RETRY;
    finish(call);
}

/* ---- the start ---- */

/* The identity has news: asks it again in the loop's next turn. */
static void on_news(void *arg)
{
    arm(arg, CALL_STARTING, 0);
}

static void find_operation(const char *service, const char *op, struct aws_operation *operation)
{
    const struct aws_model *model = aws_model(service);

    if (model && aws_model_operation(model, op, operation))
        return;
    (void)fprintf(stderr, "no operation %s %s\n", service, op);
    abort();
}

struct aws_call *aws_call_start(struct aws_client *client, const struct identity_request *request,
                                aws_done_fn *done, void *arg)
{
    struct aws_call *call = mem_new(sizeof *call);

    find_operation(request->service, request->op, &call->operation);
    call->client = client;
    call->region = mem_text(request->region);
    call->identity = request->identity;
    call->fixed = request->keys;
    call->waiter = (struct identity_waiter){.wake = on_news, .arg = call};
    call->params = request->params ? json_share(request->params) : json_object();
    call->done = done;
    call->arg = arg;
    call->retry.policy = &client->options.retry;
    call->retry.bucket = &client->bucket;
    call->started_ms = clock_monotonic_ms();
    call->deadline_ms = call->started_ms + client->options.deadline_ms;
    random_uuid(call->invocation_id);
    LIST_INSERT_HEAD(&client->calls, call, next);
    (void)uv_timer_init(client->loop, &call->timer);
    call->timer.data = call;
    call->wake = on_timer;
    arm(call, CALL_STARTING, 0);
    return call;
}
