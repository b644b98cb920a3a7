/* retry.c -- what AWS's codes mean, and the SDKs' token bucket and backoff. */
#include "aws/retry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct retry_policy retry_standard = {
    .max_attempts = 3,
    .capacity = 500,
    .cost = 14,
    .timeout_cost = 14,
    .throttle_cost = 5,
    .gain = 1,
    .base_s = 0.05,
    .throttle_base_s = 1.0,
    .max_s = 20,
};

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(code, *codes) == 0)
            return true;
    return false;
}

static bool is_quota(const char *service, const char *code)
{
    static const char *const services[] = {"firehose", "logs", "glue", NULL};

    return strcmp(code, "LimitExceededException") == 0 && is_one_of(service, services);
}

enum retry_class retry_classify(const char *service, int status, const char *code)
{
    static const char *const throttling[] = {"Throttling",
                                             "ThrottlingException",
                                             "ThrottledException",
                                             "RequestThrottled",
                                             "RequestThrottledException",
                                             "TooManyRequestsException",
                                             "ProvisionedThroughputExceededException",
                                             "RequestLimitExceeded",
                                             "BandwidthLimitExceeded",
                                             "LimitExceededException",
                                             "SlowDown",
                                             "EC2ThrottledException",
                                             "TransactionInProgressException",
                                             NULL};
    static const char *const transient[] = {"RequestTimeout",
                                            "RequestTimeoutException",
                                            "PriorRequestNotComplete",
                                            "Connection",
                                            "InvalidReply",
                                            "IDPCommunicationError", /* STS, of web identity */
                                            "InternalError",         /* S3 says it in a 200, too */
                                            "ServiceUnavailable",
                                            NULL};

    if (is_quota(service, code))
        return RETRY_NEVER;
    if (status == 429 || is_one_of(code, throttling))
        return RETRY_THROTTLED;
    if (strcmp(code, "Timeout") == 0)
        return RETRY_TIMEOUT;
    if (status == 500 || status == 502 || status == 503 || status == 504 ||
        is_one_of(code, transient))
        return RETRY_TRANSIENT;
    return RETRY_NEVER;
}

bool retry_is_quota(const char *service, int status, const char *code)
{
    static const char *const parts[] = {"LimitExceeded", "QuotaExceeded", "TooManyBuckets",
                                        "TooManyTags"};

    if (retry_classify(service, status, code) != RETRY_NEVER)
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(code, parts[i]))
            return true;
    return false;
}

static int cost_of(const struct retry_policy *policy, enum retry_class class)
{
    if (class == RETRY_THROTTLED)
        return policy->throttle_cost;
    return class == RETRY_TIMEOUT ? policy->timeout_cost : policy->cost;
}

static double backoff_s(const struct retry *retry, enum retry_class class, double chance)
{
    const struct retry_policy *policy = retry->policy;
    double delay = class == RETRY_THROTTLED ? policy->throttle_base_s : policy->base_s;

    for (unsigned i = 1; i < retry->attempts && delay < policy->max_s; i++)
        delay *= 2;
    return chance * (delay < policy->max_s ? delay : policy->max_s);
}

static double clamp_s(double delay, const char *retry_after)
{
    char *end;
    double wanted;

    if (!retry_after)
        return delay;
    wanted = (double)strtoll(retry_after, &end, 10) / 1000;
    if (end == retry_after || *end || wanted < delay)
        return delay;
    return wanted > delay + 5 ? delay + 5 : wanted;
}

enum retry_verdict retry_next(struct retry *retry, enum retry_class class, const char *retry_after,
                              double chance, int64_t *delay_ms)
{
    int cost = cost_of(retry->policy, class);

    retry->attempts++;
    if (class == RETRY_NEVER)
        return RETRY_FINAL;
    if (retry->attempts >= retry->policy->max_attempts)
        return RETRY_NO_MORE;
    if (retry->bucket->tokens < cost)
        return RETRY_NO_TOKENS;
    retry->bucket->tokens -= cost;
    retry->taken = cost;
    *delay_ms = (int64_t)(clamp_s(backoff_s(retry, class, chance), retry_after) * 1000 + 0.5);
    return RETRY_AGAIN;
}

void retry_succeeded(struct retry *retry)
{
    struct retry_bucket *bucket = retry->bucket;

    retry->attempts++;
    bucket->tokens += retry->taken ? retry->taken : retry->policy->gain;
    if (bucket->tokens > bucket->capacity)
        bucket->tokens = bucket->capacity;
}

bool retry_is_expired(const char *code)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "RequestExpired",
                                        NULL};

    return is_one_of(code, codes);
}

bool retry_is_skew(const char *code)
{
    static const char *const codes[] = {"RequestTimeTooSkewed",
                                        "RequestExpired",
                                        "RequestInTheFuture",
                                        "SignatureDoesNotMatch",
                                        "InvalidSignatureException",
                                        "AuthFailure",
                                        NULL};

    return is_one_of(code, codes);
}

bool retry_is_unauthorized(int status, const char *code)
{
    static const char *const codes[] = {"AccessDenied",          "AccessDeniedException",
                                        "ForbiddenException",    "NotAuthorized",
                                        "UnauthorizedOperation", NULL};

    return is_one_of(code, codes) || (status == 403 && strncmp(code, "HTTP", 4) == 0);
}

static bool is_denied(int status, const char *code)
{
    static const char *const codes[] = {"AllAccessDisabled",
                                        "AccountProblem",
                                        "InvalidAccessKeyId",
                                        "InvalidClientTokenId",
                                        "InvalidToken",
                                        "IncompleteSignature",
                                        "IncompleteSignatureException",
                                        "MissingAuthenticationToken",
                                        "MissingAuthenticationTokenException",
                                        "OptInRequired",
                                        "UnauthorizedException",
                                        "UnrecognizedClientException",
                                        NULL};

    return is_one_of(code, codes) || retry_is_unauthorized(status, code) ||
           retry_is_expired(code) || retry_is_skew(code) || status == 401;
}

bool retry_is_conflict(const char *code)
{
    static const char *const codes[] = {"ConcurrentModification",
                                        "ConcurrentModificationException",
                                        "ConflictException",
                                        "OperationAborted",
                                        "OperationAbortedException",
                                        "ResourceInUseException",
                                        NULL};

    return is_one_of(code, codes);
}

enum err_kind retry_kind(const char *service, int status, const char *code)
{
    if (is_denied(status, code))
        return ERR_DENIED;
    if (retry_classify(service, status, code) != RETRY_NEVER || retry_is_conflict(code) ||
        strcmp(code, "TemporaryRedirect") == 0)
        return ERR_RETRY;
    if (strstr(code, "NotFound") || strstr(code, "DoesNotExist") || strstr(code, "NonExistent") ||
        strncmp(code, "NoSuch", 6) == 0 || (status == 404 && strncmp(code, "HTTP", 4) == 0))
        return ERR_ABSENT;
    return ERR_INVALID;
}

bool retry_changes(const char *op)
{
    static const char *const reads[] = {"Get",    "List",     "Describe", "Head", "BatchGet",
                                        "Filter", "Simulate", "Assume",   "Test", NULL};

    for (size_t i = 0; reads[i]; i++)
        if (!strncmp(op, reads[i], strlen(reads[i])))
            return false;
    return true;
}
