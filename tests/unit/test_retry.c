/* The retry tables of the SDK specification, and which codes are what. */
#include "aws/retry.h"
#include "base/json.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *document = json_load_file(path, 0, &error);

    if (!document) {
        fprintf(stderr, "%s: %s\n", path, error.text);
        exit(1);
    }
    return document;
}

static double number(const json_t *given, const json_t *defaults, const char *key, double otherwise)
{
    const json_t *value = json_object_get(given, key);

    if (!value)
        value = json_object_get(defaults, key);
    return value ? json_number_value(value) : otherwise;
}

static struct retry_policy policy_of(const json_t *given, const json_t *defaults)
{
    struct retry_policy p = retry_standard;

    p.max_attempts = (unsigned)number(given, defaults, "max_attempts", 0);
    p.cost = (int)number(given, defaults, "retry_cost", 0);
    p.timeout_cost = (int)number(given, defaults, "timeout_cost", p.cost);
    p.throttle_cost = (int)number(given, defaults, "throttling_retry_cost", p.cost);
    p.base_s = number(given, defaults, "non_throttling_scale", 1);
    p.throttle_base_s = number(given, defaults, "throttling_scale", 1);
    p.max_s = number(given, defaults, "max_backoff_time", 0);
    return p;
}

static const char *const verdicts[] = {
    [RETRY_AGAIN] = "retry_request",
    [RETRY_NO_MORE] = "max_attempts_exceeded",
    [RETRY_NO_TOKENS] = "retry_quota_exceeded",
    [RETRY_FINAL] = "final",
};

/* One response; true when the call is over. */
static int step(struct retry *retry, const json_t *item)
{
    const json_t *response = json_object_get(item, "response");
    const json_t *expected = json_object_get(item, "expected");
    const json_t *delay = json_object_get(expected, "delay");
    int status = (int)json_integer_value(json_object_get(response, "status_code"));
    const char *code = json_text(response, "error_code");
    const char *after = json_text(json_object_get(response, "headers"), "x-amz-retry-after");
    enum retry_verdict verdict;
    int64_t delay_ms = -1;

    if (status == 200) {
        retry_succeeded(retry);
        CHECK_TEXT(json_text(expected, "outcome"), "success");
        CHECK_INT(retry->bucket->tokens,
                  json_integer_value(json_object_get(expected, "retry_quota")));
        return 1;
    }
    verdict = retry_next(retry, retry_classify("dynamodb", status, code ? code : "HTTP"), after, 1,
                         &delay_ms);
    CHECK_TEXT(verdicts[verdict], json_text(expected, "outcome"));
    CHECK_INT(retry->bucket->tokens, json_integer_value(json_object_get(expected, "retry_quota")));
    if (delay)
        CHECK_INT(delay_ms, (int64_t)lround(json_number_value(delay) * 1000));
    return verdict != RETRY_AGAIN;
}

static void run_case(const json_t *item, const json_t *defaults)
{
    const json_t *given = json_object_get(item, "given"), *response;
    struct retry_policy policy = policy_of(given, defaults);
    struct retry_bucket bucket = {.capacity = 500};
    struct retry retry = {.policy = &policy, .bucket = &bucket};
    size_t i;

    bucket.tokens = (int)number(given, defaults, "initial_retry_tokens", 500);
    json_array_foreach(json_object_get(item, "responses"), i, response)
        if (step(&retry, response))
            retry = (struct retry){.policy = &policy, .bucket = &bucket};
}

/* The order of the quotas tells how the two calls interleave. */
static void run_shared(const json_t *item, const json_t *defaults)
{
    const json_t *threads = json_object_get(item, "threads"), *response;
    struct retry_policy policy = policy_of(json_object_get(item, "given"), defaults);
    struct retry_bucket bucket = {.tokens = 500, .capacity = 500};
    struct retry calls[2] = {{.policy = &policy, .bucket = &bucket},
                             {.policy = &policy, .bucket = &bucket}};
    size_t i;

    step(&calls[0], json_array_get(json_array_get(threads, 0), 0));
    step(&calls[0], json_array_get(json_array_get(threads, 0), 1));
    json_array_foreach(json_array_get(threads, 1), i, response)
        step(&calls[1], response);
    step(&calls[0], json_array_get(json_array_get(threads, 0), 2));
    CHECK_INT(bucket.tokens, json_integer_value(json_object_get(item, "expected_final_quota")));
}

/* Skipped: "long_polling", which is about SQS-like calls that billingd does not have. */
static void run_table(const char *path, size_t cases)
{
    json_auto_t *table = load(path);
    const json_t *defaults = json_object_get(table, "defaults"), *item;
    size_t i, count = 0;

    json_array_foreach(json_object_get(table, "cases"), i, item) {
        run_case(item, defaults);
        count++;
    }
    json_array_foreach(json_object_get(table, "sequences"), i, item) {
        run_case(item, defaults);
        count++;
    }
    json_array_foreach(json_object_get(table, "shared_quota"), i, item) {
        run_shared(item, defaults);
        count++;
    }
    CHECK_INT(count, cases);
}

