/* json.c -- paths, canonical text and equality by meaning, on top of jansson. */
#include "base/json.h"

#include "base/mem.h"

#include <string.h>

static void *checked_malloc(size_t size)
{
    return mem_checked(malloc(size ? size : 1));
}

void json_use_checked_memory(void)
{
    json_set_alloc_funcs(checked_malloc, free);
}

json_t *json_parse(const char *text, size_t length)
{
    return json_loadb(text ? text : "", length,
                      JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
}

/* The end of the text that begins at i, its closing quote or the end of all. */
static size_t skip_text(const char *text, size_t length, size_t i)
{
    for (i++; i < length && text[i] != '"'; i++)
        i += text[i] == '\\';
    return i;
}

/* What jansson 2.14 allocates on 64 bits, as glibc rounds it: an object with its first 8 buckets; a
 * list with its first 8 places; a member with its buckets; an item with its place in a list that
 * grows, and a number in it; a text.  A name is a text of its member. */
size_t json_memory(const char *text, size_t length)
{
    enum { OBJECT = 80 + 144, LIST = 48 + 80, MEMBER = 80 + 32, ITEM = 24 + 32, TEXT = 48 + 32 };
    size_t bytes = length, names = 0, texts = 0;

    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '{':
            bytes += OBJECT + ITEM;
            break;
        case '[':
            bytes += LIST + ITEM;
            break;
        case ',':
            bytes += ITEM;
            break;
        case ':':
            bytes += MEMBER;
            names++;
            break;
        case '"':
            texts++;
            i = skip_text(text, length, i);
            break;
        default:
            break;
        }
    }
    return bytes + (texts > names ? (texts - names) * TEXT : 0);
}

/* The length of the name that path begins with. */
static size_t name_length(const char *path)
{
    return strcspn(path, ".[");
}

json_t *json_at(const json_t *document, const char *path)
{
    while (document && *path) {
        size_t n = name_length(path);

        document = json_object_getn(document, path, n);
        path += n;
        if (!strncmp(path, "[]", 2)) {
            document = json_array_get(document, 0);
            path += 2;
        } else if (!strncmp(path, "[last]", 6)) {
            document = json_array_get(document, json_array_size(document) - 1);
            path += 6;
        }
        path += *path == '.';
    }
    return (json_t *)document;
}

/* The object below document at the n bytes of name, made when missing; the one item of a list. */
static json_t *step_into(json_t *document, const char *name, size_t n, bool list)
{
    json_t *next = json_object_getn(document, name, n);

    if (!next) {
        next = list ? json_array() : json_object();
        (void)json_object_setn_new(document, name, n, next);
    }
    if (list && !json_array_size(next))
        (void)json_array_append_new(next, json_object());
    return list ? json_array_get(next, 0) : next;
}

void json_put_at(json_t *document, const char *path, json_t *value)
{
    for (;;) {
        size_t n = name_length(path);
        bool list = path[n] == '[';
        const char *rest = path + n + (list ? 2 : 0);

        if (!*rest) {
            (void)json_object_setn_new(document, path, n, list ? json_pack("[o]", value) : value);
            return;
        }
        document = step_into(document, path, n, list);
        path = rest;
        path += *path == '.';
    }
}

const char *json_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_int_t json_whole(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

json_t *json_with_texts(const json_t *value, char *(*change)(const char *text))
{
    json_t *copy, *each;
    const char *key;
    size_t i;

    if (json_is_string(value)) {
        cleanup_free char *text = change(json_string_value(value));

        return json_string(text);
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, each)
            json_array_append_new(copy, json_with_texts(each, change));
        return copy;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    copy = json_object();
    json_object_foreach((json_t *)value, key, each)
        json_object_set_new(copy, key, json_with_texts(each, change));
    return copy;
}

char *json_canonical(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    if (!text)
        abort();
    return text;
}

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_object(value) && !json_object_size(value)) ||
           (json_is_array(value) && !json_array_size(value)) ||
           (json_is_string(value) && !json_string_length(value));
}

static bool same_members(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)a, key, value)
        if (!json_same(value, json_object_get(b, key)))
            return false;
    json_object_foreach((json_t *)b, key, value)
        if (!json_object_get(a, key) && !is_nothing(value))
            return false;
    return true;
}

bool json_same(const json_t *a, const json_t *b)
{
    if (is_nothing(a) || is_nothing(b))
        return is_nothing(a) && is_nothing(b);
    if (json_is_number(a) && json_is_number(b))
        return json_is_integer(a) && json_is_integer(b)
                   ? json_integer_value(a) == json_integer_value(b)
                   : json_number_value(a) == json_number_value(b);
    if (json_is_object(a) && json_is_object(b))
        return same_members(a, b);
    if (json_is_array(a) && json_is_array(b)) {
        if (json_array_size(a) != json_array_size(b))
            return false;
        for (size_t i = 0; i < json_array_size(a); i++)
            if (!json_same(json_array_get(a, i), json_array_get(b, i)))
                return false;
        return true;
    }
    return json_equal(a, b) == 1;
}

bool json_same_set(const json_t *a, const json_t *b)
{
    size_t n = json_array_size(a);
    cleanup_free bool *used = NULL;

    if (n != json_array_size(b))
        return false;
    used = mem_new(n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;

        while (j < n && (used[j] || !json_same(json_array_get(a, i), json_array_get(b, j))))
            j++;
        if (j == n)
            return false;
        used[j] = true;
    }
    return true;
}

json_t *json_share(const json_t *value)
{
    return json_incref((json_t *)value);
}
