/* backfill_writer.h -- log events collected, put in order, and written as Firehose would have. */
#ifndef BILLING_BACKFILL_BACKFILL_WRITER_H
#define BILLING_BACKFILL_BACKFILL_WRITER_H

#include "aws/flow.h"
#include "billing/store/billing.h"

#include <stdbool.h>
#include <stddef.h>

struct backfill_writer;

struct backfill_written {
    int64_t events, objects; /* not there before */
    int64_t there; /* events of objects that were there: of a run cut off, or a lost reply */
};

struct backfill_target {
    const char *kind;                 /* "logs", "error" or "legacy" */
    const char *source;               /* 16 hex digits (recovered.h) */
    bool dry_run;                     /* count only */
    struct backfill_written *written; /* added to; borrowed */
    json_t *worth;                    /* likewise, of events not there before: backfill_worth.h */
};
struct backfill_writer *backfill_writer_new(const struct billing *billing,
                                            const struct backfill_target *target);
void backfill_writer_free(struct flow *flow, struct backfill_writer *writer);
/* When an event arrived, seconds since 1970. */
struct backfill_arrival {
    int64_t known_s; /* 0: not known, so with its own time */
    int64_t else_s;  /* for one that has no time of its own either */
};
/* A log event: id, timestamp in milliseconds, text.  head: {"owner", "logGroup", "logStream",
 * "subscriptionFilters"}; borrowed.  It is kept under the hour it arrived in, so that bill and
 * audit see what they would have seen without the loss.  May be called from flow_work. */
void backfill_writer_add(struct backfill_writer *writer, const json_t *head, const json_t *event,
                         const struct backfill_arrival *arrival);

/* Writes what was added: by hour of arrival, at most BACKFILL_EVENTS in an object, one envelope a
 * line.  -1 and *e; what was written until then stays. */
enum { BACKFILL_EVENTS = 20000, BACKFILL_LINE_EVENTS = 500 };
int backfill_writer_flush(struct flow *flow, struct backfill_writer *writer, struct err *e);
/* The same if it holds as many as may be kept in memory; else 0. */
enum { BACKFILL_KEPT_EVENTS = 100000 };
int backfill_writer_flush_full(struct flow *flow, struct backfill_writer *writer, struct err *e);

#endif
