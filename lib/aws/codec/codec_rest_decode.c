/* codec_rest_decode.c -- replies of rest-json and rest-xml: status, headers, body. */
#include "aws/codec/codec_private.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

struct reading {
    const struct aws_operation *operation;
    const struct aws_raw_reply *reply;
    struct aws_error *error;
};

/* One item of a header list at *text, which moves behind it and its comma; quotes are taken off.
 * Dates hold a comma themselves: with_comma takes two parts. */
static void take_item(const char **text, bool with_comma, struct str *item)
{
    const char *p = *text + strspn(*text, " \t");

    if (*p == '"') {
        for (p++; *p && *p != '"'; p++) {
            if (*p == '\\' && p[1])
                p++;
            str_add_char(item, *p);
        }
        p += strcspn(p, ",");
    } else {
        size_t n = strcspn(p, ",");

        if (with_comma && p[n])
            n += 1 + strcspn(p + n + 1, ",");
        str_add_n(item, p, n);
        while (item->len && strchr(" \t", item->data[item->len - 1]))
            item->data[--item->len] = '\0';
        p += n;
    }
    *text = *p ? p + 1 : p;
}

static json_t *read_header_list(struct reading *r, struct shape shape, const char *text)
{
    struct shape inner = shape_inner(r->operation->model, shape, "member");
    const char *format = shape_trait_text(inner, "timestampFormat");
    bool dates = inner.type == SHAPE_TIMESTAMP && (!format || !strcasecmp(format, "rfc822"));
    json_t *list = json_array();

    while (*text) {
        cleanup_str struct str item = {0};

        take_item(&text, dates, &item);
        if (json_array_append_new(list, scalar_read(inner, str_text(&item), item.len)) == 0)
            continue;
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *read_header(struct reading *r, struct shape shape, const char *text)
{
    cleanup_free char *bytes = NULL;
    size_t length;

    if (shape.type == SHAPE_LIST)
        return read_header_list(r, shape, text);
    if (!shape_flag(shape, "jsonvalue"))
        return scalar_read(shape, text, strlen(text));
    bytes = str_from_base64(text, &length);
    return bytes ? json_stringn(bytes, length) : NULL;
}

static json_t *read_header_map(const struct reading *r, const char *prefix)
{
    json_t *map = json_object();
    size_t n = strlen(prefix);

    for (size_t i = 0; i < r->reply->header_count; i++) {
        const struct aws_header *header = &r->reply->headers[i];

        if (!strncasecmp(header->name, prefix, n)) /* fails, harmlessly, for what is no UTF-8 */
            (void)json_object_set_new(map, header->name + n, json_string(header->value));
    }
    return map;
}

static int read_outside_body(struct reading *r, struct shape output, json_t *result)
{
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(output), key, member) {
        const char *location = json_text(member, "location"), *text;
        json_t *read = NULL;

        if (shape_member_in_body(member))
            continue;
        if (!strcmp(location, "statusCode")) {
            read = json_integer(r->reply->status);
        } else if (!strcmp(location, "headers")) {
            read = read_header_map(r, shape_member_name(member, ""));
        } else {
            if (!aws_message_reply_has(r->reply, shape_member_name(member, key)))
                continue;
            text = aws_message_reply_header(r->reply, shape_member_name(member, key));
            read = text ? read_header(r, shape_of(r->operation->model, member), text) : NULL;
        }
        if (!read) {
            codec_error_refuse(r->error, "header %s is malformed", shape_member_name(member, key));
            return -1;
        }
        (void)json_object_set_new(result, key, read);
    }
    return 0;
}

static bool is_html(const struct xml_node *root)
{
    return !strcasecmp(root->name, "html");
}

/* S3 answers GetBucketLocation with the bare member for a root. */
static bool is_unwrapped(struct shape output, const struct xml_node *root)
{
    const char *key = json_object_iter_key(json_object_iter((json_t *)shape_members(output)));

    return json_object_size(shape_members(output)) == 1 && strcmp(root->name, key) == 0;
}

static json_t *read_unwrapped(const struct xml_node *root, struct aws_error *error)
{
    if (root->first)
        return codec_error_refuse(error, "XML: <%s> has the wrong type", root->name);
    return *xml_text(root) ? json_pack("{s:s}", root->name, xml_text(root)) : json_object();
}

static json_t *read_xml(struct reading *r, struct shape shape, bool whole)
{
    struct err e = {0};
    struct xml_node *root = xml_parse(r->reply->body, r->reply->body_length, &e);
    json_t *result = NULL;

    if (!root)
        return codec_error_refuse(r->error, "%s", e.text);
    if (codec_error_xml(root, r->error)) /* S3 may find out after it began with "200 OK" */
        r->error->status = 500;
    else if (is_html(root))
        codec_error_refuse(r->error, "the reply is an HTML page");
    else if (whole && is_unwrapped(shape, root))
        result = read_unwrapped(root, r->error);
    else
        result = codec_xml_read(r->operation->model, shape, root, r->error);
    xml_free(root);
    return result;
}

static json_t *read_json(struct reading *r, struct shape shape)
{
    json_auto_t *body = json_parse(r->reply->body, r->reply->body_length);

    return body ? codec_json_read(r->operation->model, shape, body, r->error)
                : codec_error_refuse(r->error, "the reply is no JSON");
}

static json_t *read_document(struct reading *r, struct shape shape, bool whole)
{
    return r->operation->model->protocol == AWS_REST_JSON ? read_json(r, shape)
                                                          : read_xml(r, shape, whole);
}

static int read_payload(struct reading *r, struct shape payload, const char *name, json_t *result)
{
    const struct aws_raw_reply *reply = r->reply;
    json_t *read;

    if (!reply->body_length)
        return 0;
    if (payload.type == SHAPE_BLOB) {
        read = json_stringn_nocheck(reply->body, reply->body_length);
    } else if (payload.type == SHAPE_STRING) {
        read = json_stringn(reply->body, reply->body_length);
        if (!read)
            codec_error_refuse(r->error, "the reply is no UTF-8");
    } else {
        read = read_document(r, payload, false);
    }
    if (read && !json_is_null(read))
        return json_object_set_new(result, name, read);
    json_decref(read);
    return read ? 0 : -1;
}

/* Whether a reply without a body cannot be one: nothing there is not the same as an empty list. */
static bool needs_body(struct shape output)
{
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(output), key, member)
        if (!json_object_get(member, "location"))
            return true;
    return false;
}

static int read_members(struct reading *r, struct shape output, json_t *result)
{
    json_auto_t *read = NULL;

    if (!needs_body(output) && !r->reply->body_length)
        return 0;
    read = read_document(r, output, true);
    return read ? json_object_update(result, read) : -1;
}

json_t *codec_rest_decode(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                          struct aws_error *error)
{
    struct reading r = {operation, reply, error};
    json_auto_t *result = json_object();
    const char *name;
    struct shape output, payload;
    int failed;

    if (!shape_side(operation, "output", &output))
        return json_share(result);
    if (read_outside_body(&r, output, result))
        return NULL;
    if (shape_payload(operation->model, output, &name, &payload))
        failed = read_payload(&r, payload, name, result);
    else
        failed = read_members(&r, output, result);
    return failed ? NULL : json_share(result);
}
