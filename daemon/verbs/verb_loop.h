/* verb_loop.h -- the event loop of a verb that works and ends: what redraws its progress, and what
 * a signal means. */
#ifndef DAEMON_VERBS_VERB_LOOP_H
#define DAEMON_VERBS_VERB_LOOP_H

#include "aws/loop_watch.h"

#include <stdbool.h>
#include <uv.h>

struct verb_loop {
    uv_loop_t loop;
    void (*redraw)(void *arg); /* five times a second */
    void (*stop)(void *arg);   /* SIGINT or SIGTERM; a second one ends the process at once */
    void *arg;
    bool stopped; /* stop was called */
    uv_timer_t timer;
    struct loop_watch watch;
    uv_signal_t interrupt, terminate;
};

/* Sets up the loop itself; loop is zeroed. */
void verb_loop_init(struct verb_loop *loop);
/* From here on redraw and stop are called, and uv_run does not end by itself.
 */
void verb_loop_begin(struct verb_loop *loop, void (*redraw)(void *), void (*stop)(void *),
                     void *arg);
/* Nothing is under way any more that a signal should wait for: it ends the process at once... */
void verb_loop_may_die(struct verb_loop *loop);
/* ... until here. */
void verb_loop_end(struct verb_loop *loop);

#endif
