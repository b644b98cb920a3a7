/* task_private.h -- the inside of a task, shared by task.c (start, plan, end), task_read.c
 * (reading) and task_write.c (writing). */
#ifndef RECONCILE_TASK_PRIVATE_H
#define RECONCILE_TASK_PRIVATE_H

#include "aws/page_tokens.h"
#include "reconcile/task.h"
#include "resources/value.h"

enum {
    TASK_PAGES = 1000,     /* of one list: a pass waits for them all */
    TASK_LOOKS = 4,        /* reads after a write before it is written again */
    TASK_WRITE_ROUNDS = 2, /* writes of one pass; more is the next pass's business */
    TASK_CONFLICTS = 5,    /* times others may change the resource under our hands */
};

enum slot_state { SLOT_TODO, SLOT_SENT, SLOT_DONE };

/* One read call: its pages joined, and the document found in it. */
struct slot {
    const struct call *call;
    enum slot_state state;
    json_t *params, *reply, *document;
    bool next_page;
    struct page_tokens tokens;
    size_t offset, total; /* of a list sent in pieces */
};

struct task {
    struct task_options options;
    const struct kind *kind;
    json_t *desired, *facts, *replies, *known, *notes;
    struct slot slots[KIND_READS]; /* slot 0: the kind's read */
    size_t slot_count;
    enum task_state state;
    enum task_verdict verdict, failure; /* failure: of the first write that failed for good */
    struct plan plan, work;             /* as first made; as being carried out */
    bool applying, sent;                /* sent: a write is under way */
    bool wrote;                         /* this round changed something */
    size_t next_call;
    unsigned writes, rounds, looks, conflicts;
    int64_t started_ms, wait_from_ms, wait_until_ms, wake_ms;
    enum task_state resume; /* what a WAITING task goes on with */
    char *text;
};

void task_say(struct task *task, const char *format, ...) __attribute__((format(printf, 2, 3)));
void task_end(struct task *task, enum task_verdict verdict);
/* Keeps what AWS said as text and failure. */
void task_fail(struct task *task, const char *op, const struct aws_reply *reply);

/* task_read.c */
/* Makes the slots: which documents will be read. */
void task_read_prepare(struct task *task);
void task_read_fini(struct task *task);
bool task_next_read(struct task *task, struct task_request *request);
/* May end the task. */
void task_read_reply(struct task *task, size_t index, const struct aws_reply *reply);
bool task_reads_are_done(const struct task *task);
/* Reads again the documents that hold any of the fields, all when differences is NULL. */
void task_read_again(struct task *task, const json_t *differences);

/* task_write.c */
bool task_next_write(struct task *task, struct task_request *request);
void task_write_reply(struct task *task, const struct aws_reply *reply);
/* Decides by task->work what to do after reading: write, look again, wait or end. */
void task_after_verify(struct task *task);

#endif
