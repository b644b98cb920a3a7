/* The SDKs' credential scenarios, whole: a client's ambient identity against recorded exchanges.
 *
 * HTTP and the reading of files are replaced when linking, since the recorded hosts and paths are
 * those of real machines; all between them is the real thing. */
#include "aws/client_private.h"
#include "aws/credentials/config_file.h"
#include "aws/credentials/provider.h"
#include "aws/http.h"
#include "aws/local/secret_file.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"

#include <stdlib.h>
#include <strings.h>

enum { EARLIER_S = 1234560000 };

/* ---- the replaced ends ---- */

struct http {
    uv_loop_t *loop;
};
struct http_transfer {
    uv_timer_t timer;
    struct http_request request;
    http_done_fn *done;
    void *arg;
};

const struct http_options http_defaults = {.connect_timeout_ms = 1};

static struct {
    const char *name, *root;
    json_t *exchanges;
    size_t next;
    struct aws_credentials keys;
    struct err error;
    bool over;
} v;

struct http *http_new(uv_loop_t *loop, const struct http_options *options, struct err *e)
{
    struct http *http = mem_new(sizeof *http);

    (void)options;
    (void)e;
    http->loop = loop;
    return http;
}

void http_free(struct http *http)
{
    free(http);
}

static const char *header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

/* Whether each "NAME=VALUE" of the recorded query stands in ours: the order is free. */
static void check_uri(const char *have, const char *want)
{
    size_t path = strcspn(want, "?");
    cleanup_free char *query = mem_text(want[path] ? want + path + 1 : "");
    char *rest = NULL;

    if (path && want[path - 1] == '/' && !want[path] && have[path - 1] == '\0')
        path--; /* "http://host" is "http://host/" */
    CHECK(strncmp(have, want, path) == 0 && strchr("?/", have[path]));
    for (char *word = strtok_r(query, "&", &rest); word; word = strtok_r(NULL, "&", &rest))
        CHECK(strstr(have + path, word));
}

