/* Where keys come from: the order of the sources, the SDKs' profile chains, what is refused. */
#include "aws/credentials/assume_role.h"
#include "aws/credentials/config_file.h"
#include "aws/credentials/document.h"
#include "aws/credentials/provider.h"
#include "aws/credentials/sso_token.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

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

/* ---- assume-role-tests.json ---- */

static void add_profiles(struct aws_config *config, const json_t *input)
{
    struct str s = {0};
    struct err e = {0};
    const char *name, *key;
    const json_t *profile, *value;

    json_object_foreach(json_object_get(input, "profiles"), name, profile) {
        str_addf(&s, "[profile %s]\n", name);
        json_object_foreach((json_t *)profile, key, value)
            str_addf(&s, "%s = %s\n", key, json_string_value(value));
    }
    CHECK_INT(config_file_parse(config, AWS_CONFIG_FILE, "config", str_text(&s), &e), 0);
    str_fini(&s);
}

static void check_origin(const struct aws_chain *chain, const json_t *first)
{
    const json_t *keys = json_object_get(first, "AccessKey");
    const json_t *web = json_object_get(first, "WebIdentityToken");
    const json_t *sso = json_object_get(first, "Sso");
    const struct aws_origin *origin = &chain->origin;

    CHECK_TEXT(chain->keys.access_key_id, json_text(keys, "access_key_id"));
    CHECK_TEXT(chain->keys.secret_access_key, json_text(keys, "secret_access_key"));
    if (json_object_get(first, "NamedSource"))
        CHECK(origin->kind == AWS_ORIGIN_METADATA && !origin->last_resort);
    if (web) {
        CHECK_INT(origin->kind, AWS_ORIGIN_WEB_IDENTITY);
        CHECK_TEXT(origin->role.arn, json_text(web, "role_arn"));
        CHECK_TEXT(origin->role.session_name, json_text(web, "role_session_name"));
        CHECK_TEXT(origin->token_file, json_text(web, "web_identity_token_file"));
    }
    if (sso) {
        CHECK_INT(origin->kind, AWS_ORIGIN_SSO);
        CHECK_TEXT(origin->account_id, json_text(sso, "sso_account_id"));
        CHECK_TEXT(origin->role_name, json_text(sso, "sso_role_name"));
        CHECK_TEXT(origin->region, json_text(sso, "sso_region"));
        CHECK_TEXT(origin->url, json_text(sso, "sso_start_url"));
    }
}

static void check_chain(const struct aws_chain *chain, const json_t *want)
{
    const json_t *item;
    size_t i;

    check_origin(chain, json_array_get(want, 0));
    CHECK_INT(chain->role_count, json_array_size(want) - 1);
    json_array_foreach(want, i, item) {
        const json_t *role = json_object_get(item, "AssumeRole");

        if (i == 0 || i > chain->role_count)
            continue;
        CHECK_TEXT(chain->roles[i - 1].arn, json_text(role, "role_arn"));
        CHECK_TEXT(chain->roles[i - 1].external_id, json_text(role, "external_id"));
        CHECK_TEXT(chain->roles[i - 1].session_name, json_text(role, "role_session_name"));
    }
}

/* A session without account and role gives a bearer token, which is not for signing. */
static bool is_token_only(const json_t *want)
{
    const json_t *sso = json_object_get(json_array_get(want, 0), "Sso");

    return sso && !json_text(sso, "sso_account_id");
}

static void test_profile_chains(void)
{
    json_auto_t *tests = load("tests/vectors/credentials/assume-role-tests.json");
    const json_t *item;
    size_t i, run = 0;

    json_array_foreach(tests, i, item) {
        const json_t *input = json_object_get(item, "input");
        const json_t *want = json_at(item, "output.ProfileChain");
        struct aws_config *config = aws_config_new();
        struct aws_chain chain = {0};
        struct err e = {0};
        int found;

        clearenv();
        setenv("HOME", "/h", 1);
        setenv("AWS_PROFILE", json_text(input, "selected_profile"), 1);
        add_profiles(config, input);
        found = aws_provider_profile(config, &chain, &e);
        if (want && !is_token_only(want)) {
            CHECK_TEXT(e.text, "");
            check_chain(&chain, want);
            run++;
        } else {
            CHECK((found == -1 && e.kind == ERR_INVALID) || (found == 0 && chain.why));
        }
        aws_chain_fini(&chain);
        aws_config_free(config);
    }
    CHECK_INT(i, 28);
    CHECK_INT(run, 12);
    clearenv();
}

