#include "daemon/data_flow/data_flow_private.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/table.h"

#include <string.h>

/* ---- probes ---- */

struct probe *probe_new(struct data_flow *flow, json_t *target, const char *member, json_t *result)
{
    struct probe *probe = mem_new(sizeof *probe);

    *probe = (struct probe){.flow = flow, .target = target, .member = member, .result = result};
    flow->probes = mem_resize(flow->probes, flow->count + 1, sizeof(struct probe *));
    flow->probes[flow->count++] = probe;
    flow->left++;
    return probe;
}

void probe_send(struct probe *probe)
{
    struct data_flow *flow = probe->flow;

    probe->call = aws_client_send(
        flow->client,
        &(struct aws_request){flow->session, probe->service, probe->op, probe->params},
        probe->on_reply, probe);
}

static void finish_when_done(struct data_flow *flow)
{
    if (!flow->left)
        flow->done(flow->arg, flow->flows); /* may free flow: nothing after this */
}

void probe_end(struct probe *probe)
{
    struct data_flow *flow = probe->flow;

    json_object_set(probe->target, probe->member, probe->result);
    flow->left--;
    finish_when_done(flow);
}

const json_t *probe_result(struct probe *probe, const struct aws_reply *reply)
{
    probe->call = NULL;
    if (reply->result)
        return reply->result;
    json_object_set_new(
        probe->result, "error",
        json_sprintf("%s: %s: %s", probe->op, reply->error.code, reply->error.message));
    json_object_set_new(probe->result, "denied", json_boolean(reply->kind == ERR_DENIED));
    probe_end(probe);
    return NULL;
}

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

        if (pass_task_pipeline(pass, i) != pipeline ||
            strcmp(task_kind(task)->name, "subscription_filter") != 0)
            continue;
        task_scope(task, &scope);
        want = json_text(scope.desired, "destination");
        if (want && !strcmp(want, stream))
            json_array_append_new(filters, filter_json(task, &scope, stream));
    }
    return filters;
}

static void look_into_bucket(struct data_flow *flow, json_t *target, const struct scope *scope)
{
    const char *arn = value_of(scope, "bucket");
    const char *bucket = arn ? strrchr(arn, ':') : NULL;
    const char *prefix = value_of(scope, "prefix"), *errors = value_of(scope, "error_prefix");

    if (!bucket || !bucket[1])
        return;
    probe_newest_object(flow, target, bucket + 1, prefix ? prefix : "");
    if (errors)
        probe_undelivered(flow, target, bucket + 1, errors);
}

static void look_at_stream(struct data_flow *flow, const struct pass *pass, size_t pipeline,
                           const struct task *task)
{
    struct scope scope;
    cleanup_free char *arn = NULL;
    const char *group, *state;
    json_t *target;

    task_scope(task, &scope);
    arn = table_arn(&scope);
    state = !is_read(task) ? NULL : scope.observed ? json_text(scope.observed, "status") : "absent";
    target = json_pack("{s:s, s:s*, s:s?, s:o, s:n, s:n, s:n}", "resource", task_address(task),
                       "stream", json_text(scope.desired, "name"), "state", state, "filters",
                       filters_of(pass, pipeline, arn ? arn : ""), "newest_object", "undelivered",
                       "error_log");
    json_array_append_new(flow->flows, target);
    if (!scope.observed)
        return;
    look_into_bucket(flow, target, &scope);
    group = value_of(&scope, "error_log_group");
    if (group)
        probe_error_log(flow, target, group);
}

static void close_timer(uv_handle_t *handle)
{
    free(handle);
}

static void on_nothing(uv_timer_t *timer)
{
    finish_when_done(timer->data);
}

struct data_flow *data_flow_start(uv_loop_t *loop, struct aws_client *client,
                                  const struct pass *pass, size_t pipeline, data_flow_fn *done,
                                  void *arg)
{
    struct data_flow *flow = mem_new(sizeof *flow);

    *flow = (struct data_flow){.client = client,
                               .session = pass_session(pass, pipeline),
                               .account = pass_account(pass, pipeline),
                               .flows = json_array(),
                               .done = done,
                               .arg = arg};
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (pass_task_pipeline(pass, i) == pipeline &&
            !strcmp(task_kind(pass_task(pass, i))->name, "delivery_stream"))
            look_at_stream(flow, pass, pipeline, pass_task(pass, i));
    if (!flow->left) {
        flow->timer = mem_new(sizeof *flow->timer);
        (void)uv_timer_init(loop, flow->timer);
        flow->timer->data = flow;
        (void)uv_timer_start(flow->timer, on_nothing, 0, 0);
    }
    return flow;
}

static void probe_free(struct probe *probe)
{
    aws_call_cancel(probe->call);
    json_decref(probe->result);
    json_decref(probe->params);
    free(probe->template);
    free(probe->descend);
    free(probe);
}

void data_flow_free(struct data_flow *flow)
{
    if (!flow)
        return;
    for (size_t i = 0; i < flow->count; i++)
        probe_free(flow->probes[i]);
    free(flow->probes);
    if (flow->timer)
        uv_close((uv_handle_t *)flow->timer, close_timer);
    json_decref(flow->flows);
    free(flow);
}
