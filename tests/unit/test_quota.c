/* A write that AWS has no place for rests longer each time, unless what holds the places changes.
 */
#include "aws/retry.h"
#include "base/clock.h"
#include "check.h"
#include "guard/quota.h"

#include <string.h>

enum { MINUTE_MS = 60 * 1000 };

static const struct aws_error full = {.operation = "PutSubscriptionFilter",
                                      .status = 400,
                                      .code = "LimitExceededException",
                                      .message = "Resource limit exceeded."};

static int64_t now_ms;

static void pass_minutes(int minutes)
{
    now_ms += (int64_t)minutes * MINUTE_MS;
    clock_freeze_monotonic(now_ms);
    clock_freeze(now_ms + 1000LL * 1760000000);
}

static bool rests(const struct quota *quota, const char *why)
{
    struct aws_error error = {0};
    bool resting = quota_rests(quota, "p/filter", full.operation, why, &error);

    CHECK(!resting || !strcmp(error.code, full.code));
    CHECK(!resting || strstr(error.message, "Resource limit exceeded. (refused "));
    return resting;
}

static void test_rests_grow(void)
{
    static const int minutes[] = {15, 30, 60, 120, 240, 480, 720, 720};
    struct quota *quota = quota_new();

    CHECK(!rests(quota, "a, b"));
    for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
        quota_refused(quota, "p/filter", &full, "a, b");
        pass_minutes(minutes[i] - 1);
        CHECK(rests(quota, "a, b"));
        pass_minutes(1);
        CHECK(!rests(quota, "a, b"));
    }
    quota_free(quota);
}

static void test_ends_early(void)
{
    struct aws_error error;
    struct quota *quota = quota_new();

    quota_refused(quota, "p/filter", &full, "a, b");
    CHECK(rests(quota, "a, b"));
    CHECK(!rests(quota, "a")); /* a place is free */
    CHECK(!rests(quota, NULL));
    CHECK(!quota_rests(quota, "p/other", full.operation, "a, b", &error));
    CHECK(!quota_rests(quota, "p/filter", "PutRetentionPolicy", "a, b", &error));
    quota_accepted(quota, "p/filter", full.operation);
    CHECK(!rests(quota, "a, b"));
    quota_refused(quota, "p/filter", &full, NULL);
    CHECK(rests(quota, NULL)); /* from the first rest again */
    pass_minutes(15);
    CHECK(!rests(quota, NULL));
    quota_free(quota);
    quota_free(NULL);
}

/* Which codes are quotas: no throttling, and none that is tried again. */
static void test_codes(void)
{
    CHECK(retry_is_quota("logs", 400, "LimitExceededException"));
    CHECK(retry_is_quota("iam", 409, "LimitExceeded"));
    CHECK(retry_is_quota("s3", 400, "TooManyBuckets"));
    CHECK(retry_is_quota("sns", 403, "TopicLimitExceeded"));
    CHECK(retry_is_quota("glue", 400, "ResourceNumberLimitExceededException"));
    CHECK(!retry_is_quota("sts", 400, "RequestLimitExceeded"));
    CHECK(!retry_is_quota("athena", 400, "LimitExceededException")); /* there it is throttling */
    CHECK(!retry_is_quota("logs", 400, "ThrottlingException"));
    CHECK(!retry_is_quota("s3", 404, "NoSuchBucket"));
}

int main(void)
{
    pass_minutes(1);
    test_rests_grow();
    test_ends_early();
    test_codes();
    return check_done();
}
