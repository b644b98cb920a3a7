/* load_order.c -- what a resource needs before it: references and `after`, cycles, order. */
#include "base/mem.h"
#include "spec/load_private.h"

#include <string.h>

struct ordering {
    struct load *load;
    struct draft *draft;
    struct manifest_pipeline *pipeline;
    size_t index; /* of the resource looked at */
};

/* An error at `field` of the resource. */
static void tell(const struct ordering *o, const char *field, const char *text)
{
    load_error_field(o->load, o->draft, o->index, field, text);
    o->draft->flawed[o->index] = true;
}

static void tell_unknown(const struct ordering *o, const char *field, const char *id)
{
    /* Who has made hundreds of errors has no use for hints, which take long among many ids. */
    size_t count = o->load->problems->errors < PROBLEMS_SHOWN ? o->pipeline->resource_count : 0;
    const char **ids = mem_new((count + 1) * sizeof *ids);
    cleanup_free char *hint = NULL, *text = NULL;

    for (size_t i = 0; i < count; i++)
        ids[i] = o->pipeline->resources[i].id;
    hint = str_hint(id, ids);
    text = mem_printf("%s refers to %s, which does not exist%s",
                      o->pipeline->resources[o->index].id, id, hint);
    tell(o, field, text);
    free(ids);
}

static void add_need(struct manifest_resource *resource, size_t target, bool only_named)
{
    size_t count = resource->need_count;

    for (size_t i = 0; i < count; i++)
        if (resource->needs[i] == target) {
            resource->only_named[i] = resource->only_named[i] && only_named;
            return;
        }
    resource->needs = mem_resize(resource->needs, count + 1, sizeof *resource->needs);
    resource->only_named =
        mem_resize(resource->only_named, count + 1, sizeof *resource->only_named);
    resource->needs[count] = target;
    resource->only_named[count] = only_named;
    resource->need_count++;
}

/* Whether the field that a way goes through only names what it refers to. */
static bool only_names(const struct manifest_resource *resource, const struct load_way *way)
{
    const struct field *field;

    while (way->above)
        way = way->above;
    field = way->key ? kind_field(resource->kind, way->key) : NULL;
    return field && (field->flags & FIELD_NAMES);
}

/* The resource needs that of the id, by what stands in field. */
static void need(const struct ordering *o, const struct load_way *way, const char *id)
{
    struct manifest_resource *resource = &o->pipeline->resources[o->index];
    const struct manifest_resource *target = manifest_resource_find(o->pipeline, id);
    cleanup_free char *text = NULL, *field = NULL;

    if (target && !(target->absent && !resource->absent) && !json_object_get(o->draft->off, id)) {
        add_need(resource, (size_t)(target - o->pipeline->resources), only_names(resource, way));
        return;
    }
    field = load_way_text(way);
    if (json_object_get(o->draft->off, id)) {
        text = mem_printf("%s refers to %s, which is switched off", resource->id, id);
        tell(o, field, text);
    } else if (!target) {
        tell_unknown(o, field, id);
    } else {
        text = mem_printf("%s refers to %s, which is to be absent", resource->id, id);
        tell(o, field, text);
    }
}

/* Every reference in every text of value. */
static void find_references(const struct ordering *o, const json_t *value,
                            const struct load_way *way)
{
    const char *text = json_string_value(value);
    struct load_way below = {.above = way};
    struct reference r;
    json_t *item;

    while (text && load_text_next(text, &r)) {
        const char *dot = memchr(r.name, '.', r.length);
        cleanup_free char *id = dot ? mem_text_n(r.name, (size_t)(dot - r.name)) : NULL;

        if (id)
            need(o, way, id);
        text = r.end;
    }
    json_object_foreach((json_t *)value, below.key, item)
        find_references(o, item, &below);
    below.key = NULL;
    json_array_foreach(value, below.index, item)
        find_references(o, item, &below);
}

