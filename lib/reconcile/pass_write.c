/* pass_write.c -- what of a pass may be written, by whom, and what is looked at once more before.
 */
#include "base/json.h"
#include "base/mem.h"
#include "reconcile/pass_private.h"
#include "reconcile/turns.h"

#include <string.h>

enum pass_gate_answer pass_write_gate(const struct pass *pass, size_t pipeline, const char **why)
{
    const struct pass_gate *gate = &pass->setup.gate;

    return gate->ask ? gate->ask(gate->arg, pipeline, why) : PASS_GATE_OPEN;
}

const struct aws_fence *pass_write_fence(const struct pass *pass, size_t pipeline)
{
    const struct pass_gate *gate = &pass->setup.gate;

    return gate->fence ? gate->fence(gate->arg, pipeline) : NULL;
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

/* Nothing is written before that. */
static void take_depth(struct item *item, unsigned depth)
{
    if (item->depth < depth)
        item->depth = depth;
}

bool pass_write_may_begin(void *arg, struct item *item)
{
    struct pass *pass = arg;
    const struct item *bucket;
    const char *why = NULL;

    take_depth(item, pass->pipelines[item->pipeline].check.depth);
    take_depth(item, pass->confirmed_depth);
    switch (pass_write_gate(pass, item->pipeline, &why)) {
    case PASS_GATE_OPEN:
        item->fence = pass_write_fence(pass, item->pipeline);
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
    if (!pass->setup.gate.hurry(pass->setup.gate.arg, item->pipeline))
        item_retry(item, "the bucket that was made does not show yet: the next look goes on");
    return false;
}

bool pass_write_is_late(const struct item *item)
{
    for (size_t i = 0; i < item->after_count; i++)
        if (task_wants_writes(item->after[i]->task))
            return true;
    return false;
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

void pass_write_meet_claim(struct pass *pass, struct pipeline_pass *pipeline)
{
    const struct pass_claim_place place = claim_place(pass, pipeline);

    if (!pipeline->facts)
        return; /* refused */
    pipeline->claim.answered = pass->answered;
    pipeline->claim.arg = pass;
    pass_claim_meet(&pipeline->claim, &place);
}

void pass_write_claim(struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        const struct pass_claim_place place = claim_place(pass, &pass->pipelines[i]);

        if (pass->pipelines[i].facts)
            pass_claim_write(&pass->pipelines[i].claim, &place, pass_write_fence(pass, i));
    }
}

size_t pass_write_too_many(const struct pass *pass, size_t *most)
{
    *most = blast_radius_most(pass->setup.radius);
    return blast_radius_is_over(pass->setup.radius, pass->changes) ? pass->changes : 0;
}

void pass_write_count_changes(struct pass *pass, const struct pipeline_pass *pipeline)
{
    struct blast_radius *radius = pass->setup.radius;

    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++) {
        const struct task *task = pass->items[i].task;
        const struct plan *plan = task ? task_plan(task) : NULL;

        if (!plan || task_state(task) != TASK_PLANNED)
            continue;
        if (task_wants_writes(task))
            pass->changes += blast_radius_counts(radius, task_address(task), plan->absent);
        if (!plan->absent && plan->action != PLAN_REMOVE)
            blast_radius_see(radius, task_address(task));
    }
}

void pass_write_tell_changes(struct pass *pass)
{
    size_t most;

    if (pass_write_too_many(pass, &most))
        json_array_append_new(
            pass->warnings,
            json_sprintf("%zu resources that are in place would be changed, and "
                         "reconcile.max_changes lets one pass change %zu: when they are meant, "
                         "`billingd apply --max-changes %zu`",
                         pass->changes, most, pass->changes));
}

/* Somebody else's to write: only looked at. */
static void observe_led(struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[i];
        const char *why = NULL;

        pipeline->led = pass_write_gate(pass, i, &why) == PASS_GATE_SHUT;
        if (!pipeline->led)
            continue;
        if (!pipeline->observed)
            pipeline->observed = mem_text(why);
        for (size_t j = pipeline->first; j < pipeline->first + pipeline->count; j++)
            if (pass->items[j].task && !task_observed(pass->items[j].task))
                task_observe(pass->items[j].task, why);
    }
}

/* Not even what would fit: which of the changes are right nobody knows. */
static void hold_too_many(const struct pass *pass, struct item *item)
{
    size_t most, changes = pass_write_too_many(pass, &most);
    cleanup_free char *reason = NULL;

    if (!changes || !task_wants_writes(item->task))
        return;
    reason = mem_printf("nothing is written: %zu resources that are in place would be changed, and "
                        "reconcile.max_changes lets one pass change %zu",
                        changes, most);
    item_block(item, reason);
}

void pass_write_hold(struct pass *pass)
{
    observe_led(pass);
    for (size_t i = 0; i < pass->item_count; i++) {
        struct pipeline_pass *pipeline = &pass->pipelines[pass->items[i].pipeline];

        if (!pass->items[i].task)
            continue;
        pass_pauses_hold(&pipeline->pauses, &pass->items[i]);
        hold_too_many(pass, &pass->items[i]);
        item_tell_names(&pass->items[i]);
        pass_check_hold(&pipeline->check, &pass->items[i]);
    }
}

void pass_write_confirm(struct pass *pass, struct pipeline_pass *pipeline)
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        if (pass->items[i].task)
            item_confirm(&pass->items[i], pass->since);
}

/* A plan that was reviewed holds as a whole, and a claim is made for all. */
bool pass_write_is_free(const struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++)
        if (pass->pipelines[i].claim.claim || pass->pipelines[i].claim.takes_place)
            return false;
    return !pass->bound;
}

void pass_write_note_confirmed(struct pass *pass)
{
    for (size_t i = 0; i < pass->item_count; i++)
        if (pass->items[i].task && task_wants_writes(pass->items[i].task) &&
            !pass_write_is_late(&pass->items[i]) && pass->items[i].depth > pass->confirmed_depth)
            pass->confirmed_depth = pass->items[i].depth;
}

/* A plan that was reviewed as a whole is carried out as a whole, or not at all. */
void pass_write_hold_when_stale(struct pass *pass)
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