static void check_request(const struct http_request *request, const json_t *want)
{
    const json_t *headers = json_object_get(want, "headers"), *value;
    const char *body = json_text(want, "request"), *token, *name;
    const char *method = json_text(want, "method");

    CHECK_TEXT(request->method, method ? method : "POST");
    check_uri(request->url, json_text(want, "uri"));
    json_object_foreach((json_t *)headers, name, value)
        CHECK_TEXT(header(request, name), json_string_value(value));
    if (json_is_true(json_object_get(want, "signed")))
        CHECK(header(request, "authorization"));
    if (body && *body) {
        CHECK(request->body && strncmp(request->body, body, strcspn(body, "&")) == 0);
        token = strstr(body, "WebIdentityToken=");
        CHECK(!token || strstr(request->body, "WebIdentityToken="));
        CHECK(!token || !header(request, "authorization"));
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* The last exchange stays: we may try more often than the recorded client did. */
static void on_answer(uv_timer_t *timer)
{
    struct http_transfer *transfer = timer->data;
    const json_t *exchange = json_array_get(v.exchanges, v.next);
    const char *body = json_text(exchange, "reply");
    struct http_reply reply = {.failure = HTTP_CONNECTION, .problem = "nobody is there"};

    if (exchange) {
        check_request(&transfer->request, exchange);
        reply = (struct http_reply){.connected = true,
                                    .problem = "",
                                    .raw = {.status = (int)json_whole(exchange, "status"),
                                            .body = body ? body : "",
                                            .body_length = body ? strlen(body) : 0}};
        if (v.next + 1 < json_array_size(v.exchanges) || reply.raw.status < 500)
            v.next++;
    }
    transfer->done(transfer->arg, &reply);
    uv_close((uv_handle_t *)timer, on_closed);
}

struct http_transfer *http_send(struct http *http, const struct http_request *request,
                                http_done_fn *done, void *arg)
{
    struct http_transfer *transfer = mem_new(sizeof *transfer);

    transfer->request = *request;
    transfer->done = done;
    transfer->arg = arg;
    (void)uv_timer_init(http->loop, &transfer->timer);
    transfer->timer.data = transfer;
    (void)uv_timer_start(&transfer->timer, on_answer, 0, 0);
    return transfer;
}

void http_cancel(struct http_transfer *transfer)
{
    (void)transfer; /* only calls that are over or never sent are cancelled here */
}

/* No reply here is so large. */
char *http_keep(const struct http_reply *reply)
{
    return mem_text(reply->raw.body);
}

void http_give_back(struct http *http, size_t bytes)
{
    (void)http;
    (void)bytes;
}

int secret_file_read(const char *path, size_t limit, struct secret_file *file)
{
    cleanup_free char *below = mem_printf("%s%s", v.root, path);
    FILE *stream = fopen(below, "re");

    *file = (struct secret_file){0};
    if (!stream)
        return 0;
    file->text = mem_new(limit + 1);
    file->length = fread(file->text, 1, limit, stream);
    (void)fclose(stream);
    return 1;
}

void secret_file_fini(struct secret_file *file)
{
    free(file->text);
}

int secret_file_write(const char *path, const char *text, char why[static SECRET_FILE_WHY])
{
    (void)path;
    (void)text;
    (void)why;
    return -1;
}

/* ---- a scenario ---- */

static json_t *load(const char *path)
{
    return json_load_file(path, 0, NULL);
}

static void set_environment(const char *directory, bool only_profile)
{
    cleanup_free char *path = mem_printf("%s/env.json", directory);
    json_auto_t *environment = load(path);
    const char *name;
    const json_t *value;

    clearenv();
    json_object_foreach(environment, name, value)
        setenv(name, json_string_value(value), 1);
    setenv("PATH", "/usr/bin:/bin", 1);
    if (only_profile) { /* these cases leave the environment out */
        unsetenv("AWS_ACCESS_KEY_ID");
        unsetenv("AWS_SECRET_ACCESS_KEY");
    }
}

static char *copy(const char *text)
{
    return mem_text(text);
}

static void ask(void *client_of_case);

static struct identity_waiter waiter = {.wake = ask};

static double no_chance(void)
{
    return 0;
}

/* Asks until there is an answer; the wake-up comes from inside, where asking is not allowed: the
 * loop's next turn does it. */
static void ask_now(struct aws_client *client)
{
    struct aws_identity *identity = identity_of(&client->identities, NULL, NULL);
    const struct aws_credentials *keys = NULL;
    const char *region = aws_client_region(client);
    enum identity_answer answer =
        identity_ask(identity, region ? region : "us-east-1", &waiter, &keys, &v.error);

    waiter.arg = client;
    if (answer == IDENTITY_WAIT)
        return;
    v.over = true;
    if (answer == IDENTITY_READY)
        v.keys = (struct aws_credentials){copy(keys->access_key_id), copy(keys->secret_access_key),
                                          copy(keys->session_token), keys->expires_s, NULL};
    aws_client_free(client);
}

static void on_turn_closed(uv_handle_t *handle)
{
    free(handle); /* a uv_timer_t alone */
}

static void on_turn(uv_timer_t *timer)
{
    struct aws_client *client = timer->data;

    uv_close((uv_handle_t *)timer, on_turn_closed);
    ask_now(client);
}

static void ask(void *client_of_case)
{
    uv_timer_t *timer = mem_new(sizeof *timer);
    struct aws_client *client = client_of_case;

    (void)uv_timer_init(client->loop, timer);
    timer->data = client;
    (void)uv_timer_start(timer, on_turn, 0, 0);
}

static void run_client(void)
{
    struct aws_client_options options;
    struct aws_client *client;
    uv_loop_t loop;

    (void)uv_loop_init(&loop);
    aws_client_defaults(&options);
    options.chance = no_chance;
    options.retry.base_s = 0.001;
    client = aws_client_new_with(&loop, &options, &v.error);
    if (client)
        ask_now(client);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK(v.over || v.error.kind != ERR_NONE);
}

/* Why a scenario is not for us, or what our refusal says where only that an error comes is told. */
struct scenario {
    const char *name;
    const char *error; /* part of ours; NULL: it must succeed */
};

static void run_scenario(const char *group, const struct scenario *scenario)
{
    cleanup_free char *directory =
        mem_printf("tests/vectors/credentials/%s/%s", group, scenario->name);
    cleanup_free char *path = mem_printf("%s/test-case.json", directory);
    cleanup_free char *traffic = mem_printf("%s/exchanges.json", directory);
    cleanup_free char *root = mem_printf("%s/fs", directory);
    json_auto_t *test = load(path);
    const json_t *want = json_at(test, "result.Ok");
    int64_t end_s = want ? json_whole(want, "expiry") : 0;
    int failed = check_failed;

    memset(&v, 0, sizeof v);
    v.name = scenario->name;
    v.root = root;
    v.exchanges = load(traffic);
    set_environment(directory, strcmp(group, "profile") == 0);
    clock_freeze(EARLIER_S * 1000LL); /* than the end of any recorded key */
    run_client();
    CHECK((want != NULL) == (scenario->error == NULL));
    if (want) {
        CHECK_TEXT(v.error.text, "");
        CHECK_TEXT(v.keys.access_key_id, json_text(want, "access_key_id"));
        CHECK_TEXT(v.keys.secret_access_key, json_text(want, "secret_access_key"));
        CHECK_TEXT(v.keys.session_token, json_text(want, "session_token"));
        CHECK_INT(v.keys.expires_s, end_s);
        CHECK_INT(v.next, json_array_size(v.exchanges));
    } else {
        CHECK(v.error.kind != ERR_NONE && scenario->error);
        CHECK(scenario->error && strstr(v.error.text, scenario->error));
    }
    if (check_failed != failed)
        fprintf(stderr, "  in %s/%s: %s\n", group, scenario->name, v.error.text);
    aws_credentials_fini(&v.keys);
    json_decref(v.exchanges);
    clock_freeze(-1);
    clearenv();
}

static void test_chain(void)
{
    static const struct scenario all[] = {
        {"e2e_fips_and_dual_stack_sso", NULL},
        {"ecs_assume_role", NULL},
        {"ecs_credentials", NULL},
        {"ecs_credentials_invalid_profile", NULL},
        {"eks_pod_identity_credentials", NULL},
        {"eks_pod_identity_no_token_file", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: there is no"},
        {"environment_variables", NULL},
        {"environment_variables_blank", NULL},
        {"imds_assume_role", NULL},
        {"imds_config_with_no_creds", NULL},
        {"imds_default_chain_error", "no IAM role"},
        {"imds_default_chain_retries", NULL},
        {"imds_default_chain_success", NULL},
        {"imds_disabled", "AWS_EC2_METADATA_DISABLED is true"},
        {"imds_no_iam_role", "no IAM role"},
        {"imds_token_fail", "403: it is switched off"},
        {"prefer_environment", NULL},
        {"profile_name", NULL},
        {"profile_overrides_web_identity", "AWS_ACCESS_KEY_ID is not set"},
        {"profile_static_keys", NULL},
        {"profile_static_keys_case_insensitive", NULL},
        {"sso_assume_role", NULL},
        {"sso_no_token_file", "run `aws sso login --profile sso-test`"},
        {"sso_server_error", "GetRoleCredentials"},
        {"web_identity_source_profile_no_env",
         "web_identity_token_file: the profile needs role_arn"},
        {"web_identity_token_env", NULL},
        {"web_identity_token_invalid_jwt", "InvalidIdentityToken"},
        {"web_identity_token_profile", NULL},
        {"web_identity_token_source_profile", NULL},
    };

    CHECK_INT(sizeof all / sizeof *all, 29);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        run_scenario("chain", &all[i]);
}

/* sso_token asks for a bearer token, which no AWS service of ours takes. */
static void test_profile(void)
{
    static const struct scenario all[] = {
        {"assume_role_override_global_env_url", NULL},
        {"assume_role_override_global_profile_url", NULL},
        {"assume_role_override_service_env_url", NULL},
        {"assume_role_override_service_profile_url", NULL},
        {"credential_process", NULL},
        {"credential_process_account_id_fallback", NULL},
        {"credential_process_failure", "credential_process: exit code 1"},
        {"credential_process_invalid", "no JSON object"},
        {"e2e_assume_role", NULL},
        {"e2e_fips_and_dual_stack_sts", NULL},
        {"empty_config", "no AWS credentials"},
        {"invalid_config", "config:2: Property did not have a name"},
        {"invalid_sso_credentials_config", "a token alone signs nothing"},
        {"region_override", NULL},
        {"retry_on_error", NULL},
        {"sso_credentials", NULL},
        {"sso_override_global_env_url", NULL},
    };

    CHECK_INT(sizeof all / sizeof *all, 17);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        run_scenario("profile", &all[i]);
}

/* ---- where containers and instances are asked ---- */

static void set_variables(const json_t *environment)
{
    const char *name;
    const json_t *value;

    clearenv();
    json_object_foreach((json_t *)environment, name, value)
        setenv(name, json_string_value(value), 1);
}

static void test_container_urls(void)
{
    json_auto_t *document = load("tests/vectors/credentials/ecs-tests.json");
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(document, "tests"), i, item) {
        const json_t *want = json_at(item, "result.Ok");
        struct aws_chain chain = {0};
        struct err e = {0};
        int found;

        set_variables(json_object_get(item, "env"));
        found = aws_provider_container(NULL, &chain, &e);
        CHECK_INT(found > 0, want != NULL);
        CHECK_TEXT(chain.origin.url, json_string_value(want));
        CHECK(found >= 0 || e.kind == ERR_INVALID);
        aws_chain_fini(&chain);
    }
    CHECK_INT(i, 11);
    clearenv();
}

static struct aws_config *config_of(const json_t *files)
{
    struct aws_config *config = aws_config_new();
    const char *text = json_text(files, "config");
    struct err e = {0};

    if (text)
        CHECK_INT(config_file_parse(config, AWS_CONFIG_FILE, "config", text, &e), 0);
    return config;
}

/* Left out: three that override by arguments of the SDK's own builder. */
static void test_metadata_urls(void)
{
    json_auto_t *document = load("tests/vectors/credentials/imds-endpoint-tests.json");
    const json_t *item;
    size_t i, run = 0;

    json_array_foreach(json_object_get(document, "tests"), i, item) {
        const char *want = json_string_value(json_at(item, "result.Ok"));
        struct aws_chain chain = {0};
        struct err e = {0};
        struct aws_config *config;
        cleanup_free char *have = NULL;

        if (json_object_get(item, "endpoint_override") || json_object_get(item, "mode_override"))
            continue;
        run++;
        set_variables(json_object_get(item, "env"));
        config = config_of(json_object_get(item, "fs"));
        CHECK_INT(aws_provider_metadata(config, &chain, &e), want ? 1 : -1);
        have = want ? mem_printf("%s/latest/api/token", chain.origin.url) : NULL;
        CHECK_TEXT(have, want);
        aws_chain_fini(&chain);
        aws_config_free(config);
    }
    CHECK_INT(i, 14);
    CHECK_INT(run, 11);
    clearenv();
}

int main(void)
{
    test_chain();
    test_profile();
    test_container_urls();
    test_metadata_urls();
    return check_done();
}
