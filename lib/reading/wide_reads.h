/* wide_reads.h -- one AWS read in place of many: lists, batches, and replies that tell two things.
 *
 * A kind says which of its reads another one can answer (resources/kind.h, struct wide_read).  What
 * is asked for is held until all pipelines have asked, then sent together.  Each answer is made in
 * the form of the single read's reply and held to the same rules (aws/reply).  What the wide read
 * does not tell, or tells in doubt, is asked for by the single read. */
#ifndef READING_WIDE_READS_H
#define READING_WIDE_READS_H

#include "reading/read_cache.h"
#include "resources/kind.h"

struct wide_reads;

enum {
    WIDE_READS_AT_ONCE = 16, /* answers made in a round of the loop */
    WIDE_READS_REST_MS =
        60 * 60 * 1000, /* until one that was refused, or too long, is tried again */
};

/* Wide reads that do not pay, from one pass to the next.  Zero it; json_decref(resting) ends it. */
struct wide_memory {
    json_t *resting; /* which -> until when, monotonic milliseconds */
};

/* All borrowed; memory NULL: each read goes by itself. */
struct wide_reads *wide_reads_new(uv_loop_t *loop, struct read_cache *cache,
                                  struct aws_client *client, struct wide_memory *memory);
/* Before the cache is freed.  NULL is harmless. */
void wide_reads_free(struct wide_reads *reads);
/* As read_cache_get, for a read that a kind's table describes: call, with scope's kind, desired and
 * facts (shared).  One with request->since is a second look, and goes to AWS by itself. */
const struct aws_reply *wide_reads_get(struct wide_reads *reads, const struct read_request *request,
                                       const struct call *call, const struct scope *scope,
                                       unsigned *depth);
/* Sends what is held and waits for no more: to be called once all have asked, and again whenever
 * more may be held.  When a read that a group waits for has ended, it hears itself. */
void wide_reads_go(struct wide_reads *reads);
/* Some of what came together is not told yet. */
bool wide_reads_is_answering(const struct wide_reads *reads);
/* More are about to ask: what they do is held again until all have. */
void wide_reads_hold(struct wide_reads *reads);

#endif
