/* open_gaps.h -- gaps above max_gap that some audit found and none has seen closed since.
 *
 * The daemon's own audit looks at two days.  What it found does not end by growing older: it is
 * kept until an audit of all its hours does not find it, or the spec accepts it
 * (billing.audit.accept). The memory ends with the daemon; the look back at its start finds it
 * again. */
#ifndef DAEMON_SERVICE_OPEN_GAPS_H
#define DAEMON_SERVICE_OPEN_GAPS_H

#include "aws/flow.h"
#include "billing/store/billing.h"

struct open_gaps;

struct open_gaps *open_gaps_new(void);
/* NULL is harmless. */
void open_gaps_free(struct open_gaps *gaps);
/* Each is looked at again when there is time. */
void open_gaps_refresh(struct open_gaps *gaps);

/* Takes what an audit found, and leaves what it has seen closed; sets the metrics. */
void open_gaps_note(struct open_gaps *gaps, const char *pipeline, const json_t *audit);
/* Audits the hours of some gaps that the last audit did not look at as a whole: each when it has
 * left that audit's hours, and from then on once in 24 hours.  -1 and *e. */
int open_gaps_look(struct flow *flow, struct open_gaps *gaps, const struct billing *billing,
                   const json_t *last, struct err *e);
/* How many there are. */
size_t open_gaps_count(const struct open_gaps *gaps, const char *pipeline);

#endif
