/* load_value.c -- a YAML node as the type a field, or AWS's model below it, asks for.
 *
 * Whether `2025`, `true` or `off` is a text, a number or a truth value is decided by who reads it,
 * never by how it looks. */
#include "base/mem.h"
#include "base/timestamp.h"
#include "resources/table.h"
#include "spec/load_private.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

/* Who reads: passed down unchanged but for node, shape and path. */
struct reading {
    struct load *load;
    const struct aws_model *model;
};

static json_t *read_shaped(const struct reading *r, const json_t *shape,
                           const struct yaml_node *node, const char *path);

const json_t *load_value_shape(const struct aws_model *model, const json_t *shape)
{
    const char *name = json_string_value(json_object_get(shape, "shape"));

    return name && model ? aws_model_shape(model, name) : shape;
}

/* A scalar's text; NULL, with an error unless it was told before, for anything else. */
static const char *scalar(struct load *load, const struct yaml_node *node, const char *path,
                          const char *wanted)
{
    if (node->type == YAML_TEXT && yaml_is_null(node)) {
        load_error(load, node, path, "must be %s, but nothing is here; \"\" is an empty text",
                   wanted);
        return NULL;
    }
    if (node->type == YAML_TEXT)
        return load_is_poisoned(node) ? NULL : node->text;
    load_error(load, node, path, "must be %s, not a %s", wanted,
               node->type == YAML_LIST ? "list" : "mapping");
    return NULL;
}

static json_t *read_text(struct load *load, const struct yaml_node *node, const char *path)
{
    const char *text = scalar(load, node, path, "a text");

    return text ? json_string(text) : NULL;
}

static json_t *read_integer(struct load *load, const struct yaml_node *node, const char *path)
{
    const char *text = scalar(load, node, path, "a whole number");
    char *end;
    long long number;

    if (!text)
        return NULL;
    errno = 0;
    number = strtoll(text, &end, 10);
    if (*end || end == text || errno || isspace((unsigned char)*text) || *text == '+') {
        load_error(load, node, path, "must be a whole number, not %.60s", *text ? text : "empty");
        return NULL;
    }
    return json_integer(number);
}

static json_t *read_real(struct load *load, const struct yaml_node *node, const char *path)
{
    const char *text = scalar(load, node, path, "a number");
    char *end;
    double number = text ? strtod(text, &end) : 0;
    /* strtod would take " 1", "+1", 0x10 and nan as well. */
    bool plain = text && *text && *text != '+' && strspn(text, "+-.eE0123456789") == strlen(text);
    json_t *value = plain && !*end ? json_real(number) : NULL;

    if (text && !value) /* json_real refuses infinity and NaN */
        load_error(load, node, path, "must be a number, not %.60s", *text ? text : "empty");
    return value;
}

/* Epoch seconds, as AWS's replies come to us, so that both compare. */
static json_t *read_time(struct load *load, const struct yaml_node *node, const char *path)
{
    const char *text = scalar(load, node, path, "a time");
    double seconds = 0;

    if (!text)
        return NULL;
    if (*text && strlen(text) < 13 && strspn(text, "0123456789") == strlen(text))
        return json_integer(strtoll(text, NULL, 10));
    if (!timestamp_parse(text, &seconds)) {
        load_error(load, node, path,
                   "must be a time, not %.60s; write 2030-01-01, 2030-01-01T00:00:00Z or epoch "
                   "seconds",
                   *text ? text : "empty");
        return NULL;
    }
    return seconds == floor(seconds) ? json_integer((json_int_t)seconds) : json_real(seconds);
}

static json_t *read_truth(struct load *load, const struct yaml_node *node, const char *path)
{
    static const char *const words[] = {"yes", "on",  "y", "True",  "TRUE",
                                        "no",  "off", "n", "False", "FALSE"};
    const char *text = scalar(load, node, path, "true or false");

    if (!text)
        return NULL;
    if (!strcmp(text, "true") || !strcmp(text, "false"))
        return json_boolean(*text == 't');
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i])) {
            load_error(load, node, path, "must be true or false: write %s instead of %s",
                       i < 5 ? "true" : "false", text);
            return NULL;
        }
    load_error(load, node, path, "must be true or false, not %.60s", *text ? text : "empty");
    return NULL;
}

