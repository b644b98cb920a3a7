/* load_text.c -- ${...} in texts: finding it, escaping it, and the environment's share of it.
 *
 * Expansion comes after YAML parsing, so a value can never change the structure of a file; what
 * comes from the environment is escaped, so it is never expanded again. */
#include "base/mem.h"
#include "base/secret/secret.h"
#include "spec/load_private.h"

#include <ctype.h>
#include <string.h>

static const char *closing_brace(const char *text)
{
    int depth = 1;

    for (; *text; text++) {
        if (*text == '{')
            depth++;
        else if (*text == '}' && !--depth)
            return text;
    }
    return NULL;
}

bool load_text_next(const char *text, struct reference *reference)
{
    for (; (text = strchr(text, '$')); text++) {
        const char *close;

        if (!strncmp(text, "$${", 3)) {
            text += 2;
            continue;
        }
        if (text[1] != '{')
            continue;
        close = closing_brace(text + 2);
        reference->start = text;
        reference->name = text + 2;
        reference->length = close ? (size_t)(close - text - 2) : strlen(text + 2);
        reference->end = close ? close + 1 : NULL;
        return true;
    }
    return false;
}

void load_text_add_unescaped(struct str *s, const char *text, size_t length)
{
    const char *end = text + length, *from = text, *found;

    while ((found = memmem(from, (size_t)(end - from), "$${", 3)) != NULL) {
        str_add_n(s, from, (size_t)(found - from));
        from = found + 1;
    }
    str_add_n(s, from, (size_t)(end - from));
}

void load_text_add_escaped(struct str *s, const char *text)
{
    for (; *text; text++) {
        if (text[0] == '$' && text[1] == '{')
            str_add_char(s, '$');
        str_add_char(s, *text);
    }
}

static size_t variable_length(const char *name)
{
    size_t n = 0;

    if (!isupper((unsigned char)*name) && *name != '_')
        return 0;
    while (isupper((unsigned char)name[n]) || isdigit((unsigned char)name[n]) || name[n] == '_')
        n++;
    return n;
}

/* No setting of a spec is a secret, and what a spec says is told: in errors, plans, bills. */
static bool refuse_secret(struct load *load, const struct yaml_node *node, const char *path,
                          const char *name)
{
    const char *value = getenv(name);
    cleanup_free char *what = value ? secret_in(value) : NULL;

    if (secret_is_name(name))
        load_error(load, node, path,
                   "the environment variable %s holds a secret by its name, and no setting of a "
                   "spec is one; credentials are found without the spec, another value needs "
                   "another variable",
                   name);
    else if (what)
        load_error(load, node, path,
                   "the environment variable %s holds %s, and no setting of a spec is a secret; "
                   "set it to what belongs here (of a key: the name of its file)",
                   name, what);
    return what || secret_is_name(name);
}

/* One ${NAME} or ${NAME:-default}; whatever else stands in the braces is not for us. */
static bool add_variable(struct load *load, const struct yaml_node *node, const char *path,
                         const struct reference *r, struct str *s)
{
    size_t n = variable_length(r->name);
    cleanup_free char *name = mem_text_n(r->name, n);
    bool has_default = !strncmp(r->name + n, ":-", 2);
    const char *value = n ? getenv(name) : NULL;
    cleanup_free char *otherwise = NULL;
    struct reference inner;

    if (!n || (n < r->length && !has_default)) {
        str_add_n(s, r->start, (size_t)(r->end - r->start));
        return true;
    }
    if (load->variables)
        json_object_set_new(load->variables, name, json_true());
    if (refuse_secret(load, node, path, name))
        return false;
    if (value && *value && !str_is_utf8(value, strlen(value))) {
        load_error(load, node, path, "the environment variable %s is not UTF-8", name);
        return false;
    }
    if (!has_default && !value) {
        load_error(load, node, path,
                   "the environment variable %s is not set; ${%s:-default} gives it a default",
                   name, name);
        return false;
    }
    if (!has_default || (value && *value)) {
        load_text_add_escaped(s, value);
        return true;
    }
    otherwise = mem_text_n(r->name + n + 2, r->length - n - 2);
    if (load_text_next(otherwise, &inner) && variable_length(inner.name)) {
        load_error(load, node, path, "the default of %s cannot hold another variable", name);
        return false;
    }
    str_add(s, otherwise);
    return true;
}

static void expand_environment(struct load *load, struct yaml_node *node, const char *path)
{
    const char *rest = node->text;
    struct str s = {0};
    struct reference r;
    bool good = true;

    if (!load_text_next(rest, &r))
        return;
    while (good && load_text_next(rest, &r)) {
        str_add_n(&s, rest, (size_t)(r.start - rest));
        if (!r.end) {
            load_error(load, node, path, "${ without its }; write $${ for a literal ${");
            good = false;
        } else {
            good = add_variable(load, node, path, &r, &s);
            rest = r.end;
        }
    }
    if (good)
        str_add(&s, rest);
    free(node->text);
    node->text = good ? str_take(&s) : mem_text(LOAD_POISON);
    str_fini(&s);
    node->quoted |= !*node->text; /* an empty variable is an empty text, not a null */
}

void load_text_environment(struct load *load, struct yaml_node *node, const char *path)
{
    if (node->type == YAML_TEXT)
        expand_environment(load, node, path);
    for (size_t i = 0; i < node->count; i++) {
        struct yaml_node *item = node->items[i];
        cleanup_free char *below = item->key
                                       ? mem_printf("%s%s%s", path, *path ? "." : "", item->key)
                                       : mem_printf("%s[%zu]", path, i);

        load_text_environment(load, item, below);
    }
}

char *load_text_setting(struct load *load, const struct yaml_node *node, const char *path)
{
    struct str s = {0};
    struct reference r;

    if (!node || yaml_is_null(node))
        return NULL;
    if (node->type != YAML_TEXT) {
        load_error(load, node, path, "must be a text, not a %s",
                   node->type == YAML_LIST ? "list" : "mapping");
        return NULL;
    }
    if (!*node->text || load_is_poisoned(node))
        return NULL;
    if (load_text_next(node->text, &r)) {
        load_error(load, node, path, "${%.*s}: only environment variables (upper case) work here",
                   (int)r.length, r.name);
        return NULL;
    }
    load_text_add_unescaped(&s, node->text, strlen(node->text));
    return str_take(&s);
}
