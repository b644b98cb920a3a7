/* metrics_read.h -- CloudWatch's datapoints, many metrics in one walk through the pages. */
#ifndef BILLING_STORE_METRICS_READ_H
#define BILLING_STORE_METRICS_READ_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* No datapoint: CloudWatch says nothing, which is not the same as zero. */
enum { METRICS_UNKNOWN = -1 };
enum { METRICS_MOST = 500, METRICS_DIMENSIONS = 3 }; /* of one GetMetricData call, of one metric */

struct metrics_wanted {
    const char *space, *name; /* "AWS/Logs", "IncomingLogEvents" */
    const char *statistic;    /* "Sum", "Maximum" */
    struct {
        const char *name, *value;
    } dimensions[METRICS_DIMENSIONS]; /* name NULL: no more */
};

struct metrics_question {
    const struct metrics_wanted *wanted;
    size_t count;
    int64_t from_s, to_s, period_s; /* from_s must be a multiple of period_s */
};
/* values[metric * steps + step]: what CloudWatch has for [from_s + step * period_s, ...), rounded
 * to whole numbers, or METRICS_UNKNOWN.  steps is (to_s - from_s) / period_s.  New memory; NULL and
 * *e on failure: a reply that says it holds only part and has no next page is one.  A metric with
 * an empty dimension is unknown, and not asked for.  Source: CloudWatch API reference,
 * GetMetricData. */
int64_t *metrics_read(struct flow *flow, const struct billing *billing,
                      const struct metrics_question *question, struct err *e);

#endif
