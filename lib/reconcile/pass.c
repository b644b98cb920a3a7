#include "reconcile/pass.h"

#include "aws/loop_watch.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "reconcile/pass_private.h"
#include "spec/account_guard.h"

#include <string.h>

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

static void free_pipeline(struct pass *pass, struct pipeline_pass *pipeline)
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        item_fini(&pass->items[i]);
    pass_check_fini(&pipeline->check);
    pass_claim_fini(&pipeline->claim);
    pass_pauses_fini(&pipeline->pauses);
    json_decref(pipeline->facts);
    json_decref(pipeline->desired);
    free(pipeline->bucket);
    free(pipeline->id);
    free(pipeline->account);
    free(pipeline->refused);
    free(pipeline->observed);
}

bool pass_free_part(struct pass *pass)
{
    bool all = false;

    if (pass->wide) { /* of a pass that was stopped: who would be answered goes now */
        wide_reads_free(pass->wide);
        pass->wide = NULL;
        read_cache_cancel(pass->cache);
    }
    while (!all && loop_watch_has_time(pass->timer->loop)) {
        if (pass->freed < pass->pipeline_count)
            free_pipeline(pass, &pass->pipelines[pass->freed++]);
        else
            all = read_cache_drop(pass->cache, PASS_READS);
    }
    return all;
}

void pass_free(struct pass *pass)
{
    while (pass->freed < pass->pipeline_count)
        free_pipeline(pass, &pass->pipelines[pass->freed++]);
    free(pass->items);
    free(pass->shown);
    free(pass->ahead);
    json_decref(pass->share.making);
    wide_reads_free(pass->wide);
    read_cache_free(pass->cache);
    account_alias_free(pass->aliases);
    free(pass->pipelines);
    free(pass->order);
    json_decref(pass->warnings);
    json_decref(pass->stale);
    uv_close((uv_handle_t *)pass->timer, free_timer);
    free(pass);
}

/* Nothing is even read for the pipeline. */
static void refuse(struct pipeline_pass *pipeline, enum err_kind kind, const char *text)
{
    free(pipeline->refused);
    pipeline->refused = mem_text(text);
    pipeline->refused_kind = kind;
}

/* Who we are may be known and still not be whom the spec is for. */
static int check_identity(const struct pass *pass, const struct aws_reply *reply,
                          const char **account, struct err *e)
{
    cleanup_free char *said = reply->result ? NULL : aws_error_summary(&reply->error);

    if (said)
        /* Only the guard refuses: whatever made the question fail may pass. */
        return err_set(e, reply->kind == ERR_INVALID ? ERR_RETRY : reply->kind,
                       "who we are is unknown: %s", said);
    return account_guard_check(pass->setup.manifest, reply->result, account, e);
}

static void take_identity(struct pass *pass, struct pipeline_pass *pipeline,
                          const struct aws_reply *reply)
{
    const char *account = NULL;
    struct err e = {0};

    if (pipeline->identified)
        return; /* the pass was stopped meanwhile */
    pipeline->identified = true;
    (void)check_identity(pass, reply, &account, &e);
    pipeline->account = mem_text(account);
    if (e.kind != ERR_NONE) {
        refuse(pipeline, e.kind, e.text);
        return;
    }
    pipeline->facts = json_pack(
        "{s:s, s:O, s:s, s:s, s:s}", "account", account, "caller_arn",
        json_object_get(reply->result, "Arn"), "region", aws_session_region(pipeline->session),
        "partition", aws_session_partition(pipeline->session), "pipeline", pipeline->spec->name);
}

static void on_identity(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    struct pass *pass = arg;

    (void)depth;
    take_identity(pass, &pass->pipelines[slot], reply);
    pass_phase_schedule(pass);
}

static void ask_identities(struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[i];
        json_auto_t *none = json_object();
        const struct read_request request = {.session = pipeline->session,
                                             .service = "sts",
                                             .op = "GetCallerIdentity",
                                             .params = none,
                                             .done = on_identity,
                                             .arg = pass,
                                             .slot = i};
        unsigned depth;
        const struct aws_reply *reply = read_cache_get(pass->cache, &request, &depth);

        if (reply)
            take_identity(pass, pipeline, reply);
    }
    pass->identity_calls = read_cache_calls(pass->cache);
}

static void start_pipeline(struct pass *pass, size_t index)
{
    const struct manifest_pipeline *spec = &pass->setup.manifest->pipelines[index];

    pass->pipelines[index] = (struct pipeline_pass){
        .spec = spec,
        .session = aws_session(pass->setup.client, spec->region, spec->role_arn, spec->external_id),
        .first = pass->item_count,
        .count = spec->resource_count,
        .observed = spec->mode.observe ? manifest_resource_mode_text(&spec->mode) : NULL,
    };
    pass->item_count += spec->resource_count;
}

