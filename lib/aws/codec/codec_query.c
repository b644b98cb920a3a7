/* codec_query.c -- the query protocol: form in, XML out (iam, sts). */
#include "aws/codec/codec_private.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

struct writing {
    const struct aws_model *model;
    struct str *out;
};

static void write_value(struct writing *w, struct shape shape, const json_t *value,
                        const char *prefix);

static void add_pair(struct writing *w, const char *name, const char *value, size_t length)
{
    if (w->out->len)
        str_add_char(w->out, '&');
    str_add_escaped(w->out, name, strlen(name), "");
    str_add_char(w->out, '=');
    str_add_escaped(w->out, value, length, "");
}

static void write_structure(struct writing *w, struct shape shape, const json_t *value,
                            const char *prefix)
{
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(shape), key, member) {
        const json_t *item = json_object_get(value, key);
        cleanup_free char *name = NULL;

        if (!item || json_is_null(item))
            continue;
        name = mem_printf("%s%s%s", prefix, *prefix ? "." : "", shape_member_name(member, key));
        write_value(w, shape_of(w->model, member), item, name);
    }
}

static void write_list(struct writing *w, struct shape shape, const json_t *value,
                       const char *prefix)
{
    struct shape inner = shape_inner(w->model, shape, "member");
    cleanup_free char *start = NULL;
    json_t *item;
    size_t i;

    if (!json_array_size(value)) { /* query says an empty list, unlike no list */
        add_pair(w, prefix, "", 0);
        return;
    }
    start = shape_flag(shape, "flattened")
                ? mem_text(prefix)
                : mem_printf("%s.%s", prefix, shape_name(inner, "member"));
    json_array_foreach(value, i, item) {
        cleanup_free char *name = mem_printf("%s.%zu", start, i + 1);

        write_value(w, inner, item, name);
    }
}

static void write_map(struct writing *w, struct shape shape, const json_t *value,
                      const char *prefix)
{
    struct shape key_shape = shape_inner(w->model, shape, "key");
    struct shape inner = shape_inner(w->model, shape, "value");
    const char *middle = shape_flag(shape, "flattened") ? "" : ".entry", *key;
    json_t *item;
    size_t i = 0;

    json_object_foreach((json_t *)value, key, item) {
        cleanup_free char *name =
            mem_printf("%s%s.%zu.%s", prefix, middle, ++i, shape_name(key_shape, "key"));
        cleanup_free char *start =
            mem_printf("%s%s.%zu.%s", prefix, middle, i, shape_name(inner, "value"));

        add_pair(w, name, key, strlen(key));
        write_value(w, inner, item, start);
    }
}

static void write_value(struct writing *w, struct shape shape, const json_t *value,
                        const char *prefix)
{
    cleanup_str struct str text = {0};

    switch (shape.type) {
    case SHAPE_STRUCTURE:
        write_structure(w, shape, value, prefix);
        break;
    case SHAPE_LIST:
        write_list(w, shape, value, prefix);
        break;
    case SHAPE_MAP:
        write_map(w, shape, value, prefix);
        break;
    default:
        scalar_add(&text, shape, value, "iso8601");
        add_pair(w, prefix, str_text(&text), text.len);
    }
}

int codec_query_encode(const struct aws_operation *operation, const json_t *params,
                       struct aws_message *out)
{
    struct str body = {0};
    struct writing w = {operation->model, &body};
    struct shape input;

    out->path = mem_text("/");
    aws_message_add_header(out, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    add_pair(&w, "Action", operation->name, strlen(operation->name));
    add_pair(&w, "Version", operation->model->api_version, strlen(operation->model->api_version));
    if (shape_side(operation, "input", &input))
        write_structure(&w, input, params, "");
    out->body_length = body.len;
    out->body = str_take(&body);
    return 0;
}

/* The element that holds the members of the output; NULL and *error when it is not there. */
static const struct xml_node *find_result(const struct aws_operation *operation,
                                          struct shape output, const struct xml_node *root,
                                          struct aws_error *error)
{
    const char *wrapper = shape_trait_text(output, "resultWrapper");
    cleanup_free char *usual = mem_printf("%sResult", operation->name);
    const char *name = wrapper ? wrapper : usual;
    const struct xml_node *node = xml_child(root, name);

    if (xml_next(node, name))
        return codec_error_refuse(error, "XML: <%s> comes twice", name), NULL;
    if (!node && wrapper)
        codec_error_refuse(error, "the reply has no <%s>", wrapper);
    return node || wrapper ? node : root;
}

json_t *codec_query_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                           struct aws_error *error)
{
    struct err e = {0};
    struct xml_node *root;
    const struct xml_node *node;
    struct shape output;
    bool has_output = shape_side(operation, "output", &output);
    json_t *result = NULL;

    if (!reply->body_length && !(has_output && json_object_size(shape_members(output))))
        return json_object();
    root = xml_parse(reply->body, reply->body_length, &e);
    if (!root)
        return codec_error_refuse(error, "%s", e.text);
    if (codec_error_xml(root, error)) {
        error->status = 500; /* says success, is none */
        xml_free(root);
        return NULL;
    }
    if (strncmp(root->name, operation->name, strlen(operation->name)) != 0) {
        codec_error_refuse(error, "the reply is <%s>, not one to %s", root->name, operation->name);
    } else if (!has_output) {
        result = json_object();
    } else {
        node = find_result(operation, output, root, error);
        result = node ? codec_xml_read(operation->model, output, node, error) : NULL;
    }
    xml_free(root);
    return result;
}
