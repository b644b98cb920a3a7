/* Whole calls against a scripted server: attempts, signatures, credentials, regions, clocks, ends.
 */
#include "aws/call_private.h"
#include "aws/codec/model.h"
#include "aws/reply/reply_limit.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "server.h"

#include <stdlib.h>
#include <unistd.h>

#define XML(status, headers, body)                                                                 \
    "HTTP/1.1 " status "\r\n" headers "Connection: close\r\n\r\n" body
#define IDENTITY                                                                                   \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"              \
    "<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>U</UserId>"       \
    "<Account>123456789012</Account></GetCallerIdentityResult>"                                    \
    "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
#define STS_ERROR(code, text)                                                                      \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" text "</Message>"    \
    "</Error><RequestId>r-2</RequestId></ErrorResponse>"
#define ASSUMED(key, expires)                                                                      \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"   \
    "<Credentials><AccessKeyId>" key "</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"          \
    "<SessionToken>T-" key "</SessionToken><Expiration>" expires "</Expiration></Credentials>"     \
    "</AssumeRoleResult></AssumeRoleResponse>"

#define CLOSES(text)                                                                               \
    {                                                                                              \
        .bytes = (text), .close = true                                                             \
    }
#define OK CLOSES(XML("200 OK", "", IDENTITY))
#define REFUSED(status, code) CLOSES(XML(status, "", STS_ERROR(code, "text")))

enum { MOST = 64, NOW_S = 1700000000 };

struct answer {
    int calls;
    json_t *result;
    struct aws_reply reply;
};

struct fixture {
    uv_loop_t loop;
    struct server server;
    struct aws_client *client;
    struct aws_session *session;
    struct aws_client_options options;
    struct answer answers[MOST];
    struct aws_call *calls[MOST];
    int sent, left;
    bool pages; /* calls are for one page */
    int observed;
    char seen[256];
};

static struct fixture f;

static double no_chance(void)
{
    return 0;
}

static void shut_down(void)
{
    aws_client_free(f.client);
    f.client = NULL;
    server_stop(&f.server);
}

/* Codes, with an exclamation mark where AWS wanted fewer calls. */
static void on_attempt(void *arg, const struct aws_attempt *attempt)
{
    size_t n = strlen(f.seen);

    (void)arg;
    CHECK(attempt->elapsed_ms >= 0 && attempt->service[0]);
    f.observed++;
    snprintf(f.seen + n, sizeof f.seen - n, "%s%s ", attempt->code, attempt->throttled ? "!" : "");
}

static void on_done(void *arg, const struct aws_reply *reply)
{
    struct answer *answer = arg;

    answer->calls++;
    answer->reply = *reply;
    answer->result = json_share(reply->result);
    CHECK((reply->kind == ERR_NONE) == (reply->result != NULL));
    if (--f.left == 0)
        shut_down();
}

static void set_environment(void)
{
    clearenv();
    setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "SKENV", 1);
    setenv("AWS_REGION", "ap-northeast-2", 1);
}

static void forget(void)
{
    for (int i = 0; i < MOST; i++)
        json_decref(f.answers[i].result);
    server_fini(&f.server);
    memset(&f, 0, sizeof f);
}

/* Before client_up a test may still change f.options and the environment. */
static void server_up(const struct server_reply *script, size_t length)
{
    forget();
    set_environment();
    clock_freeze((int64_t)NOW_S * 1000);
    CHECK_INT(uv_loop_init(&f.loop), 0);
    server_start(&f.server, &f.loop, script, length);
    setenv("AWS_ENDPOINT_URL", f.server.url, 1);
    aws_client_defaults(&f.options);
    f.options.chance = no_chance;
    f.options.deadline_ms = 10000;
}

static void client_up(void)
{
    struct err e = {0};

    f.client = aws_client_new_with(&f.loop, &f.options, &e);
    CHECK_TEXT(e.text, "");
    aws_client_observe(f.client, on_attempt, NULL);
    f.session = aws_session(f.client, "ap-northeast-2", NULL, NULL);
}

#define UP(script) (server_up(script, sizeof script / sizeof *script), client_up())

static void send_call(const char *service, const char *op, json_t *params)
{
    int i = f.sent++;

    f.left++;
    f.calls[i] = (f.pages ? aws_client_send_page : aws_client_send)(
        f.client, &(struct aws_request){f.session, service, op, params}, on_done, &f.answers[i]);
    CHECK_INT(f.answers[i].calls, 0);
    json_decref(params);
}

static void whoami(void)
{
    send_call("sts", "GetCallerIdentity", NULL);
}

static void end(void)
{
    (void)uv_run(&f.loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&f.loop), 0);
    CHECK_INT(f.left, 0);
    clock_freeze(-1);
}

static const struct aws_reply *last(void)
{
    return &f.answers[f.sent - 1].reply;
}

/* The text of request i between two marks, in a static buffer. */
static const char *part(size_t i, const char *from, const char *to)
{
    static char text[512];
    const char *start = f.server.requests[i] ? strstr(f.server.requests[i], from) : NULL, *stop;

    if (!start)
        return "(absent)";
    start += strlen(from);
    stop = strstr(start, to);
    snprintf(text, sizeof text, "%.*s", stop ? (int)(stop - start) : 500, start);
    return text;
}

/* ---- one call ---- */

