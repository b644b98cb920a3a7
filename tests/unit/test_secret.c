/* What is a secret by its name, its form and by having been learned; and that none is told. */
#include "base/secret/secret.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

#include <stdlib.h>

static void check_hidden(const char *text, const char *want)
{
    cleanup_free char *have = secret_hide(text);

    CHECK_TEXT(have, want);
}

static void test_names(void)
{
    static const char *const secret[] = {"AWS_SECRET_ACCESS_KEY",
                                         "AWS_SESSION_TOKEN",
                                         "AWS_SECURITY_TOKEN",
                                         "DB_PASSWORD",
                                         "PGPASSWORD",
                                         "GITHUB_TOKEN",
                                         "STRIPE_API_KEY",
                                         "SIGNING_PRIVATE_KEY",
                                         "DB_CREDENTIALS",
                                         "DB_PWD"};
    static const char *const plain[] = {"AWS_REGION",
                                        "BILLING_SIGNING_KEY",
                                        "BILLING_KMS_KEY",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ACCESS_KEY_ID",
                                        "BILLING_S3_BUCKET",
                                        "SECRET_MANAGER_ARN",
                                        "PWD",
                                        "OLDPWD",
                                        "CREDENTIALS_DIRECTORY",
                                        "AWS_SHARED_CREDENTIALS_FILE"};

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
    secret_learn_lasting("a-key-that-does-not-end");
    secret_learn("IQoJb3JpZ2luX2VjEXAMPLETOKEN");
    secret_learn("IQoJb3JpZ2luX2VjEXAMPLETOKEN");
    check_hidden("token:IQoJb3JpZ2luX2VjEXAMPLETOKEN short", "token:*** short");
    for (int i = 0; i < 600; i++) {
        cleanup_free char *value = mem_printf("%dth-value", i + 100);
        cleanup_free char *text = mem_printf("<%s>", value);

        secret_learn(value);
        if (i % 100 == 99)
            check_hidden(text, "<***>");
    }
    check_hidden("300th-value 699th-value", "*** ***");
    check_hidden("101th-value of long ago", "101th-value of long ago");
    check_hidden("a-key-that-does-not-end", "***");
    secret_forget();
    check_hidden("699th-value a-key-that-does-not-end", "699th-value a-key-that-does-not-end");
}

/* However it is written: "+/" in it is what URLs, JSON and base64 write in other ways. */
static void test_forms(void)
{
    static const char *const forms[] = {
        "q\\\"W/9+rT\\\\y&u<8",                           /* JSON */
        "q\\u0022W\\/9\\u002brT\\u005cy\\u0026u\\u003c8", /* JSON of others */
        "q\\\\\\\"W/9+rT\\\\\\\\y&u<8",                   /* JSON in JSON */
        "q%22W%2F9%2BrT%5Cy%26u%3C8",                     /* a query */
        "q%2522W%252f9%252BrT%255Cy%2526u%253C8",         /* signed */
        "q&quot;W/9+rT\\y&amp;u&lt;8",                    /* XML */
        "q&#34;W&#x2F;9&#x2b;rT\\y&amp;u&lt;8",           /* XML of others */
        "q\"W/9+rT\n      \\y&u<8",                       /* two lines */
        "q\\\"W/9+rT\\n\\\\y&u<8",                        /* two lines in JSON */
        "71225762f392b72545c7926753c38" /* no hexadecimal */};
    static const char hex[] = "7122572f392b72545c7926753c38",
                      upper[] = "71:22:57:2F:39:2B:72:54:5C:79:26:75:3C:38",
                      spaced[] = "71 22 57 2f 39 2b 72 54 5c 79 26 75 3c 38";

    clearenv();
    setenv("A_PASSWORD", "q\"W/9+rT\\y&u<8", 1);
    for (size_t i = 0; i + 1 < sizeof forms / sizeof *forms; i++) {
        cleanup_free char *text = mem_printf("before %s after", forms[i]);

        check_hidden(text, "before *** after");
    }
    check_hidden(forms[sizeof forms / sizeof *forms - 1], forms[sizeof forms / sizeof *forms - 1]);
    check_hidden(hex, "***");
    check_hidden(upper, "***");
    check_hidden(spaced, "***");
    check_hidden("a7122572f392b72545c7926753c38 so", "a*** so"); /* behind a digit of another */
    check_hidden("a71 22 57 2f 39 2b 72 54 5c 79 26 75 3c 38 so", "a*** so");
    check_hidden("x 0 71 22 57 2f 39 2b 72 54 5c 79 26 75 3c 38 0a y", "x 0 ***0a y");
    check_hidden("cut: \"W/9+rT\\y&u< so", "cut: *** so"); /* without its first and last byte */
}

/* In base64 beside whatever else, so that it begins at any bit of a letter. */
static void test_base64(void)
{
    static const char secret[] = "correct-horse-battery-staple";

    clearenv();
    setenv("A_PASSWORD", secret, 1);
    for (int before = 0; before < 6; before++) {
        cleanup_free char *whole = mem_printf("%.*s%s:more", before, "12345", secret);
        cleanup_str struct str text = {0};
        cleanup_free char *hidden = NULL;

        str_add(&text, "Basic ");
        str_add_base64(&text, whole, strlen(whole));
        hidden = secret_hide(str_text(&text));
        CHECK(strlen(hidden) < strlen("Basic ") + 22 && strstr(hidden, "***"));
    }
    check_hidden("the correct horse battery staple", "the correct horse battery staple");
}