static void read_after(const struct ordering *o)
{
    const struct yaml_node *after = yaml_find(o->pipeline->resources[o->index].node, "after");

    if (!after || yaml_is_null(after))
        return;
    if (after->type != YAML_LIST) {
        tell(o, "after", "must be a list of resource ids");
        return;
    }
    for (size_t i = 0; i < after->count; i++) {
        cleanup_free char *field = mem_printf("after[%zu]", i);

        if (after->items[i]->type != YAML_TEXT)
            tell(o, field, "must be a resource id");
        else if (!load_is_poisoned(after->items[i]))
            need(o, &(struct load_way){.key = field}, after->items[i]->text);
    }
}

/* Tells the circle that ends on top of the way of `depth` resources. */
static void tell_cycle(struct ordering *o, const size_t *way, size_t depth)
{
    cleanup_str struct str text = {0};
    size_t first = 0;

    while (way[first] != way[depth])
        first++;
    str_add(&text, "resources need each other in a circle: ");
    for (size_t i = first; i <= depth; i++)
        str_addf(&text, "%s%s", i > first ? " -> " : "", o->pipeline->resources[way[i]].id);
    o->index = way[first];
    load_error_key(o->load, o->pipeline->resources[o->index].node, o->draft->path, "%s",
                   str_text(&text));
    o->draft->cyclic = true;
}

enum mark { WHITE, GREY, BLACK };

static void visit(struct ordering *o, enum mark *marks, size_t *way, size_t depth)
{
    const struct manifest_resource *resource = &o->pipeline->resources[way[depth]];
    size_t at = way[depth];

    marks[at] = GREY;
    for (size_t i = 0; i < resource->need_count; i++) {
        way[depth + 1] = resource->needs[i];
        if (marks[resource->needs[i]] == GREY)
            tell_cycle(o, way, depth + 1);
        else if (marks[resource->needs[i]] == WHITE)
            visit(o, marks, way, depth + 1);
    }
    marks[at] = BLACK;
}

static void find_cycles(struct ordering *o)
{
    size_t count = o->pipeline->resource_count;
    enum mark *marks = mem_new(count * sizeof *marks);
    size_t *way = mem_new((count + 1) * sizeof *way);

    for (size_t i = 0; i < count; i++) {
        way[0] = i;
        if (marks[i] == WHITE)
            visit(o, marks, way, 0);
    }
    free(marks);
    free(way);
}

#define NOWHERE SIZE_MAX /* not in the order yet */

static bool is_ready(const struct manifest_resource *resource, const size_t *place)
{
    for (size_t i = 0; i < resource->need_count; i++)
        if (place[resource->needs[i]] == NOWHERE)
            return false;
    return true;
}

/* Always the first in the template's order that needs nothing more. */
static void sort(struct ordering *o)
{
    struct manifest_pipeline *pipeline = o->pipeline;
    size_t count = pipeline->resource_count;
    struct manifest_resource *sorted = mem_new(count * sizeof *sorted);
    bool *flawed = mem_new(count * sizeof *flawed);
    size_t *place = mem_new(count * sizeof *place); /* old index -> new */

    memset(place, 0xff, count * sizeof *place);
    for (size_t n = 0; n < count; n++) {
        size_t i = 0;

        while (place[i] != NOWHERE || !is_ready(&pipeline->resources[i], place))
            i++;
        sorted[n] = pipeline->resources[i];
        flawed[n] = o->draft->flawed[i];
        place[i] = n;
    }
    for (size_t n = 0; n < count; n++)
        for (size_t i = 0; i < sorted[n].need_count; i++)
            sorted[n].needs[i] = place[sorted[n].needs[i]];
    free(pipeline->resources);
    free(o->draft->flawed);
    free(place);
    pipeline->resources = sorted;
    o->draft->flawed = flawed;
}

void load_order(struct load *load, struct draft *draft)
{
    struct ordering o = {.load = load, .draft = draft, .pipeline = draft->pipeline};

    for (o.index = 0; o.index < o.pipeline->resource_count; o.index++) {
        const char *field;
        json_t *value;

        if (!o.pipeline->resources[o.index].kind)
            continue;
        json_object_foreach(o.pipeline->resources[o.index].declared, field, value)
            find_references(&o, value, &(struct load_way){.key = field});
        read_after(&o);
    }
    find_cycles(&o);
    if (!draft->cyclic)
        sort(&o);
}
