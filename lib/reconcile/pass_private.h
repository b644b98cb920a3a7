/* pass_private.h -- what a pass is, for the files that drive it: pass.c begins, ends and tells of
 * it, pass_phase.c goes from phase to phase, pass_wave.c reads, pass_write.c says what is written.
 */
#ifndef RECONCILE_PASS_PRIVATE_H
#define RECONCILE_PASS_PRIVATE_H

#include "reconcile/account_alias.h"
#include "reconcile/pass.h"
#include "reconcile/pass_check.h"
#include "reconcile/pass_claim.h"
#include "reconcile/pass_pauses.h"

enum { PASS_READS = 20 }; /* forgotten in one piece of work */

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
    bool told_differs;   /* on_differs was called */
    size_t unheard;      /* items to which no read was answered yet */
    struct task_usage usage;
    size_t first, count;       /* its items */
    size_t shown_first, shown; /* those with a task */
    char *bucket, *id; /* where its state lies, and claim_id of what it wants; NULL: not known */
    bool forgotten;    /* nothing is written in it, and what was read was given back */
};

enum pass_phase {
    PHASE_IDENTITY,
    PHASE_READING,
    PHASE_JUDGING,    /* what was read */
    PHASE_MEETING,    /* other specs that are, or were, in force */
    PHASE_FORGETTING, /* what nobody asks for any more; then the next wave is read */
    PHASE_COUNTING,   /* what would be written */
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
    enum pass_phase phase;
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
    void (*answered)(void *pass); /* what any answer is told */
    int64_t started_ms, ended_ms;
};

/* pass_phase.c */
/* Looks soon (from the loop) whether the pass can go on. */
void pass_phase_schedule(struct pass *pass);
/* The same, for what calls back with the pass as arg. */
void pass_phase_answered(void *arg);
/* item_share's moved. */
void pass_phase_moved(void *arg, struct item *item, bool told);

/* pass_wave.c */
/* Makes `order`: those that were changed or not in order at the last look are read first. */
void pass_wave_order(struct pass *pass);
/* The next wave is what phases look at. */
void pass_wave_begin(struct pass *pass);
bool pass_wave_is_last(const struct pass *pass);
/* Sends the first reads of a pipeline, unless it was refused. */
void pass_wave_open(struct pass *pass, struct pipeline_pass *pipeline);
/* After each step of an item while it is read; told: as item_share's moved. */
void pass_wave_hear(struct pass *pass, struct item *item, bool told);
/* Asks what will be confirmed, for all that wait for that. */
void pass_wave_look_ahead(struct pass *pass);
/* Ten milliseconds.  Not on another thread: it notes at tasks, which are the loop's. */
void pass_wave_judge(struct pass *pass, struct pipeline_pass *pipeline);
/* Of all pipelines of the wave. */
void pass_wave_observe_paused(struct pass *pass);
/* Most pipelines are as they should be: of these only what is told of them stays. */
void pass_wave_forget(struct pass *pass, struct pipeline_pass *pipeline);
/* Some milliseconds of giving back what was read; true when nothing is left of it that a later wave
 * does not ask for. */
bool pass_wave_forget_reads(struct pass *pass);

/* pass_write.c */
enum pass_gate_answer pass_write_gate(const struct pass *pass, size_t pipeline, const char **why);
/* What writes to a pipeline are sent under; NULL: nothing. */
const struct aws_fence *pass_write_fence(const struct pass *pass, size_t pipeline);
/* item_share's may_begin. */
bool pass_write_may_begin(void *arg, struct item *item);
/* It waits for something else to be written anyway. */
bool pass_write_is_late(const struct item *item);
/* What is in place is remembered, and what would be changed of it counted. */
void pass_write_count_changes(struct pass *pass, const struct pipeline_pass *pipeline);
/* Warns when all together are too many. */
void pass_write_tell_changes(struct pass *pass);
/* So many changes are more than one pass may make; 0: they are not.  *most: so many it may. */
size_t pass_write_too_many(const struct pass *pass, size_t *most);
/* Everything is planned: ends what may not be written, each for its reason. */
void pass_write_hold(struct pass *pass);
/* Reads again what the writes of a pipeline rest on. */
void pass_write_confirm(struct pass *pass, struct pipeline_pass *pipeline);
/* Whether what can be written first may be, while others are still confirmed. */
bool pass_write_is_free(const struct pass *pass);
/* Confirmed: nothing is written that was not looked at twice, or that the reviewed plan had not. */
void pass_write_note_confirmed(struct pass *pass);
void pass_write_hold_when_stale(struct pass *pass);
/* Leaves to a spec put in force later what it wants otherwise. */
void pass_write_meet_claim(struct pass *pass, struct pipeline_pass *pipeline);
/* Says that another spec is in force from now on, where one is. */
void pass_write_claim(struct pass *pass);

#endif
