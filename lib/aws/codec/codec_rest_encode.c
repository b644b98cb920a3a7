/* codec_rest_encode.c -- requests of rest-json and rest-xml: path, query, headers, body. */
#include "aws/codec/codec_private.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

struct writing {
    const struct aws_operation *operation;
    const struct aws_model *model;
    struct shape input;
    bool has_input;
    const json_t *params;
    struct aws_message *out;
    struct err *e;
};

/* A parameter that is there and not null. */
static const json_t *given(const struct writing *w, const char *name)
{
    const json_t *value = json_object_get(w->params, name);

    return json_is_null(value) ? NULL : value;
}

static bool has_location(const json_t *member, const char *location)
{
    const char *have = json_text(member, "location");

    return have && !strcmp(have, location);
}

/* Appends the value of the label {name} (or {name+}, which keeps its slashes). */
static int add_label(struct writing *w, struct str *path, const char *name, size_t length)
{
    bool greedy = length && name[length - 1] == '+';
    cleanup_free char *label = mem_text_n(name, length - greedy);
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(w->input), key, member) {
        const json_t *value = given(w, key);
        cleanup_str struct str text = {0};

        if (!has_location(member, "uri") || strcmp(shape_member_name(member, key), label) != 0)
            continue;
        if (value)
            scalar_add(&text, shape_of(w->model, member), value, "iso8601");
        if (!text.len) /* "/{Bucket}/{Key}" without its key would mean another thing */
            return err_set(w->e, ERR_INVALID, "parameter %s must not be empty", key);
        str_add_escaped(path, text.data, text.len, greedy ? "/" : "");
        return 0;
    }
    return err_set(w->e, ERR_INVALID, "%s: the model has no member for {%s}", w->operation->name,
                   label);
}

static int write_path(struct writing *w, const char *uri, size_t length)
{
    cleanup_str struct str path = {0};

    for (const char *p = uri; p < uri + length;) {
        const char *end = *p == '{' ? memchr(p, '}', (size_t)(uri + length - p)) : NULL;

        if (!end) {
            str_add_char(&path, *p++);
            continue;
        }
        if (!w->has_input)
            return err_set(w->e, ERR_INVALID, "%s has labels but no input", w->operation->name);
        if (add_label(w, &path, p + 1, (size_t)(end - p - 1)))
            return -1;
        p = end + 1;
    }
    w->out->path = str_take(&path);
    return 0;
}

static void add_pair(struct str *query, const char *name, struct shape shape, const json_t *value)
{
    cleanup_str struct str text = {0};

    if (json_is_null(value))
        return;
    scalar_add(&text, shape, value, "iso8601");
    if (query->len)
        str_add_char(query, '&');
    str_add_escaped(query, name, strlen(name), "");
    str_add_char(query, '=');
    str_add_escaped(query, str_text(&text), text.len, "");
}

static void add_list_pairs(struct writing *w, struct str *query, const char *name,
                           struct shape shape, const json_t *value)
{
    struct shape inner = shape_inner(w->model, shape, "member");
    json_t *item;
    size_t i;

    json_array_foreach(value, i, item)
        add_pair(query, name, inner, item);
}

/* True when a member of its own already gives that parameter: it wins over an entry of a map. */
static bool is_named(const struct writing *w, const char *name)
{
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(w->input), key, member) {
        if (has_location(member, "querystring") && given(w, key) &&
            !strcmp(shape_member_name(member, key), name) &&
            shape_of(w->model, member).type != SHAPE_MAP)
            return true;
    }
    return false;
}

static void add_map_pairs(struct writing *w, struct str *query, struct shape shape,
                          const json_t *value)
{
    struct shape inner = shape_inner(w->model, shape, "value");
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)value, key, item) {
        if (is_named(w, key))
            continue;
        if (inner.type == SHAPE_LIST)
            add_list_pairs(w, query, key, inner, item);
        else
            add_pair(query, key, inner, item);
    }
}

static void write_query(struct writing *w, const char *literal)
{
    struct str query = {0};
    const char *key;
    json_t *member;

    str_add(&query, literal);
    json_object_foreach((json_t *)(w->has_input ? shape_members(w->input) : NULL), key, member) {
        const json_t *value = given(w, key);
        struct shape inner;

        if (!value || !has_location(member, "querystring"))
            continue;
        inner = shape_of(w->model, member);
        if (inner.type == SHAPE_MAP)
            add_map_pairs(w, &query, inner, value);
        else if (inner.type == SHAPE_LIST)
            add_list_pairs(w, &query, shape_name(inner, key), inner, value);
        else
            add_pair(&query, shape_name(inner, key), inner, value);
    }
    w->out->query = str_take(&query);
}

static void add_header_scalar(struct str *out, struct shape shape, const json_t *value)
{
    if (shape_flag(shape, "jsonvalue")) /* text that holds JSON */
        str_add_base64(out, json_string_value(value), json_string_length(value));
    else
        scalar_add(out, shape, value, "rfc822");
}