static void test_success(void)
{
    static const struct server_reply script[] = {OK};

    UP(script);
    CHECK_TEXT(aws_client_region(f.client), "ap-northeast-2");
    CHECK_TEXT(aws_session_partition(f.session), "aws");
    CHECK(aws_session(f.client, "ap-northeast-2", NULL, NULL) == f.session);
    whoami();
    end();
    CHECK_TEXT(json_text(f.answers[0].result, "Account"), "123456789012");
    CHECK_INT(last()->attempts, 1);
    CHECK_INT(last()->kind, ERR_NONE);
    CHECK_TEXT(part(0, "Credential=", ", "), "AKENV/20231114/ap-northeast-2/sts/aws4_request");
    CHECK_TEXT(part(0, "\nX-Amz-Date: ", "\r"), "20231114T221320Z");
    CHECK_TEXT(part(0, "\namz-sdk-request: ", "\r"), "attempt=1; max=5");
    CHECK(strncmp(part(0, "\nUser-Agent: ", "\r"), "billingd", 8) == 0);
    CHECK(!strstr(part(0, "SignedHeaders=", ", "), "user-agent"));
    CHECK_TEXT(part(0, "\r\n\r\n", "&"), "Action=GetCallerIdentity");
    CHECK_TEXT(f.seen, "ok ");
}

static void test_retry(void)
{
    static const struct server_reply script[] = {CLOSES(XML("503 Slow", "", "<html>")),
                                                 REFUSED("400 Bad", "Throttling"),
                                                 CLOSES(XML("429 Many", "", "<html>")), OK};
    char id[64];

    UP(script);
    whoami();
    end();
    CHECK_INT(last()->kind, ERR_NONE);
    CHECK_INT(last()->attempts, 4);
    CHECK_TEXT(part(2, "\namz-sdk-request: ", "\r"), "attempt=3; max=5");
    snprintf(id, sizeof id, "%s", part(0, "\namz-sdk-invocation-id: ", "\r"));
    CHECK_INT(strlen(id), 36);
    CHECK_TEXT(part(2, "\namz-sdk-invocation-id: ", "\r"), id);
    CHECK_TEXT(f.seen, "HTTP 503 Throttling! HTTP 429! ok ");
}

static void test_gives_up(void)
{
    static const struct server_reply script[] = {REFUSED("400 Bad", "Throttling")};

    server_up(script, 1);
    setenv("AWS_MAX_ATTEMPTS", "3", 1);
    client_up();
    whoami();
    end();
    CHECK_INT(last()->attempts, 3);
    CHECK_INT(last()->kind, ERR_RETRY);
    CHECK(last()->throttled);
    CHECK_TEXT(last()->error.code, "Throttling");
    CHECK_TEXT(last()->error.message, "text");
    CHECK_TEXT(last()->error.request_id, "r-2");
    CHECK_INT(last()->error.status, 400);
}

/* 500 tokens, 14 for each retry of calls that all fail: 35 retries, and no more. */
static void test_bucket(void)
{
    static const struct server_reply script[] = {CLOSES(XML("500 Oops", "", ""))};

    UP(script);
    for (int i = 0; i < 20; i++)
        whoami();
    end();
    CHECK_INT(f.observed, 20 + 500 / 14);
}

