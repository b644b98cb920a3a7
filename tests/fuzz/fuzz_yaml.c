/* A YAML file: problems have places inside it; what fmt makes of it means the same and stays as it
 * is when it is laid out once more; a tree written as YAML is read as the same tree. */
#include "fuzz.h"

#include "base/mem.h"
#include "base/str.h"
#include "yaml/yaml.h"
#include "yaml/yaml_format.h"

#include <string.h>

struct reading {
    int lines;
    unsigned problems;
};

static void on_problem(void *arg, struct yaml_place place, const char *path, const char *problem)
{
    struct reading *reading = arg;

    reading->problems++;
    must(place.file && path && place.line >= 0 && place.line <= reading->lines);
    must(!place.line || place.column >= 1);
    must(*problem && str_is_utf8(problem, strlen(problem)));
}

/* Lines as libyaml counts them: a file that ends with a break has one more, which is empty. */
static struct reading reading_of(const char *bytes, size_t length)
{
    struct reading reading = {.lines = 1};

    for (size_t i = 0; i < length; i++) {
        bool carriage = bytes[i] == '\r' && (i + 1 == length || bytes[i + 1] != '\n');
        bool other = i + 1 < length && !memcmp(bytes + i, "\xc2\x85", 2);

        other |= i + 2 < length &&
                 (!memcmp(bytes + i, "\xe2\x80\xa8", 3) || !memcmp(bytes + i, "\xe2\x80\xa9", 3));
        reading.lines += bytes[i] == '\n' || carriage || other;
    }
    return reading;
}

static void check(const struct yaml_node *node, const struct reading *reading, bool in_map)
{
    must(node->line >= 1 && node->line <= reading->lines && node->column >= 1);
    must(!in_map || (node->key && node->key_line >= 1 && node->key_line <= reading->lines));
    must((node->type == YAML_TEXT) == (node->text != NULL));
    for (size_t i = 0; i < node->count; i++)
        check(node->items[i], reading, node->type == YAML_MAP);
}

static void same(const struct yaml_node *a, const struct yaml_node *b)
{
    must(a->type == b->type && a->count == b->count && a->quoted == b->quoted);
    must(!a->key == !b->key && (!a->key || !strcmp(a->key, b->key)));
    must(!a->text || !strcmp(a->text, b->text));
    for (size_t i = 0; i < a->count; i++)
        same(a->items[i], b->items[i]);
}

/* Every scalar as a text. */
static json_t *as_json(const struct yaml_node *node)
{
    json_t *json = node->type == YAML_LIST ? json_array() : json_object();

    if (node->type == YAML_TEXT) {
        json_decref(json);
        return json_string(node->text);
    }
    for (size_t i = 0; i < node->count; i++) {
        if (node->type == YAML_LIST)
            json_array_append_new(json, as_json(node->items[i]));
        else
            json_object_set_new(json, node->items[i]->key, as_json(node->items[i]));
    }
    return json;
}

static void write_and_read(const struct yaml_node *tree)
{
    json_auto_t *json = as_json(tree), *again;
    cleanup_free char *text = yaml_write(json);
    struct reading reading = reading_of(text, strlen(text));
    struct yaml_node *written = yaml_read_text("out", text, strlen(text), on_problem, &reading);

    must(written && !reading.problems);
    again = as_json(written);
    must(json_equal(json, again));
    yaml_tree_free(written);
}

static void format_twice(const struct yaml_node *tree, const char *bytes, size_t length)
{
    struct reading reading = reading_of(bytes, length);
    cleanup_free char *once = yaml_format("in", bytes, length, on_problem, &reading);
    cleanup_free char *twice = NULL;
    struct yaml_node *formatted;

    must(once || reading.problems);
    if (!once)
        return;
    reading = reading_of(once, strlen(once));
    formatted = yaml_read_text("once", once, strlen(once), on_problem, &reading);
    must(!formatted == !tree); /* a file of comments is laid out, too */
    if (tree)
        same(tree, formatted);
    yaml_tree_free(formatted);
    twice = yaml_format("once", once, strlen(once), on_problem, &reading);
    must(twice && !strcmp(once, twice));
}

FUZZ_TARGET(yaml)
{
    struct fuzz_input input = {data, size};
    size_t length;
    cleanup_free char *bytes = fuzz_rest(&input, &length);
    struct reading reading = reading_of(bytes, length);
    struct yaml_node *tree = yaml_read_text("in", bytes, length, on_problem, &reading);

    must(tree || reading.problems);
    if (tree)
        check(tree, &reading, false);
    format_twice(tree, bytes, length);
    if (tree && !reading.problems)
        write_and_read(tree);
    yaml_tree_free(tree);
}
