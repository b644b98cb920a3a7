/* task.h -- one resource on its way to what the spec wants: read, plan, write, verify.
 *
 * No I/O: the engine takes requests out, puts replies in, and wakes a task that waits.  States go
 *
 *   READING -> PLANNED -> VERIFYING -> PLANNED -> WRITING -> VERIFYING -> DONE
 *                        (confirmed)      ^          |  ^        |
 *                                         |          v  |        v
 *                                         +------ WAITING (for AWS to catch up, with a deadline)
 */
#ifndef RECONCILE_TASK_H
#define RECONCILE_TASK_H

#include "aws/client.h"
#include "plan/plan.h"

#include <stdint.h>

enum task_state {
    TASK_READING,
    TASK_PLANNED,
    TASK_WRITING,
    TASK_VERIFYING,
    TASK_WAITING,
    TASK_DONE
};

enum task_verdict {
    VERDICT_NONE,     /* not done yet */
    VERDICT_SYNCED,   /* AWS is as wanted; nothing was written */
    VERDICT_DRIFTED,  /* looked only: differences found */
    VERDICT_REPAIRED, /* written, and a read showed it took effect */
    VERDICT_SETTLING, /* written, or being made by AWS, but not yet seen as wanted */
    VERDICT_HELD,     /* differs, but the breaker stopped writing */
    VERDICT_OBSERVED, /* differs, and is only observed (mode, or a pause): nothing is written */
    VERDICT_RETRY,    /* could not be read or written just now */
    VERDICT_BLOCKED,  /* needs a human, or waits for a resource that is not in place */
    VERDICT_DENIED,   /* AWS refused for lack of permission */
    VERDICT_FAILED,   /* AWS refused the request */
};

/* What the resources of a pipeline show together: whether usage comes, or came, through it. */
struct task_usage {
    size_t shown_by; /* so many of them can show it */
    size_t unread;   /* of those, not known yet, or not readable */
    bool came;
};

struct task_options {
    const struct kind *kind;
    const char *address;   /* borrowed */
    const json_t *desired; /* shared */
    const json_t *facts;   /* shared */
    const json_t *ignored; /* paths: resources/ignore.h; borrowed, NULL: none */
    bool remove;
    int settle_timeout_s; /* longest time to wait for AWS in all */
    const json_t
        *making; /* what the pass makes, name -> {address: true}; borrowed, NULL: nothing */
    plan_held_fn *held;
    void *held_arg;
    struct task_usage *usage; /* of its pipeline; borrowed, NULL: as if usage came through */
};

struct task;

struct task_request {
    const struct call *call;
    json_t *params; /* borrowed until the reply is given */
    size_t slot;    /* give it back with the reply; of a write: which call of the plan it is */
    bool write;
    const json_t *fields; /* of a write: names of the fields it repairs; borrowed */
};

struct task *task_new(const struct task_options *options);
void task_free(struct task *task);

/* The next request that can be sent now; false: none until a reply, a wake-up or task_apply. */
bool task_next(struct task *task, struct task_request *request);
/* The reply to a request; *reply is borrowed. */
void task_reply(struct task *task, size_t slot, const struct aws_reply *reply);
/* While READING: another read that tells all there are, asked in place of this one, has not what it
 * looks for; its own follows. */
void task_missed(struct task *task, size_t slot);
/* While READING: its own read says that it is not there, and it would be made. */
bool task_seems_absent(const struct task *task);
/* From PLANNED: reads again what the plan's writes rest on, and plans anew; PLANNED again when two
 * looks in a row agree on writes, else DONE.  twice: what was missed (task_missed), and was not
 * there, was looked at twice just now. */
void task_confirm(struct task *task, bool twice);
/* What task_confirm will ask: the next request from *at on, which begins at 0.  False: no more.
 * Also of one that seems absent. */
bool task_look_ahead(const struct task *task, size_t *at, struct task_request *request);
/* Goes on from PLANNED: writes if the plan says so, confirmed before if it was not. */
void task_apply(struct task *task);
/* From PLANNED: somebody reviewed the plan, so nothing is written but what it says. */
void task_bind(struct task *task);
/* False when a bound task's last look wants something else than its plan. */
bool task_keeps_plan(const struct task *task);
/* AWS has answered its create in this pass: others may refer to it, whatever becomes of its other
 * writes. */
