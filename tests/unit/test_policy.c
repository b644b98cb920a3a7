/* Policy documents that mean the same are the same, and those that do not are not. */
#include "check.h"
#include "resources/policy.h"

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    if (!value)
        fprintf(stderr, "no JSON: %s\n", text);
    CHECK(value);
    return value;
}

#define STATEMENT(rest) "{\"Effect\":\"Allow\"," rest "}"
#define DOCUMENT(statements) "{\"Version\":\"2012-10-17\",\"Statement\":" statements "}"

static const struct pair {
    const char *a, *b;
    bool same;
} statements[] = {
    {STATEMENT("\"Action\":\"s3:GetObject\""), STATEMENT("\"Action\":[\"s3:GetObject\"]"), true},
    {STATEMENT("\"Action\":\"S3:getobject\""), STATEMENT("\"Action\":\"s3:GetObject\""), true},
    {STATEMENT("\"Action\":[\"a:B\",\"c:D\"]"), STATEMENT("\"Action\":[\"c:D\",\"a:B\"]"), true},
    {STATEMENT("\"Action\":[\"a:B\",\"a:b\"]"), STATEMENT("\"Action\":\"a:B\""), true},
    {STATEMENT("\"Action\":\"a:B\""), STATEMENT("\"NotAction\":\"a:B\""), false},
    {STATEMENT("\"Action\":\"a:B\""), STATEMENT("\"Action\":[\"a:B\",\"c:D\"]"), false},
    {STATEMENT("\"Resource\":\"x\""), STATEMENT("\"Resource\":[\"x\"]"), true},
    {STATEMENT("\"Resource\":\"x\""), STATEMENT("\"Resource\":\"X\""), false},
    {STATEMENT("\"Resource\":[\"x\",\"y\"]"), STATEMENT("\"Resource\":[\"y\",\"x\",\"y\"]"), true},
    {STATEMENT("\"Principal\":\"*\""), STATEMENT("\"Principal\":{\"AWS\":\"*\"}"), true},
    {STATEMENT("\"Principal\":{\"AWS\":\"123456789012\"}"),
     STATEMENT("\"Principal\":{\"AWS\":[\"arn:aws:iam::123456789012:root\"]}"), true},
    {STATEMENT("\"Principal\":{\"AWS\":123456789012}"),
     STATEMENT("\"Principal\":{\"AWS\":[\"arn:aws:iam::123456789012:root\"]}"), true},
    {STATEMENT("\"Principal\":{\"AWS\":\"123456789012\"}"),
     STATEMENT("\"Principal\":{\"AWS\":\"arn:aws-cn:iam::123456789012:root\"}"), true},
    {STATEMENT("\"Principal\":{\"AWS\":\"123456789012\"}"),
     STATEMENT("\"Principal\":{\"AWS\":\"arn:aws:iam::123456789012:role/root\"}"), false},
    {STATEMENT("\"Principal\":{\"AWS\":\"123456789012\"}"),
     STATEMENT("\"Principal\":{\"AWS\":\"arn:aws:iam::999999999999:root\"}"), false},
    {STATEMENT("\"Principal\":{\"Service\":\"firehose.amazonaws.com\"}"),
     STATEMENT("\"Principal\":{\"Service\":[\"firehose.amazonaws.com\"]}"), true},
    {STATEMENT("\"Principal\":{\"Service\":\"a\"}"), STATEMENT("\"Principal\":{\"AWS\":\"a\"}"),
     false},
    {STATEMENT("\"Principal\":{\"AWS\":\"a\"}"), STATEMENT("\"NotPrincipal\":{\"AWS\":\"a\"}"),
     false},
    {STATEMENT("\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}"),
     STATEMENT("\"Condition\":{\"Bool\":{\"AWS:securetransport\":[false]}}"), true},
    {STATEMENT("\"Condition\":{\"StringEquals\":{\"aws:SourceAccount\":\"1\"}}"),
     STATEMENT("\"Condition\":{\"StringEquals\":{\"aws:SourceAccount\":\"2\","
               "\"AWS:SourceAccount\":\"1\"}}"),
     false},
    {STATEMENT("\"Condition\":{\"StringEquals\":{\"aws:sourceaccount\":\"1\"}}"),
     STATEMENT("\"Condition\":{\"StringEquals\":{\"AWS:SourceAccount\":\"2\","
               "\"aws:sourceaccount\":\"1\"}}"),
     false},
    {STATEMENT("\"Condition\":{\"NumericLessThan\":{\"s3:max-keys\":10}}"),
     STATEMENT("\"Condition\":{\"NumericLessThan\":{\"s3:max-keys\":\"10\"}}"), true},
    {STATEMENT("\"Condition\":{\"StringEquals\":{\"k\":\"V\"}}"),
     STATEMENT("\"Condition\":{\"StringEquals\":{\"k\":\"v\"}}"), false},
    {STATEMENT("\"Condition\":{\"StringEquals\":{\"k\":\"v\"}}"),
     STATEMENT("\"Condition\":{\"StringLike\":{\"k\":\"v\"}}"), false},
    {STATEMENT("\"Condition\":{\"StringEquals\":{\"k\":\"v\"}}"), STATEMENT("\"Action\":\"a:B\""),
     false},
    {STATEMENT("\"Sid\":\"A\""), STATEMENT("\"Sid\":\"B\""), false},
    {STATEMENT("\"Sid\":\"A\""), STATEMENT("\"Resource\":\"*\""), false},
    {"{\"Effect\":\"Deny\"}", "{\"Effect\":\"Allow\"}", false},
};

