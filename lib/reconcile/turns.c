#include "reconcile/turns.h"

#include "base/mem.h"

static void add_after(struct item *item, const struct item *other)
{
    item->after = mem_resize(item->after, item->after_count + 1, sizeof *item->after);
    item->after[item->after_count++] = other;
}

/* Present things come after what they need; things to be removed go before it. */
void turns_order(struct item *items, const struct manifest_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->resource_count; i++) {
        const struct manifest_resource *resource = &pipeline->resources[i];

        for (size_t j = 0; j < resource->need_count; j++) {
            size_t need = resource->needs[j];

            if (!resource->absent)
                add_after(&items[i], &items[need]);
            else if (pipeline->resources[need].absent)
                add_after(&items[need], &items[i]);
        }
    }
}

static bool is_in_place(const struct item *item)
{
    enum task_verdict verdict = task_verdict(item->task);

    /* Somebody else keeps what is only observed: it is there, as it is. */
    if (verdict == VERDICT_OBSERVED)
        return task_plan(item->task)->action == PLAN_UPDATE ||
               task_plan(item->task)->action == PLAN_NONE;
    return verdict == VERDICT_SYNCED || verdict == VERDICT_REPAIRED || verdict == VERDICT_HELD;
}

static bool is_writing_shared(const struct item *item)
{
    return item->task && item->released && task_state(item->task) != TASK_DONE &&
           item_writes_shared(item);
}

/* Two items that rewrite documents of one kind take turns, or one would undo the other. */
static bool must_wait_its_turn(const struct item *item, const struct item *items, size_t count)
{
    if (!item_writes_shared(item) || task_observed(item->task))
        return false;
    for (size_t i = 0; i < count; i++)
        if (&items[i] != item && is_writing_shared(&items[i]) &&
            items[i].resource->kind == item->resource->kind)
            return true;
    return false;
}

/* The first item in the way: not done yet, or done but not in place. */
static const struct item *in_the_way(const struct item *item)
{
    for (size_t i = 0; i < item->after_count; i++) {
        const struct item *other = item->after[i];

        if (task_state(other->task) != TASK_DONE || !is_in_place(other))
            return other;
    }
    return NULL;
}

static bool follows_create(const struct item *item)
{
    for (size_t i = 0; i < item->after_count; i++)
        if (task_plan(item->after[i]->task)->action == PLAN_CREATE &&
            !task_observed(item->after[i]->task))
            return true;
    return false;
}

static void take_depths(struct item *item)
{
    for (size_t i = 0; i < item->after_count; i++)
        if (item->after[i]->depth > item->depth)
            item->depth = item->after[i]->depth;
}

static void wait_in_vain(struct item *item, const struct item *other)
{
    cleanup_free char *reason = mem_printf("waits for %s, which is %s", other->resource->address,
                                           task_verdict_name(task_verdict(other->task)));

    item_block(item, reason);
}

static void try_release(struct item *item, const struct item *items, size_t count)
{
    const struct plan *plan = task_plan(item->task);
    const struct item *other = NULL;

    if (plan->action != PLAN_NONE && plan->action != PLAN_BLOCKED && !task_observed(item->task)) {
        other = in_the_way(item);
        if (other && task_state(other->task) == TASK_DONE) {
            wait_in_vain(item, other);
            return;
        }
        if (other || must_wait_its_turn(item, items, count))
            return;
        if (!item->share->may_begin(item->share->arg, item))
            return;
        take_depths(item);
        if (follows_create(item))
            task_follows_create(item->task);
    }
    item_release(item);
}

void turns_release(struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].task && !items[i].released && task_state(items[i].task) == TASK_PLANNED)
            try_release(&items[i], items, count);
}