/* A list's items by commas; text with a comma or quote in it goes between quotes. */
static void add_header_list(struct writing *w, struct str *out, struct shape shape,
                            const json_t *value)
{
    struct shape inner = shape_inner(w->model, shape, "member");
    json_t *item;
    size_t i;

    json_array_foreach(value, i, item) {
        const char *text = inner.type == SHAPE_STRING ? json_string_value(item) : NULL;

        if (json_is_null(item))
            continue;
        str_add(out, out->len ? ", " : "");
        if (!text || !strpbrk(text, "\",")) {
            add_header_scalar(out, inner, item);
            continue;
        }
        str_add_char(out, '"');
        for (; *text; text++)
            str_addf(out, "%s%c", *text == '"' ? "\\" : "", *text);
        str_add_char(out, '"');
    }
}

/* Refuses what would end the header and begin another. */
static int add_header(struct writing *w, const char *name, const char *value, size_t length)
{
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == ':' || *p == 127)
            return err_set(w->e, ERR_INVALID, "header name \"%s\" is invalid", name);
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 127)
            return err_set(w->e, ERR_INVALID, "header %s holds a control character", name);
    aws_message_add_header(w->out, name, value);
    return 0;
}

static int write_header_map(struct writing *w, const json_t *value, const char *prefix)
{
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)value, key, item) {
        cleanup_free char *name = mem_printf("%s%s", prefix, key);

        if (json_is_null(item) || is_named(w, name))
            continue;
        if (!json_is_string(item))
            return err_set(w->e, ERR_INVALID, "header %s must be text", name);
        if (add_header(w, name, json_string_value(item), json_string_length(item)))
            return -1;
    }
    return 0;
}

static int write_headers(struct writing *w)
{
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(w->input), key, member) {
        const json_t *value = given(w, key);
        cleanup_str struct str text = {0};
        struct shape inner;

        if (value && has_location(member, "headers") &&
            write_header_map(w, value, shape_member_name(member, "")))
            return -1;
        if (!value || !has_location(member, "header"))
            continue;
        inner = shape_of(w->model, member);
        if (inner.type == SHAPE_LIST)
            add_header_list(w, &text, inner, value);
        else
            add_header_scalar(&text, inner, value);
        if (add_header(w, shape_name(inner, key), str_text(&text), text.len))
            return -1;
    }
    return 0;
}

static void set_body(struct writing *w, char *body, size_t length, const char *content_type)
{
    w->out->body = body;
    w->out->body_length = length;
    for (size_t i = 0; i < w->out->header_count; i++)
        if (!strcasecmp(w->out->headers[i].name, "Content-Type"))
            return;
    aws_message_add_header(w->out, "Content-Type", content_type);
}

static void set_json_body(struct writing *w, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    json_decref(value);
    if (text)
        set_body(w, text, strlen(text), "application/json");
}

static void set_xml_body(struct writing *w, struct shape shape, const json_t *value,
                         const char *root)
{
    struct str text = {0};
    size_t length;

    codec_xml_write(w->model, shape, value, root, &text);
    length = text.len;
    set_body(w, str_take(&text), length, "application/xml");
}

static void write_payload(struct writing *w, struct shape payload, const json_t *value)
{
    bool json = w->model->protocol == AWS_REST_JSON;

    if (payload.type == SHAPE_BLOB || payload.type == SHAPE_STRING) {
        if (value)
            set_body(w, mem_text_n(json_string_value(value), json_string_length(value)),
                     json_string_length(value),
                     payload.type == SHAPE_BLOB ? "application/octet-stream" : "text/plain");
    } else if (value && json) {
        set_json_body(w, codec_json_write(w->model, payload, value));
    } else if (value) {
        set_xml_body(w, payload, value, shape_name(payload, shape_root(payload)));
    } else if (json && payload.type == SHAPE_STRUCTURE && !shape_flag(payload, "union")) {
        set_json_body(w, json_object());
    }
}

/* The parameters that go nowhere else, with the shape of the input less those that do. */
static void write_members(struct writing *w)
{
    json_auto_t *members = json_object(), *params = json_object();
    json_auto_t *body = json_copy((json_t *)w->input.body);
    const char *own = json_text(w->input.body, "locationName");
    struct shape rest = w->input;
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(w->input), key, member) {
        if (json_object_get(member, "location"))
            continue;
        (void)json_object_set(members, key, member);
        if (given(w, key))
            (void)json_object_set(params, key, (json_t *)given(w, key));
    }
    (void)json_object_set(body, "members", members);
    rest.body = body;
    if (!json_object_size(members))
        return;
    if (w->model->protocol == AWS_REST_JSON)
        set_json_body(w, codec_json_write(w->model, rest, params));
    else if (json_object_size(params))
        set_xml_body(w, rest, params, own ? own : shape_name(w->input, shape_root(w->input)));
}

int codec_rest_encode(const struct aws_operation *operation, const json_t *params,
                      struct aws_message *out, struct err *e)
{
    struct writing w = {.operation = operation, .model = operation->model, .params = params};
    const char *uri = json_text(json_object_get(operation->document, "http"), "requestUri");
    size_t length;
    const char *name;
    struct shape payload;

    w.out = out;
    w.e = e;
    w.has_input = shape_side(operation, "input", &w.input);
    uri = uri ? uri : "/";
    length = strcspn(uri, "?");
    if (write_path(&w, uri, length))
        return -1;
    write_query(&w, uri[length] ? uri + length + 1 : "");
    if (!w.has_input)
        return 0;
    if (write_headers(&w))
        return -1;
    if (shape_payload(w.model, w.input, &name, &payload))
        write_payload(&w, payload, given(&w, name));
    else
        write_members(&w);
    return 0;
}
