/* codec_check.c -- whether parameters fit the shape they are encoded by. */
#include "aws/codec/codec_private.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

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
