/* pass.h -- one look at everything a manifest wants, with or without writes: who we are, reading
 * all together, the plans, then writing in order.
 *
 * on_planned and on_done run on the loop, never from inside the function that starts things. */
#ifndef RECONCILE_PASS_H
#define RECONCILE_PASS_H

#include "aws/client.h"
#include "guard/blast_radius.h"
#include "guard/breaker.h"
#include "guard/quota.h"
#include "plan/create_token.h"
#include "reconcile/task.h"
#include "spec/manifest.h"

struct pass;

/* Who may write: one of several daemons. */
enum pass_gate_answer {
    PASS_GATE_OPEN,
    PASS_GATE_SHUT,      /* it only looks */
    PASS_GATE_LATER,     /* nobody knows yet: pass_wake is called when somebody does */
    PASS_GATE_NO_BUCKET, /* open for what needs no bucket: where it is told who may, is not there */
};
struct pass_gate {
    /* Asked before plans are carried out, and before a resource is written.  *why (borrowed, short
     * lived): of PASS_GATE_SHUT. */
    enum pass_gate_answer (*ask)(void *arg, size_t pipeline, const char **why);
    /* The bucket is there now: find out who may write, then call pass_wake.  false: that was tried
     * for long enough. */
    bool (*hurry)(void *arg, size_t pipeline);
    /* What writes are sent under while it is open; outlives the pass. */
    const struct aws_fence *(*fence)(void *arg, size_t pipeline);
    void *arg;
};

struct pass_events {
    /* A resource moved: compare task_state and task_verdict with what you knew. */
    void (*on_task)(void *arg, const struct pass *pass, const struct task *task);
    /* Something of a pipeline is to be written, at once when all is planned (expects_apply), and
     * its bucket is there; others are still read.  Once for each.  NULL: nothing is done then. */
    void (*on_differs)(void *arg, struct pass *pass, size_t pipeline);
    /* Everything is read: what else is asked before on_planned may be asked now, side by side with
     * IAM.  NULL: nothing is. */
    void (*on_read)(void *arg, struct pass *pass);
    /* Everything is read and planned (or could not be): look at the pass, then pass_apply or
     * pass_finish it. */
    void (*on_planned)(void *arg, struct pass *pass);
    /* All tasks are done.  The pass stays valid until engine_forget. */
    void (*on_done)(void *arg, struct pass *pass);
    void *arg;
};

/* What a pass works with; all borrowed, and must outlive it. */
struct pass_setup {
    uv_loop_t *loop;
    struct aws_client *client;
    const struct manifest *manifest;
    struct breaker *breaker;
    struct quota *quota;
    struct create_token *tokens;
    struct blast_radius *radius;
    json_t *claims;            /* pipeline -> the claim of the engine's first look (pass_claim.h) */
    json_t *unwell;            /* pipeline -> true: changed, or not in order, at the last look */
    bool skip_pass_role_check; /* a simulated denial is only told */
    bool ask_alias;            /* of each account */
    struct wide_memory *wide;  /* from one look to the next */
    bool expects_apply;        /* pass_apply follows planning at once: what it confirms is asked
                                  while the rest is still read */
    bool keeps_documents;      /* somebody asks for them after the pass (task_scope) */
    struct pass_gate gate;     /* ask NULL: whoever runs it may */
};

struct pass *pass_new(const struct pass_setup *setup, const struct pass_events *events);
/* Cancels what is under way.  The loop must run once more to close its timer. */
void pass_free(struct pass *pass);
/* Some milliseconds of that, after on_done; nothing is asked of the pass any more.  True when the
 * rest takes no longer than that. */
bool pass_free_part(struct pass *pass);
/* From on_planned on: IAM's simulation denies what the plan needs, so that pass_apply ends all that
 * it would write to a pipeline as denied. */
bool pass_may_not_write(const struct pass *pass);
/* From on_planned on: so many changes of what is in place are more than one pass may make, so that
 * pass_apply blocks all that it would write; *most: so many it may.  0: they are not. */
