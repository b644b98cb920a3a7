/* leader_look.h -- which daemon leads the pipelines that a verb is about to write into.
 *
 * Who writes by hand does so whoever leads: each write rests on two looks that agree, and a daemon
 * that wants something else tells so and does not fight.  But he is told. */
#ifndef DAEMON_VERBS_LEADER_LOOK_H
#define DAEMON_VERBS_LEADER_LOOK_H

#include "aws/flow.h"
#include "reconcile/pass.h"

/* Prints a line on standard error for each pipeline with planned writes that somebody leads, or of
 * which that is not known.  Asks nothing when there are none. */
void leader_look(struct flow *flow, struct pass *pass, const struct manifest *manifest);

#endif
