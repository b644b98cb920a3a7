/* AWS's endpoint test cases for our services, and the order of configured endpoints. */
#include "aws/credentials/config_file.h"
#include "aws/endpoint.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

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

/* Why a case does not concern us; NULL: it does. */
static const char *skip_reason(const json_t *item)
{
    const json_t *params = json_object_get(item, "params");
    const char *region = json_text(params, "Region");

    if (json_is_true(json_object_get(params, "UseGlobalEndpoint")))
        return "legacy global endpoints: sts and s3 are always asked regionally";
    if (region && strncmp(region, "aws-", 4) == 0 && strstr(region, "global"))
        return "pseudo regions: a region is always a real one here";
    if (!region && json_at(item, "expect.endpoint"))
        return "no region: there is always one to sign for";
    return NULL;
}

/* The case's URL has the bucket in it as the first label or path part. */
static char *url_of(const struct aws_endpoint_wish *wish, const struct aws_endpoint *endpoint)
{
    struct str s = {0};

    str_addf(&s, "http%s://%s%s", endpoint->plain ? "" : "s", endpoint->host, endpoint->base);
    if (wish->bucket && !endpoint->bucket_in_host) {
        str_add_char(&s, '/');
        str_add_escaped(&s, wish->bucket, strlen(wish->bucket), "");
    }
    return str_take(&s);
}

static void run_case(const struct aws_model *model, const json_t *item)
{
    const json_t *params = json_object_get(item, "params"),
                 *expect = json_object_get(item, "expect");
    const char *want = json_text(json_at(expect, "endpoint"), "url");
    const json_t *schemes = json_at(expect, "endpoint.properties.authSchemes");
    const char *region = json_text(json_array_get(schemes, 0), "signingRegion");
    struct aws_endpoint_wish wish = {
        .model = model,
        .region = json_text(params, "Region"),
        .bucket = json_text(params, "Bucket"),
        .url = json_text(params, "Endpoint"),
        .fips = json_is_true(json_object_get(params, "UseFIPS")),
        .dual_stack = json_is_true(json_object_get(params, "UseDualStack")),
        .path_style = json_is_true(json_object_get(params, "ForcePathStyle")),
        .virtual_host = true, /* as in the SDKs; path style is tested below */
    };
    struct aws_endpoint endpoint;
    struct err e = {0};
    int status = aws_endpoint_resolve(&wish, &endpoint, &e);

    if (!want) {
        CHECK(status == -1 && e.kind == ERR_INVALID);
        if (!status)
            fprintf(stderr, "  %s: %s\n", json_text(item, "documentation"), endpoint.host);
        return;
    }
    CHECK_TEXT(e.text, "");
    cleanup_free char *have = url_of(&wish, &endpoint);
    CHECK_TEXT(have, want);
    if (region)
        CHECK_TEXT(endpoint.region, region);
}

static void test_rules(void)
{
    static const struct {
        const char *name, *endpoint;
        int cases, skipped;
    } services[] = {
        {"s3", "s3", 141, 67},
        {"iam", "iam", 26, 1},
        {"sts", "sts", 69, 21},
        {"firehose", "firehose", 48, 1},
        {"logs", "logs", 49, 1},
        {"glue", "glue", 47, 1},
        {"athena", "athena", 47, 1},
        {"apigatewayv2", "apigateway", 43, 1},
        {"cloudwatch", "monitoring", 26, 1},
        {"sso", "portal.sso", 40, 0},
        {"ssooidc", "oidc", 40, 0},
    };

    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        struct aws_model model = {.name = services[i].name, .endpoint = services[i].endpoint};
        cleanup_free char *path = mem_printf("tests/vectors/endpoints/%s.json", model.name);
        json_auto_t *document = load(path);
        const json_t *item;
        int cases = 0, skipped = 0;
        size_t j;

        model.global = strcmp(model.name, "iam") == 0;
        json_array_foreach(json_object_get(document, "testCases"), j, item) {
            cases++;
            if (skip_reason(item))
                skipped++;
            else
                run_case(&model, item);
        }
        CHECK_INT(cases, services[i].cases);
        CHECK_INT(skipped, services[i].skipped);
    }
}

static const struct aws_model s3 = {.name = "s3", .endpoint = "s3"};

static void check_custom(const char *url, const char *bucket, const char *want)
{
    struct aws_endpoint_wish wish = {
        .model = &s3, .region = "us-east-1", .bucket = bucket, .url = url};
    struct aws_endpoint endpoint;
    struct err e = {0};

    CHECK_INT(aws_endpoint_resolve(&wish, &endpoint, &e), 0);
    cleanup_free char *have = url_of(&wish, &endpoint);
    CHECK_TEXT(have, want);
}