/* Without a model: unquoted numbers and truth values are what they look like. */
static json_t *read_guessed(const struct reading *r, const struct yaml_node *node, const char *path)
{
    const char *text;
    char *end;
    long long number;

    if (node->type != YAML_TEXT)
        return NULL;
    text = scalar(r->load, node, path, "a value");
    if (!text || node->quoted)
        return text ? json_string(text) : NULL;
    if (!strcmp(text, "true") || !strcmp(text, "false"))
        return json_boolean(*text == 't');
    errno = 0;
    number = strtoll(text, &end, 10);
    if (*text && !*end && !errno)
        return json_integer(number);
    if (*end == '.' && end > text && isdigit((unsigned char)end[-1]) && end[1] &&
        strspn(end + 1, "0123456789") == strlen(end + 1))
        return json_real(strtod(text, NULL));
    return json_string(text);
}

static char *below(const char *path, const struct yaml_node *parent, size_t i)
{
    return parent->type == YAML_MAP ? mem_printf("%s.%s", path, parent->items[i]->key)
                                    : mem_printf("%s[%zu]", path, i);
}

/* Drops the whole when a part of it failed, after all parts were looked at. */
static json_t *whole(json_t *value, bool good)
{
    if (good)
        return value;
    json_decref(value);
    return NULL;
}

/* A list of items of one shape (NULL: of any). */
static json_t *read_list(const struct reading *r, const json_t *item_shape,
                         const struct yaml_node *node, const char *path)
{
    json_t *list;
    bool good = true;

    if (node->type != YAML_LIST) {
        if (!load_is_poisoned(node))
            load_error(r->load, node, path, "must be a list");
        return NULL;
    }
    list = json_array();
    for (size_t i = 0; i < node->count; i++) {
        cleanup_free char *item_path = below(path, node, i);
        json_t *item = read_shaped(r, item_shape, node->items[i], item_path);

        good &= item != NULL;
        (void)json_array_append_new(list, item ? item : json_null());
    }
    return whole(list, good);
}

static const json_t *member_shape(const struct reading *r, const json_t *shape,
                                  const struct yaml_node *item, const char *path)
{
    const json_t *members = json_object_get(shape, "members");
    const json_t *member = json_object_get(members, item->key);
    cleanup_free char *hint = NULL;
    const char **names, *name;
    json_t *ignored;
    size_t n = 0;

    if (member)
        return load_value_shape(r->model, member);
    names = mem_new((json_object_size(members) + 1) * sizeof *names);
    json_object_foreach((json_t *)members, name, ignored)
        names[n++] = name;
    hint = str_hint(item->key, names);
    load_error_key(r->load, item, path, "AWS has no such member%s", hint);
    free(names);
    return NULL;
}

/* members: each item has its own shape; otherwise all have inner (NULL: any). */
static json_t *read_map(const struct reading *r, const json_t *shape, const json_t *inner,
                        const struct yaml_node *node, const char *path)
{
    bool members = json_object_get(shape, "members") != NULL, good = true;
    json_t *map;

    if (node->type != YAML_MAP) {
        if (!load_is_poisoned(node))
            load_error(r->load, node, path, "must be a mapping (key: value)");
        return NULL;
    }
    map = json_object();
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        cleanup_free char *item_path = below(path, node, i);
        const json_t *item_shape = members ? member_shape(r, shape, item, item_path) : inner;
        json_t *value = NULL;

        if (yaml_is_null(item)) /* as silent as a missing key */
            continue;
        if (item_shape || !members)
            value = read_shaped(r, item_shape, item, item_path);
        good &= value != NULL;
        (void)json_object_set_new(map, item->key, value ? value : json_null());
    }
    return whole(map, good);
}

static json_t *read_shaped(const struct reading *r, const json_t *shape,
                           const struct yaml_node *node, const char *path)
{
    const char *type = json_string_value(json_object_get(shape, "type"));

    if (!type) {
        if (node->type == YAML_TEXT)
            return read_guessed(r, node, path);
        return node->type == YAML_LIST ? read_list(r, NULL, node, path)
                                       : read_map(r, NULL, NULL, node, path);
    }
    if (!strcmp(type, "structure"))
        return read_map(r, json_is_true(json_object_get(shape, "document")) ? NULL : shape, NULL,
                        node, path);
    if (!strcmp(type, "map"))
        return read_map(r, NULL, load_value_shape(r->model, json_object_get(shape, "value")), node,
                        path);
    if (!strcmp(type, "list"))
        return read_list(r, load_value_shape(r->model, json_object_get(shape, "member")), node,
                         path);
    if (!strcmp(type, "integer") || !strcmp(type, "long"))
        return read_integer(r->load, node, path);
    if (!strcmp(type, "float") || !strcmp(type, "double"))
        return read_real(r->load, node, path);
    if (!strcmp(type, "boolean"))
        return read_truth(r->load, node, path);
    if (!strcmp(type, "timestamp"))
        return read_time(r->load, node, path);
    return read_text(r->load, node, path);
}

