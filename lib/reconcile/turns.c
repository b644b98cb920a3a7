#include "reconcile/turns.h"

#include "base/mem.h"

/* As many as one pipeline has, or more: some milliseconds. */
enum { AT_ONCE = 32 };

static void add_after(struct item *item, const struct item *other, bool only_named)
{
    size_t count = item->after_count;

    item->after = mem_resize(item->after, count + 1, sizeof *item->after);
    item->after_named = mem_resize(item->after_named, count + 1, sizeof *item->after_named);
    item->after[count] = other;
    item->after_named[count] = only_named;
    item->after_count++;
}

/* Present things come after what they need; things to be removed go before it. */
void turns_order(struct item *items, const struct manifest_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->resource_count; i++) {
        const struct manifest_resource *resource = &pipeline->resources[i];

        for (size_t j = 0; j < resource->need_count; j++) {
            size_t need = resource->needs[j];

            if (!resource->absent)
                add_after(&items[i], &items[need], resource->only_named[j]);
            else if (pipeline->resources[need].absent)
                add_after(&items[need], &items[i], false);
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

/* AWS's answer to its last write says that it is as wanted; only a look says that of what then goes
 * through states. */
static bool is_answered(const struct item *item)
{
    return task_is_written(item->task) && !item->resource->kind->ready;
}

bool turns_is_there(const struct item *item)
{
    if (task_is_there(item->task))
        return true;
    return task_state(item->task) == TASK_DONE ? is_in_place(item) : is_answered(item);
}

/* The first item that is not whole: this one, or one that it rests on, as far as this pass writes
 * them. */
static const struct item *not_whole(const struct item *item)
{
    bool done = task_state(item->task) == TASK_DONE;
    const struct item *other = NULL;

    if (done ? !is_in_place(item) : !is_answered(item))
        return item;
    if (task_plan(item->task)->action == PLAN_NONE || task_observed(item->task))
        return NULL;
    for (size_t i = 0; !other && i < item->after_count; i++)
        other = not_whole(item->after[i]);
    return other;
}

/* The first item in the way: not there yet, or done but not in place.  What lets usage flow comes
 * when all below it is whole, so that nothing that flows is lost; else a name is enough where no
 * call needs more. */
static const struct item *in_the_way(const struct item *item)
{
    const struct item *in_way = NULL;

    for (size_t i = 0; !in_way && i < item->after_count; i++) {
        const struct item *other = item->after[i];

        if (item->resource->absent) /* what is removed is gone only when that is seen */
            in_way = task_state(other->task) == TASK_DONE && is_in_place(other) ? NULL : other;
        else if (item->resource->kind->opens)
            in_way = not_whole(other);
        else if (!item->after_named[i] && !turns_is_there(other))
            in_way = other;
    }
    return in_way;
}

static bool follows_create(const struct item *item)
{
    for (size_t i = 0; i < item->after_count; i++)
        if (task_plan(item->after[i]->task)->action == PLAN_CREATE &&
            !task_observed(item->after[i]->task))
            return true;
    return false;
}

/* Round trips until another may go on: its proof may have come by now, and is not waited for. */
static unsigned depth_of(const struct item *other, bool whole)
{
    if (!whole && task_is_there(other->task))
        return other->made_depth;
    return other->written_depth && !other->resource->kind->ready ? other->written_depth
                                                                 : other->depth;
}

/* Of what it waited for. */
static void take_depths(struct item *item, const struct item *from)
{
    bool whole = item->resource->kind->opens;

    for (size_t i = 0; i < from->after_count; i++) {
        const struct item *other = from->after[i];
        unsigned depth = depth_of(other, whole);

        if (from->after_named[i] && !whole)
            continue;
        if (depth > item->depth)
            item->depth = depth;
        if (whole)
            take_depths(item, other);
    }
}

/* Why an item waits in vain for one that is not in place, and will not be; new text. */
static char *why_in_vain(const struct item *other)
{
    const struct task *task = other->task;
    enum plan_action action = task_plan(task)->action;
    const char *address = other->resource->address;
    bool unread = !task_plan(task)->differences;

    if (!unread && task_observed(task) && (action == PLAN_CREATE || action == PLAN_REMOVE))
        return mem_printf("waits for %s, which is %s and only observed: %s", address,
                          action == PLAN_CREATE ? "not there" : "still there", task_observed(task));
    if (task_state(task) == TASK_DONE)
        return mem_printf("waits for %s, which is %s", address,
                          task_verdict_name(task_verdict(task)));
    return mem_printf("waits for %s, which %s", address,
                      task_waits(task) ? task_waits(task) : "is blocked");
}

static void wait_in_vain(struct item *item, const struct item *other)
{
    cleanup_free char *reason = why_in_vain(other);

    item_block(item, reason);
}

/* ---- before anything is written ---- */

static bool will_be_in_place(const struct item *item)
{
    const struct task *task = item->task;
    enum plan_action action = task_plan(task)->action;

    if (task_state(task) == TASK_DONE)
        return is_in_place(item);
    if (task_observed(task))
        return action == PLAN_UPDATE || action == PLAN_NONE;
    return action != PLAN_BLOCKED && !task_waits(task);
}

static bool foresee(struct item *item)
{
    cleanup_free char *why = NULL;

    if (!item->task || task_waits(item->task) || !task_wants_writes(item->task))
        return false;
    for (size_t i = 0; !why && i < item->after_count; i++)
        if (item->after[i]->task && !will_be_in_place(item->after[i]))
            why = why_in_vain(item->after[i]);
    if (why)
        task_wait_in_vain(item->task, why);
    return why != NULL;
}

void turns_foresee(struct item *items, size_t count)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < count; i++)
            changed |= foresee(&items[i]);
    }
}

/* ---- while it is ---- */

/* True when it moved. */
static bool try_release(struct item *item, const struct item *items, size_t count)
{
    const struct plan *plan = task_plan(item->task);
    const struct item *other = NULL;

    if (task_waits(item->task) && task_wants_writes(item->task)) {
        item_block(item, task_waits(item->task)); /* as was foreseen */
        return true;
    }
    if (plan->action != PLAN_NONE && plan->action != PLAN_BLOCKED && !task_observed(item->task)) {
        other = in_the_way(item);
        if (other && task_state(other->task) == TASK_DONE) {
            wait_in_vain(item, other);
            return true;
        }
        if (other || must_wait_its_turn(item, items, count))
            return false;
        if (!item->share->may_begin(item->share->arg, item))
            return false;
        take_depths(item, item);
        if (follows_create(item))
            task_follows_create(item->task);
    }
    item_release(item);
    return true;
}

bool turns_release(struct item *items, size_t count)
{
    size_t moved = 0;

    for (size_t i = 0; i < count && moved < AT_ONCE; i++)
        if (items[i].task && !items[i].released && task_state(items[i].task) == TASK_PLANNED)
            moved += try_release(&items[i], items, count);
    return moved == AT_ONCE;
}
