/* shape.c -- shapes with their traits. */
#include "aws/codec/shape.h"

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
    return shape_member_name(shape.reference, otherwise);
}

const char *shape_member_name(const json_t *member, const char *otherwise)
{
    const char *name = json_text(member, "locationName");

    return name ? name : otherwise;
}

const char *shape_root(struct shape shape)
{
    const char *name = json_text(shape.body, "locationName");

    return name ? name : json_text(shape.reference, "shape");
}

bool shape_member_in_body(const json_t *member)
{
    const char *location = json_text(member, "location");

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
