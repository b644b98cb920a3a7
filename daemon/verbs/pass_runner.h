/* pass_runner.h -- one pass from start to end on a loop of its own: what plan, apply and status
 * share.
 */
#ifndef DAEMON_VERBS_PASS_RUNNER_H
#define DAEMON_VERBS_PASS_RUNNER_H

#include "aws/flow.h"
#include "daemon/verbs/options.h"
#include "daemon/verbs/verb_loop.h"
#include "daemon/views/progress_view.h"
#include "reconcile/engine.h"

#include <sys/queue.h>

struct pass_runner;
typedef void pass_runner_ask_fn(struct flow *flow, struct pass_runner *runner, size_t pipeline);

struct pass_runner {
    const struct options *options;
    struct manifest *manifest;
    struct verb_loop loop;
    struct aws_client *client;
    struct engine *engine;
    struct pass *pass;
    /* Called when the spec is loaded, before AWS is asked anything; false ends it, with code as it
     * is. NULL: nothing is to be checked. */
    bool (*check)(struct pass_runner *runner);
    /* What is asked of a pipeline as soon as something of it is to be written, while others are
     * still read (pass.h, on_differs), and what is asked once all is read; decide comes after both.
     * NULL: nothing. */
    pass_runner_ask_fn *ahead;
    flow_fn *before;
    /* Called when everything is planned; returns true to apply. NULL: never. */
    bool (*decide)(struct pass_runner *runner);
    /* What is read after the pass, with the runner as argument; it may show its own progress. NULL:
     * nothing. */
    flow_fn *look;
    /* Called when all is done. */
    void (*report)(struct pass_runner *runner);
    /* Told of every attempt, with the runner as argument; NULL: nobody is. */
    aws_observer_fn *observe;
    struct progress_view progress;
    bool names_account; /* what it prints begins with the account's alias, where IAM tells it */
    bool documents;     /* look or report ask for what was read */
    size_t max_changes; /* instead of the spec's; 0: the spec's */
    LIST_HEAD(, pass_question) questions; /* of `ahead` and `before`, those that are not over */
    bool planned;
    bool done; /* the pass; over: all that is told is told */
    bool over;
    int code; /* exit code; report may set it */
    void *arg;
};

/* Loads the spec, runs a pass, frees everything. decide, look, report, arg of *runner are the
 * caller's.
 */
int pass_runner_run(struct pass_runner *runner, const struct options *options);
/* Prints refusals and warnings of the pass on stderr. */
void pass_runner_print_refusals(const struct pass_runner *runner);

#endif
