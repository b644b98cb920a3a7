#include "import/import_value.h"

#include "base/json.h"
#include "base/str.h"
#include "resources/value.h"

#include <string.h>

const char *import_value_item(const struct field *field, const json_t *item)
{
    return json_text(item, field->type == FIELD_STATEMENTS ? "Sid" : "ID");
}

const json_t *import_value_find(const struct field *field, const json_t *list, const char *name)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)list, i, item) {
        const char *own = import_value_item(field, item);

        if (own && !strcmp(own, name))
            return item;
    }
    return NULL;
}

/* Key by key: what is gone becomes null, what differs is as it is in AWS. */
static json_t *over_mapping(const json_t *want, const json_t *have)
{
    json_t *over = json_object(), *value;
    const char *key;

    json_object_foreach((json_t *)want, key, value) {
        json_t *other = json_object_get(have, key);

        if (!other)
            json_object_set_new(over, key, json_null());
        else if (json_is_object(value) && json_is_object(other))
            json_object_set_new(over, key, over_mapping(value, other));
        else if (!json_same(value, other))
            json_object_set(over, key, other);
        if (json_is_object(json_object_get(over, key)) &&
            !json_object_size(json_object_get(over, key)))
            json_object_del(over, key);
    }
    return over;
}

/* Of those that are wanted, and of ours, what AWS has. */
static json_t *over_items(const struct field *field, const json_t *want, const json_t *have)
{
    json_t *kept = json_array(), *item;
    size_t i;

    json_array_foreach((json_t *)have, i, item) {
        const char *name = import_value_item(field, item);

        if (name && ((field->own && !strncmp(name, field->own, strlen(field->own))) ||
                     import_value_find(field, want, name)))
            json_array_append(kept, item);
    }
    if (json_array_size(kept))
        return kept;
    json_decref(kept);
    return json_null();
}

static bool same_keys(const json_t *a, const json_t *b)
{
    void *i = json_object_iter((json_t *)a), *j = json_object_iter((json_t *)b);

    while (i && j && !strcmp(json_object_iter_key(i), json_object_iter_key(j))) {
        i = json_object_iter_next((json_t *)a, i);
        j = json_object_iter_next((json_t *)b, j);
    }
    return !i && !j;
}

/* Columns are merged as mappings are: those that stay keep their places, new ones come last. */
static json_t *over_columns(const json_t *want, const json_t *have, bool *in_order)
{
    json_t *over = over_mapping(want, have), *value;
    json_auto_t *merged = json_object();
    const char *key;

    json_object_foreach((json_t *)want, key, value)
        if (json_object_get(have, key))
            json_object_set(merged, key, json_object_get(have, key));
    json_object_foreach((json_t *)have, key, value)
        if (!json_object_get(want, key)) {
            json_object_set(over, key, value);
            json_object_set(merged, key, value);
        }
    if (in_order)
        *in_order = same_keys(merged, have);
    return over;
}

/* A spec's locations end in one; to AWS it is the same place. */
static json_t *with_slash(const json_t *have)
{
    const char *text = json_string_value(have);

    return !text || str_ends_with(text, "/") ? json_share(have) : json_sprintf("%s/", text);
}

json_t *import_value_over(const struct field *field, const json_t *want, const json_t *have,
                          bool *in_order)
{
    if (in_order)
        *in_order = true;
    if (!have || json_is_null(have))
        return json_null();
    switch (field->type) {
    case FIELD_MAP:
    case FIELD_DOCUMENT:
        return json_is_object(want) ? over_mapping(want, have) : json_share(have);
    case FIELD_COLUMNS:
        return over_columns(want, have, in_order);
    case FIELD_RULES:
    case FIELD_STATEMENTS:
        return over_items(field, want, have);
    case FIELD_LOCATION:
        return with_slash(have);
    default:
        return json_share(have);
    }
}

static bool is_text(const struct field *field, const char *text, const json_t *have)
{
    json_auto_t *value = text ? value_from_text(field, text) : NULL;

    return value && json_same(value, have);
}

bool import_value_is_own(const struct field *field, const json_t *have)
{
    if (field->flags & (FIELD_KEY | FIELD_REPORTED | FIELD_LOCAL | FIELD_OWNER))
        return false;
    if (!have || json_is_array(have) || (json_is_object(have) && field->type != FIELD_DOCUMENT) ||
        json_same(have, NULL))
        return false;
    return !is_text(field, field->usual, have) && !is_text(field, field->absent_is, have) &&
           !is_text(field, field->created, have);
}
