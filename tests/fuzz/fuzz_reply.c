/* What comes back from AWS, for every operation there is a model of: it is decoded within the
 * memory that was worked out for it, alike each time, and it is a result or an error that says what
 * to do.
 *
 * The input: service, operation, status (2 bytes), then texts with a NUL behind each: content type,
 * x-amzn-errortype, the call's parameters as JSON; the rest is the body. */
#include "fuzz.h"

#include "aws/codec/model_embed.h"
#include "aws/page_tokens.h"
#include "aws/reply/reply_check.h"
#include "aws/reply/reply_limit.h"
#include "aws/reply/reply_page.h"
#include "aws/retry.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

static struct aws_operation choose(struct fuzz_input *input)
{
    size_t services = 0, at = 0, wanted;
    const struct aws_model *model;
    struct aws_operation operation;
    json_auto_t *whole = NULL;
    const char *name;
    json_t *document, *operations;

    while (model_embed_files[services].name)
        services++;
    model = aws_model(model_embed_files[fuzz_byte(input) % services].name);
    whole = aws_model_document(model->name);
    operations = json_object_get(whole, "operations");
    wanted = fuzz_byte(input) % json_object_size(operations);
    json_object_foreach(operations, name, document) {
        if (at++ == wanted)
            break;
    }
    must(aws_model_operation(model, name, &operation));
    return operation;
}

static void check_error(const struct aws_operation *operation, const struct aws_error *error)
{
    cleanup_free char *text = aws_error_text(error);
    const char *service = operation->model->name;

    must(*error->code && strnlen(error->code, sizeof error->code) < sizeof error->code);
    must(strnlen(error->message, sizeof error->message) < sizeof error->message);
    must(str_is_utf8(text, strlen(text)));
    must(retry_kind(service, error->status, error->code) != ERR_NONE);
    (void)retry_classify(service, error->status, error->code);
}

/* A result that is said to go on says behind what. */
static void check_pages(const struct aws_operation *operation, const json_t *result)
{
    const struct reply_page_rule *rule = reply_page_find(operation->model->name, operation->name);
    struct page_tokens tokens = {0};
    struct page_tokens_page page = {operation->model->name, operation->name, result, "token"};
    struct err e = {0};

    if (!rule)
        return;
    (void)reply_page_has_more(rule, result);
    (void)reply_page_first(rule, result);
    must(!page_tokens_add(&tokens, &page, &e));
    must(page_tokens_add(&tokens, &page, &e) == -1); /* the same token once more */
    fuzz_error(&e);
    page_tokens_fini(&tokens);
}

static void check_decoded(const struct aws_operation *operation, const struct aws_raw_reply *raw)
{
    json_auto_t *first = NULL, *second = NULL;
    struct aws_error error;
    int code = codec_decode(operation, raw, &first, &error);
    size_t before, taken;

    must((code == 0) == (first != NULL) && (!first || json_is_object(first)));
    if (code)
        check_error(operation, &error);
    before = fuzz_allocated(); /* shapes of the model that are kept are read by now */
    must(codec_decode(operation, raw, &second, &error) == code);
    taken = fuzz_allocated() - before;
    must(code || taken <= codec_memory(operation, raw));
    must(!first == !second && (!first || json_equal(first, second)));
}

static void check_reply(const struct aws_operation *operation, const struct reply_asked *asked,
                        const struct aws_raw_reply *raw)
{
    json_auto_t *result = NULL;
    struct aws_error error = {.operation = operation->name};
    int code;

    (void)codec_decode(operation, raw, &result, &error);
    code = reply_check(operation, asked, raw, &result, &error);
    must((code == 0) == (result != NULL));
    if (code)
        check_error(operation, &error);
    else
        check_pages(operation, result);
}

FUZZ_TARGET(reply)
{
    struct fuzz_input input = {data, size};
    struct aws_operation operation = choose(&input);
    unsigned high = fuzz_byte(&input), low = fuzz_byte(&input);
    cleanup_free char *type = fuzz_text(&input), *error = fuzz_text(&input);
    cleanup_free char *asked_text = fuzz_text(&input), *body = NULL;
    struct aws_header headers[] = {{"Content-Type", type}, {"x-amzn-errortype", error}};
    json_auto_t *params = json_parse(asked_text, strlen(asked_text));
    struct aws_raw_reply raw = {
        .status = (int)(high << 8 | low), .headers = headers, .header_count = *error ? 2 : 1};
    struct reply_asked asked = {json_is_object(params) ? params : NULL, "123456789012"};

    body = fuzz_rest(&input, &raw.body_length);
    raw.body = body;
    must(reply_limit_bytes(&operation, asked.params) <= REPLY_LIMIT_MOST);
    check_decoded(&operation, &raw);
    check_reply(&operation, &asked, &raw);
}
