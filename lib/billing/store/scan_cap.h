/* scan_cap.h -- how much Athena may scan for a pipeline in a day and in a month: billing.scan_cap.
 *
 * Counted in one object of the bucket, "_billingd/PIPELINE/scanned.json", by all who run billingd,
 * so that restarts, a second daemon and verbs by hand count together:
 *
 *   {"days": {"2025-10-31": bytes}, "most": bytes, "open": {key: {"since": ms, "id": query}}}
 *
 * A query is in "open" before it is started and until its bytes are in "days"; what a process that
 * died left there, the next one asks Athena about.  Days and months are those of UTC, as on AWS's
 * bill.  Not taken: Athena's own history, which has the queries of people too, has to be read page
 * by page for every query, and is kept for 45 days. */
#ifndef BILLING_STORE_SCAN_CAP_H
#define BILLING_STORE_SCAN_CAP_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* Before a query is started, under a key of its own (a word): 0, or -1 and *e when a cap is used up
 * (ERR_RETRY), or how much was scanned cannot be told.  Without a cap nothing is counted, and
 * nothing is asked. */
int scan_cap_begin(struct flow *flow, const struct billing *billing, const char *key,
                   struct err *e);
/* It runs, under this id; what fails here is found later. */
void scan_cap_started(struct flow *flow, const struct billing *billing, const char *key,
                      const char *id);
enum { SCAN_CAP_UNKNOWN = -1 };

/* Bytes that a query which is over scanned, by an "Execution" of Athena's (0: it never began);
 * SCAN_CAP_UNKNOWN when that is not in it.  (API reference: QueryExecutionStatistics) */
int64_t scan_cap_bytes(const json_t *execution);
/* It is over, and scanned so much (0 too when it was never started; SCAN_CAP_UNKNOWN counts as one
 * whose process died).  What fails here is found later. */
void scan_cap_end(struct flow *flow, const struct billing *billing, const char *key, int64_t bytes);

/* What this process last knew of a pipeline. */
struct scan_cap_state {
    int64_t day_bytes, month_bytes;
    bool used_up;
};
/* False: there is no cap, or nothing was asked yet. */
bool scan_cap_look(const char *pipeline, struct scan_cap_state *state);
/* Queries that this process refused. */
size_t scan_cap_refused(void);

#endif
