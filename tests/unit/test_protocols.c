/* AWS's protocol tests (tests/vectors/protocols), all cases of query, json, rest-json and rest-xml,
 * through codec_encode and codec_decode with nothing but the suite's own model.  What we do not do
 * is in protocol_skips.h with its reason; an entry there that would pass fails the test. */
#include "aws/codec/codec.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/xml.h"
#include "check.h"
#include "protocol_skips.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

static const char token[] = "00000000-0000-4000-8000-000000000000";

struct tally {
    int passed, skipped, failed;
};

static const char *skip_reason(const char *file, const char *id)
{
    for (const struct protocol_skip *skip = protocol_skips; skip->file; skip++)
        if (!strcmp(skip->file, file) && !strcmp(skip->id, id))
            return skip->reason;
    return NULL;
}

/* Puts token in the place of every random UUID, so that requests can be compared with a want that
 * has it. */
static void mask_uuids(char *text, const json_t *want)
{
    cleanup_free char *all = json_dumps(want, 0);
    static const char form[] = "xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx";

    for (char *p = strstr(all, token) ? text : NULL; p && strlen(p) >= 36; p++) {
        size_t n = 0;

        while (n < 36 && (form[n] == 'x' ? isxdigit((unsigned char)p[n]) != 0 : p[n] == form[n]))
            n++;
        if (n == 36)
            memcpy(p, token, 36);
    }
}

