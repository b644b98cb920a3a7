#include "resources/value.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/column_type.h"
#include "resources/lifecycle_rule.h"
#include "resources/policy.h"
#include "resources/sql_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* The member that names an item of a merged list. */
static const char *item_key(const struct field *field)
{
    return field->type == FIELD_STATEMENTS ? "Sid" : "ID";
}

static json_t *find_item(const json_t *list, const char *key, const json_t *name)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)list, i, item)
        if (json_equal(json_object_get(item, key), name))
            return item;
    return NULL;
}

/* [{Key, Value}] or {key: value} -> {key: value}. */
static json_t *map_from_wire(const json_t *wire)
{
    json_t *map = json_object();
    size_t i;
    json_t *item;

    if (json_is_object(wire))
        json_object_update(map, (json_t *)wire);
    json_array_foreach((json_t *)wire, i, item) {
        const char *key = json_text(item, "Key");

        if (key)
            json_object_set(map, key, json_object_get(item, "Value"));
    }
    return map;
}

static json_t *columns_from_wire(const json_t *wire)
{
    json_t *columns = json_object();
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)wire, i, item) {
        const char *name = json_text(item, "Name"), *type = json_text(item, "Type");
        const char *before = name ? json_text(columns, name) : NULL;

        if (before) /* Athena: "contains duplicate columns", for every query */
            json_object_set_new(columns, name,
                                json_sprintf("%s, and again %s", before, type ? type : ""));
        else if (name)
            json_object_set(columns, name, json_object_get(item, "Type"));
    }
    return columns;
}

json_t *value_from_text(const struct field *field, const char *text)
{
    json_t *value;

    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_ARN:
    case FIELD_LOCATION:
    case FIELD_SQL:
    case FIELD_LOWER:
        return json_string(text);
    default:
        value = json_loads(text, JSON_DECODE_ANY, NULL);
        return value ? value : json_null();
    }
}

/* A number or truth that AWS keeps as text: what it means.  Other text stays text, and differs. */
static json_t *scalar_from_wire(const struct field *field, const json_t *wire)
{
    const char *text = json_string_value(wire);
    json_auto_t *number = NULL;

    if (!text)
        return json_share(wire);
    if (field->type == FIELD_BOOL)
        return !strcasecmp(text, "true")    ? json_true()
               : !strcasecmp(text, "false") ? json_false()
                                            : json_share(wire);
    number = json_loads(text, JSON_DECODE_ANY, NULL);
    return json_share(json_is_number(number) ? number : wire);
}

