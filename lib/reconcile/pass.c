#include "reconcile/pass.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "reconcile/account_alias.h"
#include "reconcile/live_lint.h"
#include "reconcile/pass_check.h"
#include "reconcile/pass_claim.h"
#include "reconcile/pass_pauses.h"
#include "reconcile/turns.h"
#include "spec/account_guard.h"
#include "state/claim.h"
#include "state/state_object.h"

#include <string.h>

enum {
    PASS_ROUND_MS = 10, /* of the loop's 50 */
    PASS_WAVE = 100,    /* pipelines that are read together: as many as fill the calls for many */
    PASS_READS = 100,   /* forgotten between two looks at the clock */
    LARGE_PIECE = 8192, /* none that the C library keeps at hand */
};

struct pipeline_pass {
    const struct manifest_pipeline *spec;
    struct aws_session *session;
    json_t *facts, *desired;
    char *account, *refused;
    char *observed; /* why nothing of the pipeline itself is written; NULL: something may be */
    enum err_kind refused_kind;
    bool identified;
    bool led; /* by somebody else */
    struct pass_pauses pauses;
    struct pass_claim claim;
    struct pass_check check;
    struct item *writes; /* one that is to be written; NULL: none is known to be */
    size_t unheard;      /* items to which no read was answered yet */
    struct task_usage usage;
    size_t first, count;       /* its items */
    size_t shown_first, shown; /* those with a task */
    char *bucket, *id; /* where its state lies, and claim_id of what it wants; NULL: not known */
    bool forgotten;    /* nothing is written in it, and what was read was given back */
};

enum phase {
    PHASE_IDENTITY,
    PHASE_READING,
    PHASE_JUDGING,    /* what was read */
    PHASE_MEETING,    /* other specs that are, or were, in force */
    PHASE_FORGETTING, /* what nobody asks for any more; then the next wave is read */
    PHASE_CHECKING,
    PHASE_PLANNED,
    PHASE_CONFIRMING, /* nothing is written on one look alone */
    PHASE_CLAIMING,   /* that another spec is in force from now on */
    PHASE_APPLYING,
    PHASE_FINISHING,     /* in place of the three before */
    PHASE_JUDGING_AGAIN, /* what was written, by what was read after it */
    PHASE_DONE
};

struct pass {
    struct pass_setup setup;
    struct pass_events events;
    enum phase phase;
    bool told_done, applied, bound;
    unsigned confirmed_depth; /* round trips up to the look that lets writes begin */
    struct item **ahead;      /* they want to be written, and others are still read */
    size_t ahead_count;
    size_t changes; /* of what is in place, as planned */
    struct read_cache *cache;
    struct wide_reads *wide;
    struct item_share share;
    struct account_alias *aliases; /* NULL: not asked for */
    struct pipeline_pass *pipelines;
    size_t pipeline_count;
    struct item *items; /* of all pipelines */
    size_t item_count;
    struct item **shown; /* those with a task */
    size_t shown_count;
    unsigned identity_calls;
    size_t behind;         /* an item that was not done when all were asked for */
    size_t freed;          /* pipelines */
    size_t worked;         /* pipelines, of a phase that takes some in each round of the loop */
    size_t wave, wave_end; /* of `order`: what such a phase looks at; all, but while reading */
    size_t *order;         /* pipelines, those that were not as they should be first */
    unsigned since;        /* reads of the cache that are older confirm nothing */
    json_t *warnings, *stale;
    uv_timer_t *timer;
    int64_t started_ms, ended_ms;
};

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

/* The allocator looks through all small pieces that were freed when it is next asked for a large
 * one: each time some were, and not once for all, which takes it long. */
static void settle_memory(void)
{
    free(mem_new(LARGE_PIECE));
}

