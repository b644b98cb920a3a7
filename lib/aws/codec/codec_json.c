/* codec_json.c -- AWS JSON 1.0 and 1.1, and the JSON bodies of rest-json. */
#include "aws/codec/codec_private.h"

#include "base/json.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

static json_t *write_structure(const struct aws_model *model, struct shape shape,
                               const json_t *value)
{
    json_t *result = json_object();
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(shape), key, member) {
        const json_t *item = json_object_get(value, key);

        if (item && !json_is_null(item))
            (void)json_object_set_new(result, shape_member_name(member, key),
                                      codec_json_write(model, shape_of(model, member), item));
    }
    return result;
}

static json_t *write_list(const struct aws_model *model, struct shape shape, const json_t *value)
{
    struct shape inner = shape_inner(model, shape, "member");
    json_t *result = json_array(), *item;
    size_t i;

    json_array_foreach(value, i, item)
        (void)json_array_append_new(result, codec_json_write(model, inner, item));
    return result;
}

static json_t *write_map(const struct aws_model *model, struct shape shape, const json_t *value)
{
    struct shape inner = shape_inner(model, shape, "value");
    json_t *result = json_object(), *item;
    const char *key;

    json_object_foreach((json_t *)value, key, item)
        (void)json_object_set_new(result, key, codec_json_write(model, inner, item));
    return result;
}

json_t *codec_json_write(const struct aws_model *model, struct shape shape, const json_t *value)
{
    const char *format = shape_trait_text(shape, "timestampFormat");
    cleanup_str struct str text = {0};

    if (json_is_null(value))
        return json_null();
    switch (shape.type) {
    case SHAPE_STRUCTURE:
        return write_structure(model, shape, value);
    case SHAPE_LIST:
        return write_list(model, shape, value);
    case SHAPE_MAP:
        return write_map(model, shape, value);
    case SHAPE_TIMESTAMP:
        return scalar_time_json(value, format ? format : "unixTimestamp");
    case SHAPE_BLOB:
        scalar_add(&text, shape, value, "");
        return json_string(str_text(&text));
    default:
        return json_share(value);
    }
}

static json_t *read_structure(const struct aws_model *model, struct shape shape,
                              const json_t *value, struct aws_error *error)
{
    json_t *result;
    const char *key;
    json_t *member;

    if (!json_is_object(value))
        return codec_error_refuse(error, "JSON: an object was expected");
    result = json_object();
    json_object_foreach((json_t *)shape_members(shape), key, member) {
        const json_t *item = json_object_get(value, shape_member_name(member, key));
        json_t *read;

        if (!item || json_is_null(item) || !shape_member_in_body(member))
            continue;
        read = codec_json_read(model, shape_of(model, member), item, error);
        if (!read) {
            json_decref(result);
            return codec_error_refuse(error, "JSON: member %s is malformed", key);
        }
        (void)json_object_set_new(result, key, read);
    }
    return result;
}

static json_t *read_list(const struct aws_model *model, struct shape shape, const json_t *value,
                         struct aws_error *error)
{
    struct shape inner = shape_inner(model, shape, "member");
    json_t *result, *item;
    size_t i;

    if (!json_is_array(value))
        return codec_error_refuse(error, "JSON: a list was expected");
    result = json_array();
    json_array_foreach(value, i, item) {
        if (json_array_append_new(result, codec_json_read(model, inner, item, error)) == 0)
            continue;
        json_decref(result);
        return NULL;
    }
    return result;
}

static json_t *read_map(const struct aws_model *model, struct shape shape, const json_t *value,
                        struct aws_error *error)
{
    struct shape inner = shape_inner(model, shape, "value");
    json_t *result, *item;
    const char *key;

    if (!json_is_object(value))
        return codec_error_refuse(error, "JSON: an object was expected");
    result = json_object();
    json_object_foreach((json_t *)value, key, item) {
        if (json_object_set_new(result, key, codec_json_read(model, inner, item, error)) == 0)
            continue;
        json_decref(result);
        return NULL;
    }
    return result;
}

static json_t *read_number(struct shape shape, const json_t *value)
{
    double number = json_number_value(value);

    switch (shape.type) {
    case SHAPE_INTEGER:
        if (json_is_real(value) && number == floor(number) && fabs(number) < 9e15)
            return json_integer((json_int_t)number);
        return json_is_integer(value) ? json_share(value) : NULL;
    case SHAPE_TIMESTAMP:
        if (json_is_string(value))
            return scalar_time_read(json_string_value(value));
        return json_is_number(value) ? scalar_time(number) : NULL;
    default:
        if (json_is_string(value))
            return scalar_read(shape, json_string_value(value), json_string_length(value));
        return json_is_number(value) ? json_share(value) : NULL;
    }
}

static json_t *read_text(struct shape shape, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);

    if (!text)
        return NULL;
    if (shape.type == SHAPE_STRING)
        return json_share(value);
    return scalar_read(shape, text, length);
}

json_t *codec_json_read(const struct aws_model *model, struct shape shape, const json_t *value,
                        struct aws_error *error)
{
    json_t *read = NULL;

    if (json_is_null(value))
        return json_null();
    switch (shape.type) {
    case SHAPE_STRUCTURE:
        return read_structure(model, shape, value, error);
    case SHAPE_LIST:
        return read_list(model, shape, value, error);
    case SHAPE_MAP:
        return read_map(model, shape, value, error);
    case SHAPE_INTEGER:
    case SHAPE_FLOAT:
    case SHAPE_TIMESTAMP:
        read = read_number(shape, value);
        break;
    case SHAPE_BOOLEAN:
        read = json_is_boolean(value) ? json_share(value) : NULL;
        break;
    case SHAPE_DOCUMENT:
        read = json_share(value);
        break;
    case SHAPE_STRING:
    case SHAPE_BLOB:
        read = read_text(shape, value);
    }
    return read ? read : codec_error_refuse(error, "JSON: a value has the wrong type");
}

int codec_json_encode(const struct aws_operation *operation, const json_t *params,
                      struct aws_message *out)
{
    const struct aws_model *model = operation->model;
    cleanup_free char *target = mem_printf("%s.%s", model->target, operation->name);
    cleanup_free char *type = mem_printf("application/x-amz-json-%s", model->json_version);
    json_auto_t *body = NULL;
    struct shape input;

    out->path = mem_text("/");
    aws_message_add_header(out, "X-Amz-Target", target);
    aws_message_add_header(out, "Content-Type", type);
    if (model->query_compatible)
        aws_message_add_header(out, "x-amzn-query-mode", "true");
    body = shape_side(operation, "input", &input) ? codec_json_write(model, input, params)
                                                  : json_object();
    out->body = json_dumps(body, JSON_COMPACT);
    if (!out->body)
        return -1;
    out->body_length = strlen(out->body);
    return 0;
}

json_t *codec_json_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                          struct aws_error *error)
{
    json_auto_t *body = NULL;
    struct shape output;
    bool has_output = shape_side(operation, "output", &output);

    if (!reply->body_length && !(has_output && json_object_size(shape_members(output))))
        return json_object();
    body = json_parse(reply->body, reply->body_length);
    if (!json_is_object(body))
        return codec_error_refuse(error, "the reply is no JSON object");
    return has_output ? codec_json_read(operation->model, output, body, error) : json_object();
}