bool task_is_there(const struct task *task);
/* AWS has answered all that its plan writes, and only the look that proves it is missing. */
bool task_is_written(const struct task *task);
/* Something that it refers to was made in this pass: AWS may not know it everywhere yet. */
void task_follows_create(struct task *task);
/* Ends a PLANNED task without writing. */
void task_finish(struct task *task);
/* Ends it as blocked, with a reason (copied). */
void task_block(struct task *task, const char *reason);
/* Ends it as to be tried again, with a reason (copied). */
void task_retry(struct task *task, const char *reason);
/* Ends it as denied, with a reason (copied). */
void task_deny(struct task *task, const char *reason);
/* From now on nothing is written to it, whatever its plan says; why is copied. */
void task_observe(struct task *task, const char *why);
/* Why it is only observed; borrowed, NULL: it is not. */
const char *task_observed(const struct task *task);
/* From PLANNED: the fields (names) are left as AWS has them, since another spec was put in force
 * later and wants them so; why is copied.  Where they differ they are told. */
void task_yield(struct task *task, const json_t *fields, const char *why);
/* What it needs will not be there in this pass, as planning shows: nothing of it will be written;
 * why is copied. */
void task_wait_in_vain(struct task *task, const char *why);
/* Why, as above; borrowed, NULL: it waits for nothing, or not in vain. */
const char *task_waits(const struct task *task);
/* It is PLANNED, and its plan has something to write that may be written. */
bool task_wants_writes(const struct task *task);
/* From PLANNED on: nothing will be written to it in this pass, nor waited for. */
bool task_is_settled(const struct task *task);
/* Of one that is settled: gives back what was read and wanted.  What is told of it stays; its scope
 * (task_scope, task_wished) must not be asked for any more. */
void task_forget(struct task *task);
bool task_is_forgotten(const struct task *task);
/* Milliseconds until a WAITING task wants task_wake; counted from now. */
int64_t task_wait_ms(const struct task *task);
void task_wake(struct task *task);

enum task_state task_state(const struct task *task);
enum task_verdict task_verdict(const struct task *task);
const char *task_verdict_name(enum task_verdict verdict);
/* The first plan, made before anything was written. Valid from PLANNED on. */
const struct plan *task_plan(const struct task *task);
const struct kind *task_kind(const struct task *task);
const char *task_address(const struct task *task);
/* What happened or what it waits for, for people; "" when there is nothing to say. */
const char *task_text(const struct task *task);
/* The same, but equal whenever the same happens again: without the request ID. */
const char *task_summary(const struct task *task);
/* Why it waits and how long: seconds so far and at most; 0 when it does not wait. */
void task_waiting(const struct task *task, int *so_far_s, int *at_most_s);
/* Texts of things worth telling; borrowed, never NULL. */
const json_t *task_notes(const struct task *task);
/* What others found in what was read (texts, NULL: nothing), in place of what they found before:
 * told with the notes. */
void task_find(struct task *task, const json_t *findings);
/* AWS refused a write of it for a quota. */
bool task_is_over_quota(const struct task *task);
/* What bears on it and was refused to be read, though it was read itself: texts, never NULL. */
const json_t *task_unknown(const struct task *task);
/* IAM actions that AWS refused to the caller: texts, never NULL. */
const json_t *task_lacks(const struct task *task);
/* Whether everything asked for was read. */
bool task_was_read(const struct task *task);
/* What was found beside the fields, as members.h has it; borrowed, never NULL. */
const json_t *task_beside(const struct task *task);
/* The plan of the last look: what still differs after writing. */
const struct plan *task_last_plan(const struct task *task);
/* What a plan of it (task_plan, task_last_plan) costs usage: its differences, and that it is not
 * there.  That costs none in a pipeline of which everything that could hold usage is known not to:
 * it was never made.  What is unread is taken to hold some. */
enum loss task_loss(const struct task *task, const struct plan *plan);
/* One of its notes says that events are lost or misread, by what the spec does not have written. */
bool task_loses_unwritten(const struct task *task);
/* Why its absence costs that; NULL: it is there, or that costs nothing. */
const char *task_absent_harm(const struct task *task, const struct plan *plan);
/* How often it looked anew: what was read before does not answer its next reads. */
unsigned task_look_count(const struct task *task);
/* Writes that AWS accepted. */
unsigned task_writes(const struct task *task);
/* Writes that failed, of which AWS may have carried out each all the same: their answer was lost.
 */
unsigned task_lost_writes(const struct task *task);
/* What the spec wants, also of what is ignored; borrowed. */
const json_t *task_wished(const struct task *task);
/* Scope as the kind's functions see it (after READING). */
void task_scope(const struct task *task, struct scope *scope);
/* The same while READING: observed is what is known by now. */
void task_scope_so_far(const struct task *task, struct scope *scope);

#endif