bool pass_free_part(struct pass *pass)
{
    int64_t end = clock_monotonic_ms() + PASS_ROUND_MS;
    bool all = false;

    if (pass->wide) { /* of a pass that was stopped: who would be answered goes now */
        wide_reads_free(pass->wide);
        pass->wide = NULL;
        read_cache_cancel(pass->cache);
    }
    while (!all && clock_monotonic_ms() < end) {
        if (pass->freed < pass->pipeline_count)
            free_pipeline(pass, &pass->pipelines[pass->freed++]);
        else
            all = read_cache_forget(pass->cache, PASS_READS);
        settle_memory();
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

static void on_timer(uv_timer_t *timer);

/* Looks soon (from the loop) whether the pass can go on. */
static void schedule(struct pass *pass)
{
    if (!uv_is_active((uv_handle_t *)pass->timer) || uv_timer_get_due_in(pass->timer) > 0)
        (void)uv_timer_start(pass->timer, on_timer, 0, 0);
}

static void on_answer(void *arg)
{
    schedule(arg);
}

/* The last item of a pipeline of which something is known: IAM can be asked about it. */
static void hear(struct pass *pass, struct item *item)
{
    struct pipeline_pass *pipeline = &pass->pipelines[item->pipeline];

    if (item->heard || item->depth < 2)
        return;
    item->heard = true;
    if (!--pipeline->unheard && pipeline->writes)
        pass->ahead[pass->ahead_count++] = pipeline->writes;
}

static void on_moved(void *arg, struct item *item, bool told)
{
    struct pass *pass = arg;

    if (pass->phase == PHASE_READING && told && task_wants_writes(item->task))
        pass->ahead[pass->ahead_count++] = item;
    hear(pass, item);
    if (told && pass->events.on_task)
        pass->events.on_task(pass->events.arg, pass, item->task);
    schedule(pass);
}

/* That an item needs, or names; NULL: none. */
static const struct item *bucket_of(const struct item *item)
{
    const struct item *bucket = NULL;

    for (size_t i = 0; !bucket && i < item->after_count; i++)
        bucket = strcmp(item->after[i]->resource->id, "bucket") ? bucket_of(item->after[i])
                                                                : item->after[i];
    return bucket;
}

/* Of what only names the bucket, too: the lease that it is written under lies there. */
static bool waits_for_bucket(struct item *item, const struct item *bucket)
{
    if (turns_is_there(bucket))
        return false;
    if (task_state(bucket->task) == TASK_DONE)
        item_retry(item, "the bucket, where it is told who may write, is not there");
    return true;
}

static enum pass_gate_answer ask_gate(const struct pass *pass, size_t pipeline, const char **why)
{
    const struct pass_gate *gate = &pass->setup.gate;

    return gate->ask ? gate->ask(gate->arg, pipeline, why) : PASS_GATE_OPEN;
}

/* Nothing is written before that. */
static void take_depth(struct item *item, unsigned depth)
{
    if (item->depth < depth)
        item->depth = depth;
}

static bool on_turn(void *arg, struct item *item)
{
    struct pass *pass = arg;
    const struct pass_gate *gate = &pass->setup.gate;
    const struct item *bucket;
    const char *why = NULL;

    take_depth(item, pass->pipelines[item->pipeline].check.depth);
    take_depth(item, pass->confirmed_depth);
    switch (ask_gate(pass, item->pipeline, &why)) {
    case PASS_GATE_OPEN:
        item->fence = gate->fence ? gate->fence(gate->arg, item->pipeline) : NULL;
        return true;
    case PASS_GATE_SHUT:
        item_retry(item, why);
        return false;
    case PASS_GATE_LATER:
        return false;
    case PASS_GATE_NO_BUCKET:
        break;
    }
    bucket = bucket_of(item);
    if (!bucket)
        return true;
    if (waits_for_bucket(item, bucket))
        return false;
    if (!gate->hurry(gate->arg, item->pipeline))
        item_retry(item, "the bucket that was made does not show yet: the next look goes on");
    return false;
}

static void start_items(struct pass *pass, struct pipeline_pass *pipeline)
{
    struct item *items = &pass->items[pipeline->first];

    pipeline->unheard = pipeline->count;
    pipeline->shown_first = pass->shown_count;
    for (size_t i = 0; i < pipeline->count; i++) {
        items[i].share = &pass->share;
        items[i].resource = &pipeline->spec->resources[i];
        items[i].session = pipeline->session;
        items[i].usage = &pipeline->usage;
        items[i].whose = pipeline;
        items[i].depth = 1; /* who we are */
        items[i].pipeline = (size_t)(pipeline - pass->pipelines);
        item_start(&items[i], json_array_get(pipeline->desired, i), pipeline->facts,
                   pass->setup.manifest->settle_timeout_s);
        pass->shown[pass->shown_count++] = &items[i];
    }
    pipeline->shown = pipeline->count;
    turns_order(items, pipeline->spec);
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
    schedule(pass);
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

static bool was_unwell(const struct pass *pass, size_t pipeline)
{
    return json_object_get(pass->setup.unwell, pass->pipelines[pipeline].spec->name) != NULL;
}

/* Those that were changed or not in order at the last look are read first. */
static void order_pipelines(struct pass *pass)
{
    size_t count = 0;

    pass->order = mem_new((pass->pipeline_count + 1) * sizeof *pass->order);
    for (int unwell = 1; unwell >= 0; unwell--)
        for (size_t i = 0; i < pass->pipeline_count; i++)
            if (was_unwell(pass, i) == unwell)
                pass->order[count++] = i;
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
                                      .may_begin = on_turn,
                                      .moved = on_moved,
                                      .arg = pass};
    pass->warnings = json_array();
    pass->stale = json_array();
    if (setup->ask_alias)
        pass->aliases = account_alias_new(setup->client, on_answer, pass);
    pass->timer = mem_new(sizeof *pass->timer);
    (void)uv_timer_init(setup->loop, pass->timer);
    pass->timer->data = pass;
    pass->pipeline_count = setup->manifest->pipeline_count;
    pass->pipelines = mem_new((pass->pipeline_count + 1) * sizeof *pass->pipelines);
    for (size_t i = 0; i < pass->pipeline_count; i++)
        start_pipeline(pass, i);
    order_pipelines(pass);
    pass->items = mem_new((pass->item_count + 1) * sizeof *pass->items);
    pass->shown = mem_new((pass->item_count + 1) * sizeof(struct item *));
    pass->ahead = mem_new((pass->item_count + pass->pipeline_count + 1) * sizeof(struct item *));
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

/* It waits for something else to be written anyway. */
static bool is_late(const struct item *item)
{
    for (size_t i = 0; i < item->after_count; i++)
        if (task_wants_writes(item->after[i]->task))
            return true;
    return false;
}

enum until { UNTIL_PLANNED, UNTIL_FIRST_MAY_WRITE, UNTIL_DONE };

static bool is_at(const struct item *item, enum until until)
{
    enum task_state state = item->task ? task_state(item->task) : TASK_DONE;

    if (state == TASK_DONE)
        return LIST_EMPTY(&item->writes);
    return until != UNTIL_DONE &&
           (state == TASK_PLANNED || (until == UNTIL_FIRST_MAY_WRITE && is_late(item)));
}

/* True when no item is in a state before the given one.  It is asked at each step, so the one that
 * was not there last is looked at first. */
static bool all_at(struct pass *pass, enum until until)
{
    for (size_t i = 0; i < pass->item_count; i++) {
        size_t at = (pass->behind + i) % pass->item_count;

        if (!is_at(&pass->items[at], until)) {
            pass->behind = at;
            return false;
        }
    }
    return true;
}

static bool all_pauses_known(const struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++)
        if (pass->pipelines[i].pauses.waiting)
            return false;
    return true;
}

static void observe_paused(struct pass *pass)
{
    for (size_t i = pass->wave; i < pass->wave_end; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[pass->order[i]];
        char *why = pass_pauses_observe(&pipeline->pauses, &pass->items[pipeline->first],
                                        pipeline->count, pipeline->spec->name);

        if (pipeline->pauses.unknown)
            json_array_append_new(pass->warnings,
                                  json_sprintf("%s: nothing is written: %s", pipeline->spec->name,
                                               pipeline->pauses.unknown));
        if (why && !pipeline->observed)
            pipeline->observed = why;
        else
            free(why);
    }
}

static struct pass_claim_place claim_place(const struct pass *pass,
                                           const struct pipeline_pass *pipeline)
{
    return (struct pass_claim_place){.pipeline = pipeline->spec,
                                     .desired = pipeline->desired,
                                     .pauses = &pipeline->pauses,
                                     .seen = pass->setup.claims,
                                     .items = &pass->items[pipeline->first],
                                     .count = pipeline->count,
                                     .warnings = pass->warnings,
                                     .by_hand = !pass->setup.gate.ask};
}

static void meet_claim(struct pass *pass, struct pipeline_pass *pipeline)
{
    const struct pass_claim_place place = claim_place(pass, pipeline);

    if (!pipeline->facts)
        return; /* refused */
    pipeline->claim.answered = on_answer;
    pipeline->claim.arg = pass;
    pass_claim_meet(&pipeline->claim, &place);
}

static void write_claims(struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        const struct pass_claim_place place = claim_place(pass, &pass->pipelines[i]);

        if (pass->pipelines[i].facts)
            pass_claim_write(&pass->pipelines[i].claim, &place, pass_fence(pass, i));
    }
}

static bool all_claimed(const struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++)
        if (pass->pipelines[i].claim.waiting)
            return false;
    return true;
}

