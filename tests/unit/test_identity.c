/* Keys over time, from services that a scripted server plays: containers, instances, SSO; one fetch
 * at a time, early, with what is left when it fails; and a client that ends in the middle of one.
 */
#include "aws/client_private.h"
#include "aws/codec/model.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "server.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HTTP(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define SAYS(status, body)                                                                         \
    {                                                                                              \
        .bytes = HTTP(status, body), .close = true                                                 \
    }
#define KEYS(id, end)                                                                              \
    SAYS("200 OK", "{\"Code\":\"Success\",\"AccessKeyId\":\"" id                                   \
                   "\",\"SecretAccessKey\":\"S\",\"Token\":\"T\",\"Expiration\":\"" end "\"}")
#define TOKEN SAYS("200 OK", "metadata-token")
#define ROLE SAYS("200 OK", "my-role")
#define SSO_KEYS                                                                                   \
    SAYS("200 OK", "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO\",\"secretAccessKey\":\"S\","  \
                   "\"sessionToken\":\"T\",\"expiration\":1700003600000}}")
#define NEXT_HOUR "2023-11-14T23:13:20Z"
#define HOUR_AFTER "2023-11-15T00:13:20Z"

enum { NOW_S = 1700000000, MOST = 16 };

struct answer {
    enum identity_answer kind;
    char key[32];
    struct err error;
    bool over;
    struct identity_waiter waiter;
    uv_timer_t turn;
};

static struct fixture {
    uv_loop_t loop;
    struct server server;
    struct aws_client *client;
    struct answer answers[MOST];
    int asked;
} f;

static double no_chance(void)
{
    return 0;
}

static void at(int64_t after_s)
{
    clock_freeze((NOW_S + after_s) * 1000);
}

static void on_turn(uv_timer_t *timer);

static void wake(void *arg)
{
    struct answer *answer = arg;

    (void)uv_timer_start(&answer->turn, on_turn, 0, 0);
}

static void ask(struct answer *answer)
{
    const struct aws_credentials *keys = NULL;
    struct aws_identity *identity = identity_of(&f.client->identities, NULL, NULL);

    answer->waiter = (struct identity_waiter){.wake = wake, .arg = answer};
    answer->kind = identity_ask(identity, "eu-west-1", &answer->waiter, &keys, &answer->error);
    answer->over = answer->kind != IDENTITY_WAIT;
    if (answer->kind == IDENTITY_READY)
        snprintf(answer->key, sizeof answer->key, "%s", keys->access_key_id);
}

static void on_turn(uv_timer_t *timer)
{
    if (f.client)
        ask(timer->data);
}

/* One who wants keys now. */
static struct answer *want(void)
{
    struct answer *answer = &f.answers[f.asked++];

    (void)uv_timer_init(&f.loop, &answer->turn);
    answer->turn.data = answer;
    ask(answer);
    return answer;
}

static const char *key_of(const struct answer *answer)
{
    while (!answer->over)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    return answer->kind == IDENTITY_READY ? answer->key : answer->error.text;
}

static const char *key(void)
{
    return key_of(want());
}

static void up_for(const struct server_reply *script, size_t length)
{
    memset(&f, 0, sizeof f);
    clearenv();
    at(0);
    clock_freeze_monotonic(1000000);
    (void)uv_loop_init(&f.loop);
    server_start(&f.server, &f.loop, script, length);
    setenv("HOME", "/nonexistent", 1);
    setenv("PATH", "/usr/bin:/bin", 1);
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* must never be asked */
}

#define UP(script) up_for(script, sizeof script / sizeof *script)

static void client_up(void)
{
    struct aws_client_options options;
    struct err e = {0};

    aws_client_defaults(&options);
    options.chance = no_chance;
    f.client = aws_client_new_with(&f.loop, &options, &e);
    CHECK_TEXT(e.text, "");
}

static void container_up(void)
{
    cleanup_free char *url = mem_printf("%s/c", f.server.url);

    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me-in", 1);
    client_up();
}

static void metadata_up(void)
{
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f.server.url, 1);
    client_up();
}

static void down(void)
{
    aws_client_free(f.client);
    f.client = NULL;
    server_stop(&f.server);
    for (int i = 0; i < f.asked; i++)
        uv_close((uv_handle_t *)&f.answers[i].turn, NULL);
    (void)uv_run(&f.loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&f.loop), 0);
    server_fini(&f.server);
    clock_freeze(-1);
    clock_freeze_monotonic(-1);
    clearenv();
}