/* Equal but for the writing of numbers; a null member is no member. */
static bool same(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;

    if (json_is_number(a) && json_is_number(b))
        return fabs(json_number_value(a) - json_number_value(b)) <=
               1e-6 * fmax(1, fabs(json_number_value(a)) / 1e10);
    if (json_is_object(a) && json_is_object(b)) {
        json_object_foreach((json_t *)a, key, value)
            if (!json_is_null(value) && !same(value, json_object_get(b, key)))
                return false;
        json_object_foreach((json_t *)b, key, value)
            if (!json_is_null(value) && !json_object_get(a, key))
                return false;
        return true;
    }
    if (json_is_array(a) && json_is_array(b)) {
        if (json_array_size(a) != json_array_size(b))
            return false;
        for (size_t i = 0; i < json_array_size(a); i++)
            if (!same(json_array_get(a, i), json_array_get(b, i)))
                return false;
        return true;
    }
    return a && b && json_equal(a, b);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A form or query string with its pairs in order; new text. */
static char *sorted_pairs(const char *text)
{
    cleanup_free char *copy = mem_text(text);
    char *rest = copy, *pairs[256];
    struct str out = {0};
    size_t count = 0;

    while (rest && count < 256)
        pairs[count++] = strsep(&rest, "&");
    qsort(pairs, count, sizeof(*pairs), compare_texts);
    for (size_t i = 0; i < count; i++)
        str_addf(&out, "%s\n", pairs[i]);
    return str_take(&out);
}

static bool same_pairs(const char *a, const char *b)
{
    cleanup_free char *x = sorted_pairs(a), *y = sorted_pairs(b);

    return !strcmp(x, y);
}

/* Children by name, those of one name in their order: structures have no order, lists do. */
static bool same_xml(const struct xml_node *a, const struct xml_node *b)
{
    size_t n = 0, m = 0;

    if (strcmp(a->name, b->name) != 0 || (!a->first && strcmp(xml_text(a), xml_text(b)) != 0))
        return false;
    for (const struct xml_node *child = b->first; child; child = child->next)
        m++;
    for (const struct xml_node *child = a->first; child; child = child->next, n++) {
        const struct xml_node *other = xml_child(b, child->name);

        for (const struct xml_node *p = xml_child(a, child->name); other && p != child;
             p = xml_next(p, p->name))
            other = xml_next(other, other->name);
        if (!other || !same_xml(child, other))
            return false;
    }
    for (const struct xml_attribute *at = a->attributes; at; at = at->next)
        if (!xml_attribute(b, at->name) || strcmp(xml_attribute(b, at->name), at->value) != 0)
            return false;
    return n == m;
}

/* The tree has neither prefixes nor namespaces: look for every attr="value" of one in the other. */
static bool same_attributes(const char *a, const char *b)
{
    for (const char *p = strstr(a, "=\""); p; p = strstr(p + 2, "=\"")) {
        const char *start = p, *end = strchr(p + 2, '"');

        while (start > a && !isspace((unsigned char)start[-1]))
            start--;
        cleanup_free char *attribute = mem_text_n(start, (size_t)(end - start) + 1);
        if (!strstr(b, attribute))
            return false;
    }
    return true;
}

static bool same_xml_text(const char *a, const char *b)
{
    struct err e = {0};
    struct xml_node *x = xml_parse(a, strlen(a), &e), *y = xml_parse(b, strlen(b), &e);
    bool result = x && y && same_xml(x, y) && same_xml(y, x) && same_attributes(a, b) &&
                  same_attributes(b, a);

    xml_free(x);
    xml_free(y);
    return result;
}

static bool is_raw_payload(const struct aws_operation *operation)
{
    const json_t *input = json_object_get(operation->document, "input");
    const json_t *shape = aws_model_shape(operation->model, json_text(input, "shape"));
    const char *payload = json_text(shape, "payload");
    const json_t *inner = payload ? aws_model_input(operation, payload) : NULL;
    const char *type = json_text(inner, "type");

    return type && (!strcmp(type, "blob") || !strcmp(type, "string"));
}

static bool same_body(const struct aws_operation *operation, const char *have, const char *want)
{
    enum aws_protocol protocol = operation->model->protocol;

    if (!*want || !*have || is_raw_payload(operation))
        return !strcmp(have, want);
    if (protocol == AWS_QUERY)
        return same_pairs(have, want);
    if (protocol == AWS_REST_XML)
        return same_xml_text(have, want);
    json_auto_t *a = json_loads(have, JSON_DECODE_ANY, NULL);
    json_auto_t *b = json_loads(want, JSON_DECODE_ANY, NULL);
    return same(a, b);
}

static const char *sent(const struct aws_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (!strcasecmp(message->headers[i].name, name))
            return message->headers[i].value;
    return NULL;
}

/* Appends to why what is wrong with the headers. */
static void check_headers(const struct aws_message *message, const json_t *want, struct str *why)
{
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach(json_object_get(want, "headers"), key, value) {
        const char *have = sent(message, key), *text = json_string_value(value);
        size_t n = strlen(text);

        if (!have || strncmp(have, text, n) != 0 ||
            (have[n] && strncmp(have + n, "; charset=utf-8", 15) != 0))
            str_addf(why, "header %s: have %s, want %s\n", key, have ? have : "(none)", text);
    }
    json_array_foreach(json_object_get(want, "forbidHeaders"), i, value)
        if (sent(message, json_string_value(value)))
            str_addf(why, "header %s must not be sent\n", json_string_value(value));
    json_array_foreach(json_object_get(want, "requireHeaders"), i, value)
        if (!sent(message, json_string_value(value)) &&
            strcasecmp(json_string_value(value), "Content-Length") != 0) /* libcurl's */
            str_addf(why, "header %s must be sent\n", json_string_value(value));
}

static void check_request(const struct aws_operation *operation, const struct aws_message *message,
                          const json_t *want, struct str *why)
{
    const char *uri = json_text(want, "uri"), *body = json_text(want, "body");
    size_t n = strcspn(uri, "?");

    mask_uuids(message->query, want);
    mask_uuids(message->body, want);
    for (size_t i = 0; i < message->header_count; i++)
        mask_uuids(message->headers[i].value, want);
    if (json_text(want, "method") && strcmp(message->method, json_text(want, "method")) != 0)
        str_addf(why, "method: have %s\n", message->method);
    if (strlen(message->path) != n || strncmp(message->path, uri, n) != 0 ||
        !same_pairs(message->query, uri[n] ? uri + n + 1 : ""))
        str_addf(why, "uri: have %s?%s, want %s\n", message->path, message->query, uri);
    if (body && !same_body(operation, message->body ? message->body : "", body))
        str_addf(why, "body: have %s\n  want %s\n", message->body, body);
    check_headers(message, want, why);
    if (json_object_get(operation->document, "endpoint"))
        str_add(why, "the host prefix is not made\n");
}

static void run_input(const struct aws_operation *operation, const json_t *c, struct str *why)
{
    struct aws_message message = {0};
    struct err e = {0};

    if (codec_encode(operation, json_object_get(c, "params"), &message, &e))
        str_addf(why, "%s\n", e.text);
    else
        check_request(operation, &message, json_object_get(c, "serialized"), why);
    aws_message_fini(&message);
}

static void check_outcome(const json_t *c, int failed, const json_t *result,
                          const struct aws_error *error, struct str *why)
{
    const char *code = json_text(c, "errorCode"), *message = json_text(c, "errorMessage");
    cleanup_free char *have = NULL, *want = NULL;

    if (code) {
        if (strcmp(error->code, code) != 0)
            str_addf(why, "code: have %s, want %s\n", error->code, code);
        if (message && strcmp(error->message, message) != 0)
            str_addf(why, "message: have %s, want %s\n", error->message, message);
        return;
    }
    if (failed) {
        str_addf(why, "%s: %s\n", error->code, error->message);
    } else if (!same(result, json_object_get(c, "result"))) {
        have = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS);
        want = json_dumps(json_object_get(c, "result"), JSON_COMPACT | JSON_SORT_KEYS);
        str_addf(why, "result: have %s\n  want %s\n", have, want);
    }
}

