#include "daemon/board/board.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/calendar.h"
#include "daemon/board/board_private.h"

#include <string.h>

/* ---- what it holds ---- */

static void drop_resources(struct board_resource *resources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(resources[i].address);
        free(resources[i].pipeline);
        json_decref(resources[i].differences);
    }
    free(resources);
}

static void drop_pipelines(struct board_pipeline *pipelines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pipelines[i].name);
        free(pipelines[i].zone);
        json_decref(pipelines[i].days);
        json_decref(pipelines[i].audit);
        json_decref(pipelines[i].documents);
    }
    free(pipelines);
}

struct board *board_new(void)
{
    return mem_new(sizeof(struct board));
}

void board_free(struct board *board)
{
    if (!board)
        return;
    drop_resources(board->resources, board->resource_count);
    drop_pipelines(board->pipelines, board->pipeline_count);
    free(board->before);
    free(board);
}

static struct board_pipeline *find_pipeline(const struct board *board, const char *name)
{
    for (size_t i = 0; i < board->pipeline_count; i++)
        if (!strcmp(board->pipelines[i].name, name))
            return &board->pipelines[i];
    return NULL;
}

/* They stand as in the spec, so that all of them are found in no time. */
static struct board_pipeline *find_pipeline_at(const struct board *board, const char *name,
                                               size_t at)
{
    return at < board->pipeline_count && !strcmp(board->pipelines[at].name, name)
               ? &board->pipelines[at]
               : find_pipeline(board, name);
}

/* They are asked for in their order, mostly: *from is where the next one may be. */
static struct board_resource *find_resource(const struct board *board, const char *address,
                                            size_t *from)
{
    for (size_t i = 0; i < board->resource_count; i++) {
        size_t at = (*from + i) % board->resource_count;

        if (strcmp(board->resources[at].address, address) != 0)
            continue;
        *from = at + 1;
        return &board->resources[at];
    }
    return NULL;
}

/* ---- a spec ---- */

/* Address -> where it is, from 1; new reference. */
static json_t *places_of(const struct board *board)
{
    json_t *places = json_object();

    for (size_t i = 0; i < board->resource_count; i++)
        json_object_set_new(places, board->resources[i].address, json_integer((json_int_t)i + 1));
    return places;
}

static struct board_resource expect_resource(const struct manifest_pipeline *pipeline,
                                             const struct manifest_resource *resource)
{
    return (struct board_resource){.address = mem_text(resource->address),
                                   .pipeline = mem_text(pipeline->name),
                                   .kind = resource->kind,
                                   .station = board_station_of(pipeline, resource),
                                   .state = BOARD_UNKNOWN};
}

static void expect_pipeline(struct board *board, const struct manifest_pipeline *pipeline,
                            const json_t *places)
{
    const char *zone = json_text(pipeline->billing, "time_zone");
    size_t count = board->resource_count + pipeline->resource_count + 1;

    board->pipelines[board->pipeline_count++] =
        (struct board_pipeline){.name = mem_text(pipeline->name),
                                .first = board->resource_count,
                                .count = pipeline->resource_count,
                                .bills = pipeline->billing != NULL,
                                .zone = mem_text(zone ? zone : "UTC")};
    board->resources = mem_resize(board->resources, count, sizeof *board->resources);
    board->before = mem_resize(board->before, count, sizeof *board->before);
    for (size_t i = 0; i < pipeline->resource_count; i++) {
        const struct manifest_resource *resource = &pipeline->resources[i];
        const json_t *place = json_object_get(places, resource->address);

        board->before[board->resource_count] = (size_t)json_integer_value(place);
        board->resources[board->resource_count++] = expect_resource(pipeline, resource);
    }
}

struct board *board_prepare(const struct board *board, const struct manifest *manifest)
{
    struct board *next = board_new();
    json_auto_t *places = places_of(board);

    next->interval_s = manifest->interval_s;
    next->pipelines = mem_resize(NULL, manifest->pipeline_count + 1, sizeof *next->pipelines);
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        expect_pipeline(next, &manifest->pipelines[i], places);
    return next;
}

/* Nothing is made here for each resource: all of it is seen at once. */
void board_take(struct board *board, struct board *next)
{
    struct board before = *board;

    for (size_t i = 0; i < next->resource_count; i++)
        if (next->before[i])
            next->resources[i].changed_ms = board->resources[next->before[i] - 1].changed_ms;
    *board = *next;
    *next = before;
}

/* ---- a pass ---- */

static void forget_state(struct board_resource *resource)
{
    resource->state = BOARD_UNKNOWN;
    resource->action = PLAN_NONE;
    json_decref(resource->differences);
    resource->differences = NULL;
}

static void note_task(struct board_resource *resource, const struct task *task, int64_t now_ms)
{
    const struct plan *plan = task_last_plan(task);
    enum board_state state = board_station_state_of(task);

    if (!plan->differences)
        plan = task_plan(task);
    forget_state(resource);
    resource->state = state;
    if (task_writes(task))
        resource->changed_ms = now_ms;
    if (state == BOARD_UNKNOWN)
        return; /* a loss that was seen is told until it is seen to be over */
    if (resource->checked_ms && state != resource->known)
        resource->changed_ms = now_ms;
    resource->known = state;
    resource->checked_ms = now_ms;
    resource->loss =
        state == BOARD_IN_SYNC ? task_loss(task, task_last_plan(task)) : task_loss(task, plan);
    if (state == BOARD_IN_SYNC)
        return;
    resource->action = plan->action;
    resource->differences = plan->differences ? json_deep_copy(plan->differences) : json_array();
}

