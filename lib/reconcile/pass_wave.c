/* pass_wave.c -- the pipelines of a pass, read some at a time: what is asked of each, what is asked
 * ahead while others are still read, and what is given back when a wave is planned. */
#include "aws/loop_watch.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "reconcile/live_lint.h"
#include "reconcile/pass_private.h"
#include "reconcile/turns.h"
#include "state/claim.h"
#include "state/state_object.h"

enum { PASS_WAVE = 50 }; /* pipelines that are read together: most calls for many are full then */

/* The last item of a pipeline of which something is known: IAM can be asked about it. */
static void hear_first(struct pass *pass, struct item *item)
{
    struct pipeline_pass *pipeline = &pass->pipelines[item->pipeline];

    if (item->heard || item->depth < 2)
        return;
    item->heard = true;
    item->heard_depth = item->depth;
    if (!--pipeline->unheard && pipeline->writes)
        pass->ahead[pass->ahead_count++] = pipeline->writes;
}

void pass_wave_hear(struct pass *pass, struct item *item, bool told)
{
    bool absent = !item->seemed_absent && task_seems_absent(item->task);

    item->seemed_absent = item->seemed_absent || absent;
    if (pass->phase == PHASE_READING && (absent || (told && task_wants_writes(item->task))))
        pass->ahead[pass->ahead_count++] = item;
    hear_first(pass, item);
}

static bool was_unwell(const struct pass *pass, size_t pipeline)
{
    return json_object_get(pass->setup.unwell, pass->pipelines[pipeline].spec->name) != NULL;
}

void pass_wave_order(struct pass *pass)
{
    size_t count = 0;

    pass->order = mem_new((pass->pipeline_count + 1) * sizeof *pass->order);
    for (int unwell = 1; unwell >= 0; unwell--)
        for (size_t i = 0; i < pass->pipeline_count; i++)
            if (was_unwell(pass, i) == unwell)
                pass->order[count++] = i;
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

    pass_check_begin(&pipeline->check, &place, pass->answered, pass);
}

void pass_wave_open(struct pass *pass, struct pipeline_pass *pipeline)
{
    if (!pipeline->facts)
        return; /* refused */
    pipeline->desired = manifest_resolve(pipeline->spec, pipeline->facts);
    pipeline->bucket = mem_text(state_object_bucket(pipeline->spec, pipeline->desired));
    note_deployment(pipeline);
    start_items(pass, pipeline);
    begin_check(pass, pipeline);
    pipeline->pauses.answered = pass->answered;
    pipeline->pauses.arg = pass;
    pass_pauses_ask(&pipeline->pauses, pass->cache,
                    &(struct pass_pauses_wish){pipeline->spec, pipeline->desired, pipeline->account,
                                               pipeline->session});
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        item_pump(&pass->items[i]);
}

bool pass_wave_is_last(const struct pass *pass)
{
    return pass->wave_end == pass->pipeline_count;
}

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

/* It would be confirmed, as far as is known. */
static bool may_look_ahead(const struct pass *pass, const struct item *item)
{
    const struct pipeline_pass *pipeline = &pass->pipelines[item->pipeline];
    const char *why = NULL;

    return pass->setup.expects_apply && pass_wave_is_last(pass) && !pass->share.stopping &&
           !json_array_size(pipeline->pauses.list) &&
           pass_write_gate(pass, item->pipeline, &why) != PASS_GATE_SHUT;
}

/* What is asked of others is asked beside what is still read. */
static void tell_differs(struct pass *pass, const struct item *item)
{
    struct pipeline_pass *pipeline = &pass->pipelines[item->pipeline];

    account_alias_ask(pass->aliases, pipeline->session, pipeline->account);
    if (pipeline->told_differs || !pipeline->pauses.writable || !pass->events.on_differs ||
        !may_look_ahead(pass, item))
        return;
    pipeline->told_differs = true;
    pass->events.on_differs(pass->events.arg, pass, item->pipeline);
}

/* All that came together goes together, so that equal reads are shared. */
void pass_wave_look_ahead(struct pass *pass)
{
    unsigned since = read_cache_calls(pass->cache);
    size_t kept = 0;

    for (size_t i = 0; i < pass->ahead_count; i++) {
        struct item *item = pass->ahead[i];
        const struct pass_pauses *pauses = &pass->pipelines[item->pipeline].pauses;

        if (pass->share.stopping)
            break;
        if (pauses->waiting)
            pass->ahead[kept++] = item;
        if (pauses->waiting || pass_pauses_cover(pauses, item))
            continue; /* nothing of what is paused will be written */
        if (task_wants_writes(item->task)) {
            ask_early(pass, item);
            tell_differs(pass, item);
        }
        if (!item->ahead_ms && may_look_ahead(pass, item))
            item_look_ahead(item, since);
    }
    pass->ahead_count = kept;
}

void pass_wave_observe_paused(struct pass *pass)
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

void pass_wave_judge(struct pass *pass, struct pipeline_pass *pipeline)
{
    if (pipeline->forgotten)
        return; /* nothing in it is another than it was */
    live_lint(&pass->items[pipeline->first], pipeline->count, pipeline->facts,
              pipeline->spec->billing);
}

static bool is_settled(const struct pass *pass, const struct pipeline_pass *pipeline)
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        if (!pass->items[i].task || !task_is_settled(pass->items[i].task))
            return false;
    return true;
}

void pass_wave_forget(struct pass *pass, struct pipeline_pass *pipeline)
{
    if (!pipeline->desired)
        return;
    pipeline->id = pipeline->claim.id ? mem_text(pipeline->claim.id) : claim_id(pipeline->desired);
    if (pass->setup.keeps_documents || !is_settled(pass, pipeline))
        return;
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        item_forget(&pass->items[i]);
    pass_claim_forget(&pipeline->claim);
    json_decref(pipeline->desired);
    pipeline->desired = NULL;
    pipeline->forgotten = true;
}

/* As many waves as there must be, of one size: what is asked together wants to be many. */
void pass_wave_begin(struct pass *pass)
{
    size_t waves = (pass->pipeline_count + PASS_WAVE - 1) / PASS_WAVE;
    size_t size = waves ? (pass->pipeline_count + waves - 1) / waves : 0;

    pass->wave = pass->wave_end;
    pass->wave_end += size;
    if (pass->wave_end > pass->pipeline_count)
        pass->wave_end = pass->pipeline_count;
    wide_reads_hold(pass->wide);
}

bool pass_wave_forget_reads(struct pass *pass)
{
    while (!pass_wave_is_last(pass) && !read_cache_forget(pass->cache, PASS_READS))
        if (!loop_watch_has_time(pass->timer->loop))
            return false;
    return true;
}