static void check_role(struct pass *pass, struct pipeline_pass *pipeline)
{
    (void)pass;
    if (!pipeline->refused && !pipeline->forgotten)
        (void)pass_check_ask(&pipeline->check);
}

/* Goes on in the next round of the loop, which has 50 ms, and many pipelines.  (Libuv would run a
 * timer of no delay in the same round.) */
static void next_round(struct pass *pass)
{
    (void)uv_timer_start(pass->timer, on_timer, 1, 0);
}

/* The next pipelines of a phase that looks at some in each round.  True when none is left. */
static bool work_next(struct pass *pass, void (*work)(struct pass *, struct pipeline_pass *))
{
    int64_t end = clock_monotonic_ms() + PASS_ROUND_MS;

    while (pass->worked < pass->wave_end) {
        work(pass, &pass->pipelines[pass->order[pass->worked++]]);
        if (pass->worked < pass->wave_end && clock_monotonic_ms() >= end) {
            next_round(pass);
            return false;
        }
    }
    return true;
}

/* True when all were asked and answered: those that asked early wait for that first. */
static bool check_roles(struct pass *pass)
{
    bool all = work_next(pass, check_role);

    for (size_t i = 0; all && i < pass->pipeline_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[i];

        check_role(pass, pipeline); /* those that waited before */
        all = !pipeline->check.waiting && !pipeline->check.early_waiting;
    }
    return all;
}