static void test_our_numbers(void)
{
    json_auto_t *table = load("tests/vectors/retries/standard-2.1.json");
    struct retry_policy p = policy_of(NULL, json_object_get(table, "defaults"));

    CHECK_INT(retry_standard.cost, p.cost);
    CHECK_INT(retry_standard.throttle_cost, p.throttle_cost);
    CHECK_INT(retry_standard.max_attempts, p.max_attempts);
    CHECK(retry_standard.base_s == p.base_s && retry_standard.max_s == p.max_s);
    CHECK(retry_standard.throttle_base_s == p.throttle_base_s);
    CHECK_INT(retry_standard.capacity, 500);
}

static void test_chance(void)
{
    struct retry_bucket bucket = {500, 500};
    struct retry retry = {.policy = &retry_standard, .bucket = &bucket};
    int64_t delay_ms = -1;

    CHECK(retry_next(&retry, RETRY_THROTTLED, NULL, 0, &delay_ms) == RETRY_AGAIN);
    CHECK_INT(delay_ms, 0);
    CHECK(retry_next(&retry, RETRY_THROTTLED, NULL, 0.25, &delay_ms) == RETRY_AGAIN);
    CHECK_INT(delay_ms, 500);
    CHECK(retry_next(&retry, RETRY_NEVER, NULL, 0.25, &delay_ms) == RETRY_FINAL);
}

static void test_classes(void)
{
    static const struct {
        const char *service, *code;
        int status;
        enum retry_class class;
        enum err_kind kind;
    } rows[] = {
        {"firehose", "LimitExceededException", 400, RETRY_NEVER, ERR_INVALID},
        {"logs", "LimitExceededException", 400, RETRY_NEVER, ERR_INVALID},
        {"glue", "LimitExceededException", 400, RETRY_NEVER, ERR_INVALID},
        {"athena", "LimitExceededException", 400, RETRY_THROTTLED, ERR_RETRY},
        {"iam", "LimitExceeded", 409, RETRY_NEVER, ERR_INVALID},
        {"iam", "Throttling", 400, RETRY_THROTTLED, ERR_RETRY},
        {"apigatewayv2", "HTTP 429", 429, RETRY_THROTTLED, ERR_RETRY},
        {"s3", "SlowDown", 503, RETRY_THROTTLED, ERR_RETRY},
        {"s3", "InternalError", 200, RETRY_TRANSIENT, ERR_RETRY},
        {"s3", "HTTP 503", 503, RETRY_TRANSIENT, ERR_RETRY},
        {"s3", "NotImplemented", 501, RETRY_NEVER, ERR_INVALID},
        {"s3", "OperationAborted", 409, RETRY_NEVER, ERR_RETRY},
        {"apigatewayv2", "ConflictException", 409, RETRY_NEVER, ERR_RETRY},
        {"firehose", "ResourceInUseException", 400, RETRY_NEVER, ERR_RETRY},
        {"s3", "TemporaryRedirect", 307, RETRY_NEVER, ERR_RETRY},
        {"firehose", "ConcurrentModificationException", 400, RETRY_NEVER, ERR_RETRY},
        {"firehose", "ServiceUnavailableException", 503, RETRY_TRANSIENT, ERR_RETRY},
        {"glue", "InvalidReply", 200, RETRY_TRANSIENT, ERR_RETRY},
        {"glue", "Connection", 0, RETRY_TRANSIENT, ERR_RETRY},
        {"glue", "Timeout", 0, RETRY_TIMEOUT, ERR_RETRY},
        {"glue", "EntityNotFoundException", 400, RETRY_NEVER, ERR_ABSENT},
        {"iam", "NoSuchEntity", 404, RETRY_NEVER, ERR_ABSENT},
        {"s3", "NoSuchBucket", 404, RETRY_NEVER, ERR_ABSENT},
        {"s3", "HTTP 404", 404, RETRY_NEVER, ERR_ABSENT},
        {"sqs", "AWS.SimpleQueueService.NonExistentQueue", 400, RETRY_NEVER, ERR_ABSENT},
        {"sqs", "QueueDoesNotExist", 400, RETRY_NEVER, ERR_ABSENT},
        {"s3", "HTTP 403", 403, RETRY_NEVER, ERR_DENIED},
        {"s3", "AccessDenied", 403, RETRY_NEVER, ERR_DENIED},
        {"sts", "ExpiredToken", 403, RETRY_NEVER, ERR_DENIED},
        {"sts", "SignatureDoesNotMatch", 403, RETRY_NEVER, ERR_DENIED},
        {"logs", "UnrecognizedClientException", 400, RETRY_NEVER, ERR_DENIED},
        {"logs", "InvalidParameterException", 400, RETRY_NEVER, ERR_INVALID},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(retry_classify(rows[i].service, rows[i].status, rows[i].code), rows[i].class);
        CHECK_INT(retry_kind(rows[i].service, rows[i].status, rows[i].code), rows[i].kind);
    }
}

int main(void)
{
    run_table("tests/vectors/retries/standard-2.0.json", 6);
    run_table("tests/vectors/retries/standard-2.1.json", 14);
    test_our_numbers();
    test_chance();
    test_classes();
    return check_done();
}