struct pass *pass_new(const struct pass_setup *setup, const struct pass_events *events)
{
    struct pass *pass = mem_new(sizeof *pass);

    pass->setup = *setup;
    pass->events = *events;
    pass->started_ms = clock_monotonic_ms();
    pass->cache = read_cache_new(setup->loop, setup->client);
    pass->wide = wide_reads_new(setup->loop, pass->cache, setup->client,
                                setup->manifest->wide_reads ? setup->wide : NULL);
    pass->share = (struct item_share){.client = setup->client,
                                      .cache = pass->cache,
                                      .wide = pass->wide,
                                      .breaker = setup->breaker,
                                      .quota = setup->quota,
                                      .tokens = setup->tokens,
                                      .making = json_object(),
                                      .may_begin = pass_write_may_begin,
                                      .moved = pass_phase_moved,
                                      .arg = pass};
    pass->warnings = json_array();
    pass->stale = json_array();
    if (setup->ask_alias)
        pass->aliases = account_alias_new(setup->client, pass_phase_answered, pass);
    pass->timer = mem_new(sizeof *pass->timer);
    (void)uv_timer_init(setup->loop, pass->timer);
    pass->timer->data = pass;
    pass->answered = pass_phase_answered;
    pass->pipeline_count = setup->manifest->pipeline_count;
    pass->pipelines = mem_new((pass->pipeline_count + 1) * sizeof *pass->pipelines);
    for (size_t i = 0; i < pass->pipeline_count; i++)
        start_pipeline(pass, i);
    pass_wave_order(pass);
    pass->items = mem_new((pass->item_count + 1) * sizeof *pass->items);
    pass->shown = mem_new((pass->item_count + 1) * sizeof(struct item *));
    pass->ahead =
        mem_new((2 * pass->item_count + pass->pipeline_count + 1) * sizeof(struct item *));
    ask_identities(pass);
    return pass;
}

void pass_bind(struct pass *pass)
{
    pass->bound = true;
    for (size_t i = 0; i < pass->item_count; i++)
        if (pass->items[i].task)
            task_bind(pass->items[i].task);
}

void pass_wake(struct pass *pass)
{
    pass_phase_schedule(pass);
}

void pass_replaces(struct pass *pass, size_t pipeline, const char *spec)
{
    struct pass_claim *claim = &pass->pipelines[pipeline].claim;
    const char *ours = pass->pipelines[pipeline].id;

    claim->takes_place = claim->takes_place || (spec && ours && strcmp(spec, ours) != 0);
}

void pass_apply(struct pass *pass)
{
    pass->since = read_cache_calls(pass->cache);
    pass->worked = 0;
    pass->applied = true;
    pass_write_hold(pass);
    pass->phase = PHASE_CONFIRMING;
    pass_phase_schedule(pass);
}

void pass_finish(struct pass *pass)
{
    pass->phase = PHASE_FINISHING;
    pass->worked = 0;
    pass_phase_schedule(pass);
}

void pass_stop(struct pass *pass)
{
    if (pass->told_done)
        return;
    pass->share.stopping = true;
    for (size_t i = 0; i < pass->item_count; i++)
        if (pass->items[i].task && LIST_EMPTY(&pass->items[i].writes))
            item_pump(&pass->items[i]);
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[i];

        pipeline->identified = true;
        if (!pipeline->refused && pipeline->count && !pass->items[pipeline->first].task)
            refuse(pipeline, ERR_RETRY, "stopped before it was looked at");
    }
    pass->phase = PHASE_APPLYING;
    pass_phase_schedule(pass);
}

/* ---- what is told of it ---- */

bool pass_may_not_write(const struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++)
        if (pass_check_denies(&pass->pipelines[i].check))
            return true;
    return false;
}

size_t pass_too_many(const struct pass *pass, size_t *most)
{
    return pass_write_too_many(pass, most);
}

const char *pass_conflict(const struct pass *pass, size_t pipeline)
{
    return pass->pipelines[pipeline].claim.conflict;
}

bool pass_is_led(const struct pass *pass, size_t pipeline)
{
    return pass->pipelines[pipeline].led;
}

const char *pass_bucket(const struct pass *pass, size_t pipeline)
{
    return pass->pipelines[pipeline].bucket;
}

const char *pass_spec(const struct pass *pass, size_t pipeline)
{
    return pass->pipelines[pipeline].id;
}