static void test_kinds(void)
{
    static const struct {
        struct server_reply reply;
        enum err_kind kind;
        const char *code;
    } rows[] = {
        {REFUSED("403 No", "AccessDenied"), ERR_DENIED, "AccessDenied"},
        {REFUSED("404 No", "NoSuchEntity"), ERR_ABSENT, "NoSuchEntity"},
        {REFUSED("400 No", "MalformedPolicyDocument"), ERR_INVALID, "MalformedPolicyDocument"},
        {CLOSES(XML("307 Temp", "Location: http://127.0.0.1:1/\r\n", "")), ERR_INVALID, "HTTP 307"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        server_up(&rows[i].reply, 1);
        client_up();
        whoami();
        end();
        CHECK_INT(last()->attempts, 1);
        CHECK_INT(last()->kind, rows[i].kind);
        CHECK_TEXT(last()->error.code, rows[i].code);
        CHECK(!last()->throttled);
    }
}

static void test_bad_replies(void)
{
    static const struct server_reply bad[] = {
        {.bytes = XML("200 OK", "Content-Length: 900\r\n", "<GetCaller"), .close = true},
        {.bytes = XML("200 OK", "Content-Length: 900\r\n", "<GetCaller"), .reset = true},
        {.bytes = XML("200 OK", "", "<GetCallerIdentityResponse><GetCaller"), .close = true},
        {.bytes = XML("200 OK", "", "<html><body>Sign in to the guest network"), .close = true},
        {.bytes = "garbage\r\n\r\n", .close = true},
        {.bytes = "", .reset = true},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct server_reply script[] = {bad[i], OK};

        server_up(script, 2);
        client_up();
        whoami();
        end();
        CHECK_INT(last()->kind, ERR_NONE);
        /* libcurl repeats a request itself after a reset of a new connection only if it was kept */
        CHECK_INT(last()->attempts, 2);
    }
}

#define JSON(body) CLOSES(XML("200 OK", "Content-Type: application/x-amz-json-1.1\r\n", body))
#define GROUP(account)                                                                             \
    JSON("{\"logGroups\":[{\"logGroupName\":\"g\",\"arn\":\"arn:aws:logs:r:" account               \
         ":log-group:g:*\"}]}")

static void ask_for_groups(void)
{
    send_call("logs", "DescribeLogGroups", NULL);
}

/* What AWS always sends is missing: as good as no reply. */
static void test_empty_reply(void)
{
    static const struct server_reply once[] = {JSON("{}"), JSON("{\"logGroups\":[]}")};
    static const struct server_reply always[] = {JSON("{}")};

    UP(once);
    ask_for_groups();
    end();
    CHECK_INT(last()->kind, ERR_NONE);
    CHECK_INT(last()->attempts, 2);

    server_up(always, 1);
    f.options.retry.max_attempts = 3;
    client_up();
    ask_for_groups();
    end();
    CHECK_INT(last()->kind, ERR_RETRY);
    CHECK_INT(last()->attempts, 3);
    CHECK_TEXT(last()->error.code, "InvalidReply");
    CHECK_TEXT(last()->error.message, "the reply to DescribeLogGroups has no logGroups");
}

static void then_groups(void *arg, const struct aws_reply *reply)
{
    (void)arg;
    CHECK_INT(reply->kind, ERR_NONE);
    ask_for_groups();
    f.left--;
}

/* Whose credentials these are is known once they were asked for it. */
static void test_other_account(void)
{
    static const struct server_reply first[] = {GROUP("999999999999")};
    static const struct server_reply later[] = {OK, GROUP("999999999999"), GROUP("123456789012")};

    UP(first);
    ask_for_groups();
    end();
    CHECK_INT(last()->kind, ERR_NONE);

    UP(later);
    f.left = 1;
    aws_client_send(f.client, &(struct aws_request){f.session, "sts", "GetCallerIdentity", NULL},
                    then_groups, NULL);
    end();
    CHECK_INT(last()->kind, ERR_NONE);
    CHECK_INT(last()->attempts, 2);
}

/* ---- replies that are decoded on another thread ---- */

enum { LARGE_BYTES = 200 << 10 };

/* A reply of so many bytes with `start` in front of them; new text. */
static char *large(const char *start)
{
    cleanup_free char *filler = mem_new(LARGE_BYTES + 1);

    memset(filler, 'x', LARGE_BYTES);
    return mem_printf("HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n"
                      "Connection: close\r\n\r\n{%s\"nextToken\":\"%s\"}",
                      start, filler);
}

/* It is judged as small ones are. */
static void test_large_reply(void)
{
    cleanup_free char *bad = large(""), *good = large("\"logGroups\":[],");
    const struct server_reply script[] = {CLOSES(bad), CLOSES(good)};

    UP(script);
    f.pages = true;
    ask_for_groups();
    end();
    CHECK_INT(last()->kind, ERR_NONE);
    CHECK_INT(last()->attempts, 2);
    CHECK_INT(json_string_length(json_object_get(f.answers[0].result, "nextToken")), LARGE_BYTES);

    /* One page of several is not all there is. */
    UP(script);
    ask_for_groups();
    end();
    CHECK_TEXT(last()->error.code, "MorePages");
    CHECK_INT(last()->kind, ERR_INVALID);
    CHECK(!f.answers[0].result);
}

/* Three bytes of text for some three hundred of memory. */
static void test_costly_reply(void)
{
    enum { VALUES = 160000 };
    cleanup_str struct str text = {0};
    struct server_reply script[1] = {{.close = true}};

    str_add(&text, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n"
                   "Connection: close\r\n\r\n{\"logGroups\":[],\"x\":[{}");
    for (int i = 0; i < VALUES; i++)
        str_add(&text, ",{}");
    str_add(&text, "]}");
    script[0].bytes = str_text(&text);
    server_up(script, 1);
    f.options.retry.max_attempts = 2;
    client_up();
    ask_for_groups();
    end();
    CHECK_TEXT(last()->error.code, "InvalidReply");
    CHECK(strstr(last()->error.message, "hold so many values that they take more than 96 MiB") !=
          NULL);
    CHECK_INT(last()->kind, ERR_RETRY);
    CHECK_INT(last()->attempts, 2);
}

static uv_sem_t busy;

static void nothing(uv_work_t *work)
{
    (void)work;
}

/* libuv looks at the environment once, when the first work comes. */
static void one_thread(void)
{
    uv_loop_t loop;
    uv_work_t work;

    setenv("UV_THREADPOOL_SIZE", "1", 1);
    CHECK_INT(uv_loop_init(&loop), 0);
    CHECK_INT(uv_queue_work(&loop, &work, nothing, NULL), 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
}

static void hold(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&busy);
}

static void held(uv_work_t *work, int status)
{
    (void)work;
    (void)status;
}

/* The only thread is busy, so what came waits for it. */
static void on_look(uv_timer_t *timer)
{
    if (f.calls[0]->state != CALL_DECODING && f.calls[0]->state != CALL_ENCODING)
        return;
    if (timer->data)
        aws_call_cancel(f.calls[0]);
    shut_down();
    uv_sem_post(&busy);
    uv_close((uv_handle_t *)timer, NULL);
}

/* ask: a call of which something is done on another thread. */
static void end_while_working(void (*ask)(void), bool cancel)
{
    cleanup_free char *good = large("\"logGroups\":[],");
    const struct server_reply script[] = {CLOSES(good)};
    uv_timer_t timer;
    uv_work_t work;

    UP(script);
    CHECK_INT(uv_sem_init(&busy, 0), 0);
    CHECK_INT(uv_queue_work(&f.loop, &work, hold, held), 0);
    uv_timer_init(&f.loop, &timer);
    timer.data = cancel ? &f : NULL;
    uv_timer_start(&timer, on_look, 1, 1);
    ask();
    f.left = 0;
    end();
    CHECK_INT(f.answers[0].calls, 0);
    uv_sem_destroy(&busy);
}

/* ---- bodies that are encoded on another thread ---- */

enum { LARGE_BODY = 300 << 10 };

static void put(const char *key)
{
    cleanup_free char *body = mem_new(LARGE_BODY + 1);

    memset(body, 'b', LARGE_BODY);
    send_call("s3", "PutObject",
              json_pack("{s:s, s:s, s:s, s:s}", "Bucket", "bucket", "Key", key, "ChecksumAlgorithm",
                        "SHA256", "Body", body));
}

static void put_large(void)
{
    put("key");
}

/* SHA-256 of 300 KiB of "b", as sha256sum says it. */
static const char large_hash[] = "9939ed37ccf7325853dbd241a5c7ef7a373b74f4da2afce9d3c3f1fccbda2885";

/* Each attempt is whole, and signed for what it sends. */
static void test_large_body(void)
{
    static const struct server_reply script[] = {
        CLOSES("HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n"),
        CLOSES("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nConnection: close\r\n\r\n")};

    UP(script);
    put_large();
    end();
    CHECK_INT(last()->kind, ERR_NONE);
    CHECK_INT(last()->attempts, 2);
    for (size_t i = 0; i < 2; i++) {
        const char *body = strstr(f.server.requests[i], "\r\n\r\n");

        CHECK_INT(strlen(body), 4 + LARGE_BODY);
        CHECK(strcasestr(f.server.requests[i], large_hash) != NULL);
    }
    /* What is wrong with it is told as of a small one. */
    UP(script);
    put("");
    end();
    CHECK_TEXT(last()->error.code, "InvalidRequest");
    CHECK_INT(last()->kind, ERR_INVALID);
    CHECK_INT(f.server.request_count, 0);
}

static void test_huge_reply(void)
{
    static const struct server_reply script[] = {
        {.bytes = XML("200 OK", "", "<"), .filler = REPLY_LIMIT_BYTES + 1, .close = true}};

    server_up(script, 1);
    f.options.retry.max_attempts = 2;
    client_up();
    whoami();
    end();
    CHECK_TEXT(last()->error.code, "InvalidReply");
    CHECK(strstr(last()->error.message, "the reply is larger than 524288 bytes") != NULL);
    CHECK_INT(last()->kind, ERR_RETRY);
    CHECK_INT(last()->attempts, 2);
}

static void test_no_answer(void)
{
    static const struct server_reply script[] = {{.bytes = NULL}};

    server_up(script, 1);
    f.options.deadline_ms = 50;
    client_up();
    whoami();
    end();
    CHECK_TEXT(last()->error.code, "Timeout");
    CHECK_INT(last()->kind, ERR_RETRY);
    CHECK_INT(last()->attempts, 1);

    server_up(script, 1);
    f.options.http.total_timeout_ms = 30;
    f.options.retry.max_attempts = 2;
    client_up();
    whoami();
    end();
    CHECK_TEXT(last()->error.code, "Timeout");
    CHECK_TEXT(f.seen, "Timeout Timeout ");
    CHECK_INT(last()->attempts, 2);
}

static void test_nobody_there(void)
{
    static const struct server_reply script[] = {OK};

    server_up(script, 1);
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1);
    setenv("AWS_MAX_ATTEMPTS", "2", 1);
    client_up();
    whoami();
    end();
    CHECK_TEXT(last()->error.code, "Connection");
    CHECK(strncmp(last()->error.message, "127.0.0.1:1: ", 13) == 0);
    CHECK_INT(last()->kind, ERR_RETRY);
    CHECK_INT(last()->error.status, 0);
}

