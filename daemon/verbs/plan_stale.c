/* plan_stale.c -- what is not as a reviewed plan says any more, in words. */
#include "daemon/verbs/plan_stale.h"

#include "base/json.h"
#include "base/mem.h"
#include "daemon/views/json_view.h"

#include <string.h>

enum { VALUE_COLUMNS = 60 };

static const json_t *find_named(const json_t *list, const char *key, const char *name)
{
    const json_t *item;
    size_t i;

    json_array_foreach((json_t *)list, i, item) {
        const char *other = json_text(item, key);

        if (other && name && !strcmp(other, name))
            return item;
    }
    return NULL;
}

static bool same(const json_t *a, const json_t *b)
{
    cleanup_free char *x = a ? json_canonical(a) : mem_text(""),
                      *y = b ? json_canonical(b) : mem_text("");

    return !strcmp(x, y);
}

/* "have -> want" of a field, or that it does not differ. */
static char *change_text(const json_t *difference)
{
    cleanup_free char *have = NULL, *want = NULL;

    if (!difference)
        return mem_text("as wanted");
    have = json_view_line(json_object_get(difference, "have"), "nothing", VALUE_COLUMNS);
    want = json_view_line(json_object_get(difference, "want"), "nothing", VALUE_COLUMNS);
    return mem_printf("%s -> %s", have, want);
}

static void tell_field(json_t *texts, const char *resource, const json_t *reviewed,
                       const json_t *now)
{
    const char *field = json_text(reviewed ? reviewed : now, "field");
    cleanup_free char *before = change_text(reviewed), *after = change_text(now);

    if (strcmp(before, after) != 0)
        json_array_append_new(
            texts, json_sprintf("%s %s: %s in the plan, %s now", resource, field, before, after));
    else
        json_array_append_new(
            texts, json_sprintf("%s %s: differs in another way than in the plan", resource, field));
}

static void tell_fields(json_t *texts, const char *resource, const json_t *reviewed,
                        const json_t *now)
{
    const json_t *before = json_object_get(reviewed, "differences"),
                 *after = json_object_get(now, "differences"), *item;
    size_t i;

    json_array_foreach((json_t *)before, i, item) {
        const json_t *other = find_named(after, "field", json_text(item, "field"));

        if (!same(item, other))
            tell_field(texts, resource, item, other);
    }
    json_array_foreach((json_t *)after, i, item)
        if (!find_named(before, "field", json_text(item, "field")))
            tell_field(texts, resource, NULL, item);
}

/* Nothing of ours differs, but what would be sent does: something around it has changed. */
static void tell_calls(json_t *texts, const char *resource, const json_t *reviewed,
                       const json_t *now)
{
    const json_t *before = json_object_get(reviewed, "calls"),
                 *after = json_object_get(now, "calls");
    size_t n = json_array_size(before) > json_array_size(after) ? json_array_size(before)
                                                                : json_array_size(after);

    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(before, i), *other = json_array_get(after, i);

        if (!same(one, other))
            json_array_append_new(
                texts, json_sprintf("%s: %s would send something else than in the plan", resource,
                                    json_text(one ? one : other, "operation")));
    }
}

static void tell_resource(json_t *texts, const char *resource, const json_t *reviewed,
                          const json_t *now)
{
    const char *before = json_text(reviewed, "action"), *after = json_text(now, "action");
    size_t told = json_array_size(texts);

    if (same(reviewed, now))
        return;
    if (!before || !after || strcmp(before, after) != 0)
        json_array_append_new(texts, json_sprintf("%s: %s in the plan, %s now", resource,
                                                  before ? before : "not there",
                                                  after ? after : "not there"));
    tell_fields(texts, resource, reviewed, now);
    if (json_array_size(texts) == told)
        tell_calls(texts, resource, reviewed, now);
    if (json_array_size(texts) == told)
        json_array_append_new(
            texts,
            json_sprintf("%s: %s", resource,
                         !json_object_get(reviewed, "observed") == !json_object_get(now, "observed")
                             ? "is not as in the plan"
                         : json_object_get(now, "observed")
                             ? "is only observed now (mode, or a pause)"
                             : "was only observed in the plan, and is written now"));
}

static void tell_resources(json_t *texts, const json_t *reviewed, const json_t *now)
{
    const json_t *before = json_object_get(reviewed, "resources"),
                 *after = json_object_get(now, "resources"), *item;
    size_t i;

    json_array_foreach((json_t *)before, i, item) {
        const char *name = json_text(item, "resource");

        tell_resource(texts, name, item, find_named(after, "resource", name));
    }
    json_array_foreach((json_t *)after, i, item) {
        const char *name = json_text(item, "resource");

        if (!find_named(before, "resource", name))
            tell_resource(texts, name, NULL, item);
    }
}

static void tell_place(json_t *texts, const char *pipeline, const char *what,
                       const json_t *const two[2])
{
    const char *before = json_text(two[0], what), *after = json_text(two[1], what);

    if (!before || !after || strcmp(before, after) != 0)
        json_array_append_new(texts,
                              json_sprintf("%s: %s %s in the plan, %s now", pipeline, what,
                                           before ? before : "(none)", after ? after : "(none)"));
}

static void tell_places(json_t *texts, const json_t *reviewed, const json_t *now)
{
    const json_t *before = json_object_get(reviewed, "pipelines"), *item;
    size_t i;

    json_array_foreach((json_t *)json_object_get(now, "pipelines"), i, item) {
        const char *name = json_text(item, "pipeline");
        const json_t *const two[2] = {find_named(before, "pipeline", name), item};

        tell_place(texts, name, "account", two);
        tell_place(texts, name, "region", two);
    }
}

json_t *plan_stale(const json_t *reviewed, const json_t *now)
{
    json_t *texts = json_array();

    if (!same(json_object_get(reviewed, "spec_sha256"), json_object_get(now, "spec_sha256")))
        json_array_append_new(
            texts, json_sprintf("the spec %s is not the one of the plan", json_text(now, "spec")));
    tell_places(texts, reviewed, now);
    tell_resources(texts, reviewed, now);
    return texts;
}
