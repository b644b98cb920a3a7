/* billing_window.h -- which days of a month a verb is about. */
#ifndef DAEMON_VERBS_BILLING_BILLING_WINDOW_H
#define DAEMON_VERBS_BILLING_BILLING_WINDOW_H

#include "billing/prices/calendar.h"
#include "daemon/verbs/billing/billing_runner.h"

/* A month that is closed keeps the days it was closed over: where the spec's `since` says others,
 * turn->billing gets the `since` of the close.  -1 and *e when that cannot be known. */
int billing_window_take(struct flow *flow, struct billing_turn *turn, struct day month,
                        struct err *e);
/* Where the bill of a month begins behind its first day, says so; new text, or NULL. */
char *billing_window_text(const struct billing *billing, struct day month);

#endif
