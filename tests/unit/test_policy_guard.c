/* Documents that no write may carry. */
#include "guard/policy_guard.h"

#include "base/mem.h"
#include "check.h"

static const struct call put = {.op = "PutBucketPolicy"};
static const struct call block = {.op = "PutPublicAccessBlock"};

static char *judge(const char *statement, const char *observed)
{
    cleanup_free char *text =
        mem_printf("{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statement);
    json_auto_t *params = json_pack("{s:s}", "Policy", text);
    json_auto_t *have = observed ? json_loads(observed, 0, NULL) : NULL;
    struct scope scope = {.observed = have};

    return policy_guard_call(&scope, &put, params);
}

static bool passes(const char *statement)
{
    cleanup_free char *problem = judge(statement, NULL);

    return !problem;
}

#define OPEN "{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::b/*\","
#define WHEN(condition) OPEN "\"Principal\":\"*\",\"Condition\":{" condition "}}"

static void test_everybody(void)
{
    CHECK(!passes(OPEN "\"Principal\":\"*\"}"));
    CHECK(!passes(OPEN "\"Principal\":{\"AWS\":\"*\"}}"));
    CHECK(!passes(OPEN "\"Principal\":{\"AWS\":[\"123456789012\",\"*\"]}}"));
    CHECK(!passes(OPEN "\"Principal\":{\"AWS\":\"arn:aws:iam::*:root\"}}"));
    CHECK(!passes(OPEN "\"Principal\":{\"Service\":\"*\"}}"));
    CHECK(!passes(OPEN "\"NotPrincipal\":{\"AWS\":\"123456789012\"}}"));
    CHECK(passes(OPEN "\"Principal\":{\"AWS\":\"123456789012\"}}"));
    CHECK(
        passes("{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}"));
}

static void test_conditions(void)
{
    CHECK(passes(WHEN("\"StringEquals\":{\"AWS:SourceAccount\":\"123456789012\"}")));
    CHECK(passes(WHEN("\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:logs:*:123456789012:*\"}")));
    /* This one may stand for anything, an account too. */
    CHECK(!passes(WHEN("\"StringLike\":{\"aws:SourceArn\":\"arn:aws:logs:*:123456789012:*\"}")));
    CHECK(!passes(WHEN("\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:logs:x:*:*\"}")));
    CHECK(passes(WHEN("\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:logs:x:123456789012:*\"}")));
    CHECK(passes(WHEN("\"IpAddress\":{\"aws:SourceIp\":\"192.0.2.0/24\"}")));
    CHECK(!passes(WHEN("\"IpAddress\":{\"aws:SourceIp\":\"0.0.0.0/0\"}")));
    CHECK(!passes(WHEN("\"IpAddress\":{\"aws:SourceIp\":\"0.0.0.0/4294967320\"}")));
    CHECK(!passes(WHEN("\"IpAddress\":{\"aws:SourceIp\":[\"192.0.2.0/24\",\"::/0\"]}")));
    CHECK(!passes(WHEN("\"StringLike\":{\"aws:PrincipalArn\":\"*\"}")));
    CHECK(!passes(WHEN("\"StringEqualsIfExists\":{\"aws:SourceAccount\":\"123456789012\"}")));
    CHECK(!passes(WHEN("\"StringNotEquals\":{\"aws:SourceAccount\":\"123456789012\"}")));
    CHECK(!passes(WHEN("\"Bool\":{\"aws:SecureTransport\":\"true\"}")));
    CHECK(!passes(WHEN("\"StringEquals\":{\"aws:SourceAccount\":[]}")));
}

static void test_nothing_and_everything(void)
{
    cleanup_free char *empty = judge("", NULL);

    CHECK(empty && strstr(empty, "no statement"));
    CHECK(!passes("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}"));
    CHECK(
        !passes("{\"Effect\":\"Allow\",\"Action\":[\"s3:Get*\",\"iam:*\"],\"Resource\":[\"*\"]}"));
    CHECK(!passes("{\"Effect\":\"Allow\",\"NotAction\":\"s3:Get*\",\"Resource\":\"*\"}"));
    CHECK(passes("{\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"}"));
}

static void test_what_is_there_goes_along(void)
{
    static const char there[] = OPEN "\"Principal\":\"*\"}";
    cleanup_free char *observed = mem_printf("{\"policy\":[%s]}", there);
    cleanup_free char *same = judge(there, observed), *nested = NULL;
    json_auto_t *params = json_pack("{s:{s:s}}", "Attributes", "Policy",
                                    "{\"Statement\":[" OPEN "\"Principal\":\"*\"}]}");
    struct scope scope = {0};

    CHECK(!same);
    nested = policy_guard_call(&scope, &put, params);
    CHECK(nested != NULL);
}

static void test_public_access(void)
{
    json_auto_t *have = json_pack("{s:{s:b, s:b}}", "public_access_block", "BlockPublicAcls", 1,
                                  "BlockPublicPolicy", 1);
    json_auto_t *less = json_pack("{s:{s:b, s:b}}", "PublicAccessBlockConfiguration",
                                  "BlockPublicAcls", 1, "BlockPublicPolicy", 0);
    json_auto_t *asked = json_pack("{s:{s:b}}", "public_access_block", "BlockPublicPolicy", 0);
    struct scope scope = {.observed = have};
    cleanup_free char *unasked = policy_guard_call(&scope, &block, less), *told = NULL;

    CHECK(unasked && strstr(unasked, "BlockPublicPolicy would be switched off"));
    scope.desired = asked;
    told = policy_guard_call(&scope, &block, less);
    CHECK(!told);
}

int main(void)
{
    test_everybody();
    test_conditions();
    test_nothing_and_everything();
    test_what_is_there_goes_along();
    test_public_access();
    return check_done();
}
