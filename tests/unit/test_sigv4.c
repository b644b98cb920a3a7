/* Signature Version 4 against AWS's own suite (header signing, every stage of all 38 cases) and 24
 * complete requests of the nine services.  The suite's query-* files are pre-signed URLs, which
 * billingd never makes, and are not read. */
#include "aws/sigv4.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

#include <dirent.h>
#include <time.h>

static const char suite[] = "tests/vectors/sigv4/v4";

static char *read_file(const char *folder, const char *name)
{
    cleanup_free char *path = mem_printf("%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    struct str text = {0};
    char buffer[4096];
    size_t n;

    if (!file)
        return NULL;
    while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
        str_add_n(&text, buffer, n);
    (void)fclose(file);
    return str_take(&text);
}

static int64_t parse_time(const char *text)
{
    struct tm t = {0};
    char *end = strptime(text, text[4] == '-' ? "%Y-%m-%dT%H:%M:%SZ" : "%Y%m%dT%H%M%SZ", &t);

    return end && !*end ? timegm(&t) : -1;
}

/* Appends a folded line ("  value2") to the header before it, as HTTP/1.1 once allowed. */
static void fold(struct aws_message *message, const char *line)
{
    struct aws_header *last = &message->headers[message->header_count - 1];
    char *joined = mem_printf("%s\n%s", last->value, line);

    free(last->value);
    last->value = joined;
}

/* "GET /a b?c HTTP/1.1\nName:value\n...\n\nbody": method is the first word, the version the last.
 */
static void parse_request(char *text, struct aws_message *message)
{
    char *line = strsep(&text, "\n");
    char *target = strchr(line, ' ') + 1, *version = strrchr(line, ' '), *query;

    target[-1] = '\0';
    *version = '\0';
    message->method = line;
    query = strchr(target, '?');
    message->query = mem_text(query ? query + 1 : "");
    message->path = mem_text_n(target, query ? (size_t)(query - target) : strlen(target));
    while (text && *text && *text != '\n') {
        line = strsep(&text, "\n");
        if (*line == ' ') {
            fold(message, line);
        } else {
            char *value = strchr(line, ':');

            *value = '\0';
            aws_message_add_header(message, line, value + 1);
        }
    }
    if (text && *text == '\n')
        message->body = mem_text(text + 1);
    message->body_length = message->body ? strlen(message->body) : 0;
}

static void check_stage(const char *name, const char *folder, const char *file, const char *have)
{
    cleanup_free char *want = read_file(folder, file);

    if (!want || !have || strcmp(want, have) != 0)
        fprintf(stderr, "%s: %s\n", name, file);
    CHECK_TEXT(have, want);
}

static void check_signed(const struct aws_message *message, const char *folder)
{
    cleanup_free char *want = read_file(folder, "header-signed-request.txt");

    for (size_t i = 0; i < message->header_count; i++) {
        const struct aws_header *header = &message->headers[i];
        cleanup_free char *line = mem_printf("\n%s:%s\n", header->name, header->value);

        if (!strcasestr(want, line))
            fprintf(stderr, "%s: not in the signed request: %s", folder, line);
        CHECK(strcasestr(want, line) != NULL);
    }
}

static char *host_of(const struct aws_message *message)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (!strcasecmp(message->headers[i].name, "Host"))
            return mem_text(message->headers[i].value);
    return NULL;
}

/* Signs, then looks at every stage of what was signed (Authorization is no part of it). */
static void check_stages(const char *name, const char *folder, const struct sigv4_scope *scope,
                         const struct sigv4_secrets *secrets, struct aws_message *message)
{
    cleanup_free char *host = host_of(message);
    cleanup_free char *hash = sigv4_payload_hash(message->body, message->body_length);
    cleanup_free char *canonical = NULL, *to_sign = NULL, *signature = NULL;

    sigv4_sign(scope, secrets, host, message);
    canonical = sigv4_canonical_request(scope, message, hash);
    to_sign = sigv4_string_to_sign(scope, canonical);
    signature = sigv4_signature(scope, secrets->secret_access_key, to_sign);
    check_stage(name, folder, "header-canonical-request.txt", canonical);
    check_stage(name, folder, "header-string-to-sign.txt", to_sign);
    check_stage(name, folder, "header-signature.txt", signature);
    if (strcmp(name, "get-header-value-multiline") != 0) /* its signed form is folded as well */
        check_signed(message, folder);
    sigv4_sign(scope, secrets, host, message); /* again: the same, not twice */
    CHECK(strstr(message->headers[message->header_count - 1].value, signature) != NULL);
}

static void run_suite_case(const char *name)
{
    cleanup_free char *folder = mem_printf("%s/%s", suite, name);
    cleanup_free char *context_text = read_file(folder, "context.json");
    cleanup_free char *request = read_file(folder, "request.txt");
    json_auto_t *context = json_loads(context_text, 0, NULL);
    const json_t *keys = json_object_get(context, "credentials");
    bool after = json_is_true(json_object_get(context, "omit_session_token"));
    struct aws_message message = {0};
    const struct sigv4_scope scope = {
        .region = json_text(context, "region"),
        .service = json_text(context, "service"),
        .time_s = parse_time(json_text(context, "timestamp")),
        .encode_path_twice = true,
        .normalize_path = json_is_true(json_object_get(context, "normalize")),
        .sign_payload_header = json_is_true(json_object_get(context, "sign_body")),
    };
    const struct sigv4_secrets secrets = {
        .access_key_id = json_text(keys, "access_key_id"),
        .secret_access_key = json_text(keys, "secret_access_key"),
        .session_token = after ? NULL : json_text(keys, "token"),
    };

    parse_request(request, &message);
    check_stages(name, folder, &scope, &secrets, &message);
    aws_message_fini(&message);
}

