/* leader_look.h -- which daemon leads the pipelines that a verb is about to write into.
 *
 * Who writes by hand does so whoever leads: each write rests on two looks that agree, and a daemon
 * that wants something else tells so and does not fight.  But he is told. */
#ifndef DAEMON_VERBS_LEADER_LOOK_H
#define DAEMON_VERBS_LEADER_LOOK_H

#include "aws/flow.h"
#include "reconcile/pass.h"

struct leader_look;

/* manifest is borrowed. */
struct leader_look *leader_look_new(const struct manifest *manifest);
/* NULL is harmless, and so is that the manifest is gone. */
void leader_look_free(struct leader_look *look);
/* Reads who leads one pipeline, whose bucket is there, and keeps it. */
void leader_look_ask(struct flow *flow, struct leader_look *look, struct pass *pass,
                     size_t pipeline);
/* The same of all others with planned writes.  Asks nothing when there are none. */
void leader_look_rest(struct flow *flow, struct leader_look *look, struct pass *pass);
/* Prints a line on standard error for each pipeline with planned writes that somebody leads, or of
 * which that is not known. */
void leader_look_tell(struct leader_look *look, struct pass *pass);

#endif
