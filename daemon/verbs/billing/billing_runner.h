/* billing_runner.h -- a verb that is a flow: spec, client, identity, guard, and one turn for each
 * pipeline. */
#ifndef DAEMON_VERBS_BILLING_BILLING_RUNNER_H
#define DAEMON_VERBS_BILLING_BILLING_RUNNER_H

#include "aws/flow.h"
#include "billing/store/billing.h"
#include "daemon/verbs/options.h"
#include "spec/manifest.h"

struct billing_runner;

/* What a verb gets for one pipeline. */
struct billing_turn {
    const struct options *options;
    const struct manifest *manifest;
    size_t pipeline; /* index in the manifest */
    struct billing *billing;
    struct billing_runner *runner;
    void *arg; /* the verb's own */
};

/* Does the work of one pipeline inside a flow; returns an exit_code, or -1 with *e: the runner then
 * prints the error and maps it (ERR_DENIED: EXIT_DENIED, otherwise EXIT_FAILED).  Before anything
 * is printed, billing_runner_quiet must be called. */
typedef int billing_turn_fn(struct flow *flow, struct billing_turn *turn, struct err *e);

/* Runs turn for every pipeline in order (for --pipeline NAME: that one; if !many and the spec has
 * more than one, --pipeline must say which).  Nothing is read in an account that the spec does not
 * name (EXIT_REFUSED).  SIGINT and SIGTERM cancel the flow; the second one ends the process.
 * Returns the gravest exit code of all. */
int billing_runner_run(const struct options *options, bool many, billing_turn_fn *turn, void *arg);

/* Whether the choice of pipelines by --pipeline makes sense; told when not (EXIT_BAD_USAGE).  many:
 * without it all are chosen. */
bool billing_runner_choose(const struct options *options, const struct manifest *manifest,
                           bool many);
/* Whether one of them is chosen. */
bool billing_runner_is_chosen(const struct options *options, const struct manifest *manifest,
                              size_t pipeline);

/* What is being done now, for the terminal: shown with the time it takes, after the first second;
 * nothing elsewhere. */
void billing_runner_say(struct billing_turn *turn, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* How far that has come, for the terminal: beside the time, "1,200,000 calls".  count is written by
 * whatever thread counts; NULL: nothing is counted any more.  Borrowed until then, or until the
 * turn ends. */
void billing_runner_count(struct billing_turn *turn, const _Atomic uint64_t *count,
                          const char *unit);
/* Takes the progress display away, so that output can follow. */
void billing_runner_quiet(struct billing_turn *turn);

#endif