/* ---- while others are still read ---- */

/* Once something of it was read: what is asked then is asked for all that is known. */
static void ask_early(struct pass *pass, struct item *item)
{
    struct pipeline_pass *pipeline = &pass->pipelines[item->pipeline];

    if (pipeline->check.early)
        return;
    pipeline->writes = item;
    if (!pipeline->unheard)
        pass_check_ask_early(&pipeline->check);
}

static bool is_last_wave(const struct pass *pass)
{
    return pass->wave_end == pass->pipeline_count;
}

/* It would be confirmed, as far as is known. */
static bool may_look_ahead(const struct pass *pass, const struct item *item)
{
    const struct pipeline_pass *pipeline = &pass->pipelines[item->pipeline];
    const char *why = NULL;

    return pass->setup.expects_apply && is_last_wave(pass) && !pass->share.stopping &&
           !json_array_size(pipeline->pauses.list) &&
           ask_gate(pass, item->pipeline, &why) != PASS_GATE_SHUT;
}

/* All that came together goes together, so that equal reads are shared. */
static void look_ahead(struct pass *pass)
{
    unsigned since = read_cache_calls(pass->cache);

    for (size_t i = 0; i < pass->ahead_count; i++) {
        struct item *item = pass->ahead[i];

        if (task_state(item->task) != TASK_PLANNED || pass->share.stopping)
            continue;
        ask_early(pass, item);
        if (!item->ahead_ms && may_look_ahead(pass, item))
            item_look_ahead(item, since);
    }
    pass->ahead_count = 0;
}