/* A mapping, or list, of texts. */
static json_t *read_texts(const struct reading *r, const struct yaml_node *node, const char *path,
                          bool list)
{
    json_auto_t *text = json_pack("{s:s}", "type", "string");

    return list ? read_list(r, text, node, path) : read_map(r, NULL, text, node, path);
}

static json_t *read_columns(const struct reading *r, const struct yaml_node *node, const char *path)
{
    json_t *columns = read_texts(r, node, path, false);
    bool good = true;

    for (size_t i = 0; columns && i < node->count; i++) {
        cleanup_free char *item_path = below(path, node, i);

        for (const char *c = node->items[i]->key; *c; c++)
            if (isupper((unsigned char)*c)) {
                load_error_key(r->load, node->items[i], item_path,
                               "Glue folds column names to lower case: write it so");
                good = false;
                break;
            }
    }
    return whole(columns, good);
}

/* Each item needs an ID of its own. */
static json_t *read_rules(const struct reading *r, const json_t *shape,
                          const struct yaml_node *node, const char *path)
{
    json_t *list = read_shaped(r, shape, node, path);
    json_auto_t *seen = json_object();
    bool good = true;

    for (size_t i = 0; list && i < node->count; i++) {
        cleanup_free char *item_path = below(path, node, i);
        const json_t *id = json_object_get(json_array_get(list, i), "ID");
        const char *text = json_string_value(id);

        if (!text || !*text)
            load_error(r->load, node->items[i], item_path, "needs an ID");
        else if (json_object_get(seen, text))
            load_error(r->load, node->items[i], item_path, "there is another rule with ID %s",
                       text);
        else
            json_object_set_new(seen, text, json_true());
        good &= text && *text;
    }
    return whole(list, good && json_object_size(seen) == json_array_size(list));
}

const json_t *load_value_field_shape(struct load *load, const struct kind *kind,
                                     const struct field *field)
{
    const json_t *shape = load_known(load, kind, field);

    if (shape)
        return json_is_true(shape) ? NULL : shape;
    shape = load_value_shape(aws_model(kind->service), table_field_shape(kind, field));
    (void)load_know(load, kind, field, shape ? json_share(shape) : json_true());
    return shape;
}

static json_t *read_value(struct load *load, const struct kind *kind, const struct field *field,
                          const struct yaml_node *node, const char *path)
{
    const struct reading r = {.load = load, .model = aws_model(kind->service)};
    const json_t *shape = load_value_field_shape(load, kind, field);

    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_ARN:
    case FIELD_LOCATION:
    case FIELD_SQL:
    case FIELD_LOWER:
        return read_text(load, node, path);
    case FIELD_INT:
        return read_integer(load, node, path);
    case FIELD_NUMBER:
        return read_real(load, node, path);
    case FIELD_BOOL:
        return read_truth(load, node, path);
    case FIELD_MAP:
        return read_texts(&r, node, path, false);
    case FIELD_SET:
        return shape && !strcmp(json_string_value(json_object_get(shape, "type")), "list")
                   ? read_shaped(&r, shape, node, path)
                   : read_texts(&r, node, path, true);
    case FIELD_DOCUMENT:
        return shape ? read_shaped(&r, shape, node, path) : read_map(&r, NULL, NULL, node, path);
    case FIELD_JSON:
        return read_map(&r, NULL, NULL, node, path);
    case FIELD_LIST:
        return shape ? read_shaped(&r, shape, node, path) : read_list(&r, NULL, node, path);
    case FIELD_RULES:
        return read_rules(&r, shape, node, path);
    case FIELD_POLICY:
        return load_policy_read(load, node, path);
    case FIELD_STATEMENTS:
        return load_policy_statements(load, node, path);
    case FIELD_COLUMNS:
        return read_columns(&r, node, path);
    }
    return NULL;
}

json_t *load_value_read(struct load *load, const struct kind *kind, const struct field *field,
                        const struct yaml_node *node, const char *path)
{
    json_t *known = node->shared ? load_known(load, node, field) : NULL, *value;
    size_t before = load->problems->count;

    if (known)
        return json_share(known);
    value = read_value(load, kind, field, node, path);
    if (value && node->shared && load->problems->count == before) {
        (void)load_know(load, node, field, json_share(value));
        (void)load_know(load, value, NULL, json_true());
    }
    return value;
}
