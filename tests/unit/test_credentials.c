/* Where keys come from: the SDKs' profile chains and provider chain scenarios. */
#include "aws/credentials/assume_role.h"
#include "aws/credentials/config_file.h"
#include "aws/credentials/provider.h"
#include "aws/endpoint.h"
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

static void check_chain(const struct aws_chain *chain, const json_t *want)
{
    const json_t *keys = json_object_get(json_array_get(want, 0), "AccessKey"), *item;
    size_t i;

    CHECK_TEXT(chain->keys.access_key_id, json_text(keys, "access_key_id"));
    CHECK_TEXT(chain->keys.secret_access_key, json_text(keys, "secret_access_key"));
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

/* The key an unsupported source must be refused by, NULL for a supported one. */
static const char *unsupported(const json_t *want)
{
    const json_t *first = json_array_get(want, 0);

    if (json_object_get(first, "NamedSource"))
        return "credential_source";
    if (json_object_get(first, "WebIdentityToken"))
        return "web_identity_token_file";
    return json_object_get(first, "Sso") ? "sso_" : NULL;
}

static void test_profile_chains(void)
{
    json_auto_t *tests = load("tests/vectors/credentials/assume-role-tests.json");
    const json_t *item;
    size_t i, run = 0, refused = 0;

    json_array_foreach(tests, i, item) {
        const json_t *input = json_object_get(item, "input");
        const json_t *want = json_at(item, "output.ProfileChain");
        struct aws_config *config = aws_config_new();
        struct aws_chain chain = {0};
        struct err e = {0};
        int status;

        clearenv();
        setenv("AWS_PROFILE", json_text(input, "selected_profile"), 1);
        add_profiles(config, input);
        status = aws_provider_resolve(config, &chain, &e);
        if (want && !unsupported(want)) {
            CHECK_TEXT(e.text, "");
            check_chain(&chain, want);
            run++;
        } else {
            CHECK(status == -1 && e.text[0]);
            CHECK(!chain.keys.access_key_id);
            if (want) {
                CHECK(e.kind == ERR_INVALID && strncmp(e.text, "config:", 7) == 0);
                CHECK(strstr(e.text, unsupported(want)) && strstr(e.text, "not supported"));
                refused++;
            }
        }
        aws_chain_fini(&chain);
        aws_config_free(config);
    }
    CHECK_INT(i, 28);
    CHECK_INT(run, 7);
    CHECK_INT(refused, 6); /* they come with their sources, SSO never */
}

/* ---- scenarios ---- */

static void set_environment(const char *directory)
{
    cleanup_free char *path = mem_printf("%s/env.json", directory);
    json_auto_t *environment = load(path);
    cleanup_free char *home = mem_printf("%s/fs/home", directory);
    const char *name;
    const json_t *value;

    clearenv();
    json_object_foreach(environment, name, value)
        setenv(name, json_string_value(value), 1);
    setenv("HOME", home, 1);
}

struct scenario {
    const char *name;
    const char
        *refusal; /* part of our error, for a source that we refuse; NULL: as test-case.json */
};

static void run_scenario(const char *group, const struct scenario *scenario)
{
    cleanup_free char *directory =
        mem_printf("tests/vectors/credentials/%s/%s", group, scenario->name);
    cleanup_free char *path = mem_printf("%s/test-case.json", directory);
    json_auto_t *test = load(path);
    const json_t *want = json_at(test, "result.Ok");
    struct aws_chain chain = {0};
    struct aws_config *config;
    struct err e = {0};
    int status;

    set_environment(directory);
    config = aws_config_load(&e);
    status = config ? aws_provider_resolve(config, &chain, &e) : -1;
    if (want && !scenario->refusal) {
        CHECK_TEXT(e.text, "");
        CHECK_INT(status, 0);
        CHECK_INT(chain.role_count, 0);
        CHECK_TEXT(chain.keys.access_key_id, json_text(want, "access_key_id"));
        CHECK_TEXT(chain.keys.secret_access_key, json_text(want, "secret_access_key"));
        CHECK_TEXT(chain.keys.session_token, json_text(want, "session_token"));
    } else {
        CHECK_INT(status, -1);
        CHECK(e.kind == ERR_INVALID || e.kind == ERR_DENIED);
        CHECK(!scenario->refusal || strstr(e.text, scenario->refusal));
        if (scenario->refusal && !strstr(e.text, scenario->refusal))
            fprintf(stderr, "  %s: %s\n", scenario->name, e.text);
    }
    aws_chain_fini(&chain);
    aws_config_free(config);
    clearenv();
}

static void test_scenarios(void)
{
    static const struct scenario chain[] = {
        {"environment_variables", NULL},
        {"environment_variables_blank", NULL},
        {"prefer_environment", NULL},
        {"profile_name", NULL},
        {"profile_static_keys", NULL},
        {"profile_static_keys_case_insensitive", NULL},
        {"profile_overrides_web_identity", "AWS_ACCESS_KEY_ID is not set"},
        {"web_identity_source_profile_no_env", "web_identity_token_file"},
        /* sources that come later: each is refused by the name of what asks for it */
        {"web_identity_token_env", "AWS_WEB_IDENTITY_TOKEN_FILE"},
        {"ecs_credentials", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"},
        {"ecs_credentials_invalid_profile", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"},
        {"ecs_assume_role", "credential_source: container"},
        {"eks_pod_identity_credentials", "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
        {"eks_pod_identity_no_token_file", "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
        {"imds_assume_role", "credential_source: instance metadata"},
        {"imds_no_iam_role", "credential_source: instance metadata"},
        {"imds_config_with_no_creds", "instance metadata is not supported"},
        {"imds_default_chain_error", "instance metadata is not supported"},
        {"imds_default_chain_retries", "instance metadata is not supported"},
        {"imds_default_chain_success", "instance metadata is not supported"},
        {"imds_disabled", "no AWS credentials"},
        /* never supported */
        {"e2e_fips_and_dual_stack_sso", "sso_start_url: SSO"},
        {"sso_assume_role", "sso_"},
        {"sso_no_token_file", "sso_"},
        {"sso_server_error", "sso_"},
    };
    static const struct scenario profile[] = {
        {"empty_config", "no AWS credentials"},
        {"invalid_config", "config:2: Property did not have a name"},
        {"credential_process", "config:4: credential_process"},
        {"credential_process_account_id_fallback", "credential_process"},
        {"credential_process_failure", "credential_process"},
        {"credential_process_invalid", "credential_process"},
        {"sso_credentials", "config:2: sso_session"},
        {"sso_override_global_env_url", "sso_session"},
        {"sso_token", "sso_session"},
        {"invalid_sso_credentials_config", "config:2: sso_session"},
    };

    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++)
        run_scenario("chain", &chain[i]);
    for (size_t i = 0; i < sizeof profile / sizeof *profile; i++)
        run_scenario("profile", &profile[i]);
}

/* Profiles with a role: the chain, and where its AssumeRole goes.  (test_client sends it.) */
static void test_role_scenarios(void)
{
    static const struct aws_model sts = {.name = "sts", .endpoint = "sts"};
    static const char *const names[] = {"e2e_assume_role",
                                        "retry_on_error",
                                        "region_override",
                                        "e2e_fips_and_dual_stack_sts",
                                        "assume_role_override_global_env_url",
                                        "assume_role_override_global_profile_url",
                                        "assume_role_override_service_env_url",
                                        "assume_role_override_service_profile_url"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cleanup_free char *directory = mem_printf("tests/vectors/credentials/profile/%s", names[i]);
        cleanup_free char *path = mem_printf("%s/exchanges.json", directory);
        json_auto_t *exchanges = load(path);
        struct err e = {0};
        struct aws_chain chain = {0};
        struct aws_endpoint endpoint;
        struct aws_config *config;
        cleanup_free char *url = NULL;
        cleanup_free char *origin = NULL;
        cleanup_free char *have = NULL;

        set_environment(directory);
        unsetenv("AWS_ACCESS_KEY_ID"); /* these cases ask the profile only */
        unsetenv("AWS_SECRET_ACCESS_KEY");
        config = aws_config_load(&e);
        CHECK_INT(aws_provider_resolve(config, &chain, &e), 0);
        CHECK_TEXT(chain.keys.access_key_id, "AKIAFAKE");
        CHECK_INT(chain.role_count, 1);
        CHECK_TEXT(chain.roles[0].arn, "arn:aws:iam::123456789:role/integration-test");
        CHECK_INT(aws_config_endpoint(config, "STS", &url, &origin, &e), 0);
        struct aws_endpoint_wish wish = {
            .model = &sts, .region = aws_config_region(config), .url = url};
        CHECK_INT(aws_config_flag(config, (struct aws_config_setting){NULL, "use_fips_endpoint"},
                                  &wish.fips, &e),
                  0);
        CHECK_INT(aws_config_flag(config,
                                  (struct aws_config_setting){NULL, "use_dualstack_endpoint"},
                                  &wish.dual_stack, &e),
                  0);
        CHECK_INT(aws_endpoint_resolve(&wish, &endpoint, &e), 0);
        have = mem_printf("http%s://%s", endpoint.plain ? "" : "s", endpoint.host);
        CHECK(strncmp(json_text(json_array_get(exchanges, 0), "uri"), have, strlen(have)) == 0);
        CHECK_TEXT(e.text, "");
        aws_chain_fini(&chain);
        aws_config_free(config);
        clearenv();
    }
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
    aws_config_free(config);
}

static void test_errors(void)
{
    check_refused("[default]\nrole_arn = a\nsource_profile = b\n",
                  "config:3: source_profile: there is no profile \"b\"");
    check_refused("[default]\naws_access_key_id = a\n",
                  "config:2: aws_access_key_id: the profile has no aws_secret_access_key");
    check_refused("[default]\nrole_arn = a\nsource_profile = b\nmfa_serial = x\n[profile b]\n",
                  "config:4: mfa_serial: roles that need MFA are not supported");
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

int main(void)
{
    test_profile_chains();
    test_scenarios();
    test_role_scenarios();
    test_errors();
    test_half_environment();
    test_environment_source();
    test_result();
    return check_done();
}
