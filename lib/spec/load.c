/* load.c -- what all readers of a spec share: problems at their places, keys, names. */
#include "base/mem.h"
#include "spec/load_private.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static void add_error(struct load *load, struct yaml_place place, const char *path,
                      const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void add_error(struct load *load, struct yaml_place place, const char *path,
                      const char *format, va_list args)
{
    char text[2048];

    (void)vsnprintf(text, sizeof text, format, args);
    problems_add(load->problems, PROBLEM_ERROR, place, path, "%s", text);
}

void load_error(struct load *load, const struct yaml_node *node, const char *path,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_error(load, (struct yaml_place){node->file, node->line, node->column}, path, format, args);
    va_end(args);
}

void load_error_key(struct load *load, const struct yaml_node *node, const char *path,
                    const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_error(load, (struct yaml_place){node->key_file, node->key_line, node->key_column}, path,
              format, args);
    va_end(args);
}

void load_error_field(struct load *load, const struct draft *draft, size_t resource,
                      const char *field, const char *text)
{
    const struct manifest_resource *of = &draft->pipeline->resources[resource];
    cleanup_free char *path =
        mem_printf("%s.resources.%s%s%s", draft->path, of->id, *field ? "." : "", field);

    problems_add(load->problems, PROBLEM_ERROR, manifest_resource_place(of, field), path, "%s",
                 text);
}

void load_yaml_problem(void *load, struct yaml_place place, const char *path, const char *problem)
{
    problems_add(((struct load *)load)->problems, PROBLEM_ERROR, place, path, "%s", problem);
}

bool load_check_keys(struct load *load, const struct yaml_node *node, const char *path,
                     const char *const *keys)
{
    if (node->type != YAML_MAP) {
        load_error(load, node, path, "must be a mapping (key: value)");
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        const char *key = node->items[i]->key;
        size_t k = 0;

        while (keys[k] && strcmp(keys[k], key) != 0)
            k++;
        if (!keys[k]) {
            cleanup_free char *hint = str_hint(key, keys);
            cleanup_free char *below = mem_printf("%s%s%s", path, *path ? "." : "", key);

            load_error_key(load, node->items[i], below, "unknown key%s", hint);
        }
    }
    return true;
}

bool load_is_iam_name(const char *text)
{
    size_t length = strlen(text);

    return length && length <= 512 && text[length - 1] != '/' &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-/") ==
               length;
}

bool load_is_name(const char *text, const char *extra, bool digit_first)
{
    if (!islower((unsigned char)*text) && !(digit_first && isdigit((unsigned char)*text)))
        return false;
    for (; *text; text++)
        if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) &&
            !strchr(extra, *text))
            return false;
    return true;
}

char *load_directory(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? mem_text_n(file, (size_t)(slash - file + 1)) : mem_text("");
}

bool load_is_poisoned(const struct yaml_node *node)
{
    return node->type == YAML_TEXT && strstr(node->text, LOAD_POISON);
}

/* ---- what many pipelines have in common ---- */

struct load_fact {
    const void *part, *asks; /* part NULL: an empty place */
    json_t *fact;
};

/* The place of a fact, or that where it belongs. */
static struct load_fact *place_of(const struct load_known *known, const void *part,
                                  const void *asks)
{
    size_t at = ((uintptr_t)part / 16 * 31 + (uintptr_t)asks / 16) * 2654435761u;

    for (at &= known->room - 1; known->facts[at].part; at = (at + 1) & (known->room - 1))
        if (known->facts[at].part == part && known->facts[at].asks == asks)
            break;
    return &known->facts[at];
}

static void grow(struct load_known *known)
{
    struct load_known larger = {.room = known->room ? known->room * 2 : 1024,
                                .count = known->count};

    larger.facts = mem_new(larger.room * sizeof *larger.facts);
    for (size_t i = 0; i < known->room; i++)
        if (known->facts[i].part)
            *place_of(&larger, known->facts[i].part, known->facts[i].asks) = known->facts[i];
    free(known->facts);
    *known = larger;
}

json_t *load_known(const struct load *load, const void *part, const void *asks)
{
    return load->known.room ? place_of(&load->known, part, asks)->fact : NULL;
}

json_t *load_know(struct load *load, const void *part, const void *asks, json_t *fact)
{
    struct load_known *known = &load->known;

    if (known->count * 2 >= known->room)
        grow(known);
    *place_of(known, part, asks) = (struct load_fact){part, asks, fact};
    known->count++;
    return fact;
}

void load_known_fini(struct load *load)
{
    for (size_t i = 0; i < load->known.room; i++)
        json_decref(load->known.facts[i].fact);
    free(load->known.facts);
    load->known = (struct load_known){0};
}

static void add_way(struct str *s, const struct load_way *way)
{
    if (way->above)
        add_way(s, way->above);
    if (way->key) {
        str_add(s, s->len ? "." : "");
        str_add(s, way->key);
    } else {
        str_addf(s, "[%zu]", way->index);
    }
}

char *load_way_text(const struct load_way *way)
{
    struct str s = {0};

    add_way(&s, way);
    return str_take(&s);
}
