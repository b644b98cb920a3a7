/* What is a secret by its name, its form and by having been learned; and that none is told. */
#include "base/secret.h"

#include "base/err.h"
#include "base/mem.h"
#include "check.h"

#include <stdlib.h>

static void check_hidden(const char *text, const char *want)
{
    cleanup_free char *have = secret_hide(text);

    CHECK_TEXT(have, want);
}

static void test_names(void)
{
    static const char *const secret[] = {
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",  "AWS_SECURITY_TOKEN",
        "DB_PASSWORD",           "PGPASSWORD",         "GITHUB_TOKEN",
        "STRIPE_API_KEY",        "SIGNING_PRIVATE_KEY"};
    static const char *const plain[] = {"AWS_REGION",         "BILLING_SIGNING_KEY",
                                        "BILLING_KMS_KEY",    "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ACCESS_KEY_ID",  "BILLING_S3_BUCKET",
                                        "SECRET_MANAGER_ARN", "PWD"};

    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        check_report(secret_is_name(secret[i]), __FILE__, __LINE__, secret[i]);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        check_report(!secret_is_name(plain[i]), __FILE__, __LINE__, plain[i]);
}

static void test_values(void)
{
    cleanup_free char *of = NULL, *none = NULL, *key = NULL;
    struct err e = {0};

    clearenv();
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    setenv("SHORT_TOKEN", "billing", 1); /* a word */
    setenv("BILLING_S3_BUCKET", "my-bucket-of-logs", 1);
    check_hidden("x=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY, y", "x=***, y");
    check_hidden("cut short: wJalrXUtnFEMI/K7MD", "cut short: ***");
    check_hidden("wJalrXU is not enough of it", "wJalrXU is not enough of it");
    check_hidden("billing my-bucket-of-logs", "billing my-bucket-of-logs");
    of = secret_in("a wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY b");
    CHECK_TEXT(of, "the value of AWS_SECRET_ACCESS_KEY");
    none = secret_in("my-bucket-of-logs");
    CHECK(!none);
    key = secret_in("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB");
    CHECK_TEXT(key, "a private key");
    err_set(&e, ERR_INVALID, "%950s wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY of\n%s", "",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    CHECK_TEXT(e.text + 950, " *** of ***");
    err_wrap(&e, "key wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    CHECK(!strncmp(e.text, "key ***:  ", 10));
}

static void test_learned(void)
{
    secret_learn(NULL);
    secret_learn("short");
    secret_learn("IQoJb3JpZ2luX2VjEXAMPLETOKEN");
    secret_learn("IQoJb3JpZ2luX2VjEXAMPLETOKEN");
    check_hidden("token:IQoJb3JpZ2luX2VjEXAMPLETOKEN short", "token:*** short");
    for (int i = 0; i < 20; i++) {
        cleanup_free char *value = mem_printf("learned-value-%d", i + 100);
        cleanup_free char *text = mem_printf("<%s>", value);

        secret_learn(value);
        check_hidden(text, "<***>");
    }
    secret_forget();
    check_hidden("learned-value-119", "learned-value-119");
}

static void test_urls(void)
{
    clearenv();
    check_hidden("http://u:p@host/x", "http://***@host/x");
    check_hidden("\"https://u:p/a@ss@host\" s3://bucket/key@1",
                 "\"https://***@host\" s3://bucket/key@1");
    check_hidden("mail a@b, https://host/x", "mail a@b, https://host/x");
    setenv("https_proxy", "me:hunter2@proxy:3128", 1);
    check_hidden("Unsupported proxy syntax in 'me:hunter2@proxy:3128'",
                 "Unsupported proxy syntax in '***@proxy:3128'");
    setenv("https_proxy", "http://proxy:3128", 1);
    check_hidden("http://proxy:3128", "http://proxy:3128");
}

/* Put into a variable that is no secret by its name, where no other says that it is one. */
static void test_lookalikes(void)
{
    clearenv();
    check_hidden("not a region: \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"",
                 "not a region: \"***\"");
    check_hidden("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE",
                 "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE");
    check_hidden("s3://AWSLogs/123456789012/ApiGateway/2025/10/",
                 "s3://AWSLogs/123456789012/ApiGateway/2025/10/");
    check_hidden("da39a3ee5e6b4b0d3255bfef95601890afd80709",
                 "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    check_hidden("arn:aws:iam::123456789012:role/DeveloperAccessToTheBillingPipelinesOf2",
                 "arn:aws:iam::123456789012:role/DeveloperAccessToTheBillingPipelinesOf2");
    check_hidden(
        "t=IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDx7k9P0aZ4bWq2L1yT8vRn5Kc3Jm6Xe0Gh"
        "YsUoIiAe1x2B=",
        "t=***=");
}

int main(void)
{
    test_names();
    test_values();
    test_learned();
    test_urls();
    test_lookalikes();
    return check_done();
}