/* What is in place is remembered, and what would be changed of it counted. */
static void count_changes(struct pass *pass)
{
    struct blast_radius *radius = pass->setup.radius;
    size_t most;

    for (size_t i = 0; i < pass->item_count; i++) {
        const struct task *task = pass->items[i].task;
        const struct plan *plan = task ? task_plan(task) : NULL;

        if (!plan || task_state(task) != TASK_PLANNED)
            continue;
        if (task_wants_writes(task))
            pass->changes += blast_radius_counts(radius, task_address(task), plan->absent);
        if (!plan->absent && plan->action != PLAN_REMOVE)
            blast_radius_see(radius, task_address(task));
    }
    if (pass_too_many(pass, &most))
        json_array_append_new(
            pass->warnings,
            json_sprintf("%zu resources that are in place would be changed, and "
                         "reconcile.max_changes lets one pass change %zu: when they are meant, "
                         "`billingd apply --max-changes %zu`",
                         pass->changes, most, pass->changes));
}

/* By what the marks of resources are judged: resources/mark.h. */
static void note_deployment(struct pipeline_pass *pipeline)
{
    const char *deployment = manifest_resolve_deployment(pipeline->spec, pipeline->desired);

    if (deployment)
        json_object_set_new(pipeline->facts, "deployment", json_string(deployment));
    if (pipeline->spec->formerly)
        json_object_set(pipeline->facts, "formerly", pipeline->spec->formerly);
}

static void begin_check(struct pass *pass, struct pipeline_pass *pipeline)
{
    const struct pass_check_place place = {
        .client = pass->setup.client,
        .session = pipeline->session,
        .caller_arn = json_text(pipeline->facts, "caller_arn"),
        .items = &pass->items[pipeline->first],
        .count = pipeline->count,
        .warnings = pass->warnings,
        .only_told = pass->setup.skip_pass_role_check,
    };

    pass_check_begin(&pipeline->check, &place, on_answer, pass);
}

static void open_pipeline(struct pass *pass, struct pipeline_pass *pipeline)
{
    if (!pipeline->facts)
        return; /* refused */
    pipeline->desired = manifest_resolve(pipeline->spec, pipeline->facts);
    pipeline->bucket = mem_text(state_object_bucket(pipeline->spec, pipeline->desired));
    note_deployment(pipeline);
    start_items(pass, pipeline);
    begin_check(pass, pipeline);
    pipeline->pauses.answered = on_answer;
    pipeline->pauses.arg = pass;
    pass_pauses_ask(&pipeline->pauses, pass->cache,
                    &(struct pass_pauses_wish){pipeline->spec, pipeline->desired, pipeline->account,
                                               pipeline->session});
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        item_pump(&pass->items[i]);
}

static void confirm_pipeline(struct pass *pass, struct pipeline_pass *pipeline)
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        if (pass->items[i].task)
            item_confirm(&pass->items[i], pass->since);
}

static void finish_pipeline(struct pass *pass, struct pipeline_pass *pipeline)
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        if (pass->items[i].task) {
            task_finish(pass->items[i].task);
            item_pump(&pass->items[i]);
        }
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
        if (wait == 0 || pass->share.stopping) {
            item_wake(item);
        } else if (soonest < 0 || wait < soonest) {
            soonest = wait;
        }
    }
    if (soonest >= 0 && !uv_is_active((uv_handle_t *)pass->timer))
        (void)uv_timer_start(pass->timer, on_timer, (uint64_t)soonest, 0);
}

/* Ten milliseconds.  Not on another thread: it notes at tasks, which are the loop's. */
static void judge_pipeline(struct pass *pass, struct pipeline_pass *pipeline)
{
    if (pipeline->forgotten)
        return; /* nothing in it is another than it was */
    live_lint(&pass->items[pipeline->first], pipeline->count, pipeline->facts,
              pipeline->spec->billing);
}

/* ---- many pipelines ---- */

static bool is_settled(const struct pass *pass, const struct pipeline_pass *pipeline)
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        if (!pass->items[i].task || !task_is_settled(pass->items[i].task))
            return false;
    return true;
}

