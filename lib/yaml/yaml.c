/* yaml.c -- trees of yaml_node: copying, searching, merging. */
#include "yaml/yaml.h"

#include "base/mem.h"

#include <string.h>

void yaml_tree_free(struct yaml_node *node)
{
    if (!node || node->shared) {
        if (node)
            node->shared--;
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        yaml_tree_free(node->items[i]);
    free(node->items);
    json_decref(node->places);
    free(node->key);
    free(node->text);
    free(node->owned_file);
    free(node);
}

static struct yaml_node *share(struct yaml_node *node)
{
    node->shared++;
    return node;
}

struct yaml_node *yaml_copy(struct yaml_node *node)
{
    struct yaml_node *copy = mem_new(sizeof *copy);

    *copy = *node;
    copy->owned_file = NULL;
    copy->key = mem_text(node->key);
    copy->text = mem_text(node->text);
    copy->items = mem_resize(NULL, node->count + 1, sizeof *copy->items);
    copy->places = NULL;
    copy->shared = 0;
    for (size_t i = 0; i < node->count; i++)
        copy->items[i] = share(node->items[i]);
    return copy;
}

struct yaml_node *yaml_own(struct yaml_node **place)
{
    struct yaml_node *node = *place;

    if (node->shared) {
        *place = yaml_copy(node);
        yaml_tree_free(node);
    }
    (*place)->is_searched = false;
    return *place;
}

bool yaml_has_dollar(struct yaml_node *node)
{
    if (node->is_searched)
        return node->has_dollar;
    node->has_dollar = node->text && strchr(node->text, '$');
    for (size_t i = 0; i < node->count; i++)
        node->has_dollar |= yaml_has_dollar(node->items[i]);
    node->is_searched = true;
    return node->has_dollar;
}

struct yaml_node *yaml_new(enum yaml_type type, const struct yaml_node *at)
{
    struct yaml_node *node = mem_new(sizeof *node);

    node->type = type;
    if (at) {
        node->file = at->file;
        node->line = at->line;
        node->column = at->column;
        node->key_file = at->key_file;
        node->key_line = at->key_line;
        node->key_column = at->key_column;
    }
    return node;
}

/* Mappings of more items than this are searched by an index: a file of 4 MiB may be one. */
enum { FEW = 16 };

void yaml_add(struct yaml_node *parent, struct yaml_node *item)
{
    parent->items = mem_resize(parent->items, parent->count + 1, sizeof *parent->items);
    if (parent->places && !json_object_get(parent->places, item->key))
        json_object_set_new_nocheck(parent->places, item->key,
                                    json_integer((json_int_t)parent->count));
    parent->items[parent->count++] = item;
}

static void make_places(struct yaml_node *node)
{
    node->places = json_object();
    for (size_t i = node->count; i-- > 0;) /* the first of two wins */
        if (node->items[i])
            json_object_set_new_nocheck(node->places, node->items[i]->key,
                                        json_integer((json_int_t)i));
}

static size_t index_of(const struct yaml_node *node, const char *key)
{
    const json_t *place;
    size_t i = 0;

    if (node->count > FEW) {
        if (!node->places)
            make_places((struct yaml_node *)node);
        place = json_object_get(node->places, key);
        return place ? (size_t)json_integer_value(place) : node->count;
    }
    while (i < node->count && (!node->items[i] || strcmp(node->items[i]->key, key) != 0))
        i++;
    return i;
}

struct yaml_node *yaml_find(const struct yaml_node *node, const char *key)
{
    size_t i;

    if (!node || node->type != YAML_MAP)
        return NULL;
    i = index_of(node, key);
    return i < node->count ? node->items[i] : NULL;
}

/* What was removed is taken out together: one by one, all behind it would be moved each time. */
static void take_out_removed(struct yaml_node *node)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->count; i++)
        if (node->items[i])
            node->items[kept++] = node->items[i];
    if (kept == node->count)
        return;
    node->count = kept;
    json_decref(node->places);
    node->places = NULL;
}

/* Lays item over what base has at i; base->count: nothing. */
static void merge_item(struct yaml_node *base, size_t i, struct yaml_node *item)
{
    if (i == base->count) {
        if (!yaml_is_null(item))
            yaml_add(base, yaml_copy(item));
        return;
    }
    if (!yaml_is_null(item) && item->type == YAML_MAP && base->items[i]->type == YAML_MAP) {
        yaml_merge(yaml_own(&base->items[i]), item);
        return;
    }
    yaml_tree_free(base->items[i]);
    base->items[i] = yaml_is_null(item) ? NULL : yaml_copy(item);
}

void yaml_merge(struct yaml_node *base, struct yaml_node *over)
{
    base->is_searched = false;
    if (base->count > FEW && !base->places)
        make_places(base); /* before anything is removed */
    for (size_t j = 0; j < over->count; j++)
        merge_item(base, index_of(base, over->items[j]->key), over->items[j]);
    take_out_removed(base);
}

/* The item with the longest key that path starts with, for keys that hold dots. */
static const struct yaml_node *step_by_key(const struct yaml_node *node, const char **path)
{
    const struct yaml_node *best = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < node->count; i++) {
        size_t n = strlen(node->items[i]->key);

        if ((best && n <= longest) || strncmp(*path, node->items[i]->key, n) != 0 ||
            !strchr(".[", (*path)[n])) /* finds the NUL too */
            continue;
        best = node->items[i];
        longest = n;
    }
    *path += longest;
    return best;
}

static const struct yaml_node *step_by_index(const struct yaml_node *node, const char **path)
{
    char *end;
    unsigned long i;

    if (**path != '[')
        return NULL;
    i = strtoul(*path + 1, &end, 10);
    if (*end != ']' || i >= node->count)
        return NULL;
    *path = end + 1;
    return node->items[i];
}

const struct yaml_node *yaml_at(const struct yaml_node *node, const char *path)
{
    while (*path) {
        const struct yaml_node *below = NULL;

        path += *path == '.';
        if (node->type == YAML_MAP)
            below = step_by_key(node, &path);
        else if (node->type == YAML_LIST)
            below = step_by_index(node, &path);
        if (!below)
            break;
        node = below;
    }
    return node;
}

bool yaml_is_null(const struct yaml_node *node)
{
    return node->type == YAML_TEXT && !node->quoted &&
           (!*node->text || !strcmp(node->text, "~") || !strcmp(node->text, "null") ||
            !strcmp(node->text, "Null") || !strcmp(node->text, "NULL"));
}