size_t pass_too_many(const struct pass *pass, size_t *most);
/* From on_planned on: carries the plans out. */
void pass_apply(struct pass *pass);
/* Before pass_apply: somebody has reviewed the plans, and nothing else is written.  When the look
 * that confirms them finds that any has changed, nothing is written at all. */
void pass_bind(struct pass *pass);
/* pass_apply was called. */
bool pass_was_applied(const struct pass *pass);
/* What the gate answers may be another. */
void pass_wake(struct pass *pass);
/* Before pass_apply: the lease shows that another spec of the pipeline was in force, which is of
 * another fingerprint (claim_id) than ours; spec NULL: that is not known. */
void pass_replaces(struct pass *pass, size_t pipeline, const char *spec);
/* From on_planned on: the spec that was put in force later, and that fields are left to, for
 * people; borrowed, NULL: there is none. */
const char *pass_conflict(const struct pass *pass, size_t pipeline);
/* After pass_apply: the pipeline is somebody else's to write, so this pass only looked. */
bool pass_is_led(const struct pass *pass, size_t pipeline);
/* Texts: what had changed when a bound pass was confirmed, so that it wrote nothing; never NULL. */
const json_t *pass_stale(const struct pass *pass);
/* From on_planned on: ends the pass without writing; on_done follows. */
void pass_finish(struct pass *pass);
/* No new write starts; what is under way is finished or given up; on_done follows. */
void pass_stop(struct pass *pass);

/* ---- Looking at a pass ---- */
size_t pass_task_count(const struct pass *pass);
const struct task *pass_task(const struct pass *pass, size_t index);
/* Why nothing was read at all for a pipeline (wrong account, no credentials): text per pipeline,
 * NULL when it is fine. kind tells what to do. */
const char *pass_refused(const struct pass *pass, size_t pipeline, enum err_kind *kind);
/* Things worth telling about the pass as a whole (pass-role checks): list of texts, never NULL. */
const json_t *pass_warnings(const struct pass *pass);
/* Whose account a pipeline's calls go to, and the ARN of who makes them; NULL: not known. */
const char *pass_account(const struct pass *pass, size_t pipeline);
/* The name that the account has for people; NULL: it has none, or nobody told. */
const char *pass_alias(const struct pass *pass, size_t pipeline);
const char *pass_caller(const struct pass *pass, size_t pipeline);
/* Two reads say that its bucket is not there: nothing that lies in it is. */
bool pass_lacks_bucket(const struct pass *pass, size_t pipeline);
/* The pauses of a pipeline, ended ones too (state/pause.h); borrowed.  NULL: they are not known;
 * then *why (borrowed; NULL where nothing was asked: it was refused) and *kind tell why, and
 * nothing is written. */
const json_t *pass_paused(const struct pass *pass, size_t pipeline, const char **why,
                          enum err_kind *kind);
/* Why nothing may be written into the resource of that id (into the pipeline, when the spec has
 * none such): it is only observed.  Borrowed; NULL: it may. */
const char *pass_observed(const struct pass *pass, size_t pipeline, const char *id);
/* From on_planned on: the bucket that its state lies in; borrowed, NULL: it has none, or was
 * refused. */
const char *pass_bucket(const struct pass *pass, size_t pipeline);
/* From on_planned on: what its spec wants, in a few digits (claim_id); borrowed, NULL: it was
 * refused. */
const char *pass_spec(const struct pass *pass, size_t pipeline);
/* Under which work that follows the pass writes; NULL: under none. */
const struct aws_fence *pass_fence(const struct pass *pass, size_t pipeline);
struct aws_session *pass_session(const struct pass *pass, size_t pipeline);
size_t pass_task_pipeline(const struct pass *pass, size_t index);
/* How many tasks a pipeline has, one after the other from *first on. */
size_t pass_tasks_of(const struct pass *pass, size_t pipeline, size_t *first);

struct pass_summary {
    unsigned synced, drifted, repaired, settling, held, observed, retry, blocked, denied, failed,
        refused;
    unsigned reads, writes; /* calls sent (caller identity not counted) */
    unsigned round_trips;   /* longest chain of calls that had to wait for each other */
    int64_t elapsed_ms;
};
void pass_summarize(const struct pass *pass, struct pass_summary *summary);

#endif
