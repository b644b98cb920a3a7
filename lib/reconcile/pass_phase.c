/* pass_phase.c -- the phases of a pass: which follows which, when one is over, and what is done at
 * the begin of the next, in rounds of the loop that are short whatever number of pipelines. */
#include "aws/loop_watch.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "reconcile/pass_private.h"
#include "reconcile/turns.h"

#include <string.h>

static void on_timer(uv_timer_t *timer);

void pass_phase_schedule(struct pass *pass)
{
    if (!uv_is_active((uv_handle_t *)pass->timer) || uv_timer_get_due_in(pass->timer) > 0)
        (void)uv_timer_start(pass->timer, on_timer, 0, 0);
}

void pass_phase_answered(void *arg)
{
    pass_phase_schedule(arg);
}

void pass_phase_moved(void *arg, struct item *item, bool told)
{
    struct pass *pass = arg;

    pass_wave_hear(pass, item, told);
    if (told && pass->events.on_task)
        pass->events.on_task(pass->events.arg, pass, item->task);
    pass_phase_schedule(pass);
}

/* Goes on in the next round of the loop, which has no more time for it. */
static void next_round(struct pass *pass)
{
    (void)uv_timer_start(pass->timer, on_timer, 1, 0);
}

/* The next pipelines of a phase that looks at some in each round.  True when none is left. */
static bool work_next(struct pass *pass, void (*work)(struct pass *, struct pipeline_pass *))
{
    while (pass->worked < pass->wave_end) {
        work(pass, &pass->pipelines[pass->order[pass->worked++]]);
        if (pass->worked < pass->wave_end && !loop_watch_has_time(pass->timer->loop)) {
            next_round(pass);
            return false;
        }
    }
    return true;
}

static bool forget_reads(struct pass *pass)
{
    bool all = pass_wave_forget_reads(pass);

    if (!all)
        next_round(pass);
    return all;
}

static bool all_identified(const struct pass *pass)
{
    for (size_t i = 0; i < pass->pipeline_count; i++)
        if (!pass->pipelines[i].identified)
            return false;
    return true;
}

enum until { UNTIL_PLANNED, UNTIL_FIRST_MAY_WRITE, UNTIL_DONE };

static bool is_at(const struct item *item, enum until until)
{
    enum task_state state = item->task ? task_state(item->task) : TASK_DONE;

    if (state == TASK_DONE)
        return LIST_EMPTY(&item->writes);
    return until != UNTIL_DONE &&
           (state == TASK_PLANNED || (until == UNTIL_FIRST_MAY_WRITE && pass_write_is_late(item)));
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

/* Who is to agree to a change is told where it would be made; else the question is spared. */
static void ask_alias(struct pass *pass, struct pipeline_pass *pipeline)
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        if (pass->items[i].task && task_wants_writes(pass->items[i].task)) {
            account_alias_ask(pass->aliases, pipeline->session, pipeline->account);
            return;
        }
}

