/* codec.c -- the way in: checks parameters, picks the protocol, adds what all of them share. */
#include "aws/codec/codec_private.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

static json_t *new_token(void)
{
    char text[37];

    random_uuid(text);
    return json_string(text);
}

/* The parameters with fresh idempotency tokens where they have none; new reference. */
static json_t *with_tokens(const struct aws_operation *operation, const json_t *params)
{
    json_t *copy = params ? json_copy((json_t *)params) : json_object();
    struct shape input;
    const char *key;
    json_t *member;

    if (!json_is_object(copy) || !shape_side(operation, "input", &input))
        return copy;
    json_object_foreach((json_t *)shape_members(input), key, member) {
        const json_t *have = json_object_get(copy, key);

        if ((!have || json_is_null(have)) &&
            json_is_true(json_object_get(member, "idempotencyToken")))
            (void)json_object_set_new(copy, key, new_token());
    }
    return copy;
}

static void add_digest(struct aws_message *out, const char *header, const EVP_MD *algorithm)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    cleanup_str struct str text = {0};
    unsigned length = 0;

    if (!EVP_Digest(out->body ? out->body : "", out->body_length, digest, &length, algorithm, NULL))
        abort();
    str_add_base64(&text, digest, length);
    aws_message_add_header(out, header, str_text(&text));
}

static const char *sent_header(const struct aws_message *message, const char *prefix)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (!strncasecmp(message->headers[i].name, prefix, strlen(prefix)))
            return message->headers[i].value;
    return NULL;
}

/* S3 wants proof that a configuration arrived whole; it takes SHA-256, others know only MD5. */
static void add_checksum(const struct aws_operation *operation, struct aws_message *out)
{
    const json_t *traits = json_object_get(operation->document, "httpChecksum");
    const char *algorithm = sent_header(out, "x-amz-sdk-checksum-algorithm");

    if (sent_header(out, "x-amz-checksum-") || sent_header(out, "Content-MD5") ||
        (algorithm && strcmp(algorithm, "SHA256") != 0))
        return; /* the caller brought one */
    if (algorithm || json_is_true(json_object_get(traits, "requestChecksumRequired"))) {
        if (!algorithm)
            aws_message_add_header(out, "x-amz-sdk-checksum-algorithm", "SHA256");
        add_digest(out, "x-amz-checksum-sha256", EVP_sha256());
    } else if (json_is_true(json_object_get(operation->document, "httpChecksumRequired"))) {
        add_digest(out, "Content-MD5", EVP_md5());
    }
}

static int encode(const struct aws_operation *operation, const json_t *params,
                  struct aws_message *out, struct err *e)
{
    switch (operation->model->protocol) {
    case AWS_QUERY:
        return codec_query_encode(operation, params, out);
    case AWS_JSON:
        if (codec_json_encode(operation, params, out) == 0)
            return 0;
        return err_set(e, ERR_INVALID, "%s: parameters are no UTF-8", operation->name);
    default:
        return codec_rest_encode(operation, params, out, e);
    }
}

int codec_encode(const struct aws_operation *operation, const json_t *params,
                 struct aws_message *out, struct err *e)
{
    json_auto_t *filled = with_tokens(operation, params);
    const char *method = json_text(json_object_get(operation->document, "http"), "method");
    struct shape input;

    if (shape_side(operation, "input", &input)) {
        if (codec_check(operation->model, input, filled, e))
            return err_wrap(e, "%s", operation->name);
    } else if (!json_is_object(filled) || json_object_size(filled)) {
        return err_set(e, ERR_INVALID, "%s takes no parameters", operation->name);
    }
    out->method = method ? method : "POST";
    if (encode(operation, filled, out, e)) {
        aws_message_fini(out);
        return -1;
    }
    if (!out->query)
        out->query = mem_text("");
    add_checksum(operation, out);
    return 0;
}

/* The result itself, with its body as a member, and what headers give it. */
static size_t head_memory(const struct aws_raw_reply *reply)
{
    enum { RESULT = 1024, MEMBER = 256 };
    size_t bytes = RESULT;

    for (size_t i = 0; i < reply->header_count; i++)
        bytes += MEMBER + 2 * strlen(reply->headers[i].value);
    return bytes;
}

/* The document, and what the model knows of it, which shares the document's texts if it is JSON. */
static size_t body_memory(const struct aws_operation *operation, const struct aws_raw_reply *reply)
{
    bool plain = reply->status >= 200 && reply->status <= 299;
    struct shape output, payload;
    const char *name;

    if (plain && shape_side(operation, "output", &output) &&
        shape_payload(operation->model, output, &name, &payload) &&
        (payload.type == SHAPE_BLOB || payload.type == SHAPE_STRING))
        return reply->body_length;
    if (operation->model->protocol == AWS_JSON || operation->model->protocol == AWS_REST_JSON)
        return 2 * json_memory(reply->body, reply->body_length);
    return 3 * xml_memory(reply->body, reply->body_length);
}

size_t codec_memory(const struct aws_operation *operation, const struct aws_raw_reply *reply)
{
    return head_memory(reply) + body_memory(operation, reply);
}

int codec_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                 json_t **result, struct aws_error *error)
{
    *result = NULL;
    *error = (struct aws_error){.operation = operation->name, .status = reply->status};
    codec_error_request_id(reply, error);
    if (reply->status < 200 || reply->status > 299) {
        codec_error_read(operation, reply, error);
        return -1;
    }
    switch (operation->model->protocol) {
    case AWS_QUERY:
        *result = codec_query_decode(operation, reply, error);
        break;
    case AWS_JSON:
        *result = codec_json_decode(operation, reply, error);
        break;
    default:
        *result = codec_rest_decode(operation, reply, error);
    }
    if (*result)
        return 0;
    codec_error_refuse(error, "the reply to %s does not fit AWS's model", operation->name);
    return -1;
}
