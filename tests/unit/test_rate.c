/* What AWS publishes is kept, what it throttles is learnt, and both recover. */
#include "aws/codec/model.h"
#include "aws/rate.h"
#include "check.h"

#include <string.h>

/* Sends `count` calls as soon as each may go; when the last one went. */
static int64_t send_all(struct rate *rate, unsigned count, int64_t now_ms)
{
    for (unsigned i = 0; i < count; i++) {
        now_ms += rate_wait_ms(rate, now_ms);
        CHECK_INT(rate_wait_ms(rate, now_ms), 0);
        rate_note(rate, now_ms);
    }
    return now_ms;
}

static const struct rate_rule *rule(const char *service, const char *op, double per_second,
                                    double burst)
{
    const struct rate_rule *found = rate_rule_find(service, op);

    CHECK(found->per_second == per_second);
    CHECK(found->burst == burst);
    return found;
}

/* The numbers of AWS's quota pages. */
static void test_rules(void)
{
    (void)rule("firehose", "DescribeDeliveryStream", 5, 5);
    (void)rule("logs", "DescribeLogGroups", 5, 5);
    (void)rule("logs", "CreateLogStream", 50, 50);
    (void)rule("logs", "PutSubscriptionFilter", 0, 0);
    (void)rule("apigatewayv2", "GetStage", 10, 40);
    (void)rule("athena", "StartQueryExecution", 20, 80);
    (void)rule("athena", "BatchGetNamedQuery", 5, 10);
    (void)rule("athena", "GetNamedQuery", 5, 20);
    (void)rule("s3", "PutObject", 0, 0);
    CHECK(rate_rule_find("apigatewayv2", "GetApis")->together);
    CHECK(!rate_rule_find("firehose", "CreateDeliveryStream")->together);
}

/* A rule of an operation that no model has would limit nothing. */
static void test_rules_are_of_operations(void)
{
    for (const struct rate_rule *rule = rate_rules; rule->service; rule++) {
        const struct aws_model *model = aws_model(rule->service);

        CHECK(model && rule->per_second > 0 && rule->burst >= rule->per_second && rule->source);
    }
}

/* What was saved up goes at once, the rest at the rate. */
static void test_published(void)
{
    struct rate rate;
    int64_t last_ms;

    rate_begin(&rate, rate_rule_find("apigatewayv2", "GetApis"), true, 1000);
    last_ms = send_all(&rate, 40, 1000);
    CHECK_INT(last_ms, 1000);
    last_ms = send_all(&rate, 10, 1000);
    CHECK(last_ms >= 2000 && last_ms <= 2020);
    CHECK_INT(send_all(&rate, 40, last_ms + 60000), last_ms + 60000); /* no more than the burst */
    CHECK(rate_wait_ms(&rate, last_ms + 60000) > 0);
}

/* Not published, or not AWS: no limit until it says so, then half of what was sent. */
static void test_learnt(void)
{
    struct rate rate;
    int64_t now_ms = 5000;

    rate_begin(&rate, rate_rule_find("iam", "GetRole"), false, now_ms);
    CHECK_INT(send_all(&rate, 40, now_ms), now_ms);
    CHECK(!rate_is_lowered(&rate));
    rate_throttled(&rate, now_ms + 100);
    CHECK(rate.per_second == 20);
    for (int i = 0; i < 30; i++)
        rate_throttled(&rate, now_ms + 200); /* the others of that wave */
    CHECK(rate.per_second == 20);
    CHECK(rate_wait_ms(&rate, now_ms + 100) > 0);
    rate_throttled(&rate, now_ms + 2000);
    CHECK(rate.per_second == 10);
    CHECK(rate_is_lowered(&rate));
    CHECK_INT(rate_wait_ms(&rate, now_ms + 120000), 0);
    CHECK(!rate_is_lowered(&rate));
    CHECK_INT(send_all(&rate, 500, now_ms + 120000), now_ms + 120000);
}

/* One throttle of a service that is hardly asked costs half a second; many, two. */
static void test_least(void)
{
    struct rate rate;
    int64_t now_ms = 5000;

    rate_begin(&rate, rate_rule_find("firehose", "DescribeDeliveryStream"), true, now_ms);
    rate_note(&rate, now_ms);
    rate_throttled(&rate, now_ms);
    CHECK(rate.per_second == 2);
    for (int i = 1; i < 10; i++)
        rate_throttled(&rate, now_ms += 1000);
    CHECK(rate.per_second == 0.5);
    CHECK(rate_wait_ms(&rate, now_ms) <= 2001);
    CHECK_INT(rate_wait_ms(&rate, now_ms + 600000), 0);
    CHECK(rate.per_second == 5 && rate.burst == 5);
}

int main(void)
{
    test_rules();
    test_rules_are_of_operations();
    test_published();
    test_learnt();
    test_least();
    aws_model_unload();
    return check_done();
}