/* ---- our own ---- */

static void check_refused(const char *text, const char *want)
{
    struct aws_config *config = aws_config_new();
    struct aws_chain chain = {0};
    struct err e = {0};

    clearenv();
    CHECK_INT(config_file_parse(config, AWS_CONFIG_FILE, "config", text, &e), 0);
    CHECK_INT(aws_provider_resolve(config, &chain, &e), -1);
    CHECK_TEXT(e.text, want);
    CHECK_TEXT(chain.source, "profile");
    aws_chain_fini(&chain);
    aws_config_free(config);
}

static void test_errors(void)
{
    check_refused("[default]\nrole_arn = a\nsource_profile = b\n",
                  "config:3: source_profile: there is no profile \"b\"");
    check_refused("[default]\naws_access_key_id = a\n",
                  "config:2: aws_access_key_id: the profile has no aws_secret_access_key");
    check_refused(
        "[default]\nrole_arn = a\nsource_profile = b\nmfa_serial = x\n[profile b]\n",
        "config:4: mfa_serial: roles that need MFA are not supported: a daemon has nobody to "
        "type the code");
    check_refused("[default]\nrole_arn = a\ncredential_source = Moon\n",
                  "config:3: credential_source: must be Environment, Ec2InstanceMetadata or "
                  "EcsContainer");
    check_refused("[default]\nrole_arn = a\nsource_profile = b\nduration_seconds = 60\n"
                  "[profile b]\naws_access_key_id = a\naws_secret_access_key = b\n",
                  "config:4: duration_seconds: must be a number of seconds from 900 to 43200");
    check_refused("[default]\nrole_arn = a\nsource_profile = default\n",
                  "profile \"default\": its source profiles form a loop");
    check_refused("[default]\nrole_arn = a\nsource_profile = b\nduration_seconds = 7200\n"
                  "[profile b]\nrole_arn = c\nsource_profile = d\n"
                  "[profile d]\naws_access_key_id = a\naws_secret_access_key = b\n",
                  "profile \"default\": duration_seconds: at most 3600 when a role is assumed with "
                  "another role's credentials");
}