static void test_wrong_params(void)
{
    static const struct server_reply script[] = {OK};

    UP(script);
    send_call("glue", "GetDatabase", json_pack("{s:i}", "Name", 3));
    end();
    CHECK_INT(last()->kind, ERR_INVALID);
    CHECK_INT(last()->attempts, 0);
    CHECK(strstr(last()->error.message, "Name"));
}

/* ---- S3 regions ---- */

static json_t *bucket(void)
{
    return json_pack("{s:s}", "Bucket", "some-bucket");
}

static void test_bucket_region(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("301 Moved", "x-amz-bucket-region: eu-west-1\r\n", "")),
        CLOSES(XML("200 OK", "x-amz-bucket-region: eu-west-1\r\n", ""))};

    server_up(script, 2);
    f.options.http.per_host = 1;
    client_up();
    send_call("s3", "HeadBucket", bucket());
    end();
    CHECK_INT(last()->kind, ERR_NONE);
    CHECK_INT(last()->attempts, 2);
    CHECK_TEXT(part(0, "Credential=AKENV/20231114/", "/"), "ap-northeast-2");
    CHECK_TEXT(part(1, "Credential=AKENV/20231114/", "/"), "eu-west-1");
    CHECK_TEXT(part(1, "HEAD ", " "), "/some-bucket");
}

static void then_head(void *arg, const struct aws_reply *reply)
{
    (void)arg;
    CHECK_INT(reply->kind, ERR_NONE);
    send_call("s3", "HeadBucket", bucket());
    f.left--;
}

static void test_bucket_region_is_kept(void)
{
    static const struct server_reply script[] = {
        CLOSES(
            XML("400 Bad", "",
                "<?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code><Message>"
                "m</Message><Region>eu-west-1</Region></Error>")),
        CLOSES(XML("200 OK", "", "<LocationConstraint>eu-west-1</LocationConstraint>")),
        CLOSES(XML("200 OK", "", ""))};
    json_t *params = bucket();

    UP(script);
    f.left = 1;
    aws_client_send(f.client, &(struct aws_request){f.session, "s3", "GetBucketLocation", params},
                    then_head, NULL);
    json_decref(params);
    end();
    CHECK_INT(last()->attempts, 1);
    CHECK_INT(f.server.request_count, 3);
    CHECK_TEXT(part(2, "Credential=AKENV/20231114/", "/"), "eu-west-1");
}

static void test_bucket_region_once(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("301 Moved", "x-amz-bucket-region: eu-west-1\r\n", "")),
        CLOSES(XML("301 Moved", "x-amz-request-id: r\r\nx-amz-bucket-region: eu-west-2\r\n", ""))};

    UP(script);
    send_call("s3", "HeadBucket", bucket());
    end();
    CHECK_INT(last()->attempts, 2);
    CHECK_INT(last()->kind, ERR_INVALID);
    CHECK_TEXT(last()->error.code, "PermanentRedirect");
    CHECK(strstr(last()->error.message, "from region ap-northeast-2 to eu-west-1"));
}

#define UNTOLD CLOSES(XML("301 Moved", "x-amz-request-id: r\r\n", ""))

