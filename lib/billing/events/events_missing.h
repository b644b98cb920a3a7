/* events_missing.h -- which log events the log group has and S3 has not, told by their ids. */
#ifndef BILLING_EVENTS_EVENTS_MISSING_H
#define BILLING_EVENTS_EVENTS_MISSING_H

#include "aws/flow.h"
#include "billing/events/events_present.h"
#include "billing/store/billing.h"

enum { EVENTS_HOUR_S = 3600 };

struct events_walk {
    struct events_present *present; /* its end_s behind all hours; borrowed */
    /* An event that is not there, as FilterLogEvents gives it; borrowed.  On another thread:
     * flow_work. */
    void (*missing)(void *arg, const json_t *event);
    /* After each page; -1 and *e end the walk.  NULL: nothing to do. */
    int (*page)(struct flow *flow, void *arg, struct err *e);
    void *arg;
    const char *log_group; /* of the events that are being given; set here, borrowed */
    int64_t read, found;   /* log events, and of them those that are there; added to */
    int64_t bytes;         /* of those read, as CloudWatch Logs counts them; added to */
};
/* Walks through an hour of each of the pipeline's log groups, by the events' own time.  -1 and *e.
 */
int events_missing_hour(struct flow *flow, const struct billing *billing, struct events_walk *walk,
                        int64_t hour_s, struct err *e);

/* How far back the log groups reach (the one that reaches farthest), seconds since 1970: by their
 * retention and age.  -1 and *e when that cannot be read.  retention_days: of the present one, null
 * for ever; may be NULL. */
int64_t events_missing_reach(struct flow *flow, const struct billing *billing,
                             json_t **retention_days, struct err *e);

#endif
