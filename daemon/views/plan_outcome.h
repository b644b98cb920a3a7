/* plan_outcome.h -- what a plan comes to: the last lines before somebody confirms it. */
#ifndef DAEMON_VIEWS_PLAN_OUTCOME_H
#define DAEMON_VIEWS_PLAN_OUTCOME_H

#include "reconcile/engine.h"

#include <stdio.h>

/* How much is created, changed, deleted and blocked; then every change that could lose data or that
 * cannot be undone.  Nothing for a plan without changes. */
void plan_outcome_print(const struct pass *pass, FILE *out);

#endif
