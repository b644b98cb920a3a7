#include "import/import_relink.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "yaml/yaml.h"

#include <string.h>

struct relinking {
    struct import_draft *draft;
    const struct import_template *template;
    const struct pass *pass;
    const struct manifest_resource *resource; /* the one looked at */
    const json_t *have;                       /* its fields in AWS; NULL: not read */
    bool changed;
};

static bool is_wanted(const struct import_draft *draft, const struct import_template *template,
                      const char *id)
{
    return import_template_resource(template, id) && !import_draft_is_off(draft, id);
}

/* Whether a text refers to a resource that is off. */
static bool refers_to_off(const struct relinking *r, const char *text)
{
    for (const char *at = text; (at = strstr(at, "${")); at += 2) {
        size_t n = strcspn(at + 2, ".}");
        cleanup_free char *id = mem_text_n(at + 2, n);

        if (at[2 + n] == '.' && (at == text || at[-1] != '$') && import_draft_is_off(r->draft, id))
            return true;
    }
    return false;
}

static bool holds_off(const struct relinking *r, const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_string(value))
        return refers_to_off(r, json_string_value(value));
    json_object_foreach((json_t *)value, key, item)
        if (holds_off(r, item))
            return true;
    json_array_foreach((json_t *)value, i, item)
        if (holds_off(r, item))
            return true;
    return false;
}

/* A mapping's keys one by one, anything else whole. */
static json_t *written_out(const struct relinking *r, const json_t *declared, const json_t *have)
{
    json_t *over, *value;
    const char *key;

    if (!json_is_object(declared))
        return have ? manifest_effective_value(have) : json_null();
    over = json_object();
    json_object_foreach((json_t *)declared, key, value)
        if (holds_off(r, value))
            json_object_set_new(over, key, written_out(r, value, json_object_get(have, key)));
    return over;
}

static void relink_field(struct relinking *r, const char *field, const json_t *declared)
{
    const char *id = r->resource->id;
    const struct field *known = kind_field(r->resource->kind, field);
    const json_t *values = import_template_values(r->template, id);
    const json_t *have = json_object_get(r->have, field);
    json_t *over;

    if (!holds_off(r, declared) || json_object_get(import_draft_fields(r->draft, id), field))
        return;
    /* Not read, or no member of a reply: as the template would have it. */
    if (!r->have || !known->member)
        have = json_object_get(values, field);
    over = known->type == FIELD_MAP || known->type == FIELD_DOCUMENT
               ? written_out(r, declared, have)
           : have ? manifest_effective_value(have)
                  : json_null();
    import_draft_set(r->draft, id, field, over, "what the template refers to here is off");
    r->changed = true;
}

static void relink_after(struct relinking *r)
{
    const struct yaml_node *after = yaml_find(r->resource->node, "after");
    json_t *left = json_array();
    bool missing = false;

    for (size_t i = 0; after && i < after->count; i++)
        if (import_draft_is_off(r->draft, after->items[i]->text))
            missing = true;
        else
            json_array_append_new(left, json_string(after->items[i]->text));
    if (missing && !json_equal(left, json_object_get(import_draft_fields(r->draft, r->resource->id),
                                                     "after"))) {
        import_draft_set(r->draft, r->resource->id, "after", json_incref(left), NULL);
        r->changed = true;
    }
    json_decref(left);
}

static const struct task *task_of(const struct pass *pass, const char *id)
{
    for (size_t i = 0; pass && i < pass_task_count(pass); i++)
        if (!strcmp(strchr(task_address(pass_task(pass, i)), '/') + 1, id))
            return pass_task(pass, i);
    return NULL;
}

bool import_relink(struct import_draft *draft, const struct import_template *template,
                   const struct pass *pass)
{
    struct relinking r = {.draft = draft, .template = template, .pass = pass};

    for (size_t i = 0; i < template->pipeline->resource_count; i++) {
        const struct task *task;
        struct scope scope = {0};
        const char *field;
        json_t *declared;

        r.resource = &template->pipeline->resources[i];
        task = task_of(pass, r.resource->id);
        if (!is_wanted(draft, template, r.resource->id))
            continue;
        if (task)
            task_scope(task, &scope);
        r.have = task && task_was_read(task) ? scope.observed : NULL;
        json_object_foreach(r.resource->declared, field, declared)
            relink_field(&r, field, declared);
        relink_after(&r);
    }
    return r.changed;
}