static void test_custom(void)
{
    static const char *const bad[] = {
        "localhost:1",         "ftp://a",         "https://",       "http://a b",
        "http://a?b=c",        "http://u:p@host", "http:///path",   "http://u:a/b@host",
        "http://h:",           "http://h:0",      "http://h:65536", "http://h:1:2",
        "http://[::1",         "http://[::1]x",   "http://::1",     "http://h?token=hunter2",
        "http://u:hunter2@h?x"};

    check_custom("http://localhost:5000", "logs", "http://localhost:5000/logs");
    check_custom("http://localhost:80/", NULL, "http://localhost");
    check_custom("https://a.example:443/base/", "bucket.x", "https://a.example/base/bucket.x");
    check_custom("HTTP://[::1]:5000", "logs", "http://[::1]:5000/logs");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct aws_endpoint_wish wish = {
            .model = &s3, .region = "us-east-1", .url = bad[i], .origin = "AWS_ENDPOINT_URL"};
        struct aws_endpoint endpoint;
        struct err e = {0};

        CHECK_INT(aws_endpoint_resolve(&wish, &endpoint, &e), -1);
        CHECK(strncmp(e.text, "AWS_ENDPOINT_URL: not a usable endpoint URL", 43) == 0);
        CHECK(!strstr(e.text, "hunter2"));
    }
}

/* A path of bytes that no URL has: signed as one thing, sent as another. */
static void test_odd_path(void)
{
    static const char *const paths[] = {"a\nb", "\x01", "\xc3\xa9", "\x7f"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        cleanup_free char *url = mem_printf("http://h/%s", paths[i]);
        struct err e = {0};

        CHECK_INT(aws_endpoint_check_url(url, "AWS_ENDPOINT_URL", &e), -1);
    }
}

/* ---- configured-endpoint-urls.json ---- */

static void add_section(struct str *s, const char *head, const char *name, const json_t *body)
{
    const char *key, *nested;
    const json_t *value, *text;

    str_addf(s, "[%s %s]\n", head, name);
    json_object_foreach((json_t *)body, key, value) {
        str_addf(s, "%s = %s\n", key, json_is_string(value) ? json_string_value(value) : "");
        json_object_foreach((json_t *)value, nested, text)
            str_addf(s, "  %s = %s\n", nested, json_string_value(text));
    }
}

static struct aws_config *config_of(const json_t *suite)
{
    struct aws_config *config = aws_config_new();
    struct str s = {0};
    struct err e = {0};
    const char *name;
    const json_t *body;

    json_object_foreach(json_object_get(suite, "profiles"), name, body)
        add_section(&s, "profile", name, body);
    json_object_foreach(json_object_get(suite, "services"), name, body)
        add_section(&s, "services", name, body);
    CHECK_INT(config_file_parse(config, AWS_CONFIG_FILE, "config", str_text(&s), &e), 0);
    str_fini(&s);
    return config;
}

static void run_configured(const struct aws_config *config, const json_t *suite, const json_t *item)
{
    const char *service = json_text(item, "service"), *name;
    const json_t *environment, *value;
    cleanup_free char *url = NULL;
    cleanup_free char *origin = NULL;
    struct err e = {0};

    clearenv();
    setenv("AWS_PROFILE", json_text(item, "profile"), 1);
    environment =
        json_object_get(json_object_get(suite, "environments"), json_text(item, "environment"));
    json_object_foreach((json_t *)environment, name, value)
        setenv(name, json_string_value(value), 1);
    if (strcmp(json_text(item, "client_config"), "ignore_configured_endpoint_urls") == 0)
        setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    CHECK_INT(aws_config_endpoint(config, strcmp(service, "s3") == 0 ? "S3" : "DYNAMODB", &url,
                                  &origin, &e),
              0);
    value = json_at(item, "output.endpointUrl");
    if (url || !strstr(json_string_value(value), "amazonaws.com"))
        CHECK_TEXT(url, json_string_value(value));
    if (url)
        CHECK(strncmp(origin, "AWS_ENDPOINT_URL", 16) == 0 || strncmp(origin, "config:", 7) == 0);
    clearenv();
}

/* Skipped: an endpoint in the program's own configuration, which billingd does not have. */
static void test_configured(void)
{
    json_auto_t *document = load("tests/vectors/endpoints/configured-endpoint-urls.json");
    const json_t *suite = json_array_get(json_object_get(document, "testSuites"), 0), *item;
    struct aws_config *config = config_of(suite);
    size_t i, run = 0, skipped = 0;

    json_array_foreach(json_object_get(suite, "endpointUrlTests"), i, item) {
        const char *own = json_text(item, "client_config");

        if (strstr(own, "provided") || strncmp(own, "provide", 7) == 0) {
            skipped++;
            continue;
        }
        run_configured(config, suite, item);
        run++;
    }
    CHECK_INT(run, 20);
    CHECK_INT(skipped, 19);
    aws_config_free(config);
}

int main(void)
{
    test_rules();
    test_custom();
    test_odd_path();
    test_configured();
    return check_done();
}
