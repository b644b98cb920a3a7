/* rollup.h -- every closed day has exactly one current build, whatever happened before. */
#ifndef BILLING_ROLLUP_H
#define BILLING_ROLLUP_H

#include "aws/flow.h"
#include "billing/calendar.h"
#include "billing/context.h"

enum rollup_state {
    ROLLUP_CURRENT,
    ROLLUP_MISSING,  /* no build */
    ROLLUP_OUTDATED, /* built by another SQL, window, grouping or time zone */
    ROLLUP_LATE,     /* objects came, went or changed since it was built */
    ROLLUP_OPEN,     /* the day is not closed yet */
    ROLLUP_EMPTY,    /* closed, and nothing was delivered for it: nothing to build */
};

struct rollup_day {
    struct day day;
    enum rollup_state state;
    char fingerprint[65]; /* of the objects it is built from: SHA-256 over sorted key, size, ETag */
    json_t *build; /* what the partition says of itself, or NULL: {"run", "sql_hash", "window",
                      "fingerprint", "rows", "calls", "bytes", "built_at"} */
};

struct rollup_status {
    struct rollup_day *days; /* oldest first */
    size_t count;
};

/* Compares wanted and present builds from `first` to `last`; reads only. */
int rollup_look(struct flow *flow, const struct billing *billing, struct day first, struct day last,
                struct rollup_status *status, struct err *e);
void rollup_status_fini(struct rollup_status *status);
const char *rollup_state_name(enum rollup_state state);

struct rollup_report {
    unsigned built, failed, collected; /* days, days, replaced runs deleted */
    bool over_budget;                  /* stopped by settings.scan_budget_bytes */
    char text[512];                    /* the first failure, "" when none */
};

/* Repairs every day that is missing, outdated or late, then collects old runs. progress may be
 * NULL: called when a day begins ("building"), or ends ("built", "failed"). */
typedef void rollup_progress_fn(void *arg, struct day day, const char *what);
int rollup_repair(struct flow *flow, const struct billing *billing,
                  const struct rollup_status *status, rollup_progress_fn *progress, void *arg,
                  struct rollup_report *report, struct err *e);
/* The first billing day there can be data of: settings.since, else the oldest data prefix. */
int rollup_first_day(struct flow *flow, const struct billing *billing, struct day *first,
                     struct err *e);
/* The last closed day at now_s. */
struct day rollup_last_closed(const struct billing *billing, int64_t now_s);

#endif
