#include "daemon/data_flow/data_flow.h"

#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/data_flow/data_flow_private.h"
#include "resources/table.h"

#include <string.h>

/* ---- what the pass already knows ---- */

static bool is_read(const struct task *task)
{
    return task_plan(task)->differences != NULL;
}

/* What AWS has, else what is wanted: data flows by what AWS has. */
static const char *value_of(const struct scope *scope, const char *field)
{
    const char *have = json_text(scope->observed, field);

    return have ? have : json_text(scope->desired, field);
}

static json_t *filter_json(const struct task *task, const struct scope *scope, const char *stream)
{
    const char *have = json_text(scope->observed, "destination");

    return json_pack("{s:s, s:s*, s:s*, s:o, s:s?, s:b}", "resource", task_address(task),
                     "log_group", json_text(scope->desired, "log_group"), "name",
                     json_text(scope->desired, "name"), "attached",
                     is_read(task) ? json_boolean(scope->observed != NULL) : json_null(),
                     "destination", have, "destination_right", have && !strcmp(have, stream));
}

/* The filters that feed the stream, or should. */
static json_t *filters_of(const struct pass *pass, size_t pipeline, const char *stream)
{
    json_t *filters = json_array();

    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        struct scope scope;
        const char *want;

        if (pass_task_pipeline(pass, i) != pipeline || task_kind(task)->part != PART_FORWARDER)
            continue;
        task_scope(task, &scope);
        want = json_text(scope.desired, "destination");
        if (want && !strcmp(want, stream))
            json_array_append_new(filters, filter_json(task, &scope, stream));
    }
    return filters;
}

/* ---- what AWS is asked ---- */

/* Returns a new reference, as far as it came; *e when that is not all. */
typedef json_t *look_fn(struct flow *flow, const struct data_flow_place *place, struct err *e);

/* One thing that is looked at, side by side with all others. */
struct look {
    look_fn *fn;
    json_t *stream;     /* whose member the result becomes; borrowed */
    const char *member; /* "newest_object" */
    struct data_flow_place place;
};

struct looks {
    const struct pass *pass;
    size_t pipeline;
    struct look *items;
    size_t count;
};

/* Plans a look; where is a bucket's or log group's name. */
static void add_look(struct looks *looks, const struct look *look, const char *where,
                     const char *prefix)
{
    struct look *item;

    looks->items = mem_resize(looks->items, looks->count + 1, sizeof *looks->items);
    item = &looks->items[looks->count++];
    *item = *look;
    item->place = (struct data_flow_place){.session = pass_session(looks->pass, looks->pipeline),
                                           .account = pass_account(looks->pass, looks->pipeline),
                                           .name = mem_text(where),
                                           .prefix = mem_text(prefix)};
}

static void look_into_bucket(struct looks *looks, json_t *stream, const struct scope *scope)
{
    const struct look newest = {
        .fn = data_flow_objects_newest, .stream = stream, .member = "newest_object"};
    const struct look undelivered = {
        .fn = data_flow_objects_undelivered, .stream = stream, .member = "undelivered"};
    const char *arn = value_of(scope, "bucket");
    const char *bucket = arn ? strrchr(arn, ':') : NULL;
    const char *prefix = value_of(scope, "prefix"), *errors = value_of(scope, "error_prefix");
    cleanup_free char *fixed = firehose_prefix_fixed(errors ? errors : "");

    if (!bucket || !bucket[1])
        return;
    add_look(looks, &newest, bucket + 1, prefix ? prefix : "");
    if (*fixed) /* else they lie among everything else */
        add_look(looks, &undelivered, bucket + 1, errors);
}

static json_t *stream_json(const struct looks *looks, const struct task *task,
                           const struct scope *scope)
{
    cleanup_free char *arn = table_arn(scope);
    const char *state = !is_read(task)     ? NULL
                        : !scope->observed ? "absent"
                                           : json_text(scope->observed, "status");

    return json_pack("{s:s, s:s*, s:s?, s:o, s:n, s:n, s:n}", "resource", task_address(task),
                     "stream", json_text(scope->desired, "name"), "state", state, "filters",
                     filters_of(looks->pass, looks->pipeline, arn ? arn : ""), "newest_object",
                     "undelivered", "error_log");
}

static json_t *plan_stream(struct looks *looks, const struct task *task)
{
    struct look log = {.fn = data_flow_log_last, .member = "error_log"};
    struct scope scope;
    json_t *stream;
    const char *group;

    task_scope(task, &scope);
    log.stream = stream = stream_json(looks, task, &scope);
    if (!scope.observed)
        return stream;
    look_into_bucket(looks, stream, &scope);
    group = value_of(&scope, "error_log_group");
    if (group)
        add_look(looks, &log, group, "");
    return stream;
}

/* A list that AWS answers in circles fails without an error of AWS. */
static void add_error(json_t *result, const struct aws_error *error, const struct err *e)
{
    cleanup_free char *summary = aws_error_summary(error);

    json_object_set_new(result, "error", json_string(*error->code ? summary : e->text));
    json_object_set_new(result, "denied", json_boolean(e->kind == ERR_DENIED));
}

static void run_look(struct flow *flow, void *arg, size_t index)
{
    struct look *look = &((struct looks *)arg)->items[index];
    struct err e = {0};
    json_t *result = look->fn(flow, &look->place, &e);

    if (e.kind != ERR_NONE)
        add_error(result, flow_error(flow), &e);
    json_object_set_new(look->stream, look->member, result);
    free(look->place.name);
    free(look->place.prefix);
}

json_t *data_flow_look(struct flow *flow, const struct pass *pass, size_t pipeline)
{
    struct looks looks = {.pass = pass, .pipeline = pipeline};
    json_t *streams = json_array();

    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (pass_task_pipeline(pass, i) == pipeline &&
            task_kind(pass_task(pass, i))->part == PART_DELIVERY)
            json_array_append_new(streams, plan_stream(&looks, pass_task(pass, i)));
    flow_each(flow, looks.count, looks.count, run_look, &looks);
    free(looks.items);
    return streams;
}
