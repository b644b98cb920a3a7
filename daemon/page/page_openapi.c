/* page_openapi.c -- docs/openapi.yaml as JSON, since that is what programs ask for. */
#include "base/mem.h"
#include "daemon/page/page.h"
#include "daemon/page/page_embed.h"
#include "yaml/yaml.h"

#include <stdlib.h>
#include <string.h>

static json_t *scalar(const struct yaml_node *node)
{
    json_t *number;

    if (!node->quoted) {
        if (yaml_is_null(node))
            return json_null();
        if (!strcmp(node->text, "true") || !strcmp(node->text, "false"))
            return json_boolean(*node->text == 't');
        number = json_loads(node->text, JSON_DECODE_ANY, NULL);
        if (json_is_number(number))
            return number;
        json_decref(number);
    }
    return json_string(node->text);
}

static json_t *convert(const struct yaml_node *node)
{
    json_t *value;

    if (node->type == YAML_TEXT)
        return scalar(node);
    value = node->type == YAML_LIST ? json_array() : json_object();
    for (size_t i = 0; i < node->count; i++) {
        if (node->type == YAML_LIST)
            json_array_append_new(value, convert(node->items[i]));
        else
            json_object_set_new(value, node->items[i]->key, convert(node->items[i]));
    }
    return value;
}

/* It is compiled in, so it is right: a test reads it. */
static void on_problem(void *arg, struct yaml_place place, const char *path, const char *problem)
{
    (void)arg, (void)place, (void)path, (void)problem;
    abort();
}

void page_openapi(struct str *out)
{
    struct yaml_node *root = yaml_read_text("openapi.yaml", page_embed_openapi,
                                            strlen(page_embed_openapi), on_problem, NULL);
    json_auto_t *document = convert(root);
    char *text = json_dumps(document, JSON_COMPACT);

    str_add(out, text);
    free(text);
    yaml_tree_free(root);
}
