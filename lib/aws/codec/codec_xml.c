/* codec_xml.c -- values to XML and back, for rest-xml and the replies of query. */
#include "aws/codec/codec_private.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static void write_value(const struct aws_model *model, struct shape shape, const json_t *value,
                        const char *name, struct str *out);

static void add_escaped(struct str *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '&':
            str_add(out, "&amp;");
            break;
        case '<':
            str_add(out, "&lt;");
            break;
        case '>':
            str_add(out, "&gt;");
            break;
        case '"':
            str_add(out, "&quot;");
            break;
        case '\r': /* else a parser takes it for a line end */
            str_add(out, "&#xD;");
            break;
        default:
            str_add_char(out, text[i]);
        }
    }
}

/* "<name xmlns=...", still open. */
static void open_tag(struct str *out, struct shape shape, const char *name)
{
    const json_t *namespace = shape_trait(shape, "xmlNamespace");
    const char *uri =
        json_is_string(namespace) ? json_string_value(namespace) : json_text(namespace, "uri");
    const char *prefix = json_text(namespace, "prefix");

    str_addf(out, "<%s", name);
    if (!uri)
        return;
    str_addf(out, " xmlns%s%s=\"", prefix ? ":" : "", prefix ? prefix : "");
    add_escaped(out, uri, strlen(uri));
    str_add_char(out, '"');
}

static bool is_attribute(const json_t *member)
{
    return json_is_true(json_object_get(member, "xmlAttribute"));
}

static void write_attributes(const struct aws_model *model, struct shape shape, const json_t *value,
                             struct str *out)
{
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)shape_members(shape), key, member) {
        const json_t *item = json_object_get(value, key);
        cleanup_str struct str text = {0};

        if (!item || json_is_null(item) || !is_attribute(member))
            continue;
        scalar_add(&text, shape_of(model, member), item, "iso8601");
        str_addf(out, " %s=\"", shape_member_name(member, key));
        add_escaped(out, str_text(&text), text.len);
        str_add_char(out, '"');
    }
}

static void write_structure(const struct aws_model *model, struct shape shape, const json_t *value,
                            const char *name, struct str *out)
{
    const char *key;
    json_t *member;

    open_tag(out, shape, name);
    write_attributes(model, shape, value, out);
    str_add_char(out, '>');
    json_object_foreach((json_t *)shape_members(shape), key, member) {
        const json_t *item = json_object_get(value, key);

        if (item && !json_is_null(item) && !is_attribute(member))
            write_value(model, shape_of(model, member), item, shape_member_name(member, key), out);
    }
    str_addf(out, "</%s>", name);
}

static void write_list(const struct aws_model *model, struct shape shape, const json_t *value,
                       const char *name, struct str *out)
{
    struct shape inner = shape_inner(model, shape, "member");
    bool flat = shape_flag(shape, "flattened");
    const char *item_name = flat ? name : shape_name(inner, "member");
    json_t *item;
    size_t i;

    if (!flat) {
        open_tag(out, shape, name);
        str_add_char(out, '>');
    }
    json_array_foreach(value, i, item)
        if (!json_is_null(item))
            write_value(model, inner, item, item_name, out);
    if (!flat)
        str_addf(out, "</%s>", name);
}

static void write_map(const struct aws_model *model, struct shape shape, const json_t *value,
                      const char *name, struct str *out)
{
    struct shape key_shape = shape_inner(model, shape, "key");
    struct shape inner = shape_inner(model, shape, "value");
    bool flat = shape_flag(shape, "flattened");
    const char *entry = flat ? name : "entry", *key;
    json_t *item;

    if (!flat) {
        open_tag(out, shape, name);
        str_add_char(out, '>');
    }
    json_object_foreach((json_t *)value, key, item) {
        json_auto_t *text = json_string(key);

        str_addf(out, "<%s>", entry);
        write_value(model, key_shape, text, shape_name(key_shape, "key"), out);
        if (!json_is_null(item))
            write_value(model, inner, item, shape_name(inner, "value"), out);
        str_addf(out, "</%s>", entry);
    }
    if (!flat)
        str_addf(out, "</%s>", name);
}

static void write_value(const struct aws_model *model, struct shape shape, const json_t *value,
                        const char *name, struct str *out)
{
    cleanup_str struct str text = {0};

    switch (shape.type) {
    case SHAPE_STRUCTURE:
        write_structure(model, shape, value, name, out);
        break;
    case SHAPE_LIST:
        write_list(model, shape, value, name, out);
        break;
    case SHAPE_MAP:
        write_map(model, shape, value, name, out);
        break;
    default:
        scalar_add(&text, shape, value, "iso8601");
        open_tag(out, shape, name);
        str_add_char(out, '>');
        add_escaped(out, str_text(&text), text.len);
        str_addf(out, "</%s>", name);
    }
}

