/* call_attempt.c -- one attempt of a call: credentials, encode, endpoint, sign, send; and what
 * AWS's refusal teaches for the next one: region, time, credentials.
 *
 * A call's message is encoded once, so that its tokens stay the same; what is sent is a copy of it,
 * since the endpoint changes its path and the signature its headers. */
#include "aws/call_private.h"

#include "aws/reply/reply_limit.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

void call_attempt_forget(struct aws_call *call)
{
    call->attempt.body = NULL; /* the message's */
    aws_message_fini(&call->attempt);
    memset(&call->attempt, 0, sizeof call->attempt);
    free(call->url);
    call->url = NULL;
}

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

    call_attempt_forget(call);
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
                                    credentials->session_token, credentials->derived};
    struct sigv4_scope scope = {.region = call->endpoint.region,
                                .service = call->operation.model->signing,
                                .encode_path_twice = !s3,
                                .normalize_path = !s3,
                                .sign_payload_header = s3,
                                .payload_hash = call->payload_hash};

    call->signed_ms = skew_now_ms(&call->client->skew, call->endpoint.host);
    scope.time_s = call->signed_ms / 1000;
    sigv4_sign(&scope, &secrets, call->endpoint.host, &call->attempt);
}

static bool is_shut(const struct aws_call *call)
{
    return call->fence && call->fence->left_ms(call->fence->arg) <= 0;
}

/* Asked once more when a connection is there. */
static bool may_go_out(const void *call)
{
    return !is_shut(call);
}

static void send_attempt(struct aws_call *call, const struct aws_credentials *credentials,
                         http_done_fn *on_reply)
{
    struct aws_message *m = &call->attempt;
    struct http_request request;
    cleanup_free char *count = mem_printf("attempt=%u; max=%u", call->reply.attempts + 1,
                                          call->retry.policy->max_attempts);

    copy_message(call);
    aws_message_add_header(m, "amz-sdk-invocation-id", call->invocation_id);
    aws_message_add_header(m, "amz-sdk-request", count);
    if (credentials)
        sign(call, credentials);
    call->url = mem_printf("http%s://%s%s%s%s", call->endpoint.plain ? "" : "s",
                           call->endpoint.host, m->path, *m->query ? "?" : "", m->query);
    request = (struct http_request){.method = m->method,
                                    .url = call->url,
                                    .headers = m->headers,
                                    .header_count = m->header_count,
                                    .body = m->body,
                                    .body_length = m->body_length,
                                    .again = !retry_changes(call->operation.name),
                                    .body_limit = reply_limit_bytes(&call->operation, call->params),
                                    .may_go_out = call->fence ? may_go_out : NULL,
                                    .may_arg = call};
    call->reply.attempts++;
    call->sent_ms = clock_monotonic_ms();
    call->transfer = http_send(call->client->http, &request, on_reply, call);
}

void call_attempt_error(struct aws_call *call, const char *code, const char *message)
{
    struct aws_error *error = &call->reply.error;

    *error = (struct aws_error){.operation = call->operation.name};
    (void)snprintf(error->code, sizeof error->code, "%s", code);
    aws_error_say(error, "%.600s", message);
}

static enum call_attempt_verdict fail(struct aws_call *call, const char *code, const char *message,
                                      enum err_kind kind)
{
    call_attempt_error(call, code, message);
    call->reply.kind = kind;
    return CALL_ATTEMPT_FAILED;
}

enum call_attempt_verdict call_attempt_begin(struct aws_call *call, http_done_fn *on_reply)
{
    const struct aws_credentials *credentials = call->fixed;
    enum identity_answer answer = IDENTITY_READY;
    struct err e = {0};

    if (call->identity) {
        answer = identity_ask(call->identity, call->region, &call->waiter, &credentials, &e);
        call->generation = identity_generation(call->identity);
    }
    if (answer == IDENTITY_WAIT)
        return CALL_ATTEMPT_WAITING;
    if (answer == IDENTITY_FAILED)
        return fail(call, "Credentials", e.text, e.kind == ERR_RETRY ? ERR_RETRY : ERR_DENIED);
    if (!call->encoded && call_encode_is_large(call))
        return CALL_ATTEMPT_LARGE;
    if (!call->encoded && codec_encode(&call->operation, call->params, &call->message, &e))
        return fail(call, "InvalidRequest", e.text, ERR_INVALID);
    call->encoded = true;
    if (resolve_endpoint(call, &e))
        return fail(call, "InvalidRequest", e.text, ERR_INVALID);
    if (is_shut(call))
        return fail(call, AWS_FENCE_CODE, call->fence->why, ERR_RETRY);
    if (!call_rate_admits(call))
        return CALL_ATTEMPT_RATED;
    if (!call_pace_admits(call))
        return CALL_ATTEMPT_PACED;
    call_rate_note(call);
    send_attempt(call, credentials, on_reply);
    return CALL_ATTEMPT_SENT;
}

/* ---- what a refusal says ---- */

/* Where S3 says the bucket is, if that is not where we asked: 301, 400 or 403 with a header, also
 * for HEAD, which has no body.  A bucket is not created anywhere else than asked. */
static bool is_elsewhere(struct aws_call *call, const struct aws_raw_reply *raw)
{
    const char *bucket = bucket_of(call);
    const char *region = aws_message_reply_header(raw, "x-amz-bucket-region");
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
    log_debug("bucket_region", "{s:s, s:s}", "bucket", bucket, "region", region);
    return true;
}

/* Sent away without a word where to, or once more: what was learned of the bucket's region is wrong
 * by now.  S3's own sentence does not name the region that was asked. */
static void tell_elsewhere(struct aws_call *call)
{
    struct aws_error *error = &call->reply.error;
    const char *bucket = bucket_of(call), *region = call->endpoint.region;

    if (!bucket || strcmp(error->code, "PermanentRedirect") != 0)
        return;
    if (strcmp(region, call->region) != 0)
        aws_error_say(error,
                      "S3 sends from region %s to %s for bucket %s, and from there away again: was "
                      "it made anew in another region? The next look asks in %s",
                      call->region, region, bucket, call->region);
    else
        aws_error_say(error,
                      "bucket %s lies in another region than %s, where it was asked for, and S3 "
                      "does not say in which; the spec's region must be the bucket's, or name a "
                      "bucket of that region",
                      bucket, region);
    (void)json_object_del(call->client->bucket_regions, bucket);
}

/* A refusal of HEAD has no body that could say why: S3's time too far off (403), expired token
 * (400). */
static bool says_nothing(const struct aws_call *call, int status)
{
    const struct aws_error *error = &call->reply.error;

    return error->status == status && strncmp(error->code, "HTTP ", 5) == 0;
}

static bool is_skewed(struct aws_call *call, const struct aws_raw_reply *raw)
{
    if (call->corrected || (!retry_is_skew(call->reply.error.code) && !says_nothing(call, 403)) ||
        !skew_learn(&call->client->skew, call->endpoint.host, aws_message_reply_header(raw, "date"),
                    call->signed_ms))
        return false;
    call->corrected = true;
    return true;
}

static bool is_expired(struct aws_call *call)
{
    if (call->refreshed || !call->identity ||
        (!retry_is_expired(call->reply.error.code) && !says_nothing(call, 400)))
        return false;
    call->refreshed = true;
    identity_expire(call->identity, call->generation);
    return true;
}

bool call_attempt_learn(struct aws_call *call, const struct aws_raw_reply *raw)
{
    if (is_elsewhere(call, raw) || is_skewed(call, raw) || is_expired(call))
        return true;
    tell_elsewhere(call);
    return false;
}
