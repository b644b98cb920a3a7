/* loop_watch.h -- how long the event loop is at work between two waits.
 *
 * While it is, no health check is answered, no reply taken and no signal seen.  A round of the loop
 * is everything between two waits (callbacks of all kinds together), so the longest round is how
 * late anything may be. */
#ifndef AWS_LOOP_WATCH_H
#define AWS_LOOP_WATCH_H

#include <stdint.h>
#include <uv.h>

/* What no round may reach; one that does is logged (debug, "long_round"). */
enum { LOOP_WATCH_MOST_MS = 50 };

/* seconds: of a round, by the wall clock, waits left out. */
typedef void loop_watch_fn(void *arg, double seconds);

struct loop_watch {
    uv_prepare_t prepare;
    loop_watch_fn *round; /* NULL: nobody asks */
    void *arg;
    uint64_t begun_ns, waited_ns, ran_ns; /* at the begin of the round: clock, waits, CPU time */
    uint64_t longest_ns, longest_ran_ns;  /* of all rounds; by CPU time, maybe of another one */
};

/* Makes the loop, and the threads of its pool.  Without descriptors or threads for it the process
 * ends, as it does without memory, and says so. */
void loop_watch_open(uv_loop_t *loop);
/* Begins with the loop's next round; call before the loop runs.  Does not keep the loop alive. */
void loop_watch_start(struct loop_watch *watch, uv_loop_t *loop, loop_watch_fn *round, void *arg);
/* Logs the longest round (debug, "longest_round", in us, and
 * by CPU time alone).  The loop must turn once more before it
 * can be closed. */
void loop_watch_end(struct loop_watch *watch);

#endif