json_t *value_from_wire(const struct field *field, const json_t *wire)
{
    json_auto_t *document = NULL;

    if (!wire || json_is_null(wire))
        return field->absent_is ? value_from_text(field, field->absent_is) : NULL;
    switch (field->type) {
    case FIELD_INT:
    case FIELD_NUMBER:
    case FIELD_BOOL:
        return scalar_from_wire(field, wire);
    case FIELD_MAP:
        return map_from_wire(wire);
    case FIELD_COLUMNS:
        return columns_from_wire(wire);
    case FIELD_JSON:
        document = json_is_string(wire)
                       ? json_loads(json_string_value(wire), JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
        return json_share(document ? document : wire);
    case FIELD_POLICY:
        document = policy_parse(wire);
        return document ? json_share(document) : json_share(wire);
    case FIELD_STATEMENTS:
        document = policy_parse(wire);
        return document ? policy_statements(document) : json_array();
    default:
        return json_share(wire);
    }
}

static json_t *map_to_wire(const json_t *shape, const json_t *value)
{
    const char *type = json_text(shape, "type"), *key;
    json_t *list, *item;

    if (!type || strcmp(type, "list"))
        return json_share(value);
    list = json_array();
    json_object_foreach((json_t *)value, key, item)
        json_array_append_new(list, json_pack("{s:s, s:O}", "Key", key, "Value", item));
    return list;
}

/* Comments that somebody gave a column stay with it. */
static json_t *columns_to_wire(const json_t *value, const json_t *have_wire)
{
    json_t *list = json_array(), *type;
    const char *name;

    json_object_foreach((json_t *)value, name, type) {
        json_auto_t *key = json_string(name);
        const json_t *old = find_item(have_wire, "Name", key);
        json_t *column = old ? json_copy((json_t *)old) : json_object();

        json_object_set(column, "Name", key);
        json_object_set(column, "Type", type);
        json_array_append_new(list, column);
    }
    return list;
}

static json_t *document_to_text(const json_t *document)
{
    cleanup_free char *text = json_dumps(document, JSON_COMPACT);

    return json_string(text);
}

static json_t *statements_to_wire(const json_t *value, const json_t *have_wire)
{
    json_auto_t *old = have_wire ? policy_parse(have_wire) : NULL;
    json_auto_t *document = old ? json_copy(old) : json_pack("{s:s}", "Version", "2012-10-17");

    json_object_set(document, "Statement", (json_t *)value);
    return document_to_text(document);
}

/* As people write it: 30.0 is "30", 0.1 is "0.1", true is "true". */
static json_t *scalar_to_text(const json_t *value)
{
    double number = json_real_value(value);
    cleanup_free char *plain = json_dumps(value, JSON_ENCODE_ANY);
    char text[32];

    if (!json_is_real(value))
        return json_string(plain);
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return json_string(text);
}

static json_t *scalar_to_wire(const json_t *shape, const json_t *value)
{
    const char *type = json_text(shape, "type"), *text = json_string_value(value);

    if (type && !strcmp(type, "string") && (json_is_number(value) || json_is_boolean(value)))
        return scalar_to_text(value);
    if (!type || !text)
        return json_share(value);
    if (!strcmp(type, "float") || !strcmp(type, "double"))
        return json_real(strtod(text, NULL));
    if (!strcmp(type, "integer") || !strcmp(type, "long"))
        return json_integer(strtoll(text, NULL, 10));
    if (!strcmp(type, "boolean"))
        return json_boolean(!strcmp(text, "true"));
    return json_share(value);
}

json_t *value_to_wire(const struct field *field, const json_t *shape, const json_t *value,
                      const json_t *have_wire)
{
    switch (field ? field->type : FIELD_TEXT) {
    case FIELD_MAP:
        return map_to_wire(shape, value);
    case FIELD_COLUMNS:
        return columns_to_wire(value, have_wire);
    case FIELD_JSON:
    case FIELD_POLICY:
        return document_to_text(value);
    case FIELD_STATEMENTS:
        return statements_to_wire(value, have_wire);
    default:
        return scalar_to_wire(shape, value);
    }
}

static bool is_ours(const struct field *field, const json_t *item)
{
    const char *name = json_text(item, item_key(field));

    return field->own && name && !strncmp(name, field->own, strlen(field->own));
}

static json_t *merge_items(const struct field *field, const json_t *want, const json_t *have)
{
    json_t *merged = json_array(), *item;
    const char *key = item_key(field);
    size_t i;

    json_array_foreach((json_t *)have, i, item) {
        const json_t *wanted = find_item(want, key, json_object_get(item, key));

        if (!json_object_get(item, key) || (!wanted && !is_ours(field, item)))
            json_array_append(merged, item);
        else if (wanted && !find_item(merged, key, json_object_get(item, key)))
            json_array_append(merged, (json_t *)wanted);
    }
    json_array_foreach((json_t *)want, i, item)
        if (!find_item(have, key, json_object_get(item, key)))
            json_array_append(merged, item);
    return merged;
}

json_t *value_merge(const struct field *field, const json_t *want, const json_t *have)
{
    json_t *merged;

    if (field->type == FIELD_RULES || field->type == FIELD_STATEMENTS)
        return merge_items(field, want, have);
    if ((field->type != FIELD_MAP && field->type != FIELD_DOCUMENT) || !json_is_object(have))
        return json_share(want);
    merged = json_deep_copy(have);
    json_object_update_recursive(merged, (json_t *)want);
    return merged;
}

/* True when have holds everything want declares; what want is silent about does not matter. */
static bool covers(const json_t *want, const json_t *have)
{
    const char *key;
    json_t *value, *other;
    size_t i, j;

    if (json_is_object(want)) {
        json_object_foreach((json_t *)want, key, value)
            if (!covers(value, json_object_get(have, key)))
                return false;
        return true;
    }
    if (!json_is_array(want))
        return json_same(want, have);
    json_array_foreach((json_t *)want, i, value) {
        bool found = false;

        json_array_foreach((json_t *)have, j, other)
            found = found || covers(value, other);
        if (!found)
            return false;
    }
    return json_array_size(want) || !json_array_size(have);
}

static bool covers_in_order(const json_t *want, const json_t *have)
{
    if (json_array_size(want) != json_array_size(have))
        return false;
    for (size_t i = 0; i < json_array_size(want); i++)
        if (!covers(json_array_get(want, i), json_array_get(have, i)))
            return false;
    return true;
}

/* The first n bytes of text without the ending, if it has it. */
static size_t length_without(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);

    return n >= m && !strcmp(text + n - m, ending) ? n - m : n;
}

static bool same_but_ending(const json_t *a, const json_t *b, const char *ending)
{
    const char *x = json_string_value(a), *y = json_string_value(b);
    size_t n;

    if (!x || !y)
        return json_same(a, b);
    n = length_without(x, ending);
    return n == length_without(y, ending) && !strncmp(x, y, n);
}