static bool sent(size_t i, const char *text)
{
    return i < f.server.request_count && strstr(f.server.requests[i], text);
}

/* ---- containers ---- */

static void test_one_fetch(void)
{
    static const struct server_reply script[] = {KEYS("ASIA1", NEXT_HOUR),
                                                 KEYS("ASIA2", HOUR_AFTER)};
    struct answer *first, *second;

    UP(script);
    container_up();
    first = want();
    second = want();
    CHECK_TEXT(key_of(first), "ASIA1");
    CHECK_TEXT(key_of(second), "ASIA1");
    CHECK_INT(f.server.request_count, 1);
    CHECK(sent(0, "GET /c HTTP/1.1\r\n") && sent(0, "Authorization: let-me-in\r\n"));
    at(3600 - 601);
    CHECK_TEXT(key(), "ASIA1");
    CHECK_INT(f.server.request_count, 1);
    at(3600 - 600); /* the old one, while a new one is fetched */
    CHECK_TEXT(key(), "ASIA1");
    while (f.server.request_count < 2)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    at(3600 - 30); /* the old one is too near its end: waits */
    CHECK_TEXT(key(), "ASIA2");
    CHECK_INT(f.server.request_count, 2);
    down();
}

static void test_container_faults(void)
{
    static const struct {
        struct server_reply reply;
        const char *why;
        enum err_kind kind;
        size_t requests;
    } rows[] = {
        {SAYS("404 No", ""), "HTTP status 404", ERR_DENIED, 1},
        {SAYS("403 No", "let-me-in"), "the authorization token was refused", ERR_DENIED, 1},
        {SAYS("503 No", ""), "HTTP status 503", ERR_RETRY, 3},
        {SAYS("302 Moved", ""), "HTTP status 302", ERR_DENIED, 1},
        {SAYS("200 OK", "<html>"), "no JSON object", ERR_RETRY, 1},
        {KEYS("ASIA1", "2023-11-14T22:13:20Z"), "ended at 2023-11-14T22:13:20Z", ERR_RETRY, 1},
        {{.bytes = "", .reset = true}, "no answer", ERR_RETRY, 3},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer *answer;

        up_for(&rows[i].reply, 1);
        container_up();
        answer = want();
        CHECK(strstr(key_of(answer), rows[i].why));
        CHECK_INT(answer->error.kind, rows[i].kind);
        CHECK(!strstr(answer->error.text, "let-me-in"));
        CHECK_INT(f.server.request_count, rows[i].requests);
        down();
    }
}

/* While the old keys hold, a failing source is only asked again. */
static void test_failed_refresh(void)
{
    static const struct server_reply script[] = {KEYS("ASIA1", NEXT_HOUR), SAYS("404 No", "")};

    UP(script);
    container_up();
    CHECK_TEXT(key(), "ASIA1");
    at(3600 - 600);
    CHECK_TEXT(key(), "ASIA1");
    while (f.server.request_count < 2)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    at(3600 - 61);
    CHECK_TEXT(key(), "ASIA1");
    at(3600 - 60);
    CHECK(strstr(key(), "HTTP status 404"));
    down();
}

/* ---- instances ---- */

