#include "reconcile/task_unique.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

enum { CANDIDATES = 5 };

struct candidate {
    const json_t *item;
    const char *name;
    size_t distance;
};

/* The field that says which of several it is. */
static const struct field *id_field(const struct kind *kind, const struct call *call)
{
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->read == call && f->member)
            return f;
    return NULL;
}

/* What of the item is not as the call asks, beside its name ("WEBSOCKET"); new text, "" for
 * nothing. */
static char *unfit(const struct call *call, const json_t *item)
{
    char member[64], literal[64];
    const char *rest = strchr(call->find, ' ');

    for (; rest; rest = strchr(rest + 1, ' ')) {
        const char *have;

        if (sscanf(rest, " %63[^=]='%63[^']'", member, literal) != 2)
            continue;
        have = json_text(item, member);
        if (have && strcmp(have, literal) != 0)
            return mem_text(have);
    }
    return mem_text("");
}

static int by_distance(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void add_candidate(struct str *text, const struct call *call, const struct field *id,
                          const struct candidate *candidate)
{
    const char *value = id ? json_text(candidate->item, id->member) : NULL;
    cleanup_free char *other = unfit(call, candidate->item);

    str_addf(text, "%s (%s%s%s%s%s)", candidate->name, id ? id->name : "", id ? " " : "",
             value ? value : "", *other ? ", " : "", other);
}

/* The list in which the call looks, nearest to the name first; *count: how many. */
static struct candidate *candidates_of(const struct call *call, const json_t *reply,
                                       const char *name, size_t *count)
{
    const json_t *list = json_at(reply, call->take), *item;
    struct candidate *all = mem_new((json_array_size(list) + 1) * sizeof *all);
    char member[64] = "";
    size_t i;

    *count = 0;
    (void)sscanf(call->find, "%63[^=]", member);
    json_array_foreach((json_t *)list, i, item) {
        const char *other = json_text(item, member);

        if (other)
            all[(*count)++] = (struct candidate){item, other, str_distance(name, other)};
    }
    qsort(all, *count, sizeof *all, by_distance);
    return all;
}

static void add_none(struct str *text, const struct scope *scope, const struct call *call,
                     const struct candidate *all, size_t count)
{
    const struct field *id = id_field(scope->kind, call);

    if (!count)
        str_add(text, ", nor any other: is it the right region, and the right account?");
    for (size_t i = 0; i < count && i < CANDIDATES; i++) {
        str_add(text, i ? ", " : "; the nearest: ");
        add_candidate(text, call, id, &all[i]);
    }
    if (count > CANDIDATES)
        str_addf(text, " and %zu more", count - CANDIDATES);
}

static void add_several(struct str *text, const struct scope *scope, const struct call *call,
                        const struct candidate *all, size_t count)
{
    const struct field *id = id_field(scope->kind, call);
    const char *gap = ": ";

    for (size_t i = 0; i < count && !all[i].distance; i++) {
        cleanup_free char *other = unfit(call, all[i].item);

        if (*other || !id)
            continue;
        str_addf(text, "%s%s", gap, json_text(all[i].item, id->member));
        gap = ", ";
    }
    if (id)
        str_addf(text, "; set %s to the one that is meant", id->name);
}

char *task_unique_text(const struct scope *scope, const struct call *call, const json_t *reply,
                       size_t matches)
{
    const char *region = json_text(scope->facts, "region"), *name;
    char source[64] = "";
    struct candidate *all;
    struct str text = {0};
    size_t count;

    (void)sscanf(call->find, "%*[^=]=%63[^ ]", source);
    name = json_text(scope->desired, source);
    name = name ? name : "";
    all = candidates_of(call, reply, name, &count);
    if (matches) {
        str_addf(&text, "%zu %ss in %s are named %s", matches, call->what, region, name);
        add_several(&text, scope, call, all, count);
    } else {
        str_addf(&text, "there is no %s named %s in %s", call->what, name, region);
        add_none(&text, scope, call, all, count);
    }
    free(all);
    return str_take(&text);
}