static void test_half_environment(void)
{
    struct aws_config *config = aws_config_new();
    struct aws_chain chain = {0};
    struct err e = {0};

    clearenv();
    setenv("AWS_ACCESS_KEY_ID", "AK", 1);
    CHECK_INT(aws_provider_resolve(config, &chain, &e), -1);
    CHECK_TEXT(e.text, "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
    aws_chain_fini(&chain);
    clearenv();
    aws_config_free(config);
}

static void test_environment_source(void)
{
    struct aws_config *config = aws_config_new();
    struct aws_chain chain = {0};
    struct err e = {0};
    json_t *params;

    clearenv();
    setenv("AWS_PROFILE", "r", 1);
    setenv("AWS_ACCESS_KEY_ID", "AK", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "SK", 1);
    setenv("AWS_SESSION_TOKEN", "ST", 1);
    CHECK_INT(config_file_parse(config, AWS_CONFIG_FILE, "config",
                                "[profile r]\nrole_arn = arn:r\ncredential_source = Environment\n"
                                "external_id = X\nduration_seconds = 900\n",
                                &e),
              0);
    CHECK_INT(aws_provider_profile(config, &chain, &e), 1);
    CHECK_TEXT(chain.keys.session_token, "ST");
    CHECK_INT(chain.role_count, 1);
    params = aws_assume_role_params(&chain.roles[0]);
    json_auto_t *want = json_pack("{s:s, s:s, s:s, s:i}", "RoleArn", "arn:r", "RoleSessionName",
                                  "billingd", "ExternalId", "X", "DurationSeconds", 900);
    CHECK(json_equal(params, want));
    json_decref(params);
    aws_chain_fini(&chain);
    aws_config_free(config);
    clearenv();
}

static void test_result(void)
{
    json_auto_t *good = json_pack("{s:{s:s, s:s, s:s, s:f}}", "Credentials", "AccessKeyId", "A",
                                  "SecretAccessKey", "S", "SessionToken", "T", "Expiration", 1e9);
    json_auto_t *bad = json_pack("{s:{s:s}}", "Credentials", "AccessKeyId", "A");
    struct aws_credentials c = {0};
    struct err e = {0};

    CHECK_INT(aws_assume_role_result(good, &c, &e), 0);
    CHECK_TEXT(c.secret_access_key, "S");
    CHECK_INT(c.expires_s, 1000000000);
    CHECK(strcmp(json_string_value(json_at(good, "Credentials.SecretAccessKey")), "S") != 0);
    CHECK_TEXT(c.session_token, "T");
    CHECK_INT(aws_assume_role_result(bad, &c, &e), -1);
    CHECK(!c.access_key_id);
}

/* ---- the order, and what is told of it ---- */

static void resolve(const char *text, struct aws_chain *chain, struct err *e)
{
    struct aws_config *config = aws_config_new();

    CHECK_INT(config_file_parse(config, AWS_CONFIG_FILE, "config", text, e), 0);
    (void)aws_provider_resolve(config, chain, e);
    aws_config_free(config);
}

static const char *source_of(const char *text)
{
    static char source[64];
    struct aws_chain chain = {0};
    struct err e = {0};

    resolve(text, &chain, &e);
    CHECK_TEXT(e.text, "");
    snprintf(source, sizeof source, "%s", chain.source ? chain.source : "(none)");
    aws_chain_fini(&chain);
    return source;
}

/* Each source that is set up hides those behind it; taken away one by one. */
static void test_order(void)
{
    static const char *const both = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n"
                                    "[profile p]\naws_access_key_id = a\n"
                                    "aws_secret_access_key = b\n";

    clearenv();
    setenv("AWS_ACCESS_KEY_ID", "AK", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "SK", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/t", 1);
    setenv("AWS_ROLE_ARN", "arn:r", 1);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
    setenv("AWS_PROFILE", "p", 1);
    CHECK_TEXT(source_of(both), "environment");
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    CHECK_TEXT(source_of(both), "profile p"); /* chosen by name */
    unsetenv("AWS_PROFILE");
    CHECK_TEXT(source_of(both), "web identity");
    unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
    CHECK_TEXT(source_of(both), "profile default");
    CHECK_TEXT(source_of("[default]\nregion = r\n"), "container");
    unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    CHECK_TEXT(source_of("[default]\nregion = r\n"), "instance metadata");
    clearenv();
}

static void test_passed_over(void)
{
    struct aws_chain chain = {0};
    struct err e = {0};
    json_auto_t *want = NULL;

    clearenv();
    resolve("[default]\nregion = r\n", &chain, &e);
    want = json_pack(
        "[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "source", "environment", "why",
        "AWS_ACCESS_KEY_ID is not set", "source", "web identity", "why",
        "AWS_WEB_IDENTITY_TOKEN_FILE is not set", "source", "profile", "why",
        "profile \"default\" has none", "source", "container", "why",
        "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is "
        "set");
    CHECK(json_equal(chain.passed_over, want));
    CHECK(chain.origin.last_resort);
    aws_chain_fini(&chain);

    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    resolve("", &chain, &e);
    CHECK_INT(e.kind, ERR_DENIED);
    CHECK(strstr(e.text, "no AWS credentials: environment: AWS_ACCESS_KEY_ID is not set; "));
    CHECK(strstr(e.text, "there is no profile \"default\" in config; "));
    CHECK(strstr(e.text, "; instance metadata: AWS_EC2_METADATA_DISABLED is true"));
    CHECK_INT(json_array_size(chain.passed_over), 5);
    aws_chain_fini(&chain);
    clearenv();
}

/* Keys travel in the clear to these, so nobody else may be told apart as one of them. */
static void test_container_hosts(void)
{
    static const char *const refused[] = {
        "http://169.254.170.3/c",
        "http://example.com/c",
        "http://169.254.170.2.evil/c",
        "http://localhost.evil/c",
        "http://user@localhost/c",
        "http://localhost\\@evil/c",
        "http://evil#@localhost/c",
        "http://[fd00:ec2::24]/c",
        "http://[::1/c",
        "http://127.0.0.1:80:90/c",
        "http://0x7f.1/c",
        "http://2130706433/c",
        "http://[::ffff:10.0.0.1]/c",
        "ftp://localhost/c",
        "http:///c",
        "http://localhost/a b",
        "http://169.254.169.254/latest",
        "https://user@example.com/",
    };
    static const char *const taken[] = {"http://127.0.0.2:1/c", "http://[::1]:1/c",
                                        "http://LOCALHOST", "http://localhost?a=b",
                                        "https://example.com:8443/c"};

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct aws_chain chain = {0};
        struct err e = {0};

        clearenv();
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i], 1);
        CHECK_INT(aws_provider_container(NULL, &chain, &e), -1);
        CHECK_INT(e.kind, ERR_INVALID);
        aws_chain_fini(&chain);
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        struct aws_chain chain = {0};
        struct err e = {0};

        clearenv();
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", taken[i], 1);
        CHECK_INT(aws_provider_container(NULL, &chain, &e), 1);
        CHECK_TEXT(e.text, "");
        aws_chain_fini(&chain);
    }
    clearenv();
}