/* Where S3 sends away without saying where to, what was asked is told. */
static void test_bucket_region_untold(void)
{
    static const struct server_reply script[] = {UNTOLD};

    UP(script);
    send_call("s3", "HeadBucket", bucket());
    end();
    CHECK_INT(last()->attempts, 1);
    CHECK_INT(last()->kind, ERR_INVALID);
    CHECK_TEXT(last()->error.code, "PermanentRedirect");
    CHECK(strstr(last()->error.message,
                 "bucket some-bucket lies in another region than ap-northeast-2"));
}

static void then_head_again(void *arg, const struct aws_reply *reply)
{
    json_t *params = bucket();

    CHECK(strstr(reply->error.message, "to eu-west-1 for bucket some-bucket"));
    aws_client_send(f.client, &(struct aws_request){f.session, "s3", "HeadBucket", params},
                    then_head, arg);
    json_decref(params);
}

/* What was learned of the bucket's region is forgotten then. */
static void test_bucket_region_is_forgotten(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("301 Moved", "x-amz-bucket-region: eu-west-1\r\n", "")), UNTOLD,
        CLOSES(XML("200 OK", "", "")), CLOSES(XML("200 OK", "", ""))};
    json_t *params = bucket();

    UP(script);
    f.left = 1;
    aws_client_send(f.client, &(struct aws_request){f.session, "s3", "HeadBucket", params},
                    then_head_again, NULL);
    json_decref(params);
    end();
    CHECK_TEXT(part(1, "Credential=AKENV/20231114/", "/"), "eu-west-1");
    CHECK_TEXT(part(2, "Credential=AKENV/20231114/", "/"), "ap-northeast-2");
}

/* Made here or nowhere. */
static void test_create_stays(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("400 Bad", "x-amz-bucket-region: eu-west-1\r\n",
                   "<Error><Code>IllegalLocationConstraintException</Code></Error>"))};

    UP(script);
    send_call("s3", "CreateBucket", bucket());
    end();
    CHECK_INT(last()->attempts, 1);
    CHECK_TEXT(last()->error.code, "IllegalLocationConstraintException");
}

/* ---- time ---- */

static void then_whoami(void *arg, const struct aws_reply *reply)
{
    (void)arg;
    CHECK_INT(reply->kind, ERR_NONE);
    CHECK_INT(reply->attempts, 2);
    whoami();
    f.left--;
}

static void test_clock_skew(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("403 No", "Date: Tue, 14 Nov 2023 23:13:20 GMT\r\n",
                   STS_ERROR("SignatureDoesNotMatch", "Signature expired"))),
        OK};

    UP(script);
    f.left = 1;
    aws_client_send(f.client, &(struct aws_request){f.session, "sts", "GetCallerIdentity", NULL},
                    then_whoami, NULL);
    end();
    CHECK_TEXT(part(0, "\nX-Amz-Date: ", "\r"), "20231114T221320Z");
    CHECK_TEXT(part(1, "\nX-Amz-Date: ", "\r"), "20231114T231320Z");
    CHECK_TEXT(part(2, "\nX-Amz-Date: ", "\r"), "20231114T231320Z");
    CHECK_INT(last()->attempts, 1);
}

/* HEAD's refusal has no body: the reply's date alone tells. */
static void test_clock_skew_of_head(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("403 No", "Date: Tue, 14 Nov 2023 23:13:20 GMT\r\n", "")), OK};

    UP(script);
    send_call("s3", "HeadBucket", bucket());
    end();
    CHECK_TEXT(part(1, "\nX-Amz-Date: ", "\r"), "20231114T231320Z");
    CHECK_INT(last()->attempts, 2);
    CHECK_INT(last()->kind, ERR_NONE);
}

static void test_no_clock_skew(void)
{
    static const char *const dates[] = {"Date: Tue, 14 Nov 2023 22:17:19 GMT\r\n", "Date: now\r\n",
                                        ""};

    for (size_t i = 0; i < 3; i++) {
        cleanup_free char *bytes = mem_printf("HTTP/1.1 403 No\r\n%sConnection: close\r\n\r\n%s",
                                              dates[i], STS_ERROR("SignatureDoesNotMatch", "no"));
        struct server_reply script[] = {{.bytes = bytes, .close = true}};

        server_up(script, 1);
        client_up();
        whoami();
        end();
        CHECK_INT(last()->attempts, 1);
        CHECK_INT(last()->kind, ERR_DENIED);
    }
}

static void test_skew_unit(void)
{
    struct skew skew = {0};

    clock_freeze((int64_t)NOW_S * 1000);
    CHECK(!skew_learn(&skew, "h", NULL, (int64_t)NOW_S * 1000));
    /* No clock of AWS's shows that. */
    CHECK(!skew_learn(&skew, "h", "Thu, 01 Jan 1970 00:00:00 GMT", (int64_t)NOW_S * 1000));
    CHECK(!skew_learn(&skew, "h", "Wed, 01 Jan 2200 00:00:00 GMT", (int64_t)NOW_S * 1000));
    CHECK(skew_learn(&skew, "h", "Tue, 14 Nov 2023 21:13:20 GMT", (int64_t)NOW_S * 1000));
    CHECK_INT(skew_now_ms(&skew, "h"), ((int64_t)NOW_S - 3600) * 1000);
    CHECK_INT(skew_now_ms(&skew, "other"), (int64_t)NOW_S * 1000);
    clock_freeze(((int64_t)NOW_S + 7200) * 1000); /* somebody set the clock */
    CHECK_INT(skew_now_ms(&skew, "h"), ((int64_t)NOW_S + 7200) * 1000);
    clock_freeze(-1);
    skew_fini(&skew);
}

/* ---- credentials ---- */

static void test_no_credentials(void)
{
    static const struct server_reply script[] = {OK};

    UP(script);
    unsetenv("AWS_ACCESS_KEY_ID");
    whoami();
    end();
    CHECK_TEXT(last()->error.code, "Credentials");
    CHECK_TEXT(last()->error.message, "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID");
    CHECK_INT(last()->kind, ERR_DENIED);
    CHECK_INT(last()->attempts, 0);
}

