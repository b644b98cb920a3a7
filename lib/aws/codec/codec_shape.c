/* codec_shape.c -- shapes with their traits, and parameters that fit them. */
#include "aws/codec/codec_parts.h"

#include "base/json.h"

#include <string.h>

static enum shape_type type_of(struct shape shape)
{
    static const struct {
        const char *name;
        enum shape_type type;
    } types[] = {
        {"structure", SHAPE_STRUCTURE}, {"list", SHAPE_LIST},        {"map", SHAPE_MAP},
        {"string", SHAPE_STRING},       {"character", SHAPE_STRING}, {"integer", SHAPE_INTEGER},
        {"long", SHAPE_INTEGER},        {"short", SHAPE_INTEGER},    {"byte", SHAPE_INTEGER},
        {"float", SHAPE_FLOAT},         {"double", SHAPE_FLOAT},     {"boolean", SHAPE_BOOLEAN},
        {"timestamp", SHAPE_TIMESTAMP}, {"blob", SHAPE_BLOB},
    };
    const char *name = json_text(shape.body, "type");

    if (shape_flag(shape, "document"))
        return SHAPE_DOCUMENT;
    for (unsigned i = 0; name && i < sizeof(types) / sizeof(*types); i++)
        if (!strcmp(types[i].name, name))
            return types[i].type;
    return SHAPE_STRING;
}

struct shape shape_of(const struct aws_model *model, const json_t *reference)
{
    struct shape shape = {reference, aws_model_shape(model, json_text(reference, "shape")), 0};

    shape.type = type_of(shape);
    return shape;
}

struct shape shape_inner(const struct aws_model *model, struct shape outer, const char *which)
{
    return shape_of(model, json_object_get(outer.body, which));
}

const json_t *shape_trait(struct shape shape, const char *name)
{
    const json_t *trait = json_object_get(shape.reference, name);

    return trait ? trait : json_object_get(shape.body, name);
}

const char *shape_trait_text(struct shape shape, const char *name)
{
    return json_string_value(shape_trait(shape, name));
}

bool shape_flag(struct shape shape, const char *name)
{
    return json_is_true(shape_trait(shape, name));
}

const char *shape_name(struct shape shape, const char *otherwise)
{
    const char *name = json_text(shape.reference, "locationName");

    return name ? name : otherwise;
}

const char *shape_root(struct shape shape)
{
    const char *name = json_text(shape.body, "locationName");

    return name ? name : json_text(shape.reference, "shape");
}

bool shape_in_body(struct shape shape)
{
    const char *location = shape_trait_text(shape, "location");

    return !location || (strcmp(location, "header") != 0 && strcmp(location, "headers") != 0 &&
                         strcmp(location, "statusCode") != 0);
}

const json_t *shape_members(struct shape shape)
{
    return json_object_get(shape.body, "members");
}

bool shape_side(const struct aws_operation *operation, const char *side, struct shape *out)
{
    const json_t *reference = json_object_get(operation->document, side);

    if (!reference)
        return false;
    *out = shape_of(operation->model, reference);
    return true;
}

bool shape_payload(const struct aws_model *model, struct shape shape, const char **name,
                   struct shape *out)
{
    *name = shape_trait_text(shape, "payload");
    if (!*name)
        return false;
    *out = shape_of(model, json_object_get(shape_members(shape), *name));
    return true;
}

struct checking {
    const struct aws_model *model;
    struct str path;
    struct err *e;
};

static int check(struct checking *c, struct shape shape, const json_t *value);

static int refuse(struct checking *c, const char *what)
{
    return err_set(c->e, ERR_INVALID, "parameter %s %s", c->path.len ? c->path.data : "document",
                   what);
}

static int check_at(struct checking *c, struct shape shape, const json_t *value, const char *name)
{
    size_t length = c->path.len;
    int result;

    if (json_is_null(value))
        return 0;
    str_addf(&c->path, "%s%s", length && *name != '[' ? "." : "", name);
    result = check(c, shape, value);
    c->path.len = length;
    c->path.data[length] = '\0';
    return result;
}