/* ---- documents ---- */

static const struct document_names names = {"AccessKeyId", "SecretAccessKey", "Token",
                                            "Expiration"};

static void test_documents(void)
{
    static const char *const bad[] = {
        "",
        "[]",
        "<html>Sign in</html>",
        "{}",
        "{\"AccessKeyId\":\"A\"}",
        "{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"S\"}",
        "{\"AccessKeyId\":1,\"SecretAccessKey\":\"S\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"topsecretkey\",\"Expiration\":\"soon\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"topsecretkey\",\"Expiration\":17}",
    };
    const char *good = "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\","
                       "\"Expiration\":\"2030-01-01T00:00:00Z\"}";
    struct aws_credentials keys = {0};
    struct err e = {0};
    json_auto_t *document = document_parse("who", good, strlen(good), &e);

    CHECK_INT(document_keys("who", document, &names, &keys, &e), 0);
    CHECK_TEXT(keys.session_token, "T");
    CHECK_INT(keys.expires_s, 1893456000);
    clock_freeze((keys.expires_s - 1) * 1000);
    CHECK_INT(document_check_end("who", &keys, &e), 0);
    clock_freeze(keys.expires_s * 1000);
    CHECK_INT(document_check_end("who", &keys, &e), -1);
    CHECK_TEXT(e.text, "who: the keys it gave ended at 2030-01-01T00:00:00Z");
    clock_freeze(-1);
    aws_credentials_fini(&keys);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err wrong = {0};
        json_auto_t *one = document_parse("who", bad[i], strlen(bad[i]), &wrong);

        CHECK(!one || document_keys("who", one, &names, &keys, &wrong) == -1);
        CHECK_INT(wrong.kind, ERR_RETRY);
        CHECK(!keys.access_key_id && !keys.secret_access_key && !strstr(wrong.text, "topsecret"));
    }
}

static void test_sso_tokens(void)
{
    json_auto_t *token =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "accessToken", "A", "expiresAt",
                  "2020-01-01T00:00:00UTC", "refreshToken", "R", "clientId", "C", "clientSecret",
                  "S", "registrationExpiresAt", "2020-06-01T00:00:00Z", "unknown", 7);
    json_auto_t *result = json_pack("{s:s, s:i}", "accessToken", "B", "expiresIn", 3600);
    json_auto_t *bare = json_pack("{s:s}", "accessToken", "A");
    const int64_t start = 1577836800; /* 2020-01-01 */
    cleanup_free char *path = NULL;

    CHECK_INT(sso_token_end(token), start);
    CHECK(sso_token_is_renewable(token, start));
    CHECK(!sso_token_is_renewable(token, start + 365 * 86400));
    sso_token_renew(token, result, start);
    CHECK_TEXT(json_text(token, "accessToken"), "B");
    CHECK_TEXT(json_text(token, "expiresAt"), "2020-01-01T01:00:00Z");
    CHECK_TEXT(json_text(token, "refreshToken"), "R");
    CHECK_INT(json_whole(token, "unknown"), 7);
    CHECK_INT(sso_token_end(bare), 0);
    CHECK_INT(sso_token_end(NULL), 0);
    CHECK(!sso_token_is_renewable(bare, 0));
    setenv("HOME", "/h", 1);
    path = sso_token_path("my-session");
    CHECK_TEXT(path, "/h/.aws/sso/cache/9e28173066ce536e277c5fb355efd9c64f398167.json");
}

int main(void)
{
    test_profile_chains();
    test_order();
    test_passed_over();
    test_container_hosts();
    test_documents();
    test_sso_tokens();
    test_errors();
    test_half_environment();
    test_environment_source();
    test_result();
    return check_done();
}