/* Letter case and blanks do not matter: names and types that Glue folds. */
static bool same_folded(const char *a, const char *b)
{
    for (;;) {
        while (isspace((unsigned char)*a))
            a++;
        while (isspace((unsigned char)*b))
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

static bool same_folded_text(const json_t *a, const json_t *b)
{
    const char *x = json_string_value(a), *y = json_string_value(b);

    return x && y ? same_folded(x, y) : json_same(a, b);
}

static bool same_type(const json_t *a, const json_t *b)
{
    const char *x = json_string_value(a), *y = json_string_value(b);

    return x && y ? column_type_same(x, y) : json_same(a, b);
}

/* "TRUE" is "true"; of other texts letters count. */
static bool same_truth(const json_t *a, const json_t *b)
{
    const char *x = json_string_value(a), *y = json_string_value(b);

    return x && y && !strcasecmp(x, y) && (!strcasecmp(x, "true") || !strcasecmp(x, "false"));
}

static bool same_columns(const json_t *want, const json_t *have)
{
    void *i = json_object_iter((json_t *)want), *j = json_object_iter((json_t *)have);

    while (i && j) {
        if (!same_folded(json_object_iter_key(i), json_object_iter_key(j)) ||
            !same_type(json_object_iter_value(i), json_object_iter_value(j)))
            return false;
        i = json_object_iter_next((json_t *)want, i);
        j = json_object_iter_next((json_t *)have, j);
    }
    return !i && !j;
}

static bool same_sql(const json_t *a, const json_t *b)
{
    const char *x = json_string_value(a), *y = json_string_value(b);

    return x && y ? sql_text_same(x, y) : json_same(a, b);
}

/* A whole value against a whole value; the types merged by key are not compared here. */
static bool same(const struct field *field, const json_t *want, const json_t *have)
{
    switch (field->type) {
    case FIELD_ARN:
        return same_but_ending(want, have, ":*");
    case FIELD_LOCATION:
        return same_but_ending(want, have, "/");
    case FIELD_SQL:
        return same_sql(want, have);
    case FIELD_LOWER:
        return same_folded_text(want, have);
    case FIELD_LIST:
        return covers_in_order(want, have);
    case FIELD_SET:
        return json_same_set(want, have);
    case FIELD_POLICY:
        return policy_same(want, have);
    case FIELD_COLUMNS:
        return same_columns(want, have);
    case FIELD_STATEMENTS:
        return policy_statement_same(want, have);
    case FIELD_DOCUMENT:
        return covers(want, have);
    case FIELD_RULES:
        return lifecycle_rule_same(want, have);
    default:
        return json_same(want, have);
    }
}

static void add_difference(json_t *differences, char *name, const json_t *want, const json_t *have)
{
    json_t *difference = json_pack("{s:s}", "field", name);

    if (want)
        json_object_set(difference, "want", (json_t *)want);
    if (have)
        json_object_set(difference, "have", (json_t *)have);
    json_array_append_new(differences, difference);
    free(name);
}

static void map_differences(const struct field *field, const json_t *want, const json_t *have,
                            json_t *differences)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)want, key, value) {
        const json_t *other = json_object_get(have, key);

        if ((field->flags & FIELD_TRUTHS) && same_truth(value, other))
            continue;
        if (field->type == FIELD_MAP ? !other || !json_same(value, other) : !covers(value, other))
            add_difference(differences, mem_printf("%s.%s", field->name, key), value, other);
    }
}

/* One in have that is called as the wanted one and is another: there may be two of a name. */
static const json_t *unlike(const struct field *field, const json_t *want, const json_t *have)
{
    const char *key = item_key(field);
    json_t *item;
    size_t i;

    json_array_foreach((json_t *)have, i, item)
        if (json_equal(json_object_get(item, key), json_object_get(want, key)) &&
            !same(field, want, item))
            return item;
    return NULL;
}

static void item_differences(const struct field *field, const json_t *want, const json_t *have,
                             json_t *differences)
{
    const char *key = item_key(field);
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)want, i, item) {
        const json_t *other = unlike(field, item, have);

        if (other || !find_item(have, key, json_object_get(item, key)))
            add_difference(differences, mem_printf("%s[%s]", field->name, json_text(item, key)),
                           item, other);
    }
    json_array_foreach((json_t *)have, i, item)
        if (is_ours(field, item) && !find_item(want, key, json_object_get(item, key)))
            add_difference(differences, mem_printf("%s[%s]", field->name, json_text(item, key)),
                           NULL, item);
}

/* Whether the value has the form that its type compares by; test_kinds keeps others away. */
static bool is_of_type(const struct field *field, const json_t *value)
{
    switch (field->type) {
    case FIELD_MAP:
    case FIELD_DOCUMENT:
    case FIELD_COLUMNS:
        return json_is_object(value);
    case FIELD_LIST:
    case FIELD_SET:
    case FIELD_RULES:
    case FIELD_STATEMENTS:
        return json_is_array(value);
    default:
        return true;
    }
}

void value_differences(const struct field *field, const json_t *want, const json_t *have,
                       json_t *differences)
{
    if (!want)
        return;
    if (!is_of_type(field, want)) {
        if (!json_same(want, have))
            add_difference(differences, mem_text(field->name), want, have);
        return;
    }
    switch (field->type) {
    case FIELD_MAP:
    case FIELD_DOCUMENT:
        map_differences(field, want, have, differences);
        return;
    case FIELD_RULES:
    case FIELD_STATEMENTS:
        item_differences(field, want, have, differences);
        return;
    default:
        if (!same(field, want, have))
            add_difference(differences, mem_text(field->name), want, have);
    }
}