/* The key is read again once, and only then. */
static void test_expired_key(void)
{
    static const struct server_reply script[] = {REFUSED("403 No", "ExpiredToken")};

    UP(script);
    whoami();
    end();
    CHECK_INT(last()->attempts, 2);
    CHECK_INT(last()->kind, ERR_DENIED);
    CHECK_TEXT(last()->error.code, "ExpiredToken");
}

/* The same of HEAD, whose refusal has no body. */
static void test_expired_key_of_head(void)
{
    static const struct server_reply script[] = {CLOSES(XML("400 Bad", "", "")),
                                                 CLOSES(XML("400 Bad", "", ""))};

    UP(script);
    send_call("s3", "HeadBucket", bucket());
    end();
    CHECK_INT(last()->attempts, 2);
}

static void test_refresh(void)
{
    static const struct server_reply script[] = {OK};

    UP(script);
    whoami();
    while (f.observed < 1)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    CHECK(!f.client); /* shut down by the only answer: start again with two */
    end();

    UP(script);
    f.left = 1; /* keeps it open */
    whoami();
    while (f.answers[0].calls < 1)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    setenv("AWS_ACCESS_KEY_ID", "AKNEW", 1);
    whoami();
    while (f.answers[1].calls < 1)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    aws_client_refresh(f.client);
    f.left--;
    whoami();
    end();
    CHECK_TEXT(part(0, "Credential=", "/"), "AKENV");
    CHECK_TEXT(part(1, "Credential=", "/"), "AKENV");
    CHECK_TEXT(part(2, "Credential=", "/"), "AKNEW");
}

#define NEXT_HOUR "2023-11-14T23:13:20Z"

static void use_role(void)
{
    f.session = aws_session(f.client, "ap-northeast-2", "arn:aws:iam::1:role/r", "ext");
}

static void test_role(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("200 OK", "", ASSUMED("ASIA1", NEXT_HOUR))), OK};

    UP(script);
    use_role();
    for (int i = 0; i < 5; i++)
        whoami();
    end();
    CHECK_INT(f.server.request_count, 6); /* one AssumeRole for all */
    CHECK_TEXT(part(0, "Credential=", "/"), "AKENV");
    CHECK(strstr(f.server.requests[0], "Action=AssumeRole&"));
    CHECK(strstr(f.server.requests[0], "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"));
    CHECK(strstr(f.server.requests[0], "ExternalId=ext"));
    for (size_t i = 1; i < 6; i++) {
        CHECK_TEXT(part(i, "Credential=", "/"), "ASIA1");
        CHECK_TEXT(part(i, "\nX-Amz-Security-Token: ", "\r"), "T-ASIA1");
    }
    for (int i = 0; i < 5; i++)
        CHECK_INT(f.answers[i].reply.kind, ERR_NONE);
}

static void wait_for(int answer)
{
    while (f.answers[answer].calls < 1)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
}

/* Half an hour in: the old key is good.  49 minutes: still used, but a new one is fetched.  Then
 * the new one is used. */
static void test_role_early_refresh(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("200 OK", "", ASSUMED("ASIA1", NEXT_HOUR))),
        OK,
        OK,
        OK,
        CLOSES(XML("200 OK", "", ASSUMED("ASIA2", "2023-11-15T00:13:20Z"))),
        OK};

    server_up(script, sizeof script / sizeof *script);
    f.options.http.per_host = 1;
    client_up();
    use_role();
    f.left = 1;
    whoami();
    wait_for(0);
    clock_freeze(((int64_t)NOW_S + 1800) * 1000);
    whoami();
    wait_for(1);
    clock_freeze(((int64_t)NOW_S + 3600 - 599) * 1000);
    whoami(); /* with the old key, while the fetch goes on */
    wait_for(2);
    while (f.observed < 5)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    f.left--;
    whoami();
    end();
    CHECK_INT(f.server.request_count, 6);
    CHECK_TEXT(part(2, "Credential=", "/"), "ASIA1");
    CHECK_TEXT(part(5, "Credential=", "/"), "ASIA2");
    CHECK_TEXT(f.seen, "ok ok ok ok ok ok ");
}

/* The refresh is refused: the old key stays in use to the last minute, then calls fail. */
static void test_role_failed_refresh(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("200 OK", "", ASSUMED("ASIA1", NEXT_HOUR))), OK, OK,
        REFUSED("403 No", "AccessDenied")};

    server_up(script, 4);
    f.options.http.per_host = 1;
    client_up();
    use_role();
    f.left = 1;
    whoami();
    wait_for(0);
    clock_freeze(((int64_t)NOW_S + 3600 - 61) * 1000);
    whoami();
    wait_for(1);
    while (f.observed < 4)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    clock_freeze(((int64_t)NOW_S + 3600 - 60) * 1000);
    f.left--;
    whoami();
    end();
    CHECK_INT(f.answers[1].reply.kind, ERR_NONE);
    CHECK_INT(f.server.request_count, 4); /* not asked again within the pause */
    CHECK_TEXT(last()->error.code, "Credentials");
    CHECK_INT(last()->kind, ERR_DENIED);
}

static void test_role_expired(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("200 OK", "", ASSUMED("ASIA1", NEXT_HOUR))), REFUSED("403 No", "ExpiredToken"),
        CLOSES(XML("200 OK", "", ASSUMED("ASIA2", NEXT_HOUR))), OK};

    UP(script);
    use_role();
    whoami();
    end();
    CHECK_INT(last()->kind, ERR_NONE);
    CHECK_INT(last()->attempts, 2);
    CHECK_TEXT(part(3, "Credential=", "/"), "ASIA2");
}

