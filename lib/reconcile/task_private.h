/* task_private.h -- the inside of a task, shared by its files: task.c (start, plan, end) above
 * task_write.c (writing) above task_agree.c (what looks agree on) above task_read.c (reading) above
 * task_wait.c and task_outcome.c. */
#ifndef RECONCILE_TASK_PRIVATE_H
#define RECONCILE_TASK_PRIVATE_H

#include "aws/page_tokens.h"
#include "reconcile/task.h"
#include "resources/value.h"

enum {
    TASK_PAGES = 1000,     /* of one list: a pass waits for them all */
    TASK_LOOKS = 4,        /* reads after a write before it is written again */
    TASK_DOUBTS = 4,       /* looks that may differ from the one before, before a write */
    TASK_WRITE_ROUNDS = 2, /* writes of one pass; more is the next pass's business */
    TASK_APPEAR_S = 120,   /* until what was made is known everywhere */
    TASK_CONFLICTS = 5,    /* times others may change the resource under our hands */
};

enum slot_state { SLOT_TODO, SLOT_SENT, SLOT_DONE };

/* One read call: its pages joined, and the document found in it. */
struct slot {
    const struct call *call;
    enum slot_state state;
    bool fallback; /* nothing to ask as long as another reply tells it */
    bool missed;   /* by a read that tells all there are */
    json_t *params, *reply, *document;
    bool next_page;
    bool joined; /* reply is our own, of several pages; else it is shared with others who read it */
    struct page_tokens tokens;
    size_t offset, total; /* of a list sent in pieces */
};

struct task {
    struct task_options options;
    const struct kind *kind;
    json_t *wish;    /* what the spec says */
    json_t *desired; /* the same, with what AWS has in place of what is ignored */
    json_t *facts, *replies, *known, *notes;
    json_t *beside;       /* found beside the fields: see members.h */
    json_t *unread;       /* texts: account-wide settings that were refused */
    json_t *lacks;        /* texts: IAM actions that AWS refused */
    struct slot *slots;   /* slot 0: the kind's read */
    size_t own_notes;     /* the first of notes; findings follow */
    bool loses_unwritten; /* a note says so: nothing of the plan ends it */
    unsigned look_count;
    size_t slot_count;
    enum task_state state;
    enum task_verdict verdict, failure; /* failure: of the first write that failed for good */
    struct plan plan, work;             /* as first made; as being carried out */
    bool confirming;                    /* looks again before anything is written */
    bool applying;
    unsigned sent;          /* writes under way: several only while it is fresh */
    bool accepted;          /* AWS answered its own create in this pass */
    bool fresh;             /* and nobody else can have put anything into it yet */
    bool side_by_side;      /* what goes into what is empty goes together */
    bool over_quota;        /* AWS has no place for what it would write */
    bool bound;             /* writes nothing but what `plan` says */
    bool follows_create;    /* something it needs was just made */
    bool forgotten;         /* what was read and wanted was given back */
    bool made;              /* its own create was accepted in this pass */
    bool met;               /* its create told that it is there, and none of ours was lost before */
    bool agreed;            /* the last two looks want the same writes */
    bool checking, checked; /* reads the document that the next call replaces; has just read it */
    json_t *written;        /* fields that this pass wrote, as keys */
    json_t *wished;         /* what the last look wanted written */
    json_t *shown;          /* operation -> parameters, each with what a look showed of others' */
    bool wrote;             /* this round changed something */
    bool put_off;           /* calls of this round could not be made yet */
    size_t next_call;
    unsigned writes, lost, rounds, looks, conflicts, doubts; /* lost: writes without an answer */
    int64_t wait_from_ms, wait_until_ms, wake_ms;
    enum task_state resume; /* what a WAITING task goes on with */
    json_t *yielded;        /* fields left as another spec has them; NULL: none */
    char *yields_to;        /* which */
    char *observed;         /* why nothing is written; NULL: something may be */
    char *waits;            /* for what, in vain; NULL: for nothing */
    char *text, *summary;   /* summary: without the request ID; NULL: as text */
};

/* task_outcome.c */
void task_outcome_say(struct task *task, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Says more, behind what was said. */
void task_outcome_add(struct task *task, const char *before, const char *more);
/* Says why differences stay as they are: the first of them that cannot be written. */
void task_outcome_say_held(struct task *task, const json_t *differences);
void task_outcome_end(struct task *task, enum task_verdict verdict);
/* Keeps what AWS said to a call as text and failure; why: what that means, before it, or NULL. */
void task_outcome_fail(struct task *task, const char *why, const struct call *call,
                       const struct aws_reply *reply);
/* Notes the permission that a refused call needs; does nothing where none is the reason. */
void task_outcome_lack(struct task *task, const struct call *call, const struct aws_reply *reply);

/* task_wait.c */
/* Waits delay_ms, at most until window_s (and the spec's longest time) after the first wait of this
 * kind, then goes on with resume.  False when that is over. */
bool task_wait_more(struct task *task, int64_t delay_ms, int window_s, enum task_state resume);
/* The next wait is the first of another kind. */
void task_wait_end(struct task *task);
/* Shorter waits at first: most things settle at once. */
int64_t task_wait_delay_ms(const struct task *task);

/* task_read.c */
/* Makes the slots: which documents will be read. */
void task_read_prepare(struct task *task);
void task_read_fini(struct task *task);
/* Gives back the documents; whether all was read is known still. */
void task_read_forget(struct task *task);
bool task_read_next(struct task *task, struct task_request *request);
/* May end the task. */
void task_read_reply(struct task *task, size_t index, const struct aws_reply *reply);
bool task_read_is_done(const struct task *task);
/* What was read, as the kind's functions see it. */
void task_read_scope(const struct task *task, struct scope *scope);
/* After each look: what AWS has stands in for what is ignored. */
void task_read_ignore(struct task *task);
/* Judges what was read beside the fields. */
void task_read_beside(struct task *task);
/* Reads again the documents that hold any of the fields, all when differences is NULL. */
void task_read_again(struct task *task, const json_t *differences);
/* What task_read_again would have asked first, as far as one call does, from slot *at on; *at moves
 * behind it.  False: no more. */
bool task_read_ahead(const struct task *task, const json_t *differences, size_t *at,
                     struct task_request *request);

/* task_agree.c */
/* Whether a difference is of a field that is left to another spec, and none that `ignore` names. */
bool task_agree_yields(const struct task *task, const char *difference);
/* Makes the plan from what is read. */
void task_agree_plan(const struct task *task, struct plan *plan);
/* Takes note of a look: agreed, and what it showed. */
void task_agree_look(struct task *task, const struct plan *plan);
/* What of others', shown by any look, the parameters of a replacing call lack: the first of it as
 * new text, NULL: nothing. */
char *task_agree_loss(const struct task *task, const struct call *call, const json_t *params);

/* task_write.c */
bool task_write_next(struct task *task, struct task_request *request);
void task_write_reply(struct task *task, size_t index, const struct aws_reply *reply);
/* Decides by task->work what to do after reading: write, look again, wait or end. */
void task_write_decide(struct task *task);
/* The same while nothing may be written yet: PLANNED when two looks agree on writes. */
void task_write_confirm(struct task *task);
/* Reads once more what the writes of task->work rest on. */
void task_write_look(struct task *task);
/* The document that the next call replaces was read: does it still want the same? */
void task_write_checked(struct task *task);

#endif
