#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "reconcile/engine_private.h"
#include "spec/account_guard.h"

#include <string.h>

struct engine *engine_new(uv_loop_t *loop, struct aws_client *client,
                          const struct manifest *manifest)
{
    struct engine *engine = mem_new(sizeof *engine);

    engine->loop = loop;
    engine->client = client;
    engine->manifest = manifest;
    engine->breaker = breaker_new(manifest->breaker_repairs, manifest->breaker_window_s);
    return engine;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    if (engine->pass)
        engine_forget(engine, engine->pass);
    breaker_free(engine->breaker);
    free(engine);
}

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

void engine_forget(struct engine *engine, struct pass *pass)
{
    if (!pass)
        return;
    pass_free_items(pass);
    read_cache_free(pass->cache);
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[i];

        pass_role_free(pipeline->pass_role);
        json_decref(pipeline->facts);
        json_decref(pipeline->desired);
        free(pipeline->account);
        free(pipeline->refused);
    }
    free(pass->pipelines);
    json_decref(pass->warnings);
    uv_close((uv_handle_t *)pass->timer, free_timer);
    free(pass);
    engine->pass = NULL;
}

static void on_timer(uv_timer_t *timer);

void pass_schedule(struct pass *pass)
{
    if (!uv_is_active((uv_handle_t *)pass->timer) || uv_timer_get_due_in(pass->timer) > 0)
        (void)uv_timer_start(pass->timer, on_timer, 0, 0);
}

static void refuse(struct pipeline_pass *pipeline, enum err_kind kind, char *text)
{
    free(pipeline->refused);
    pipeline->refused = text;
    pipeline->refused_kind = kind;
}

/* The guard: nothing is even read in an account the manifest does not name. */
static void take_identity(struct pipeline_pass *pipeline, const struct aws_reply *reply)
{
    struct err e = {0};
    const char *account;
    int refused;

    if (pipeline->identified)
        return; /* the pass was stopped meanwhile */
    pipeline->identified = true;
    if (!reply->result) {
        refuse(pipeline, reply->kind == ERR_NONE ? ERR_RETRY : reply->kind,
               mem_printf("who we are is unknown: GetCallerIdentity: %s: %s", reply->error.code,
                          reply->error.message));
        return;
    }
    refused = account_guard_check(pipeline->pass->engine->manifest, reply->result, &account, &e);
    pipeline->account = account ? mem_text(account) : NULL;
    if (refused) {
        refuse(pipeline, e.kind, mem_text(e.text));
        return;
    }
    pipeline->facts = json_pack(
        "{s:s, s:s, s:s, s:s, s:s}", "account", account, "caller_arn",
        json_text(reply->result, "Arn"), "region", aws_session_region(pipeline->session),
        "partition", aws_session_partition(pipeline->session), "pipeline", pipeline->spec->name);
    pipeline->desired = manifest_resolve(pipeline->spec, pipeline->facts);
    pass_add_items(pipeline->pass, (size_t)(pipeline - pipeline->pass->pipelines));
}

static void on_identity(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    struct pass *pass = arg;

    (void)depth;
    take_identity(&pass->pipelines[slot], reply);
    pass_schedule(pass);
}

static void ask_identities(struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[i];
        json_auto_t *none = json_object();
        struct read_request request = {pipeline->session, "sts", "GetCallerIdentity", none, 0};
        unsigned depth;
        const struct aws_reply *reply =
            read_cache_get(pass->cache, &request, on_identity, pass, i, &depth);

        if (reply)
            take_identity(pipeline, reply);
    }
    pass->identity_calls = read_cache_calls(pass->cache);
}

struct pass *engine_start(struct engine *engine, const struct pass_events *events)
{
    const struct manifest *manifest = engine->manifest;
    struct pass *pass = mem_new(sizeof *pass);

    engine->pass = pass;
    pass->engine = engine;
    pass->events = *events;
    pass->started_ms = clock_monotonic_ms();
    pass->cache = read_cache_new(engine->client);
    pass->warnings = json_array();
    pass->timer = mem_new(sizeof *pass->timer);
    (void)uv_timer_init(engine->loop, pass->timer);
    pass->timer->data = pass;
    pass->pipeline_count = manifest->pipeline_count;
    pass->pipelines = mem_new((manifest->pipeline_count + 1) * sizeof *pass->pipelines);
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        const struct manifest_pipeline *spec = &manifest->pipelines[i];