static void run_suite(void)
{
    DIR *folder = opendir(suite);
    struct dirent *entry;
    int cases = 0;

    CHECK(folder != NULL);
    while (folder && (entry = readdir(folder))) {
        if (*entry->d_name == '.')
            continue;
        run_suite_case(entry->d_name);
        cases++;
    }
    if (folder)
        closedir(folder);
    printf("suite: %d of 38 cases, every stage of header signing; none skipped\n", cases);
    CHECK_INT(cases, 38);
}

/* Adds the case's headers; returns the payload hash they imply, which may be UNSIGNED-PAYLOAD. */
static char *add_headers(const json_t *c, struct aws_message *message)
{
    char *hash = sigv4_payload_hash(message->body, message->body_length);
    json_t *header;
    size_t i;

    json_array_foreach(json_object_get(c, "headers"), i, header) {
        const char *key = json_string_value(json_array_get(header, 0));
        const char *value = json_string_value(json_array_get(header, 1));

        aws_message_add_header(message, key, value);
        if (!strcasecmp(key, "x-amz-content-sha256")) {
            free(hash);
            hash = mem_text(value);
        }
    }
    return hash;
}

static void check_extra(const json_t *c, const struct sigv4_scope *scope,
                        struct aws_message *message)
{
    const struct sigv4_secrets secrets = {json_text(c, "access_key_id"),
                                          json_text(c, "secret_access_key"),
                                          json_text(c, "session_token"), NULL};
    cleanup_free char *hash = add_headers(c, message);
    cleanup_free char *canonical = sigv4_canonical_request(scope, message, hash);
    cleanup_free char *to_sign = sigv4_string_to_sign(scope, canonical);
    cleanup_free char *signature = sigv4_signature(scope, secrets.secret_access_key, to_sign);

    if (strcmp(signature, json_text(c, "signature")) != 0)
        fprintf(stderr, "%s\n", json_text(c, "name"));
    CHECK_TEXT(canonical, json_text(c, "canonical_request"));
    CHECK_TEXT(to_sign, json_text(c, "string_to_sign"));
    CHECK_TEXT(signature, json_text(c, "signature"));
    if (strcmp(hash, "UNSIGNED-PAYLOAD") != 0) { /* billingd signs every body */
        sigv4_sign(scope, &secrets, json_text(c, "host"), message);
        CHECK_TEXT(message->headers[message->header_count - 1].value,
                   json_text(c, "authorization"));
    }
}

static void run_extra_case(const json_t *c)
{
    const char *body = json_text(c, "body_utf8");
    bool s3 = !strcmp(json_text(c, "service"), "s3");
    struct aws_message message = {
        .method = json_text(c, "method"),
        .path = mem_text(json_text(c, "path")),
        .query = mem_text(json_text(c, "query")),
        .body = mem_text(body),
        .body_length = strlen(body),
    };
    const struct sigv4_scope scope = {
        .region = json_text(c, "region"),
        .service = json_text(c, "service"),
        .time_s = parse_time(json_text(c, "timestamp")),
        .encode_path_twice = !s3,
        .normalize_path = !s3,
        .sign_payload_header = s3,
    };

    check_extra(c, &scope, &message);
    aws_message_fini(&message);
}

static void run_extra(void)
{
    cleanup_free char *text = read_file("tests/vectors/sigv4/extra", "vectors.json");
    json_auto_t *cases = json_loads(text, 0, NULL);
    json_t *c;
    size_t i;

    json_array_foreach(cases, i, c)
        run_extra_case(c);
    printf("services: %zu of 24 requests\n", json_array_size(cases));
    CHECK_INT((int)json_array_size(cases), 24);
}

static char *authorization(const struct sigv4_scope *scope, const struct sigv4_secrets *secrets)
{
    struct aws_message message = {.method = "GET", .path = mem_text("/"), .query = mem_text("")};
    char *value;

    sigv4_sign(scope, secrets, "example.amazonaws.com", &message);
    value = mem_text(message.headers[message.header_count - 1].value);
    aws_message_fini(&message);
    return value;
}

/* Of whatever day, region and service: the same as with a key derived for that one request. */
static void test_kept_keys(void)
{
    static const char *const regions[] = {"us-east-1", "eu-central-1"}, *const services[] = {"s3",
                                                                                             "sts"};
    static const int64_t times[] = {1761955199, 1761955200, 1761958800, 1761955199};
    struct aws_credentials owner = {.derived = mem_new(sizeof *owner.derived)};
    const struct sigv4_secrets once = {"AKIDEXAMPLE", "secret", NULL, NULL},
                               kept = {"AKIDEXAMPLE", "secret", NULL, owner.derived};

    for (unsigned i = 0; i < 4 * 4; i++) {
        const struct sigv4_scope scope = {
            .region = regions[i % 2], .service = services[i / 2 % 2], .time_s = times[i / 4]};
        cleanup_free char *want = authorization(&scope, &once);

        for (int again = 0; again < 2; again++) {
            cleanup_free char *have = authorization(&scope, &kept);

            CHECK_TEXT(have, want);
        }
    }
    aws_credentials_fini(&owner);
}

int main(void)
{
    run_suite();
    run_extra();
    test_kept_keys();
    return check_done();
}