static void test_role_denied(void)
{
    static const struct server_reply script[] = {
        CLOSES(XML("403 No", "", STS_ERROR("AccessDenied", "is not authorized")))};

    UP(script);
    use_role();
    whoami();
    whoami();
    end();
    CHECK_INT(f.server.request_count, 1);
    for (int i = 0; i < 2; i++) {
        CHECK_TEXT(f.answers[i].reply.error.code, "Credentials");
        CHECK_TEXT(f.answers[i].reply.error.message,
                   "AssumeRole arn:aws:iam::1:role/r: AccessDenied: is not authorized, request id "
                   "r-2");
        CHECK_INT(f.answers[i].reply.kind, ERR_DENIED);
        CHECK_INT(f.answers[i].reply.attempts, 0);
    }
}

static void test_role_unreachable(void)
{
    static const struct server_reply script[] = {CLOSES(XML("500 Oops", "", ""))};

    UP(script);
    use_role();
    whoami();
    end();
    CHECK_INT(f.server.request_count, 5);
    CHECK_INT(last()->kind, ERR_RETRY);
    CHECK_TEXT(last()->error.code, "Credentials");
}

/* ---- roles of profiles: recorded exchanges ---- */

static int compare_parts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Form parameters in any order. */
static void check_form(const char *have, const char *want)
{
    char *texts[] = {mem_text(have), mem_text(want)};
    char *parts[2][16];
    size_t n[2] = {0, 0};

    for (int side = 0; side < 2; side++) {
        for (char *p = strtok(texts[side], "&"); p && n[side] < 16; p = strtok(NULL, "&"))
            parts[side][n[side]++] = p;
        qsort(parts[side], n[side], sizeof(char *), compare_parts);
    }
    CHECK_INT(n[0], n[1]);
    for (size_t i = 0; i < n[0] && i < n[1]; i++)
        CHECK_TEXT(parts[0][i], parts[1][i]);
    free(texts[0]);
    free(texts[1]);
}

/* Plays a recorded case: the same AssumeRole goes out, its credentials sign the next call. */
static void play(const char *name)
{
    cleanup_free char *home = mem_printf("tests/vectors/credentials/profile/%s/fs/home", name);
    cleanup_free char *path =
        mem_printf("tests/vectors/credentials/profile/%s/exchanges.json", name);
    json_auto_t *exchanges = json_load_file(path, 0, NULL);
    size_t count = json_array_size(exchanges);
    struct server_reply script[4] = {{0}};
    char *bytes[4] = {NULL};

    CHECK(count >= 1 && count < 4);
    for (size_t i = 0; i < count; i++) {
        const json_t *exchange = json_array_get(exchanges, i);

        bytes[i] = mem_printf("HTTP/1.1 %d Recorded\r\nConnection: close\r\n\r\n%s",
                              (int)json_integer_value(json_object_get(exchange, "status")),
                              json_text(exchange, "reply"));
        script[i] = (struct server_reply){.bytes = bytes[i], .close = true};
    }
    script[count] = (struct server_reply)OK;
    server_up(script, count + 1);
    clock_freeze((int64_t)1628190000 * 1000);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    setenv("HOME", home, 1);
    setenv("AWS_ROLE_SESSION_NAME", "assume-role-provider-session", 1);
    setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "false", 1);
    setenv("AWS_ENDPOINT_URL_STS", f.server.url, 1);
    client_up();
    whoami();
    end();
    for (size_t i = 0; i < count; i++) {
        CHECK_TEXT(part(i, "Credential=", "/"), "AKIAFAKE");
        check_form(part(i, "\r\n\r\n", "\n"), json_text(json_array_get(exchanges, i), "request"));
        free(bytes[i]);
    }
    CHECK_TEXT(part(count, "Credential=", "/"), "ASIARTESTID");
    CHECK_TEXT(part(count, "\nX-Amz-Security-Token: ", "\r"), "TESTSESSIONTOKEN");
    CHECK_INT(last()->kind, ERR_NONE);
}

/* ---- ends ---- */

static void cancel_all(void *arg, const struct aws_reply *reply)
{
    (void)arg;
    (void)reply;
    for (int i = 0; i < f.sent; i++)
        aws_call_cancel(f.calls[i]);
    shut_down();
}

static void free_all(void *arg, const struct aws_reply *reply)
{
    (void)arg;
    (void)reply;
    shut_down();
}

/* From inside the first completion, with others sending, pausing, and waiting for credentials. */
static void check_end(aws_done_fn *first)
{
    static const struct server_reply script[] = {
        OK, CLOSES(XML("500 Oops", "", "")), {.bytes = NULL}};

    UP(script);
    aws_client_send(f.client, &(struct aws_request){f.session, "sts", "GetCallerIdentity", NULL},
                    first, NULL);
    for (int i = 0; i < 20; i++)
        whoami();
    use_role();
    for (int i = 0; i < 20; i++)
        whoami();
    (void)uv_run(&f.loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&f.loop), 0);
    for (int i = 0; i < f.sent; i++)
        CHECK_INT(f.answers[i].calls, 0);
    clock_freeze(-1);
}

static void until(int answers)
{
    while (f.sent - f.left < answers)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
}

static size_t waiting(void)
{
    struct aws_pacing pacing;

    aws_client_pacing(f.client, &pacing);
    return pacing.waiting;
}

/* What is over the budget waits its turn and fails of nothing; who we are, and what may not wait,
 * goes on.  The clock stands still but where it is set. */