/* Most pipelines are as they should be: of these only what is told of them stays. */
static void forget_settled(struct pass *pass, struct pipeline_pass *pipeline)
{
    if (!pipeline->desired)
        return;
    pipeline->id = pipeline->claim.ours ? mem_text(json_text(pipeline->claim.ours, "id"))
                                        : claim_id(pipeline->desired);
    if (pass->setup.keeps_documents || !is_settled(pass, pipeline))
        return;
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        item_forget(&pass->items[i]);
    pass_claim_forget(&pipeline->claim);
    json_decref(pipeline->desired);
    pipeline->desired = NULL;
    pipeline->forgotten = true;
    settle_memory();
}

/* As many waves as there must be, of one size: what is asked together wants to be many. */
static void begin_wave(struct pass *pass)
{
    size_t waves = (pass->pipeline_count + PASS_WAVE - 1) / PASS_WAVE;
    size_t size = waves ? (pass->pipeline_count + waves - 1) / waves : 0;

    pass->wave = pass->wave_end;
    pass->wave_end += size;
    if (pass->wave_end > pass->pipeline_count)
        pass->wave_end = pass->pipeline_count;
    wide_reads_hold(pass->wide);
}

/* True when nothing is left of it that a later one does not ask for. */
static bool forget_reads(struct pass *pass)
{
    int64_t end = clock_monotonic_ms() + PASS_ROUND_MS;

    while (!is_last_wave(pass) && !read_cache_forget(pass->cache, PASS_READS)) {
        settle_memory();
        if (clock_monotonic_ms() >= end) {
            next_round(pass);
            return false;
        }
    }
    return true;
}

/* Where the way out is, once for all that was refused. */
static void tell_lacks(struct pass *pass)
{
    json_auto_t *actions = json_object();
    struct str text = {0};
    const char *name;
    json_t *each;
    size_t i;

    for (i = 0; i < pass->item_count; i++)
        for (size_t j = 0;
             pass->items[i].task && j < json_array_size(task_lacks(pass->items[i].task)); j++)
            json_object_set_new(
                actions, json_string_value(json_array_get(task_lacks(pass->items[i].task), j)),
                json_true());
    json_object_foreach(actions, name, each)
        str_addf(&text, "%s%s", text.len ? ", " : "AWS refuses ", name);
    if (text.len) {
        str_add(&text, strstr(str_text(&text), " iam:")
                           ? ": `billingd iam-policy` prints all that this spec needs, writes of "
                             "roles only with a `boundary` (docs/security.md)"
                           : ": `billingd iam-policy` prints all that this spec needs");
        json_array_append_new(pass->warnings, json_string(str_text(&text)));
    }
    str_fini(&text);
}

static bool is_well(const struct pass *pass, const struct pipeline_pass *pipeline)
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        if (!pass->items[i].task || task_verdict(pass->items[i].task) != VERDICT_SYNCED)
            return false;
    return true;
}

static void note_unwell(struct pass *pass)
{
    json_object_clear(pass->setup.unwell);
    for (size_t i = 0; i < pass->pipeline_count; i++)
        if (!is_well(pass, &pass->pipelines[i]))
            json_object_set_new(pass->setup.unwell, pass->pipelines[i].spec->name, json_true());
}

static void tell_done(struct pass *pass)
{
    if (pass->told_done)
        return;
    pass->told_done = true;
    note_unwell(pass);
    tell_lacks(pass);
    pass->ended_ms = clock_monotonic_ms();
    pass->events.on_done(pass->events.arg, pass); /* may forget the pass: nothing after this */
}

/* Whether what can be written first may be, while others are still confirmed: a plan that was
 * reviewed holds as a whole, and a claim is made for all. */
static bool may_begin(const struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++)
        if (pass->pipelines[i].claim.claim || pass->pipelines[i].claim.takes_place)
            return false;
    return !pass->bound;
}

