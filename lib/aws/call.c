/* call.c -- one call: credentials, encode, endpoint, sign, send, decode, and again if it must be.
 *
 * A call is always at one point of enum call_state.  Its timer starts it, ends its pauses, and else
 * stands at the deadline.  After done() nothing here touches the call or its client again: the
 * caller may have freed both. */
#include "aws/client_internal.h"

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

static void on_timer(uv_timer_t *timer);

static void arm(struct aws_call *call, enum call_state state, int64_t delay_ms)
{
    call->state = state;
    uv_update_time(call->client->loop);
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

static void forget_attempt(struct aws_call *call)
{
    call->attempt.body = NULL; /* the message's */
    aws_message_fini(&call->attempt);
    memset(&call->attempt, 0, sizeof call->attempt);
    free(call->url);
    call->url = NULL;
}

/* The struct itself stays until its timer is closed. */
static void dispose(struct aws_call *call)
{
    call->state = CALL_DONE;
    forget_attempt(call);
    if (call->encoded)
        aws_message_fini(&call->message);
    json_decref(call->params);
    json_decref(call->reply.result);
    free(call->region);
    uv_close((uv_handle_t *)&call->timer, on_closed);
}

static void detach(struct aws_call *call)
{
    struct aws_call **at = &call->client->calls;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    if (call->state == CALL_WAITING)
        identity_forget(call->identity, call);
    http_cancel(call->transfer);
    call->transfer = NULL;
}

static void finish(struct aws_call *call)
{
    detach(call);
    call->state = CALL_DONE; /* a late aws_cancel does nothing */
    call->reply.elapsed_ms = clock_monotonic_ms() - call->started_ms;
    call->done(call->arg, &call->reply);
    dispose(call);
}

static void set_error(struct aws_call *call, const char *code, const char *message)
{
    struct aws_error *error = &call->reply.error;

    memset(error, 0, sizeof *error);
    (void)snprintf(error->code, sizeof error->code, "%s", code);
    (void)snprintf(error->message, sizeof error->message, "%.600s", message);
}

static void finish_failed(struct aws_call *call, const char *code, const char *message,
                          enum err_kind kind)
{
    set_error(call, code, message);
    call->reply.kind = kind;
    finish(call);
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

void call_cancel(struct aws_call *call)
{
    if (!call || call->state == CALL_DONE)
        return;
    detach(call);
    dispose(call);
}

/* ---- one attempt ---- */

static bool is_s3(const struct aws_call *call)
{
    return strcmp(call->operation.model->name, "s3") == 0;
}

static const char *bucket_of(const struct aws_call *call)
{
    return is_s3(call) ? json_text(call->params, "Bucket") : NULL;
}

/* A bucket is made where the session says; elsewhere it may be known to live in another region. */
static const char *region_of(const struct aws_call *call)
{
    const char *bucket = bucket_of(call), *known = NULL;

    if (bucket && strcmp(call->operation.name, "CreateBucket") != 0)
        known = json_text(call->client->bucket_regions, bucket);
    return known ? known : call->region;
}

static int resolve_endpoint(struct aws_call *call, struct err *e)
{
    const struct aws_client *client = call->client;
    cleanup_free char *url = NULL;
    cleanup_free char *origin = NULL;
    struct aws_endpoint_wish wish = {.model = call->operation.model,
                                     .region = region_of(call),
                                     .bucket = bucket_of(call),
                                     .fips = client->fips,
                                     .dual_stack = client->dual_stack,
                                     .path_style = client->path_style,
                                     .virtual_host = client->virtual_host};

    if (aws_config_endpoint(client->config, wish.model->config_id, &url, &origin, e))
        return -1;
    wish.url = url;
    wish.origin = origin;
    return aws_endpoint_resolve(&wish, &call->endpoint, e);
}

static void copy_message(struct aws_call *call)
{
    const struct aws_message *from = &call->message;
    struct aws_message *to = &call->attempt;
    const char *path = from->path;

    forget_attempt(call);
    if (call->endpoint.bucket_in_host) { /* "/bucket/key" becomes "/key" */
        path += 1 + strcspn(path + 1, "/");
        path = *path ? path : "/";
    }
    to->method = from->method;
    to->path = mem_printf("%s%s", call->endpoint.base, path);
    to->query = mem_text(from->query);
    to->body = from->body;
    to->body_length = from->body_length;
    for (size_t i = 0; i < from->header_count; i++)
        aws_message_add_header(to, from->headers[i].name, from->headers[i].value);
}

static void sign(struct aws_call *call, const struct aws_credentials *credentials)
{
    bool s3 = is_s3(call);
    struct sigv4_secrets secrets = {credentials->access_key_id, credentials->secret_access_key,
                                    credentials->session_token};
    struct sigv4_scope scope = {.region = call->endpoint.region,
                                .service = call->operation.model->signing,
                                .encode_path_twice = !s3,
                                .normalize_path = !s3,
                                .sign_payload_header = s3};

    call->signed_ms = skew_now_ms(&call->client->skew, call->endpoint.host);
    scope.time_s = call->signed_ms / 1000;
    sigv4_sign(&scope, &secrets, call->endpoint.host, &call->attempt);
}

static void on_reply(void *arg, const struct http_reply *http);

static void send_attempt(struct aws_call *call, const struct aws_credentials *credentials)
{
    struct aws_message *m = &call->attempt;
    struct http_request request;
    cleanup_free char *count = mem_printf("attempt=%u; max=%u", call->reply.attempts + 1,
                                          call->retry.policy->max_attempts);

    copy_message(call);
    aws_message_add_header(m, "amz-sdk-invocation-id", call->invocation_id);
    aws_message_add_header(m, "amz-sdk-request", count);
    sign(call, credentials);
    call->url = mem_printf("http%s://%s%s%s%s", call->endpoint.plain ? "" : "s",
                           call->endpoint.host, m->path, *m->query ? "?" : "", m->query);
    request = (struct http_request){m->method,       call->url, m->headers,
                                    m->header_count, m->body,   m->body_length};
    call->reply.attempts++;
    call->sent_ms = clock_monotonic_ms();
    arm_deadline(call, CALL_SENDING);
    call->transfer = http_send(call->client->http, &request, on_reply, call);
}

/* Credentials to sign with, or NULL after the call was finished or put to wait. */
static const struct aws_credentials *ask(struct aws_call *call)
{
    const struct aws_credentials *credentials = call->fixed;
    struct err e = {0};

    if (!call->identity)
        return credentials;
    switch (identity_ask(call->identity, call, &credentials, &e)) {
    case IDENTITY_READY:
        call->generation = identity_generation(call->identity);
        return credentials;
    case IDENTITY_WAIT:
        arm_deadline(call, CALL_WAITING);
        return NULL;
    case IDENTITY_FAILED:
        break;
    }
    finish_failed(call, "Credentials", e.text, e.kind == ERR_RETRY ? ERR_RETRY : ERR_DENIED);
    return NULL;
}

static void begin(struct aws_call *call)
{
    const struct aws_credentials *credentials = ask(call);
    struct err e = {0};

    if (!credentials)
        return;
    if (!call->encoded && aws_encode(&call->operation, call->params, &call->message, &e)) {
        finish_failed(call, "InvalidRequest", e.text, ERR_INVALID);
        return;
    }
    call->encoded = true;
    if (resolve_endpoint(call, &e))
        finish_failed(call, "InvalidRequest", e.text, ERR_INVALID);
    else
        send_attempt(call, credentials);
}

/* ---- what came back ---- */

/* Where S3 says the bucket is, if that is not where we asked: 301, 400 or 403 with a header, also
 * for HEAD, which has no body.  A bucket is not created anywhere else than asked. */
static bool is_elsewhere(struct aws_call *call, const struct aws_raw_reply *raw)
{
    const char *bucket = bucket_of(call);
    const char *region = aws_reply_header(raw, "x-amz-bucket-region");
    const char *found = NULL;
    char text[64];

    if (!bucket || call->redirected || strcmp(call->operation.name, "CreateBucket") == 0 ||
        (raw->status != 301 && raw->status != 400 && raw->status != 403))
        return false;
    if (!region && raw->body_length && (found = strstr(raw->body, "<Region>")) != NULL &&
        sscanf(found, "<Region>%63[a-z0-9-]<", text) == 1)
        region = text;
    if (!region || !*region || strcmp(region, call->endpoint.region) == 0)
        return false;
    call->redirected = true;
    (void)json_object_set_new(call->client->bucket_regions, bucket, json_string(region));
    log_debug("bucket-region", "{s:s, s:s}", "bucket", bucket, "region", region);
    return true;
}

static bool is_skewed(struct aws_call *call, const struct aws_raw_reply *raw)
{
    if (call->corrected || !retry_is_skew(call->reply.error.code) ||
        !skew_learn(&call->client->skew, call->endpoint.host, aws_reply_header(raw, "date"),
                    call->signed_ms))
        return false;
    call->corrected = true;
    return true;
}

static bool is_expired(struct aws_call *call)
{
    if (call->refreshed || !call->identity || !retry_is_expired(call->reply.error.code))
        return false;
    call->refreshed = true;
    identity_expire(call->identity, call->generation);
    return true;
}

static void try_again_later(struct aws_call *call, const struct aws_raw_reply *raw)
{
    const struct aws_error *error = &call->reply.error;
    const char *service = call->operation.model->name;
    const char *after = raw ? aws_reply_header(raw, "x-amz-retry-after") : NULL;
    enum retry_class class = retry_classify(service, error->status, error->code);
    int64_t delay_ms = 0;

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
    if (is_elsewhere(call, raw) || is_skewed(call, raw) || is_expired(call))
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
                                               code, was_throttled(call), elapsed_ms});
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

    set_error(call, codes[http->failure], message);
    observe(call, call->reply.error.code);
    if (http->failure == HTTP_TOO_LARGE || http->failure == HTTP_REFUSED)
        finish_refused(call, ERR_INVALID);
    else
        try_again_later(call, NULL);
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
    if (aws_decode(&call->operation, &http->raw, &call->reply.result, &call->reply.error)) {
        observe(call, call->reply.error.code);
        on_refused(call, &http->raw);
        return;
    }
    observe(call, "ok");
    retry_succeeded(&call->retry);
    call->reply.kind = ERR_NONE;
    memset(&call->reply.error, 0, sizeof call->reply.error);
    finish(call);
}

