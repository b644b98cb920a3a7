/* read_cache.h -- one AWS read for all who ask the same in a pass.
 *
 * Keyed by session, service, operation and parameters.  A write to a service makes what was read of
 * it before stale: later askers read again, earlier ones still get their answer.  However many wait
 * for one answer, READ_CACHE_AT_ONCE of them get it in a round of the loop, which has 50 ms. */
#ifndef READING_READ_CACHE_H
#define READING_READ_CACHE_H

#include "aws/client.h"

struct read_cache;

enum { READ_CACHE_AT_ONCE = 16 }; /* some ten milliseconds */

/* depth: how many round trips had to happen one after another up to this reply. */
typedef void read_cache_fn(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth);
/* Before that: another read that tells all there are, asked in its place, has not what it looks
 * for; depth: the round trips up to that, told_ms: when it was answered, monotonic milliseconds. */
typedef void read_cache_missed_fn(void *arg, size_t slot, unsigned depth, int64_t told_ms);

struct read_request {
    struct aws_session *session;
    const char *service, *op; /* static */
    const json_t *params;
    unsigned depth; /* of what the asker already knows */
    unsigned since; /* read_cache_calls when the asker began to look anew: older replies are not for
                       it */
    read_cache_fn *done;
    void *arg;
    size_t slot;       /* given back to done */
    const void *whose; /* of what only one asks read_cache_forget lets go; NULL: it is kept */
    read_cache_missed_fn *missed; /* NULL: that is not told */
};

struct read_cache *read_cache_new(uv_loop_t *loop, struct aws_client *client);
/* Cancels what is under way; no callback runs any more, and nothing may be asked. */
void read_cache_cancel(struct read_cache *cache);
/* The same, and frees it.  The loop must run once more before it is
 * closed. */
void read_cache_free(struct read_cache *cache);
/* The reply if it is already there (*depth then tells its depth); otherwise NULL, and the request's
 * done is called once, later. */
const struct aws_reply *read_cache_get(struct read_cache *cache, const struct read_request *request,
                                       unsigned *depth);
/* Holds a read back, of which somebody may have the answer without asking AWS for it alone: NULL
 * when it is none that has to be decided about (as with read_cache_get: *reply tells what is there,
 * or done is called later).  Else exactly one of the next two has to follow; the cache owns it. */
struct shared_read *read_cache_hold(struct read_cache *cache, const struct read_request *request,
                                    const struct aws_reply **reply, unsigned *depth);
/* It is sent after all; depth: the round trips up to that. */
void read_cache_send(struct shared_read *held, unsigned depth);
/* Before it is sent: tells all who wait for it that they were missed (read_cache_missed_fn). */
void read_cache_miss(struct shared_read *held, unsigned depth, int64_t told_ms);
/* It was answered by something else; depth: the round trips up to that. */
void read_cache_answer(struct shared_read *held, const struct aws_reply *reply, unsigned depth);
/* Something was written to this service: nothing read before counts for later askers. */
void read_cache_stale(struct read_cache *cache, const struct aws_session *session,
                      const char *service);
/* What was answered to one asker alone (its whose) is not kept for others any more.  Who has a
 * reply keeps what they hold of it.  At most so many in one call; true when there is no more. */
bool read_cache_forget(struct read_cache *cache, unsigned most);
/* Of one that was cancelled: frees what was answered to anybody, at most so many in one call; true
 * when there is no more. */
bool read_cache_drop(struct read_cache *cache, unsigned most);
/* Requests really sent. */
unsigned read_cache_calls(const struct read_cache *cache);
/* How many requests of an operation are under way, or answered and not yet told to all. */
unsigned read_cache_under_way(const struct read_cache *cache, const char *op);
/* From now on ended is called each time the last request of an operation is under way no more,
 * whoever asked it. */
void read_cache_watch(struct read_cache *cache, void (*ended)(void *arg), void *arg);

#endif