static void note_confirmed(struct pass *pass)
{
    for (size_t i = 0; i < pass->item_count; i++)
        if (pass->items[i].task && task_wants_writes(pass->items[i].task) &&
            !is_late(&pass->items[i]) && pass->items[i].depth > pass->confirmed_depth)
            pass->confirmed_depth = pass->items[i].depth;
}

/* A plan that was reviewed as a whole is carried out as a whole, or not at all. */
static void hold_when_stale(struct pass *pass)
{
    for (size_t i = 0; i < pass->item_count; i++) {
        const struct task *task = pass->items[i].task;

        if (task && !task_keeps_plan(task))
            json_array_append_new(
                pass->stale,
                json_sprintf("%s changed while the plan was being confirmed", task_address(task)));
    }
    for (size_t i = 0; json_array_size(pass->stale) && i < pass->item_count; i++)
        if (pass->items[i].task && task_wants_writes(pass->items[i].task))
            item_block(&pass->items[i], "nothing is written: the plan does not hold any more");
}

/* Whether the phase is over; gives items that wait, or their turn, a push. */
static bool is_over(struct pass *pass)
{
    bool more;

    switch (pass->phase) {
    case PHASE_IDENTITY:
        return all_identified(pass);
    case PHASE_READING:
        look_ahead(pass);
        return work_next(pass, open_pipeline) && all_at(pass, UNTIL_PLANNED) &&
               (all_pauses_known(pass) || pass->share.stopping);
    case PHASE_JUDGING:
    case PHASE_JUDGING_AGAIN:
        return work_next(pass, judge_pipeline);
    case PHASE_MEETING:
        return work_next(pass, meet_claim);
    case PHASE_FORGETTING:
        return work_next(pass, forget_settled) && forget_reads(pass);
    case PHASE_CHECKING:
        return check_roles(pass) && account_alias_is_done(pass->aliases);
    case PHASE_PLANNED: /* ended from outside: pass.h */
        return false;
    case PHASE_CONFIRMING:
        if (!work_next(pass, confirm_pipeline))
            return false;
        wake_items(pass);
        return all_at(pass, may_begin(pass) ? UNTIL_FIRST_MAY_WRITE : UNTIL_PLANNED);
    case PHASE_CLAIMING:
        return all_claimed(pass);
    case PHASE_APPLYING:
        more = turns_release(pass->items, pass->item_count);
        wake_items(pass);
        if (more)
            next_round(pass);
        return all_at(pass, UNTIL_DONE);
    case PHASE_FINISHING:
        return work_next(pass, finish_pipeline);
    case PHASE_DONE:
        break;
    }
    return true;
}

/* Who is to agree to a change is told where it would be made; else the question is spared. */
static void ask_aliases(struct pass *pass)
{
    for (size_t i = 0; i < pass->item_count; i++) {
        const struct task *task = pass->items[i].task;
        const struct pipeline_pass *pipeline = &pass->pipelines[pass->items[i].pipeline];

        if (task && task_wants_writes(task))
            account_alias_ask(pass->aliases, pipeline->session, pipeline->account);
    }
}

static void begin_phase(struct pass *pass)
{
    switch (pass->phase) {
    case PHASE_READING:
        begin_wave(pass);
        pass->worked = pass->wave;
        break;
    case PHASE_JUDGING:
    case PHASE_JUDGING_AGAIN:
    case PHASE_FORGETTING:
        pass->worked = pass->wave;
        break;
    case PHASE_MEETING:
        observe_paused(pass);
        pass->worked = pass->wave;
        break;
    case PHASE_CHECKING:
        pass->wave = 0;
        turns_foresee(pass->items, pass->item_count);
        count_changes(pass);
        ask_aliases(pass);
        pass->worked = 0;
        if (pass->events.on_read)
            pass->events.on_read(pass->events.arg, pass);
        break;
    case PHASE_PLANNED:
        pass->events.on_planned(pass->events.arg, pass);
        return;
    case PHASE_CLAIMING:
        note_confirmed(pass);
        hold_when_stale(pass);
        write_claims(pass);
        break;
    case PHASE_DONE:
        tell_done(pass);
        return;
    default:
        break;
    }
    schedule(pass);
}