static void on_timer(uv_timer_t *timer)
{
    struct aws_call *call = timer->data;

    if (call->state == CALL_STARTING || call->state == CALL_PAUSING)
        begin(call);
    else
        finish_failed(call, "Timeout",
                      call->state == CALL_WAITING ? "no credentials before the call's deadline"
                                                  : "no reply before the call's deadline",
                      ERR_RETRY);
}

/* ---- the start ---- */

static void make_uuid(char text[37])
{
    unsigned char b[16];

    if (RAND_bytes(b, sizeof b) != 1)
        abort();
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    (void)snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                   b[13], b[14], b[15]);
}

struct aws_call *call_start(struct aws_client *client, const char *region,
                            struct aws_identity *identity, const struct aws_credentials *fixed,
                            const char *service, const char *op, const json_t *params,
                            aws_done_fn *done, void *arg)
{
    struct aws_call *call = mem_new(sizeof *call);
    const struct aws_model *model = aws_model(service);

    if (!model || !aws_model_operation(model, op, &call->operation)) {
        (void)fprintf(stderr, "no operation %s %s\n", service, op);
        abort();
    }
    call->client = client;
    call->region = mem_text(region);
    call->identity = identity;
    call->fixed = fixed;
    call->params = params ? json_share(params) : json_object();
    call->done = done;
    call->arg = arg;
    call->retry.policy = &client->options.retry;
    call->retry.bucket = &client->bucket;
    call->started_ms = clock_monotonic_ms();
    call->deadline_ms = call->started_ms + client->options.deadline_ms;
    make_uuid(call->invocation_id);
    call->next = client->calls;
    client->calls = call;
    (void)uv_timer_init(client->loop, &call->timer);
    call->timer.data = call;
    arm(call, CALL_STARTING, 0);
    return call;
}

void call_wake(struct aws_call *call)
{
    arm(call, CALL_STARTING, 0);
}