void board_task(struct board *board, const struct task *task, size_t *from, int64_t now_ms)
{
    struct board_resource *resource = find_resource(board, task_address(task), from);

    if (resource)
        note_task(resource, task, now_ms);
}

void board_looked(struct board *board, const struct manifest *manifest, const struct pass *pass,
                  int64_t now_ms)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        struct board_pipeline *pipeline = find_pipeline_at(board, manifest->pipelines[i].name, i);
        enum err_kind kind;

        if (!pipeline)
            continue;
        pipeline->refused = pass_refused(pass, i, &kind) != NULL;
        if (!pipeline->refused) /* files go into the bucket, days into the table */
            pipeline->idle =
                pass_observed(pass, i, "bucket") || pass_observed(pass, i, "rollup_table");
        for (size_t j = 0; pipeline->refused && j < pipeline->count; j++)
            forget_state(&board->resources[pipeline->first + j]);
    }
    board->looked_ms = now_ms;
}

/* ---- what upkeep finds ---- */

static bool has_drift(const json_t *days)
{
    json_t *day;
    size_t i;

    json_array_foreach(days, i, day)
        for (int state = 0; state < ROLLUP_STATES; state++)
            if ((rollup_is_drift((enum rollup_state)state) || state == ROLLUP_LOST ||
                 state == ROLLUP_HIDDEN) &&
                !strcmp(json_text(day, "state"), rollup_state_name((enum rollup_state)state)))
                return true;
    return false;
}

void board_days(struct board *board, const char *name, const struct rollup_status *status,
                struct day closed, int64_t now_ms)
{
    struct board_pipeline *pipeline = find_pipeline(board, name);

    if (!pipeline)
        return;
    if (!status && has_drift(pipeline->days))
        return;
    json_decref(pipeline->days);
    pipeline->days = NULL;
    if (!status)
        return;
    pipeline->days = json_array();
    pipeline->days_ms = now_ms;
    pipeline->days_closed = closed;
    for (size_t i = 0; i < status->count; i++) {
        char text[16];

        calendar_day_text(status->days[i].day, text);
        json_array_append_new(pipeline->days, json_pack("{s:s, s:s}", "day", text, "state",
                                                        rollup_state_name(status->days[i].state)));
    }
}

/* The members that hold counts, times and words of ours: no money, no customer, no key. */
static json_t *told_audit(const json_t *audit)
{
    static const char *const whole[] = {"from",     "to",      "hops",    "totals", "hours",
                                        "excluded", "not_due", "verdict", NULL};
    static const char *const of_gap[] = {"hop",   "from",        "to",        "events", "of",
                                         "share", "above_limit", "explained", NULL};
    json_t *told = json_object(), *gaps = json_array(), *reasons = json_array(), *each;
    size_t i;

    for (const char *const *name = whole; *name; name++)
        json_object_set(told, *name, json_object_get(audit, *name));
    json_array_foreach(json_object_get(audit, "gaps"), i, each) {
        json_t *gap = json_object();

        for (const char *const *name = of_gap; *name; name++)
            json_object_set(gap, *name, json_object_get(each, *name));
        json_array_append_new(gaps, gap);
    }
    json_array_foreach(json_object_get(audit, "reasons"), i, each)
        json_array_append(reasons, json_object_get(each, "reason"));
    json_object_set_new(told, "gaps", gaps);
    json_object_set_new(told, "reasons", reasons);
    json_object_set(told, "at", json_at(audit, "freshness_seconds.at"));
    return told;
}

void board_audit(struct board *board, const char *name, const json_t *audit, int64_t now_ms)
{
    struct board_pipeline *pipeline = find_pipeline(board, name);

    const char *before = pipeline ? json_text(pipeline->audit, "verdict") : NULL;

    if (!pipeline || (!audit && before && !strcmp(before, "gap")))
        return;
    json_decref(pipeline->audit);
    pipeline->audit = audit ? told_audit(audit) : NULL;
    if (audit)
        pipeline->audit_ms = now_ms;
}

void board_months(struct board *board, const char *name, json_t *documents, int64_t due_s,
                  int64_t now_ms)
{
    struct board_pipeline *pipeline = find_pipeline(board, name);

    if (!pipeline) {
        json_decref(documents);
        return;
    }
    pipeline->documents_failed = !documents;
    if (!documents)
        return;
    json_decref(pipeline->documents);
    pipeline->documents = documents;
    pipeline->documents_ms = now_ms;
    pipeline->due_s = due_s;
}

const json_t *board_known_months(const struct board *board, const char *name)
{
    const struct board_pipeline *pipeline = find_pipeline(board, name);

    return pipeline ? pipeline->documents : NULL;
}

void board_open_gaps(struct board *board, const char *name, size_t count)
{
    struct board_pipeline *pipeline = find_pipeline(board, name);

    if (pipeline)
        pipeline->open_gaps = count;
}
