/* loop_watch.h -- how long the event loop is at work between two waits.
 *
 * While it is, no health check is answered, no reply taken and no signal seen.  A round of the loop
 * is everything between two waits (callbacks of all kinds together), so the longest round is how
 * late anything may be.
 *
 * A bound that each callback keeps for itself does not bound a round, in which all of them may run:
 * what works in pieces shares one, by asking here before each piece. */
#ifndef AWS_LOOP_WATCH_H
#define AWS_LOOP_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* What no round may reach; one that does is logged (debug, "long_round"). */
enum { LOOP_WATCH_MOST_MS = 50 };

/* What pieces share of it: a round begins none after WORK, but for one and what fits into SLICE
 * among its sockets, and as much among its timers.  The longest pieces take some ten. */
enum { LOOP_WATCH_WORK_MS = 20, LOOP_WATCH_SLICE_MS = 8 };

/* seconds: of a round, by the wall clock, waits left out. */
typedef void loop_watch_fn(void *arg, double seconds);

struct loop_watch {
    uv_prepare_t prepare;
    loop_watch_fn *round; /* NULL: nobody asks */
    void *arg;
    uint64_t begun_ns, waited_ns, ran_ns; /* at the begin of the round: clock, waits, CPU time */
    uint64_t longest_ns, longest_ran_ns;  /* of all rounds; by CPU time, maybe of another one */
    uv_check_t check;
    uint64_t until_ns; /* of work: pieces may begin */
    bool none_begun;   /* no piece in this half of the round: one may, however late it is */
};

/* Makes the loop, and the threads of its pool.  Without descriptors or threads for it the process
 * ends, as it does without memory, and says so. */
void loop_watch_open(uv_loop_t *loop);
/* Begins with the loop's next round; call before the loop runs.  Does not keep the loop alive.  One
 * loop of a process is watched at a time. */
void loop_watch_start(struct loop_watch *watch, uv_loop_t *loop, loop_watch_fn *round, void *arg);
/* Whether the round that is under way may begin another piece of work.  Who hears no goes on in the
 * next one, by a timer of a millisecond (libuv would run one of no delay in the same round). Always
 * true on a loop that is not watched. */
bool loop_watch_has_time(const uv_loop_t *loop);
/* At the begin of a timer's callback, with that callback: true when it is called again in the next
 * round instead.  Those that were due first come first. */
bool loop_watch_puts_off(uv_timer_t *timer, uv_timer_cb callback);
/* Logs the longest round (debug, "longest_round", in us, and
 * by CPU time alone).  The loop must turn once more before it
 * can be closed. */
void loop_watch_end(struct loop_watch *watch);

#endif
