/* item.h -- one resource in a pass: sends what its task asks for, and tells how it moves.
 *
 * Private to this room: a pass holds the items, turns.c says which of them may write. */
#ifndef RECONCILE_ITEM_H
#define RECONCILE_ITEM_H

#include "guard/breaker.h"
#include "guard/quota.h"
#include "plan/create_token.h"
#include "reading/wide_reads.h"
#include "reconcile/task.h"
#include "spec/manifest.h"

#include <sys/queue.h>

struct item;
struct item_write;

/* What the items of a pass share.  All borrowed. */
struct item_share {
    struct aws_client *client;
    struct read_cache *cache;
    struct wide_reads *wide;
    struct breaker *breaker;
    struct quota *quota;
    struct create_token *tokens;
    unsigned writes; /* sent */
    json_t *making;  /* name -> {address: true}: what the pass makes, of all pipelines */
    bool stopping;   /* no new write, and no more waiting */
    /* Whether an item whose turn it is may write; false: later, or it was ended. */
    bool (*may_begin)(void *arg, struct item *item);
    /* After each step of an item; told: its state or its text is another one. */
    void (*moved)(void *arg, struct item *item, bool told);
    void *arg;
};

struct item {
    struct item_share *share;
    struct task *task; /* NULL: the pipeline was refused */
    const struct manifest_resource *resource;
    struct aws_session *session;
    struct task_usage *usage; /* of the pipeline */
    const void *whose;        /* its reads are: read_cache.h */
    size_t pipeline;
    const struct item **after; /* must be in place before this one is written; see turns.h */
    bool *after_named;         /* of each: what this one writes only names it */
    size_t after_count;
    unsigned depth;                 /* round trips that led to what it knows */
    unsigned made_depth;            /* up to AWS's answer to its first write; 0: none */
    unsigned written_depth;         /* and to its last */
    unsigned since;                 /* reads sent before its task began to look anew */
    unsigned looks;                 /* how often its task did */
    unsigned ahead_since;           /* reads sent before it looked ahead; */
    int64_t ahead_ms;               /* when it did (monotonic); 0: never */
    int64_t missed_ms;              /* when a list without it was answered (monotonic); 0: none */
    bool seemed_absent;             /* it was told that it does */
    bool released;                  /* may write */
    bool heard;                     /* one of its first reads was answered */
    unsigned heard_depth;           /* round trips up to that */
    const struct aws_fence *fence;  /* of its writes; NULL: none */
    LIST_HEAD(, item_write) writes; /* under way */
    enum task_state told_state;
    char *told_text;
    char *made; /* of a create with a token: what AWS said it is, when it was made or, of one that
                   is forgotten, when it was read; NULL: nothing */
};

/* Starts the task of an item whose share, resource, session, usage and pipeline are set.  desired
 * and facts are shared. */
void item_start(struct item *item, const json_t *desired, const json_t *facts,
                int settle_timeout_s);
/* Cancels a write under way. */
void item_fini(struct item *item);
/* Sends all requests the task has ready. */
void item_pump(struct item *item);
/* Goes on after waiting: with what AWS says now. */
void item_wake(struct item *item);
/* Asks already what item_confirm will ask, while others are still read for the first time; since:
 * as there. */
void item_look_ahead(struct item *item, unsigned since);
/* Reads again what its plan rests on; since: reads sent until then do not count, but for those of a
 * look ahead that is not old. */
void item_confirm(struct item *item, unsigned since);
/* Its turn to write, if its plan says so. */
void item_release(struct item *item);
/* Ends it unwritten, with a reason (copied). */
void item_block(struct item *item, const char *reason);
/* The same, for what may be otherwise in the next pass. */
void item_retry(struct item *item, const char *reason);
/* The same, for lack of permission. */
void item_deny(struct item *item, const char *reason);
/* Of one whose task is settled: gives back what it holds and nobody asks for (task_forget). */
void item_forget(struct item *item);
/* Adds its names to what the pass makes, if its plan makes it. */
void item_tell_names(const struct item *item);
/* Whether its plan rewrites a document that others write too. */
bool item_writes_shared(const struct item *item);

#endif
