/* settings.h -- rollup, audit, close and partitions of the `billing` section. */
#ifndef BILLING_PRICES_SETTINGS_H
#define BILLING_PRICES_SETTINGS_H

#include "billing/prices/section.h"

/* Losses that somebody knows of and takes: of these days, up to so many events in all. */
struct billing_accepted {
    struct day_span days;
    int64_t events;
    char *why;
};

/* A log group whose events are the pipeline's, beside the one it has now. */
struct billing_log_group {
    char *account; /* NULL: the pipeline's own */
    char *name;    /* "": envelopes that name none */
};

/* What a close proves to each customer. */
enum billing_receipts {
    BILLING_RECEIPTS_NONE,
    BILLING_RECEIPTS_STATEMENTS, /* its document */
    BILLING_RECEIPTS_REQUESTS,   /* and each request of it: reads the month's log events once */
};

struct billing_settings {
    int late_days;          /* events may arrive this many days after their day and still count */
    int closed_after_hours; /* a day is closed this long after it ended */
    int parallel_queries;
    int64_t scan_budget_bytes; /* per pass; 0: no limit */
    /* What Athena may scan in a day and in a month of UTC: store/scan_cap.h; 0: no limit. */
    int64_t scan_cap_day_bytes, scan_cap_month_bytes;
    /* A response of more bytes is not believed.  The default is more than API Gateway can send: 10
     * MB (HTTP APIs), or what a stream of a REST API holds in 15 minutes at 2 MB/s.  (API Gateway,
     * "Quotas"; "Stream the integration response") */
    int64_t max_response_bytes;
    int keep_runs_hours;   /* replaced builds are kept this long for readers */
    char *since;           /* first billing day "2025-10-01"; NULL: the oldest day with data */
    char **group_by;       /* rollup columns, ends with NULL */
    char *max_gap;         /* decimal share, "0.0001" */
    bool backfill_by_hand; /* the daemon reads no gap again */
    struct billing_accepted *accepted;
    size_t accepted_count;
    int64_t backfill_budget_bytes; /* what it reads for that within 24 hours; 0: no limit */
    char *archive_prefix;          /* where closed months lie in the bucket: "billing/" */
    char *signing_key;             /* path of an Ed25519 private key (PEM); NULL: closing refuses */
    enum billing_receipts receipts;
    struct billing_log_group *log_groups;
    size_t log_group_count;
    bool register_partitions; /* raw table without projection: register prefixes in Glue */
};

/* Fills *settings from the whole section, defaults where it is silent; problems are told.  Give
 * back with settings_free. */
void settings_from_section(const struct section_value *section, struct billing_settings *settings);
/* The groups as elements of a list in SQL, each behind a comma: ", '${account}:/name'"; new. */
char *settings_log_groups_sql(const struct billing_settings *settings);
/* Frees what it holds. */
void settings_free(struct billing_settings *settings);

#endif
