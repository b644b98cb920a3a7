/* live_lint.c -- the lints, run on what was read: others' rules, statements and parameters lose
 * money just as ours do.
 *
 * What the lints find in the spec as well is told there (`billingd check`), not twice. */
#include "reconcile/live_lint.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "spec/lint/lint.h"

#include <string.h>

struct judging {
    const struct item *items; /* of a pipeline */
    size_t count;
    json_t *wished; /* findings of the spec, as keys */
    json_t *read;   /* those of what was read: key -> [resource, text] */
    json_t *notes;  /* resource -> texts, of those that were read */
};

/* What AWS has, beside what only a spec can say: names that a read does not repeat, and what steers
 * billingd. */
static json_t *values_read(const struct scope *scope)
{
    json_t *values = json_copy((json_t *)scope->observed);

    for (const struct field *f = scope->kind->fields; f->name; f++) {
        const json_t *want = json_object_get(scope->desired, f->name);

        if (want && !f->member)
            json_object_set(values, f->name, (json_t *)want);
    }
    return values;
}

static char *key_of(const struct lint_finding *finding)
{
    return mem_printf("%s %s %s", finding->lint->code, finding->resource->id, finding->text);
}

static void remember(void *arg, const struct lint_finding *finding)
{
    struct judging *judging = arg;
    cleanup_free char *key = key_of(finding);

    json_object_set_new(judging->wished, key, json_true());
}

static void note(void *arg, const struct lint_finding *finding)
{
    struct judging *judging = arg;
    const struct lint *lint = finding->lint;
    cleanup_free char *key = key_of(finding);
    size_t length = strlen(lint->cost);

    length -= length && lint->cost[length - 1] == '.';
    json_object_set_new(
        judging->read, key,
        json_pack("[s, o]", finding->resource->id,
                  json_sprintf("lint %s live: %s; %.*s; %s", lint->code, finding->text, (int)length,
                               lint->cost, lint->remedy)));
}

static bool is_judged(const struct item *item)
{
    return item->task && !item->resource->absent;
}

/* What the spec does not say of itself.  It is asked only when there is something to tell, which is
 * rare: half of the work of a look that finds all well. */
static void tell_new(struct judging *judging, struct lint_subject *wished)
{
    const char *key;
    json_t *found;

    for (size_t i = 0; i < judging->count; i++) {
        const struct item *item = &judging->items[i];

        if (is_judged(item))
            lint_subject_add(wished, item->resource->id, task_kind(item->task),
                             task_wished(item->task));
    }
    lint_run(wished, remember, judging);
    json_object_foreach(judging->read, key, found)
        if (!json_object_get(judging->wished, key))
            json_array_append(
                json_object_get(judging->notes, json_string_value(json_array_get(found, 0))),
                json_array_get(found, 1));
}

/* What was not read stands as wished, so that nobody misses it, and nothing is said of it. */
static void gather(const struct item *item, struct lint_subject *read, json_t *values,
                   json_t *notes)
{
    const char *id = item->resource->id;
    const struct kind *kind = task_kind(item->task);
    struct scope scope;
    json_t *have;

    task_scope(item->task, &scope);
    if (!task_was_read(item->task) || !scope.observed) {
        lint_subject_add(read, id, kind, scope.desired);
        read->resources[read->count - 1].spared = true;
        return;
    }
    have = values_read(&scope);
    json_array_append_new(values, have);
    json_object_set_new(notes, id, json_array());
    lint_subject_add(read, id, kind, have);
}

void live_lint(const struct item *items, size_t count, const json_t *facts, const json_t *billing)
{
    int year = timestamp_utc(clock_now_ms() / 1000).tm_year + 1900;
    json_auto_t *values = json_array(), *keys = json_object(), *notes = json_object();
    json_auto_t *formats = json_object(), *found = json_object();
    struct lint_subject wished = {.facts = facts,
                                  .billing = billing,
                                  .known = formats,
                                  .year = year},
                        read = wished;
    struct judging judging = {items, count, keys, found, notes};

    for (size_t i = 0; i < count; i++)
        if (is_judged(&items[i]))
            gather(&items[i], &read, values, notes);
    lint_run(&read, note, &judging);
    if (json_object_size(found))
        tell_new(&judging, &wished);
    for (size_t i = 0; i < count; i++)
        if (items[i].task)
            task_find(items[i].task, json_object_get(notes, items[i].resource->id));
    lint_subject_fini(&wished);
    lint_subject_fini(&read);
}