static void test_budget_of_calls(void)
{
    static const struct server_reply script[] = {
        JSON("{\"logGroups\":[]}"), JSON("{\"logGroups\":[]}"), OK, JSON("{\"logGroups\":[]}")};

    server_up(script, 4);
    clock_freeze_monotonic(1000000);
    client_up();
    aws_client_pace(f.client, 2);
    for (int i = 0; i < 5; i++)
        ask_for_groups();
    until(2);
    CHECK_INT(waiting(), 3);
    whoami();
    until(3);
    CHECK_INT(f.answers[5].calls, 1);
    ask_for_groups();
    aws_client_unpaced(f.calls[6]);
    until(4);
    CHECK_INT(f.answers[6].calls, 1);
    CHECK_INT(waiting(), 3);
    CHECK_INT(f.server.request_count, 4);
    aws_call_cancel(f.calls[2]); /* the first of the queue: the next takes its place */
    f.left--;
    CHECK_INT(waiting(), 2);
    clock_freeze_monotonic(1000000 + 3600000); /* far beyond every deadline */
    aws_client_pace(f.client, 1);
    until(6); /* with the cancelled one */
    CHECK_INT(f.answers[3].calls, 1);
    CHECK_INT(f.answers[3].reply.kind, ERR_NONE);
    CHECK_INT(waiting(), 1);
    aws_client_pace(f.client, 0);
    end();
    CHECK_INT(f.answers[4].reply.kind, ERR_NONE);
    CHECK_INT(f.answers[2].calls, 0);
    CHECK_INT(f.server.request_count, 6);
    clock_freeze_monotonic(-1);
}

static void test_free_at_once(void)
{
    static const struct server_reply script[] = {OK};

    UP(script);
    whoami();
    shut_down();
    f.left = 0;
    end();
    CHECK_INT(f.answers[0].calls, 0);
    aws_client_free(NULL);
    aws_call_cancel(NULL);
}

static void test_settings(void)
{
    static const char *const rows[][3] = {
        {"AWS_MAX_ATTEMPTS", "many", "AWS_MAX_ATTEMPTS: must be a number from 1 to 100"},
        {"AWS_RETRY_MODE", "hasty", "AWS_RETRY_MODE: must be standard, legacy or adaptive, not"},
        {"AWS_DEFAULTS_MODE", "hasty", "AWS_DEFAULTS_MODE: must be standard"},
        {"AWS_USE_FIPS_ENDPOINT", "1", "AWS_USE_FIPS_ENDPOINT: must be true or false"},
        {"AWS_CA_BUNDLE", "/dev/zero", "CA bundle /dev/zero: is neither a file nor a folder"},
        {"AWS_CONFIG_FILE", "tests/unit/check.h", "tests/unit/check.h:1: Expected a profile"},
    };
    uv_loop_t loop;

    uv_loop_init(&loop);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};

        set_environment();
        setenv(rows[i][0], rows[i][1], 1);
        CHECK(!aws_client_new(&loop, &e));
        CHECK_INT(e.kind, ERR_INVALID);
        CHECK(strncmp(e.text, rows[i][2], strlen(rows[i][2])) == 0);
    }
    CHECK_INT(uv_loop_close(&loop), 0);
}

/* In whatever case, as the SDKs read them; each is a pair of settings that a client runs with. */
static void test_settings_in_any_case(void)
{
    static const char *const rows[][2] = {
        {"AWS_RETRY_MODE", "STANDARD"},           {"AWS_RETRY_MODE", " Standard\n"},
        {"AWS_RETRY_MODE", "Adaptive"},           {"AWS_USE_FIPS_ENDPOINT", "FALSE"},
        {"AWS_USE_DUALSTACK_ENDPOINT", "False "}, {"AWS_DEFAULTS_MODE", "In-Region"},
        {"AWS_EC2_METADATA_DISABLED", "True"}};
    uv_loop_t loop;

    uv_loop_init(&loop);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        struct aws_client *client;

        set_environment();
        setenv(rows[i][0], rows[i][1], 1);
        client = aws_client_new(&loop, &e);
        CHECK(client && !client->fips && !client->dual_stack);
        if (!strcmp(rows[i][0], "AWS_DEFAULTS_MODE"))
            CHECK(client && client->options.http.connect_timeout_ms == 1100);
        aws_client_free(client);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    }
    CHECK_INT(uv_loop_close(&loop), 0);
}

static void test_defaults_mode(void)
{
    uv_loop_t loop;
    struct err e = {0};
    struct aws_client *client;

    uv_loop_init(&loop);
    set_environment();
    setenv("AWS_DEFAULTS_MODE", "in-region", 1);
    client = aws_client_new(&loop, &e);
    CHECK(client && client->options.http.connect_timeout_ms == 1100);
    aws_client_free(client);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
}

int main(void)
{
    one_thread();
    test_success();
    test_retry();
    test_gives_up();
    test_bucket();
    test_kinds();
    test_bad_replies();
    test_empty_reply();
    test_other_account();
    test_large_reply();
    test_costly_reply();
    end_while_working(ask_for_groups, false);
    end_while_working(ask_for_groups, true);
    test_large_body();
    end_while_working(put_large, false);
    end_while_working(put_large, true);
    test_huge_reply();
    test_no_answer();
    test_nobody_there();
    test_wrong_params();
    test_bucket_region();
    test_bucket_region_is_kept();
    test_bucket_region_once();
    test_bucket_region_untold();
    test_bucket_region_is_forgotten();
    test_create_stays();
    test_clock_skew();
    test_clock_skew_of_head();
    test_no_clock_skew();
    test_skew_unit();
    test_no_credentials();
    test_expired_key();
    test_expired_key_of_head();
    test_refresh();
    test_role();
    test_role_early_refresh();
    test_role_failed_refresh();
    test_role_expired();
    test_role_denied();
    test_role_unreachable();
    play("e2e_assume_role");
    play("retry_on_error");
    play("region_override");
    play("e2e_fips_and_dual_stack_sts");
    play("assume_role_override_global_env_url");
    play("assume_role_override_global_profile_url");
    play("assume_role_override_service_env_url");
    play("assume_role_override_service_profile_url");
    check_end(cancel_all);
    check_end(free_all);
    test_budget_of_calls();
    test_free_at_once();
    test_settings();
    test_settings_in_any_case();
    test_defaults_mode();
    forget();
    aws_model_unload();
    return check_done();
}