void codec_xml_write(const struct aws_model *model, struct shape shape, const json_t *value,
                     const char *root, struct str *out)
{
    json_auto_t *reference = NULL;

    if (model->xml_namespace && !shape_trait(shape, "xmlNamespace")) {
        reference = json_copy((json_t *)shape.reference);
        (void)json_object_set_new(reference, "xmlNamespace", json_string(model->xml_namespace));
        shape.reference = reference;
    }
    write_value(model, shape, value, root, out);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

/* What a structure's elements are looked up by, worked out once for all items of a list. */
struct member {
    const char *key, *name;
    const char *item; /* of a flattened list, which has no element of its own: some models name its
                         items as the member, some as the list's item; else NULL */
    struct shape shape;
    bool attribute;
};

struct members {
    struct member *items;
    size_t count;
};

static struct members members_of(const struct aws_model *model, struct shape shape)
{
    struct members members = {0};
    json_t *reference;
    const char *key;

    members.items = mem_new((json_object_size(shape_members(shape)) + 1) * sizeof *members.items);
    json_object_foreach((json_t *)shape_members(shape), key, reference) {
        struct member *member = &members.items[members.count];
        struct shape inner;

        if (!shape_member_in_body(reference))
            continue;
        inner = shape_of(model, reference);
        *member = (struct member){.key = key,
                                  .name = shape_name(inner, key),
                                  .shape = inner,
                                  .attribute = is_attribute(reference)};
        if (inner.type == SHAPE_LIST && shape_flag(inner, "flattened"))
            member->item = shape_name(shape_inner(model, inner, "member"), member->name);
        members.count++;
    }
    return members;
}

/* Whether what may come once comes again, under its name or a list's items under both of theirs. */
static bool comes_twice(const struct member *member, const struct xml_node *node,
                        const struct xml_node *child)
{
    if (!shape_flag(member->shape, "flattened"))
        return xml_next(child, member->name) != NULL;
    return member->item && strcmp(member->item, member->name) != 0 &&
           xml_child(node, member->name) && xml_child(node, member->item);
}

/* NULL where there is none. */
static const struct xml_node *child_of(const struct member *member, const struct xml_node *node)
{
    const struct xml_node *child = member->attribute ? NULL : xml_child(node, member->name);

    return child || !member->item ? child : xml_child(node, member->item);
}

static json_t *read_structure(const struct aws_model *model, const struct members *members,
                              const struct xml_node *node, struct aws_error *error)
{
    json_t *result = json_object();

    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->items[i];
        const char *text = member->attribute ? xml_attribute(node, local_name(member->name)) : NULL;
        const struct xml_node *child = child_of(member, node);
        json_t *read;

        if (!text && !child)
            continue;
        if (child && comes_twice(member, node, child)) {
            json_decref(result);
            return codec_error_refuse(error, "XML: <%s> comes twice", member->name);
        }
        read = text ? scalar_read(member->shape, text, strlen(text))
                    : codec_xml_read(model, member->shape, child, error);
        if (json_object_set_new(result, member->key, read) != 0) {
            json_decref(result);
            return codec_error_refuse(error, "XML: <%s> is malformed", member->name);
        }
    }
    return result;
}

/* first and its following siblings of the same name (flattened), or its children, as a list. */
static json_t *read_list(const struct aws_model *model, struct shape shape,
                         const struct xml_node *node, struct aws_error *error)
{
    struct shape inner = shape_inner(model, shape, "member");
    bool flat = shape_flag(shape, "flattened"), structures = inner.type == SHAPE_STRUCTURE;
    struct members members = structures ? members_of(model, inner) : (struct members){0};
    const struct xml_node *item = flat ? node : node->first;
    json_t *list = json_array();

    while (item && list) {
        json_t *read = structures && !xml_text(item)[0]
                           ? read_structure(model, &members, item, error)
                           : codec_xml_read(model, inner, item, error);

        if (json_array_append_new(list, read) != 0) {
            json_decref(list);
            list = NULL;
        }
        item = flat ? xml_next(item, node->name) : item->next;
    }
    free(members.items);
    return list;
}

static json_t *read_map(const struct aws_model *model, struct shape shape,
                        const struct xml_node *node, struct aws_error *error)
{
    struct shape key_shape = shape_inner(model, shape, "key");
    struct shape inner = shape_inner(model, shape, "value");
    bool flat = shape_flag(shape, "flattened");
    const struct xml_node *entry = flat ? node : node->first;
    json_t *map = json_object();

    while (entry) {
        const struct xml_node *name = xml_only(entry, shape_name(key_shape, "key"));
        const struct xml_node *value = xml_child(entry, shape_name(inner, "value"));
        const char *key = xml_text(name);

        if (!key || name->first || xml_next(value, shape_name(inner, "value")) ||
            json_object_get(map, key) ||
            (value && json_object_set_new(map, key, codec_xml_read(model, inner, value, error)))) {
            json_decref(map);
            return codec_error_refuse(error, "XML: <%s> is malformed", node->name);
        }
        entry = flat ? xml_next(entry, node->name) : entry->next;
    }
    return map;
}

/* Elements where a value belongs, or text alone where elements do: each would look like nothing
 * there. */
static bool is_of_another_type(struct shape shape, const struct xml_node *node)
{
    const char *text = xml_text(node);
    bool nests = shape.type == SHAPE_STRUCTURE || shape.type == SHAPE_MAP ||
                 (shape.type == SHAPE_LIST && !shape_flag(shape, "flattened"));

    if (nests)
        return text[strspn(text, " \t\r\n")] != '\0';
    return shape.type != SHAPE_LIST && node->first;
}

json_t *codec_xml_read(const struct aws_model *model, struct shape shape,
                       const struct xml_node *node, struct aws_error *error)
{
    struct members members;
    json_t *read;

    if (is_of_another_type(shape, node))
        return codec_error_refuse(error, "XML: <%s> has the wrong type", node->name);
    switch (shape.type) {
    case SHAPE_STRUCTURE:
        members = members_of(model, shape);
        read = read_structure(model, &members, node, error);
        free(members.items);
        return read;
    case SHAPE_LIST:
        return read_list(model, shape, node, error);
    case SHAPE_MAP:
        return read_map(model, shape, node, error);
    default:
        read = scalar_read(shape, xml_text(node), node->text.len);
        return read ? read : codec_error_refuse(error, "XML: <%s> is malformed", node->name);
    }
}