/* Once all pipelines have asked. */
static void send_what_is_held(const struct pass *pass)
{
    if (pass->phase > PHASE_READING || pass->worked == pass->wave_end)
        wide_reads_go(pass->wide);
}

static void step(struct pass *pass)
{
    static const enum phase next[] = {
        [PHASE_IDENTITY] = PHASE_READING,       [PHASE_READING] = PHASE_JUDGING,
        [PHASE_JUDGING] = PHASE_MEETING,        [PHASE_MEETING] = PHASE_FORGETTING,
        [PHASE_FORGETTING] = PHASE_READING,     [PHASE_CHECKING] = PHASE_PLANNED,
        [PHASE_CONFIRMING] = PHASE_CLAIMING,    [PHASE_CLAIMING] = PHASE_APPLYING,
        [PHASE_APPLYING] = PHASE_JUDGING_AGAIN, [PHASE_FINISHING] = PHASE_JUDGING_AGAIN,
        [PHASE_JUDGING_AGAIN] = PHASE_DONE,     [PHASE_DONE] = PHASE_DONE};

    if (pass->phase == PHASE_DONE)
        return; /* told already, and maybe half forgotten: whoever wakes it comes too late */
    if (!is_over(pass)) {
        send_what_is_held(pass);
        return;
    }
    pass->phase =
        pass->phase == PHASE_FORGETTING && is_last_wave(pass) ? PHASE_CHECKING : next[pass->phase];
    begin_phase(pass);
}

static void on_timer(uv_timer_t *timer)
{
    step(timer->data);
}

/* Not even what would fit: which of the changes are right nobody knows. */
static void hold_too_many(const struct pass *pass, struct item *item)
{
    size_t most, changes = pass_too_many(pass, &most);
    cleanup_free char *reason = NULL;

    if (!changes || !task_wants_writes(item->task))
        return;
    reason = mem_printf("nothing is written: %zu resources that are in place would be changed, and "
                        "reconcile.max_changes lets one pass change %zu",
                        changes, most);
    item_block(item, reason);
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
    schedule(pass);
}

void pass_replaces(struct pass *pass, size_t pipeline, const char *spec)
{
    struct pass_claim *claim = &pass->pipelines[pipeline].claim;
    const char *ours = pass->pipelines[pipeline].id;

    claim->takes_place = claim->takes_place || (spec && ours && strcmp(spec, ours) != 0);
}

/* Somebody else's to write: only looked at. */
static void observe_led(struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[i];
        const char *why = NULL;

        pipeline->led = ask_gate(pass, i, &why) == PASS_GATE_SHUT;
        if (!pipeline->led)
            continue;
        if (!pipeline->observed)
            pipeline->observed = mem_text(why);
        for (size_t j = pipeline->first; j < pipeline->first + pipeline->count; j++)
            if (pass->items[j].task && !task_observed(pass->items[j].task))
                task_observe(pass->items[j].task, why);
    }
}

void pass_apply(struct pass *pass)
{
    pass->since = read_cache_calls(pass->cache);
    pass->worked = 0;
    pass->applied = true;
    observe_led(pass);
    for (size_t i = 0; i < pass->item_count; i++) {
        if (!pass->items[i].task)
            continue;
        pass_pauses_hold(&pass->pipelines[pass->items[i].pipeline].pauses, &pass->items[i]);
        hold_too_many(pass, &pass->items[i]);
        item_tell_names(&pass->items[i]);
        pass_check_hold(&pass->pipelines[pass->items[i].pipeline].check, &pass->items[i]);
    }
    pass->phase = PHASE_CONFIRMING;
    schedule(pass);
}

void pass_finish(struct pass *pass)
{
    pass->phase = PHASE_FINISHING;
    pass->worked = 0;
    schedule(pass);
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
    schedule(pass);
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
    *most = blast_radius_most(pass->setup.radius);
    return blast_radius_is_over(pass->setup.radius, pass->changes) ? pass->changes : 0;
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
    const struct pass_gate *gate = &pass->setup.gate;

    return gate->fence ? gate->fence(gate->arg, pipeline) : NULL;
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
