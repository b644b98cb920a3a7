/* rollup.h -- every closed day has exactly one current build, whatever happened before.
 *
 * A build is a folder of files, .../day=D/run=RUN/, that the day's partition points to.  The day is
 * switched to a new build by one write, after the build was checked; the folder of the old one
 * stays for a while for those who still read it.
 *
 * What a build was made from is told by its fingerprint: SHA-256 over key, size and ETag of all
 * objects that arrived from 25 hours before the day began (a request is a copy of one up to 24
 * hours before it, and Firehose names a folder after the oldest record in an object) until
 * late_days after it ended. */
#ifndef BILLING_ROLLUP_ROLLUP_H
#define BILLING_ROLLUP_ROLLUP_H

#include "aws/flow.h"
#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

enum rollup_state {
    ROLLUP_CURRENT,
    ROLLUP_MISSING,  /* no build, or one that is not to be believed: its files or its partition are
                        not what its record says */
    ROLLUP_OUTDATED, /* built by another SQL, window, grouping or time zone, or by a billingd that
                        did not record its files */
    ROLLUP_LATE,     /* objects came or changed since it was built */
    ROLLUP_OPEN,     /* the day is not closed yet */
    ROLLUP_EMPTY,    /* closed, and nothing was delivered for it: nothing to build */
    ROLLUP_KEPT, /* objects it was built from are gone (expired, deleted): building it again would
                    lose calls, so it stays as it is */
    ROLLUP_LOST, /* not to be believed, and building it again would lose calls for the same reason:
                    only people can decide (rollup_work.rebuild takes what is left) */
    ROLLUP_HIDDEN, /* to be built, but objects of it lie where the raw table shows none
                      (rollup_reach.h): a build would not count them */
};
enum { ROLLUP_STATES = ROLLUP_HIDDEN + 1 };

struct rollup_day {
    struct day day;
    enum rollup_state state;
    char fingerprint[65]; /* of the objects there are now, "" when there are none */
    json_t *build;   /* what the partition says of itself, or NULL: {"run", "sql_hash", "window",
                        "fingerprint", "hours", "newest", "rows", "calls", "bytes", "built_at",
                        "files", "seal", "previous_run", "kept"}, all text */
    const char *why; /* more about the state, a sentence's end; NULL: its name says it */
};

struct rollup_status {
    struct rollup_day *days; /* oldest first */
    size_t count;
};

/* Compares wanted and present builds of the days; reads only.  Objects of arrival days long past
 * are listed once a day, others each time; after rollup_forget all are.  Give back with
 * rollup_status_fini; -1 and *e. */
int rollup_look(struct flow *flow, const struct billing *billing, struct day_span days,
                struct rollup_status *status, struct err *e);
void rollup_status_fini(struct rollup_status *status);
/* "current", "missing", ... */
const char *rollup_state_name(enum rollup_state state);
/* Missing, outdated or late: rollup_repair has something to do. */
bool rollup_is_drift(enum rollup_state state);
void rollup_forget(void);

struct rollup_report {
    unsigned built, failed; /* days */
    unsigned noted;         /* late days whose new objects turned out to hold nothing of theirs */
    unsigned kept;          /* days that would have lost calls, see ROLLUP_KEPT */
    unsigned collected;     /* replaced or failed runs deleted */
    bool over_budget;       /* stopped by settings.scan_budget_bytes */
    int64_t scanned_bytes;
    bool untold; /* Athena does not say of all queries what they scanned: that is not in it */
    enum err_kind kind; /* of the first failure */
    char text[512];     /* the first failure, "" when none */
};

/* Called when a day begins ("building"), or ends ("built", "noted", "kept", "failed"). */
typedef void rollup_progress_fn(void *arg, struct day day, const char *what);
struct rollup_work {
    const struct rollup_status *status; /* what a look saw; borrowed */
    bool rebuild; /* also days whose build is believed, and lost ones from what is left */
    rollup_progress_fn *progress; /* may be NULL */
    void *arg;
};
/* Whether a repair works on a day in that state. */
bool rollup_is_wanted(enum rollup_state state, bool rebuild);
/* Repairs every day that is missing, outdated or late, settings.parallel_queries at a time, then
 * collects old runs.  -1 and *e only when nothing could be begun or the flow was cancelled; days
 * that failed are in the report. */
int rollup_repair(struct flow *flow, const struct billing *billing, const struct rollup_work *work,
                  struct rollup_report *report, struct err *e);
/* The first billing day there can be data of: settings.since, else the oldest data prefix.
 * 0; 1 and *e (which says so) when no object is there yet; -1 and *e when that cannot be known: a
 * missing bucket is a fault, not the lack of data. */
int rollup_first_day(struct flow *flow, const struct billing *billing, struct day *first,
                     struct err *e);
/* The first billing day something arrived on, whatever settings.since says; as rollup_first_day. */
int rollup_first_data(struct flow *flow, const struct billing *billing, struct day *first,
                      struct err *e);
/* The last closed day at now_s. */
struct day rollup_last_closed(const struct billing *billing, int64_t now_s);

#endif