static int check_structure(struct checking *c, struct shape shape, const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (!json_is_object(value))
        return refuse(c, "must be an object");
    json_object_foreach((json_t *)value, key, item) {
        const json_t *member = json_object_get(shape_members(shape), key);

        if (!member) {
            str_addf(&c->path, "%s%s", c->path.len ? "." : "", key);
            return refuse(c, "is unknown to this operation");
        }
        if (check_at(c, shape_of(c->model, member), item, key))
            return -1;
    }
    json_array_foreach(json_object_get(shape.body, "required"), i, item) {
        const json_t *have = json_object_get(value, json_string_value(item));

        if (!have || json_is_null(have)) {
            str_addf(&c->path, "%s%s", c->path.len ? "." : "", json_string_value(item));
            return refuse(c, "is required");
        }
    }
    return 0;
}

static int check_list(struct checking *c, struct shape shape, const json_t *value)
{
    json_t *item;
    size_t i;

    if (!json_is_array(value))
        return refuse(c, "must be a list");
    json_array_foreach(value, i, item) {
        char name[32];

        (void)snprintf(name, sizeof(name), "[%zu]", i);
        if (check_at(c, shape_inner(c->model, shape, "member"), item, name))
            return -1;
    }
    return 0;
}

static int check_map(struct checking *c, struct shape shape, const json_t *value)
{
    const char *key;
    json_t *item;

    if (!json_is_object(value))
        return refuse(c, "must be an object");
    json_object_foreach((json_t *)value, key, item)
        if (check_at(c, shape_inner(c->model, shape, "value"), item, key))
            return -1;
    return 0;
}

static bool is_float(const json_t *value)
{
    const char *text = json_string_value(value);

    return json_is_number(value) || (text && (!strcmp(text, "NaN") || !strcmp(text, "Infinity") ||
                                              !strcmp(text, "-Infinity")));
}

/* XML 1.0 has no way to say most control characters. */
static bool fits_xml(const json_t *value)
{
    const char *text = json_string_value(value);

    for (size_t i = 0; i < json_string_length(value); i++)
        if ((unsigned char)text[i] < ' ' && !(text[i] && strchr("\t\r\n", text[i])))
            return false;
    return true;
}

static int check(struct checking *c, struct shape shape, const json_t *value)
{
    switch (shape.type) {
    case SHAPE_STRUCTURE:
        return check_structure(c, shape, value);
    case SHAPE_LIST:
        return check_list(c, shape, value);
    case SHAPE_MAP:
        return check_map(c, shape, value);
    case SHAPE_INTEGER:
        return json_is_integer(value) ? 0 : refuse(c, "must be a whole number");
    case SHAPE_FLOAT:
        return is_float(value) ? 0 : refuse(c, "must be a number");
    case SHAPE_BOOLEAN:
        return json_is_boolean(value) ? 0 : refuse(c, "must be true or false");
    case SHAPE_TIMESTAMP:
        return json_is_number(value) ? 0 : refuse(c, "must be a time in epoch seconds");
    case SHAPE_STRING:
        if (c->model->protocol == AWS_REST_XML && json_is_string(value) && !fits_xml(value))
            return refuse(c, "holds a control character, which XML cannot");
        return json_is_string(value) ? 0 : refuse(c, "must be text");
    case SHAPE_BLOB:
        return json_is_string(value) ? 0 : refuse(c, "must be text");
    case SHAPE_DOCUMENT:
        return 0;
    }
    return 0;
}

int codec_check(const struct aws_model *model, struct shape shape, const json_t *value,
                struct err *e)
{
    struct checking c = {.model = model, .e = e};
    int result = check(&c, shape, value);

    str_fini(&c.path);
    return result;
}