const struct aws_fence *pass_fence(const struct pass *pass, size_t pipeline)
{
    return pass_write_fence(pass, pipeline);
}

bool pass_was_applied(const struct pass *pass)
{
    return pass->applied;
}

const json_t *pass_paused(const struct pass *pass, size_t pipeline, const char **why,
                          enum err_kind *kind)
{
    const struct pass_pauses *pauses = &pass->pipelines[pipeline].pauses;

    *why = pauses->unknown;
    *kind = pauses->unknown_kind;
    return pauses->list;
}

const char *pass_observed(const struct pass *pass, size_t pipeline, const char *id)
{
    const struct pipeline_pass *of = &pass->pipelines[pipeline];

    for (size_t i = of->first; i < of->first + of->count; i++)
        if (pass->items[i].task && !strcmp(pass->items[i].resource->id, id))
            return task_observed(pass->items[i].task) ? task_observed(pass->items[i].task)
                                                      : of->pauses.unknown;
    return of->observed ? of->observed : of->pauses.unknown;
}

const json_t *pass_stale(const struct pass *pass)
{
    return pass->stale;
}

size_t pass_task_count(const struct pass *pass)
{
    return pass->shown_count;
}

const struct task *pass_task(const struct pass *pass, size_t index)
{
    return pass->shown[index]->task;
}

size_t pass_task_pipeline(const struct pass *pass, size_t index)
{
    return pass->shown[index]->pipeline;
}

size_t pass_tasks_of(const struct pass *pass, size_t pipeline, size_t *first)
{
    *first = pass->pipelines[pipeline].shown_first;
    return pass->pipelines[pipeline].shown;
}

const char *pass_refused(const struct pass *pass, size_t pipeline, enum err_kind *kind)
{
    *kind = pass->pipelines[pipeline].refused_kind;
    return pass->pipelines[pipeline].refused;
}

const json_t *pass_warnings(const struct pass *pass)
{
    return pass->warnings;
}

const char *pass_account(const struct pass *pass, size_t pipeline)
{
    return pass->pipelines[pipeline].account;
}

bool pass_lacks_bucket(const struct pass *pass, size_t pipeline)
{
    const struct pipeline_pass *of = &pass->pipelines[pipeline];

    for (size_t i = of->first; i < of->first + of->count; i++)
        if (pass->items[i].task && !strcmp(pass->items[i].resource->id, "bucket"))
            return task_plan(pass->items[i].task)->absent && of->pauses.place && of->pauses.list &&
                   !of->pauses.writable;
    return false;
}

const char *pass_alias(const struct pass *pass, size_t pipeline)
{
    return account_alias_of(pass->aliases, pass->pipelines[pipeline].account);
}

const char *pass_caller(const struct pass *pass, size_t pipeline)
{
    return json_text(pass->pipelines[pipeline].facts, "caller_arn");
}

struct aws_session *pass_session(const struct pass *pass, size_t pipeline)
{
    return pass->pipelines[pipeline].session;
}

static void count_task(const struct task *task, struct pass_summary *summary)
{
    switch (task_verdict(task)) {
    case VERDICT_NONE:
        break;
    case VERDICT_SYNCED:
        summary->synced++;
        break;
    case VERDICT_DRIFTED:
        summary->drifted++;
        break;
    case VERDICT_REPAIRED:
        summary->repaired++;
        break;
    case VERDICT_SETTLING:
        summary->settling++;
        break;
    case VERDICT_HELD:
        summary->held++;
        break;
    case VERDICT_OBSERVED:
        summary->observed++;
        break;
    case VERDICT_RETRY:
        summary->retry++;
        break;
    case VERDICT_BLOCKED:
        summary->blocked++;
        break;
    case VERDICT_DENIED:
        summary->denied++;
        break;
    case VERDICT_FAILED:
        summary->failed++;
    }
}

void pass_summarize(const struct pass *pass, struct pass_summary *summary)
{
    *summary = (struct pass_summary){
        .reads = read_cache_calls(pass->cache) - pass->identity_calls,
        .writes = pass->share.writes,
        .elapsed_ms = (pass->ended_ms ? pass->ended_ms : clock_monotonic_ms()) - pass->started_ms,
    };
    for (size_t i = 0; i < pass->item_count; i++) {
        const struct item *item = &pass->items[i];

        if (!item->task)
            continue;
        count_task(item->task, summary);
        if (item->depth > summary->round_trips)
            summary->round_trips = item->depth;
    }
    for (size_t i = 0; i < pass->pipeline_count; i++)
        summary->refused += pass->pipelines[i].refused != NULL;
}