static void check_told(const struct str *text)
{
    cleanup_free char *hidden = secret_hide(str_text(text));

    check_report(strstr(hidden, "***") != NULL, __FILE__, __LINE__, str_text(text));
}

/* Any dozen bytes of it, as they are, in base64 and in hexadecimal, wherever they begin. */
static void test_places(void)
{
    static const char secret[] = "Qx7-pL2=mV9!kD4";
    enum { PIECE = 12, BEFORE = 25 };

    clearenv();
    setenv("A_PASSWORD", secret, 1);
    for (int before = 0; before < BEFORE; before++)
        for (size_t from = 0; from + PIECE < sizeof secret; from++)
            for (int after = 0; after < 4; after++) {
                cleanup_str struct str plain = {0}, base64 = {0}, hex = {0};

                str_addf(&plain, "%.*s%.*s%.*s", before, "..;..;..;..;..;..;..;..;..", PIECE,
                         secret + from, after, "....");
                str_add_n(&base64, "abc", from); /* letters that shift those behind them */
                str_add_base64(&base64, plain.data, plain.len);
                str_add_n(&hex, "f", from % 2); /* a digit that is of no pair */
                str_add_hex(&hex, (const unsigned char *)plain.data, plain.len);
                check_told(&plain);
                check_told(&base64);
                check_told(&hex);
            }
}

/* As headers, queries and answers of AWS name them, whosever they are. */
static void test_named(void)
{
    clearenv();
    check_hidden(
        "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=IQoJb3JpZ2lu%2F%2F123&X-Amz-Signature="
        "0123456789abcdef0123456789abcdef&x=1",
        "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=***&X-Amz-Signature=***&x=1");
    check_hidden("{\"SecretAccessKey\": \"abcdefghijklmnopqrst\"}",
                 "{\"SecretAccessKey\": \"***\"}");
    check_hidden("x-amz-security-token:abcdefghijklmnopqrst\nhost:x",
                 "x-amz-security-token:***\nhost:x");
    check_hidden("aws_secret_access_key = abcdefghijklmnop", "aws_secret_access_key = ***");
    check_hidden("no aws_secret_access_key in ~/.aws/config",
                 "no aws_secret_access_key in ~/.aws/config");
    check_hidden("a -----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY----- b",
                 "a -----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY----- b");
}

static void check_in(const char *text, const char *want)
{
    cleanup_free char *have = secret_in(text);

    CHECK_TEXT(have ? have : "nothing", want);
}

/* What no setting may hold is a whole one; words of it are in many a name. */
static void test_whole(void)
{
    clearenv();
    setenv("A_TOKEN", "acme-billing-logs-token", 1);
    check_in("acme-billing-logs", "nothing");
    check_in("s3://acme-billing-logs-token/x", "the value of A_TOKEN");
    check_in("acme-billing%2Dlogs-token", "the value of A_TOKEN");
    check_in("s3://x/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY/y",
             "what looks like a secret access key or session token of AWS");
    check_in("arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
             "nothing");
    secret_learn("learned-from-a-file");
    check_in("a learned-from-a-file b", "a secret of the AWS configuration");
    secret_forget();
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
    setenv("https_proxy", "http://me:hunter%32-is-long@proxy:3128", 1);
    check_hidden("hunter2-is-long at proxy:3128", "*** at proxy:3128");
    check_hidden("\"https:\\/\\/u:p@host\"", "\"https:\\/\\/***@host\"");
    setenv("https_proxy", "http://proxy:3128", 1);
    check_hidden("http://proxy:3128", "http://proxy:3128");
    setenv("DATABASE_URL", "postgres://shop:hunter2-is-long@db:5432/x", 1);
    check_hidden("as hunter2-is-long", "as ***");
    check_hidden("hunter2-is-lo at db", "*** at db");
    check_hidden("\\150\\165\\156\\164\\145\\162\\062\\055\\151\\163\\055\\154\\157\\156\\147",
                 "***");
    check_hidden("\\U00000068unter2-is-long \\150", "*** \\150");
    setenv("DATABASE_URL", "s3://bucket/a:hunter2-is-long@x", 1);
    check_hidden("as hunter2-is-long", "as hunter2-is-long");
}

/* Put into a variable that is no secret by its name, where no other says that it is one. */
static void test_lookalikes(void)
{
    clearenv();
    check_hidden("not a region: \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"",
                 "not a region: \"***\"");
    check_hidden("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE",
                 "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE");
    check_hidden("s3://wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY/", "s3://***/");
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

/* What is looked for takes as long as the text is, whatever it is made of: were it the square, this
 * would not end within the time that a test has. */
static void test_long_texts(void)
{
    static const char *const pieces[] = {"\\q", "&#1", "%4", "-----BEGIN PRIVATE KEY-----", "a://"};
    enum { BYTES = 4 << 20 };

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t length = strlen(pieces[i]), count = BYTES / length;
        cleanup_free char *text = mem_new(count * length + 1), *told = NULL;

        for (size_t j = 0; j < count; j++)
            memcpy(text + j * length, pieces[i], length);
        told = secret_hide(text);
        CHECK(*told);
    }
}

int main(void)
{
    test_names();
    test_values();
    test_learned();
    test_forms();
    test_base64();
    test_places();
    test_named();
    test_whole();
    test_urls();
    test_lookalikes();
    test_long_texts();
    return check_done();
}