static const struct pair documents[] = {
    {DOCUMENT("[" STATEMENT("\"Action\":\"a:B\"") "]"), DOCUMENT(STATEMENT("\"Action\":\"a:B\"")),
     true},
    {DOCUMENT("[" STATEMENT("\"Action\":\"a:B\"") "," STATEMENT("\"Action\":\"c:D\"") "]"),
     DOCUMENT("[" STATEMENT("\"Action\":\"c:D\"") "," STATEMENT("\"Action\":\"a:B\"") "]"), true},
    {DOCUMENT("[" STATEMENT("\"Action\":\"a:B\"") "]"), DOCUMENT("[]"), false},
    {DOCUMENT("[" STATEMENT("\"Action\":\"a:B\"") "]"),
     DOCUMENT("[" STATEMENT("\"Action\":\"a:B\"") "," STATEMENT("\"Action\":\"a:B\"") "]"), false},
    {"{\"Version\":\"2008-10-17\",\"Statement\":[]}", DOCUMENT("[]"), false},
    {"{\"Statement\":[]}", "{\"Version\":\"2008-10-17\",\"Id\":\"x\",\"Statement\":[]}", true},
    {"{\"Statement\":[]}", "{\"Version\":\"2012-10-17\",\"Statement\":[]}", false},
    {DOCUMENT("[]"), "\"text\"", false},
    {"null", DOCUMENT("[]"), false},
};

static void test_pairs(void)
{
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        json_auto_t *a = parsed(statements[i].a), *b = parsed(statements[i].b);

        CHECK_INT(policy_statement_same(a, b), statements[i].same);
        CHECK_INT(policy_statement_same(b, a), statements[i].same);
        CHECK(policy_statement_same(a, a));
        if (policy_statement_same(a, b) != statements[i].same)
            fprintf(stderr, "  %s\n  %s\n", statements[i].a, statements[i].b);
    }
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        json_auto_t *a = parsed(documents[i].a), *b = parsed(documents[i].b);

        CHECK_INT(policy_same(a, b), documents[i].same);
        CHECK_INT(policy_same(b, a), documents[i].same);
    }
}

static void test_parse(void)
{
    json_auto_t *plain = json_string("{\"Statement\":[]}");
    json_auto_t *encoded = json_string("%7B%22Statement%22%3A%5B%5D%2C%22Id%22%3A%22a%2Bb%22%7D");
    json_auto_t *object = parsed("{\"Statement\":[]}");
    json_auto_t *broken = json_string("{\"Statement\":"), *list = json_string("[]");
    json_auto_t *a = policy_parse(plain), *b = policy_parse(encoded), *c = policy_parse(object);

    CHECK(json_equal(a, object) && json_equal(c, object));
    CHECK_TEXT(json_string_value(json_object_get(b, "Id")), "a+b");
    CHECK(!policy_parse(broken) && !policy_parse(list) && !policy_parse(NULL));
}

static void test_statements(void)
{
    json_auto_t *one = parsed(DOCUMENT("{\"Sid\":\"A\"}")), *none = parsed("{}");
    json_auto_t *list = policy_statements(one), *empty = policy_statements(none);

    CHECK_INT((long long)json_array_size(list), 1);
    CHECK(json_is_array(empty) && !json_array_size(empty));
}

int main(void)
{
    test_pairs();
    test_parse();
    test_statements();
    return check_done();
}