        pass->pipelines[i] = (struct pipeline_pass){.pass = pass, .spec = spec};
        pass->pipelines[i].session =
            aws_session(engine->client, spec->region, spec->role_arn, spec->external_id);
        pass->pipelines[i].first = pass->item_count;
        pass->pipelines[i].count = spec->resource_count;
        pass->item_count += spec->resource_count;
    }
    pass->items = mem_new((pass->item_count + 1) * sizeof *pass->items);
    pass->shown = mem_new((pass->item_count + 1) * sizeof(struct item *));
    ask_identities(pass);
    return pass;
}

static bool all_identified(const struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++)
        if (!pass->pipelines[i].identified)
            return false;
    return true;
}

/* True when no item is in a state before the given one. */
static bool all_at(const struct pass *pass, bool done)
{
    for (size_t i = 0; i < pass->item_count; i++) {
        const struct task *task = pass->items[i].task;

        if (task && task_state(task) != TASK_DONE && (done || task_state(task) != TASK_PLANNED))
            return false;
    }
    return true;
}

static void on_roles_checked(void *arg, const json_t *warnings)
{
    struct pass *pass = arg;

    json_array_extend(pass->warnings, (json_t *)warnings);
    pass->checks_left--;
    pass_schedule(pass);
}

/* Only a plan that hands a role on makes the question worth asking. */
static void check_roles(struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[i];
        json_t *roles;

        if (pipeline->refused)
            continue;
        roles = pass_roles_passed(pass, i);
        if (!json_array_size(roles)) {
            json_decref(roles);
            continue;
        }
        pass->checks_left++;
        pipeline->pass_role = pass_role_start(pass->engine->client, pipeline->session,
                                              json_text(pipeline->facts, "caller_arn"), roles,
                                              on_roles_checked, pass);
    }
}

static void pump_all(struct pass *pass)
{
    for (size_t i = 0; i < pass->item_count; i++)
        if (pass->items[i].task)
            item_pump(&pass->items[i]);
}

static void wake_items(struct pass *pass)
{
    int64_t soonest = -1;

    for (size_t i = 0; i < pass->item_count; i++) {
        struct item *item = &pass->items[i];
        int64_t wait;

        if (!item->task || task_state(item->task) != TASK_WAITING)
            continue;
        wait = task_wait_ms(item->task);
        if (wait == 0 || pass->stopping) {
            item_forget_reads(item);
            task_wake(item->task);
            item_pump(item);
        } else if (soonest < 0 || wait < soonest) {
            soonest = wait;
        }
    }
    if (soonest >= 0 && !uv_is_active((uv_handle_t *)pass->timer))
        (void)uv_timer_start(pass->timer, on_timer, (uint64_t)soonest, 0);
}

static void tell_done(struct pass *pass)
{
    if (pass->told_done)
        return;
    pass->told_done = true;
    pass->ended_ms = clock_monotonic_ms();
    pass->events.on_done(pass->events.arg, pass); /* may forget the pass: nothing after this */
}

static void step(struct pass *pass)
{
    switch (pass->phase) {
    case PHASE_IDENTITY:
        if (!all_identified(pass))
            return;
        pass->phase = PHASE_READING;
        pump_all(pass);
        pass_schedule(pass);
        return;
    case PHASE_READING:
        if (!all_at(pass, false))
            return;
        pass->phase = PHASE_CHECKING;
        check_roles(pass);
        pass_schedule(pass);
        return;
    case PHASE_CHECKING:
        if (pass->checks_left)
            return;
        pass->phase = PHASE_PLANNED;
        pass->events.on_planned(pass->events.arg, pass);
        return;
    case PHASE_PLANNED:
        return;
    case PHASE_APPLYING:
        pass_release(pass);
        wake_items(pass);
        if (!all_at(pass, true))
            return;
        pass->phase = PHASE_DONE;
        tell_done(pass);
        return;
    case PHASE_DONE:
        tell_done(pass);
    }
}

static void on_timer(uv_timer_t *timer)
{
    step(timer->data);
}

void pass_apply(struct pass *pass)
{
    pass->phase = PHASE_APPLYING;
    pass_schedule(pass);
}

void pass_finish(struct pass *pass)
{
    for (size_t i = 0; i < pass->item_count; i++)
        if (pass->items[i].task) {
            task_finish(pass->items[i].task);
            item_pump(&pass->items[i]);
        }
    pass->phase = PHASE_DONE;
    pass_schedule(pass);
}

void pass_stop(struct pass *pass)
{
    pass->stopping = true;
    for (size_t i = 0; i < pass->item_count; i++)
        if (pass->items[i].task && !pass->items[i].write)
            item_pump(&pass->items[i]);
    for (size_t i = 0; i < pass->pipeline_count; i++)
        pass->pipelines[i].identified = true;
    pass->checks_left = 0;
    pass->phase = PHASE_APPLYING;
    pass_schedule(pass);
}
