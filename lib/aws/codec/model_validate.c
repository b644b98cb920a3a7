/* model_validate.c -- a value against a shape of AWS's model: what AWS would refuse, told
 * beforehand. */
#include "aws/codec/model_validate.h"

#include "aws/codec/pattern.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct checking {
    const struct aws_model *model;
    aws_problem_fn *problem;
    void *arg;
    struct str path;
    int problems;
};

static void check(struct checking *c, const json_t *shape, const json_t *value);

static void tell(struct checking *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct checking *c, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    c->problems++;
    c->problem(c->arg, str_text(&c->path), text);
}

static const json_t *named(const struct checking *c, const json_t *reference)
{
    return aws_model_shape(c->model, json_text(reference, "shape"));
}

static void check_member(struct checking *c, const json_t *shape, const char *name,
                         const json_t *value)
{
    size_t length = c->path.len;

    if (length)
        str_add_char(&c->path, '.');
    str_add(&c->path, name);
    check(c, shape, value);
    c->path.len = length;
    if (c->path.data)
        c->path.data[length] = '\0';
}

static void tell_unknown(struct checking *c, const json_t *members, const char *name)
{
    cleanup_free const char **names = mem_new((json_object_size(members) + 1) * sizeof(*names));
    cleanup_free char *hint = NULL;
    const char *key;
    json_t *member;
    size_t n = 0, length = c->path.len;

    json_object_foreach((json_t *)members, key, member)
        names[n++] = key;
    hint = str_hint(name, names);
    str_addf(&c->path, "%s%s", length ? "." : "", name);
    tell(c, "AWS has no such member%s", hint);
    c->path.len = length;
    c->path.data[length] = '\0';
}

static void check_structure(struct checking *c, const json_t *shape, const json_t *value)
{
    const json_t *members = json_object_get(shape, "members");
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_true(json_object_get(shape, "document")))
        return;
    if (!json_is_object(value)) {
        tell(c, "must be a mapping");
        return;
    }
    json_object_foreach((json_t *)value, key, item) {
        const json_t *member = json_object_get(members, key);

        if (!member)
            tell_unknown(c, members, key);
        else if (!json_is_null(item))
            check_member(c, named(c, member), key, item);
    }
    json_array_foreach(json_object_get(shape, "required"), i, item) {
        const json_t *have = json_object_get(value, json_string_value(item));

        if (!have || json_is_null(have))
            tell(c, "lacks %s, which AWS requires", json_string_value(item));
    }
}

/* min and max of a list, map, text or blob.  What: "items", "characters". */
static void check_length(struct checking *c, const json_t *shape, size_t length, const char *what)
{
    const json_t *min = json_object_get(shape, "min"), *max = json_object_get(shape, "max");
    json_int_t have = (json_int_t)length;

    if (json_is_integer(min) && have < json_integer_value(min))
        tell(c, "must have at least %" JSON_INTEGER_FORMAT " %s, has %" JSON_INTEGER_FORMAT,
             json_integer_value(min), what, have);
    if (json_is_integer(max) && have > json_integer_value(max))
        tell(c, "must have at most %" JSON_INTEGER_FORMAT " %s, has %" JSON_INTEGER_FORMAT,
             json_integer_value(max), what, have);
}

static void check_list(struct checking *c, const json_t *shape, const json_t *value)
{
    const json_t *inner = named(c, json_object_get(shape, "member"));
    json_t *item;
    size_t i;

    if (!json_is_array(value)) {
        tell(c, "must be a list");
        return;
    }
    check_length(c, shape, json_array_size(value), "items");
    json_array_foreach(value, i, item) {
        size_t length = c->path.len;

        str_addf(&c->path, "[%zu]", i);
        check(c, inner, item);
        c->path.len = length;
        c->path.data[length] = '\0';
    }
}