static void run_output(const struct aws_operation *operation, const json_t *c, struct str *why)
{
    const json_t *response = json_object_get(c, "response"), *body;
    struct aws_header headers[64];
    struct aws_raw_reply reply = {.headers = headers};
    struct aws_error error;
    json_t *result = NULL, *value;
    const char *key;
    int failed;

    json_object_foreach(json_object_get(response, "headers"), key, value) {
        headers[reply.header_count].name = (char *)key;
        headers[reply.header_count++].value = (char *)json_string_value(value);
    }
    body = json_object_get(response, "body");
    reply.status = (int)json_integer_value(json_object_get(response, "status_code"));
    reply.body = json_string_value(body);
    reply.body_length = json_string_length(body);
    failed = codec_decode(operation, &reply, &result, &error);
    check_outcome(c, failed, result, &error, why);
    json_decref(result);
}

/* A model of one operation: the suite's shapes and the case's "given". */
static struct aws_model *case_model(const json_t *suite, const json_t *given)
{
    json_auto_t *document = json_pack(
        "{s:O, s:{s:O}, s:O}", "metadata", json_object_get(suite, "metadata"), "operations",
        json_text(given, "name"), given, "shapes", json_object_get(suite, "shapes"));

    return aws_model_new("suite", document);
}

static void run_case(const char *file, const json_t *suite, const json_t *c, struct tally *tally)
{
    const json_t *given = json_object_get(c, "given");
    const char *id = json_text(c, "id"), *reason = skip_reason(file, id);
    struct aws_model *model = case_model(suite, given);
    struct aws_operation operation;
    cleanup_str struct str why = {0};

    CHECK(model && aws_model_operation(model, json_text(given, "name"), &operation));
    if (json_object_get(c, "serialized"))
        run_input(&operation, c, &why);
    else
        run_output(&operation, c, &why);
    aws_model_free(model);
    if (reason) {
        tally->skipped++;
        if (!why.len)
            fprintf(stderr, "%s: %s passes: take it off the list of skips\n", file, id);
        CHECK(why.len > 0);
        return;
    }
    tally->passed += !why.len;
    tally->failed += why.len > 0;
    if (why.len)
        fprintf(stderr, "%s: %s\n%s", file, id, str_text(&why));
    CHECK(!why.len);
}

static void run_file(const char *file, int want)
{
    cleanup_free char *path = mem_printf("tests/vectors/protocols/%s.json", file);
    json_auto_t *suites = json_load_file(path, JSON_ALLOW_NUL, NULL);
    struct tally tally = {0};
    json_t *suite, *c;
    size_t i, j;

    json_array_foreach(suites, i, suite)
        json_array_foreach(json_object_get(suite, "cases"), j, c)
            run_case(file, suite, c, &tally);
    printf("%-34s %3d passed, %d skipped, %d failed\n", file, tally.passed, tally.skipped,
           tally.failed);
    CHECK_INT(tally.passed + tally.skipped + tally.failed, want);
}

static void print_skips(void)
{
    for (const struct protocol_skip *skip = protocol_skips; skip->file; skip++)
        printf("skipped %s %s: %s\n", skip->file, skip->id, skip->reason);
}

int main(void)
{
    run_file("input/query", 38);
    run_file("input/json", 54);
    run_file("input/json_1_0", 21);
    run_file("input/json_1_0-query-compatible", 1);
    run_file("input/rest-json", 113);
    run_file("input/rest-xml", 94);
    run_file("output/query", 38);
    run_file("output/json", 58);
    run_file("output/json_1_0", 32);
    run_file("output/json_1_0-query-compatible", 2);
    run_file("output/rest-json", 91);
    run_file("output/rest-xml", 78);
    print_skips();
    return check_done();
}