static void count_pipeline(struct pass *pass, struct pipeline_pass *pipeline)
{
    turns_foresee(&pass->items[pipeline->first], pipeline->count);
    pass_write_count_changes(pass, pipeline);
    ask_alias(pass, pipeline);
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

/* For all that came together: what is asked then is asked in one. */
static void look_ahead(struct pass *pass)
{
    if (wide_reads_is_answering(pass->wide))
        next_round(pass);
    else
        pass_wave_look_ahead(pass);
}

static bool is_confirmed(struct pass *pass)
{
    if (!work_next(pass, pass_write_confirm))
        return false;
    wake_items(pass);
    return all_at(pass, pass_write_is_free(pass) ? UNTIL_FIRST_MAY_WRITE : UNTIL_PLANNED);
}

static bool is_applied(struct pass *pass)
{
    bool more = turns_release(pass->items, pass->item_count);

    wake_items(pass);
    if (more)
        next_round(pass);
    return all_at(pass, UNTIL_DONE);
}

/* Whether the phase is over; gives items that wait, or their turn, a push. */
static bool is_over(struct pass *pass)
{
    switch (pass->phase) {
    case PHASE_IDENTITY:
        return all_identified(pass);
    case PHASE_READING:
        look_ahead(pass);
        return work_next(pass, pass_wave_open) && all_at(pass, UNTIL_PLANNED) &&
               (all_pauses_known(pass) || pass->share.stopping);
    case PHASE_JUDGING:
    case PHASE_JUDGING_AGAIN:
        return work_next(pass, pass_wave_judge);
    case PHASE_MEETING:
        return work_next(pass, pass_write_meet_claim);
    case PHASE_FORGETTING:
        return work_next(pass, pass_wave_forget) && forget_reads(pass);
    case PHASE_COUNTING:
        return work_next(pass, count_pipeline);
    case PHASE_CHECKING:
        return check_roles(pass) && account_alias_is_done(pass->aliases);
    case PHASE_PLANNED: /* ended from outside: pass.h */
        return false;
    case PHASE_CONFIRMING:
        return is_confirmed(pass);
    case PHASE_CLAIMING:
        return all_claimed(pass);
    case PHASE_APPLYING:
        return is_applied(pass);
    case PHASE_FINISHING:
        return work_next(pass, finish_pipeline);
    case PHASE_DONE:
        break;
    }
    return true;
}

static void begin_phase(struct pass *pass)
{
    switch (pass->phase) {
    case PHASE_READING:
        pass_wave_begin(pass);
        pass->worked = pass->wave;
        break;
    case PHASE_JUDGING:
    case PHASE_JUDGING_AGAIN:
    case PHASE_FORGETTING:
        pass->worked = pass->wave;
        break;
    case PHASE_MEETING:
        pass_wave_observe_paused(pass);
        pass->worked = pass->wave;
        break;
    case PHASE_COUNTING:
        pass->wave = 0;
        pass->worked = 0;
        break;
    case PHASE_CHECKING:
        pass_write_tell_changes(pass);
        pass->worked = 0;
        if (pass->events.on_read)
            pass->events.on_read(pass->events.arg, pass);
        break;
    case PHASE_PLANNED:
        pass->events.on_planned(pass->events.arg, pass);
        return;
    case PHASE_CLAIMING:
        pass_write_note_confirmed(pass);
        pass_write_hold_when_stale(pass);
        pass_write_claim(pass);
        break;
    case PHASE_DONE:
        tell_done(pass);
        return;
    default:
        break;
    }
    pass_phase_schedule(pass);
}

/* Once all pipelines have asked. */
static void send_what_is_held(const struct pass *pass)
{
    if (pass->phase > PHASE_READING || pass->worked == pass->wave_end)
        wide_reads_go(pass->wide);
}

static void step(struct pass *pass)
{
    static const enum pass_phase next[] = {[PHASE_IDENTITY] = PHASE_READING,
                                           [PHASE_READING] = PHASE_JUDGING,
                                           [PHASE_JUDGING] = PHASE_MEETING,
                                           [PHASE_MEETING] = PHASE_FORGETTING,
                                           [PHASE_FORGETTING] = PHASE_READING,
                                           [PHASE_COUNTING] = PHASE_CHECKING,
                                           [PHASE_CHECKING] = PHASE_PLANNED,
                                           [PHASE_CONFIRMING] = PHASE_CLAIMING,
                                           [PHASE_CLAIMING] = PHASE_APPLYING,
                                           [PHASE_APPLYING] = PHASE_JUDGING_AGAIN,
                                           [PHASE_FINISHING] = PHASE_JUDGING_AGAIN,
                                           [PHASE_JUDGING_AGAIN] = PHASE_DONE,
                                           [PHASE_DONE] = PHASE_DONE};

    if (pass->phase == PHASE_DONE)
        return; /* told already, and maybe half forgotten: whoever wakes it comes too late */
    if (!is_over(pass)) {
        send_what_is_held(pass);
        return;
    }
    pass->phase = pass->phase == PHASE_FORGETTING && pass_wave_is_last(pass) ? PHASE_COUNTING
                                                                             : next[pass->phase];
    begin_phase(pass);
}

static void on_timer(uv_timer_t *timer)
{
    if (!loop_watch_puts_off(timer, on_timer))
        step(timer->data);
}