static void check_map(struct checking *c, const json_t *shape, const json_t *value)
{
    const json_t *key_shape = named(c, json_object_get(shape, "key"));
    const json_t *inner = named(c, json_object_get(shape, "value"));
    const char *key;
    json_t *item;

    if (!json_is_object(value)) {
        tell(c, "must be a mapping");
        return;
    }
    check_length(c, shape, json_object_size(value), "entries");
    json_object_foreach((json_t *)value, key, item) {
        json_auto_t *name = json_string(key);

        check_member(c, key_shape, key, name);
        check_member(c, inner, key, item);
    }
}

static size_t count_characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void check_enum(struct checking *c, const json_t *allowed, const char *text)
{
    cleanup_free const char **names = mem_new((json_array_size(allowed) + 1) * sizeof(*names));
    cleanup_str struct str list = {0};
    const char *nearest;
    json_t *item;
    size_t i;

    json_array_foreach(allowed, i, item) {
        names[i] = json_string_value(item);
        if (!strcmp(names[i], text))
            return;
        if (i < 12)
            str_addf(&list, "%s%s", i ? ", " : "", names[i]);
        else if (i == 12)
            str_add(&list, ", ...");
    }
    nearest = str_nearest(text, names);
    if (nearest)
        tell(c, "must be one of %s; did you mean \"%s\"?", str_text(&list), nearest);
    else
        tell(c, "must be one of %s", str_text(&list));
}

static void check_text(struct checking *c, const json_t *shape, const json_t *value)
{
    const char *text = json_string_value(value), *pattern = json_text(shape, "pattern");
    const json_t *allowed = json_object_get(shape, "enum");

    if (!text) {
        tell(c, "must be text");
        return;
    }
    if (strstr(text, "${")) /* a reference: its value is not known yet */
        return;
    if (allowed) {
        check_enum(c, allowed, text);
        return;
    }
    check_length(c, shape, count_characters(text), "characters");
    if (pattern && strlen(text) == json_string_length(value) && !pattern_matches(pattern, text))
        tell(c, "does not match AWS's pattern %s", pattern);
}

static void check_number(struct checking *c, const json_t *shape, const json_t *value)
{
    const json_t *min = json_object_get(shape, "min"), *max = json_object_get(shape, "max");
    double have = json_number_value(value);

    if (min && have < json_number_value(min))
        tell(c, "must be at least %.15g, is %.15g", json_number_value(min), have);
    if (max && have > json_number_value(max))
        tell(c, "must be at most %.15g, is %.15g", json_number_value(max), have);
}

static bool is_reference(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && strstr(text, "${");
}

static void check_scalar(struct checking *c, const json_t *shape, const char *type,
                         const json_t *value)
{
    if (is_reference(value)) /* text now, of the right type once it is resolved */
        return;
    if (!strcmp(type, "boolean")) {
        if (!json_is_boolean(value))
            tell(c, "must be true or false");
    } else if (!strcmp(type, "integer") || !strcmp(type, "long")) {
        if (json_is_integer(value))
            check_number(c, shape, value);
        else
            tell(c, "must be a whole number");
    } else if (!strcmp(type, "float") || !strcmp(type, "double")) {
        if (json_is_number(value))
            check_number(c, shape, value);
        else
            tell(c, "must be a number");
    } else if (!strcmp(type, "timestamp")) {
        if (!json_is_number(value))
            tell(c, "must be a time");
    } else if (!strcmp(type, "blob")) {
        if (json_is_string(value))
            check_length(c, shape, json_string_length(value), "bytes");
        else
            tell(c, "must be text");
    }
}

static void check(struct checking *c, const json_t *shape, const json_t *value)
{
    const char *type = json_text(shape, "type");

    if (!type)
        return;
    if (!strcmp(type, "structure"))
        check_structure(c, shape, value);
    else if (!strcmp(type, "list"))
        check_list(c, shape, value);
    else if (!strcmp(type, "map"))
        check_map(c, shape, value);
    else if (!strcmp(type, "string"))
        check_text(c, shape, value);
    else
        check_scalar(c, shape, type, value);
}

int aws_model_validate(const struct aws_model *model, const json_t *shape, const json_t *value,
                       aws_problem_fn *problem, void *arg)
{
    struct checking c = {.model = model, .problem = problem, .arg = arg};

    check(&c, shape, value);
    str_fini(&c.path);
    return c.problems;
}