static void test_metadata(void)
{
    static const struct server_reply script[] = {TOKEN, ROLE, KEYS("ASIA1", NEXT_HOUR)};

    UP(script);
    metadata_up();
    CHECK_TEXT(key(), "ASIA1");
    CHECK(sent(0, "PUT /latest/api/token HTTP/1.1\r\n") &&
          sent(0, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    CHECK(sent(2, "GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\n") &&
          sent(2, "x-aws-ec2-metadata-token: metadata-token\r\n"));
    json_auto_t *story = identity_tell(identity_of(&f.client->identities, NULL, NULL));

    CHECK_TEXT(json_text(story, "source"), "instance metadata");
    CHECK_TEXT(json_text(story, "expires"), NEXT_HOUR);
    CHECK_INT(json_array_size(json_object_get(story, "passed_over")), 4);
    down();
}

/* A token that ended meanwhile is replaced once. */
static void test_metadata_token(void)
{
    static const struct server_reply good[] = {TOKEN, SAYS("401 No", ""), TOKEN, ROLE,
                                               KEYS("ASIA1", NEXT_HOUR)};
    static const struct server_reply bad[] = {TOKEN, SAYS("401 No", "")};

    UP(good);
    metadata_up();
    CHECK_TEXT(key(), "ASIA1");
    down();
    UP(bad);
    metadata_up();
    CHECK(strstr(key(), "HTTP status 401"));
    down();
}

static void test_metadata_faults(void)
{
    static const struct {
        struct server_reply script[3];
        size_t length;
        const char *why;
    } rows[] = {
        {{SAYS("405 No", "")}, 1, "not IMDSv2"},
        {{SAYS("403 No", "")}, 1, "it is switched off"},
        {{SAYS("200 OK", "")}, 1, "what is no token"},
        {{SAYS("200 OK", "<html> page")}, 1, "what is no token"},
        {{TOKEN, SAYS("404 No", "")}, 2, "no IAM role"},
        {{TOKEN, SAYS("200 OK", "<html>")}, 2, "no role's name"},
        {{TOKEN, ROLE, SAYS("404 No", "")},
         3,
         "HTTP status 404 to the request for the role's keys"},
        {{TOKEN, ROLE, SAYS("200 OK", "<html>")}, 3, "no JSON object"},
        {{TOKEN, ROLE, SAYS("200 OK", "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}")},
         3,
         "AssumeRoleUnauthorizedAccess"},
        {{{.bytes = NULL}}, 1, "hop limit of 2"}, /* takes the connection, answers nothing */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text;

        up_for(rows[i].script, rows[i].length);
        setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1", 1);
        metadata_up();
        text = key();
        CHECK(strstr(text, rows[i].why));
        if (!strstr(text, rows[i].why))
            fprintf(stderr, "  have: %s\n", text);
        down();
    }
}

/* A laptop: nobody there, which is found out by one attempt. */
static void test_no_metadata(void)
{
    static const struct server_reply script[] = {TOKEN};
    struct answer *answer;

    UP(script);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1", 1);
    client_up();
    answer = want();
    CHECK(strncmp(key_of(answer), "no AWS credentials: environment: ", 33) == 0);
    CHECK(strstr(answer->error.text, "; instance metadata: nobody answers at http://127.0.0.1:1"));
    CHECK_INT(answer->error.kind, ERR_DENIED);
    down();
}

/* Keys that have ended, in an outage of AWS's: used, and asked for again a quarter hour later. */
static void test_static_stability(void)
{
    static const struct server_reply script[] = {TOKEN,
                                                 ROLE,
                                                 KEYS("ASIA1", NEXT_HOUR),
                                                 TOKEN,
                                                 ROLE,
                                                 KEYS("ASIA1", NEXT_HOUR),
                                                 SAYS("500 Oops", "")};
    unsigned generation;

    UP(script);
    metadata_up();
    CHECK_TEXT(key(), "ASIA1");
    generation = identity_generation(identity_of(&f.client->identities, NULL, NULL));
    at(3600 + 5);
    CHECK_TEXT(key(), "ASIA1"); /* waits for the same again */
    CHECK_INT(identity_generation(identity_of(&f.client->identities, NULL, NULL)), generation + 1);
    at(3600 + 5 + 899);
    CHECK_TEXT(key(), "ASIA1");
    CHECK_INT(f.server.request_count, 6);
    at(3600 + 5 + 900);
    CHECK_TEXT(key(), "ASIA1"); /* and the service fails altogether */
    while (f.server.request_count < 9)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    at(3600 + 7200);
    CHECK_TEXT(key(), "ASIA1");
    down();
}

/* AWS knows better than the service: asked once, then only after a pause. */
static void test_same_keys_again(void)
{
    static const struct server_reply script[] = {KEYS("ASIA1", NEXT_HOUR), KEYS("ASIA1", NEXT_HOUR),
                                                 KEYS("ASIA2", NEXT_HOUR)};
    struct aws_identity *identity;

    UP(script);
    container_up();
    identity = identity_of(&f.client->identities, NULL, NULL);
    CHECK_TEXT(key(), "ASIA1");
    identity_expire(identity, identity_generation(identity) - 1); /* of others, long gone */
    CHECK_TEXT(key(), "ASIA1");
    CHECK_INT(f.server.request_count, 1);
    identity_expire(identity, identity_generation(identity));
    CHECK(strstr(key(), "container: gave the same keys again that AWS refuses as expired"));
    CHECK(strstr(key(), "the same keys again"));
    CHECK_INT(f.server.request_count, 2);
    clock_freeze_monotonic(1000000 + 60000);
    CHECK_TEXT(key(), "ASIA2");
    down();
}

/* ---- SSO ---- */

static char home[] = "/tmp/billingd-identity-XXXXXX";

static char *token_path(void)
{
    return mem_printf("%s/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json", home);
}

static void write_file(const char *path, const char *text)
{
    FILE *stream = fopen(path, "we");

    CHECK(stream && fputs(text, stream) >= 0);
    if (stream)
        (void)fclose(stream);
}

static void sso_up(const char *end, const char *more)
{
    cleanup_free char *config = mem_printf("%s/.aws/config", home), *path = token_path();
    cleanup_free char *token =
        mem_printf("{\"accessToken\":\"old-access-token\",\"expiresAt\":\"%s\"%s}", end, more);

    write_file(config, "[default]\nsso_session = dev\nsso_account_id = 123456789012\n"
                       "sso_role_name = Reader\n[sso-session dev]\nsso_region = us-east-1\n"
                       "sso_start_url = https://d.example/start\n");
    write_file(path, token);
    unsetenv("http_proxy"); /* these are calls to AWS */
    setenv("HOME", home, 1);
    setenv("AWS_ENDPOINT_URL", f.server.url, 1);
    client_up();
}

#define RENEWABLE                                                                                  \
    ",\"refreshToken\":\"old-refresh-token\",\"clientId\":\"c\",\"clientSecret\":\"secret-of-c\"," \
    "\"registrationExpiresAt\":\"2024-01-01T00:00:00Z\",\"startUrl\":\"kept\""

static void test_sso_renewal(void)
{
    static const struct server_reply script[] = {
        SAYS("200 OK", "{\"accessToken\":\"new-access-token\",\"expiresIn\":28800,"
                       "\"refreshToken\":\"new-refresh-token\"}"),
        SSO_KEYS};
    cleanup_free char *path = token_path();
    json_t *kept;
    struct stat info;

    UP(script);
    sso_up("2023-11-14T22:18:20Z", RENEWABLE); /* five minutes left */
    CHECK_TEXT(key(), "ASIASSO");
    CHECK(sent(0, "POST /token") && sent(0, "\"grantType\":\"refresh_token\"") &&
          sent(0, "\"refreshToken\":\"old-refresh-token\"") && !sent(0, "Authorization"));
    CHECK(sent(1, "GET /federation/credentials?") && sent(1, "new-access-token"));
    down(); /* the file is written by then */
    kept = json_load_file(path, 0, NULL);
    CHECK_TEXT(json_text(kept, "accessToken"), "new-access-token");
    CHECK_TEXT(json_text(kept, "refreshToken"), "new-refresh-token");
    CHECK_TEXT(json_text(kept, "expiresAt"), "2023-11-15T06:13:20Z");
    CHECK_TEXT(json_text(kept, "startUrl"), "kept");
    CHECK(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
    json_decref(kept);
}

static void test_sso_faults(void)
{
    static const struct {
        const char *end, *more;
        struct server_reply reply;
        const char *why;
    } rows[] = {
        {"2023-11-14T22:13:20Z", "", SSO_KEYS, "the SSO token ended at 2023-11-14T22:13:20Z"},
        {"soon", "", SSO_KEYS, "is no SSO token"},
        {"2023-11-14T22:13:20Z", RENEWABLE,
         SAYS("400 No", "{\"error\":\"invalid_grant\",\"__type\":\"InvalidGrantException\"}"),
         "cannot be renewed (InvalidGrantException)"},
        {"2023-11-15T22:13:20Z", "", SAYS("401 No", "{\"__type\":\"UnauthorizedException\"}"),
         "the token was refused"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text;

        up_for(&rows[i].reply, 1);
        sso_up(rows[i].end, rows[i].more);
        text = key();
        CHECK(strstr(text, rows[i].why));
        CHECK(strstr(text, "run `aws sso login --profile default`"));
        CHECK(!strstr(text, "old-"));
        if (!strstr(text, rows[i].why))
            fprintf(stderr, "  have: %s\n", text);
        down();
    }
}

/* The token still holds, so that a failing renewal does not matter yet. */
static void test_sso_renewal_fails_early(void)
{
    static const struct server_reply script[] = {
        SAYS("400 No", "{\"__type\":\"InvalidGrantException\"}"), SSO_KEYS};

    UP(script);
    sso_up("2023-11-14T22:18:19Z", RENEWABLE);
    CHECK_TEXT(key(), "ASIASSO");
    CHECK(sent(1, "old-access-token"));
    down();
}

/* ---- programs and files ---- */

static void profile_up(const char *line)
{
    cleanup_free char *config = mem_printf("%s/.aws/config", home);
    cleanup_free char *text = mem_printf("[default]\n%s\n", line);

    write_file(config, text);
    setenv("HOME", home, 1);
    client_up();
}

static void test_process(void)
{
    static const struct server_reply script[] = {TOKEN};
    static const char *const rows[][2] = {
        {"echo '{\"Version\":1,\"AccessKeyId\":\"AKIAP\",\"SecretAccessKey\":\"S\"}'", "AKIAP"},
        {"echo hidden-secret >&2; exit 3", "exit code 3"},
        {"echo '{\"Version\":2}'", "\"Version\": 1"},
        {"echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
         "\"Expiration\":\"2020-01-01T00:00:00Z\"}'",
         "ended at 2020-01-01T00:00:00Z"},
        {"/nonexistent/helper", "exit code 127"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cleanup_free char *line = mem_printf("credential_process = %s", rows[i][0]);
        const char *text;

        UP(script);
        profile_up(line);
        text = key();
        CHECK(strstr(text, rows[i][1]));
        CHECK(!strstr(text, "hidden-secret"));
        down();
    }
}

static void test_fifo(void)
{
    static const struct server_reply script[] = {TOKEN};
    cleanup_free char *fifo = mem_printf("%s/fifo", home);

    CHECK_INT(mkfifo(fifo, 0600), 0);
    UP(script);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", fifo, 1);
    container_up();
    CHECK(strstr(key(), "fifo: is no regular file"));
    down();
    UP(script);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", fifo, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r", 1);
    client_up();
    CHECK(strstr(key(), "fifo: is no regular file"));
    down();
    (void)unlink(fifo);
}

/* Rotated keys are taken at a reload; a file that became a pipe changes nothing. */
static void test_files_at_a_reload(void)
{
    static const struct server_reply script[] = {TOKEN};
    cleanup_free char *file = mem_printf("%s/.aws/config", home);

    UP(script);
    profile_up("aws_access_key_id = AKIA1\naws_secret_access_key = S");
    CHECK_TEXT(key(), "AKIA1");
    write_file(file, "[default]\naws_access_key_id = AKIA2\naws_secret_access_key = S\n");
    CHECK_TEXT(key(), "AKIA1");
    aws_client_refresh(f.client);
    CHECK_TEXT(key(), "AKIA2");
    CHECK(unlink(file) == 0 && mkfifo(file, 0600) == 0);
    aws_client_refresh(f.client);
    CHECK_TEXT(key(), "AKIA2");
    CHECK_INT(unlink(file), 0);
    down();
}

/* ---- a client that ends in the middle ---- */

static void end_after(int turns)
{
    (void)want();
    for (int i = 0; i < turns; i++)
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
    down();
}

static void test_ends(void)
{
    static const struct server_reply silent[] = {{.bytes = NULL}};

    for (int turns = 0; turns < 8; turns++) {
        UP(silent);
        container_up();
        end_after(turns);
        UP(silent);
        profile_up("credential_process = sleep 5");
        end_after(turns);
        UP(silent);
        sso_up("2023-11-14T22:13:20Z", RENEWABLE);
        end_after(turns);
        UP(silent);
        setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/etc/hostname", 1);
        container_up();
        end_after(turns);
    }
}

static void make_home(void)
{
    static const char *const folders[] = {"/.aws", "/.aws/sso", "/.aws/sso/cache"};

    CHECK(mkdtemp(home));
    for (size_t i = 0; i < 3; i++) {
        cleanup_free char *path = mem_printf("%s%s", home, folders[i]);

        CHECK_INT(mkdir(path, 0700), 0);
    }
}

static void remove_home(void)
{
    static const char *const rest[] = {"/.aws/config",
                                       "/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443"
                                       ".json",
                                       "/.aws/sso/cache",
                                       "/.aws/sso",
                                       "/.aws",
                                       ""};

    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        cleanup_free char *path = mem_printf("%s%s", home, rest[i]);

        CHECK_INT(remove(path), 0);
    }
}

int main(void)
{
    make_home();
    test_one_fetch();
    test_container_faults();
    test_failed_refresh();
    test_metadata();
    test_metadata_token();
    test_metadata_faults();
    test_no_metadata();
    test_static_stability();
    test_same_keys_again();
    test_sso_renewal();
    test_sso_faults();
    test_sso_renewal_fails_early();
    test_process();
    test_fifo();
    test_files_at_a_reload();
    test_ends();
    remove_home();
    aws_model_unload();
    return check_done();
}
