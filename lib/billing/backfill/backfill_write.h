/* backfill_write.h -- log events collected, put in order, and written as Firehose would have. */
#ifndef BILLING_BACKFILL_BACKFILL_WRITE_H
#define BILLING_BACKFILL_BACKFILL_WRITE_H

#include "aws/flow.h"
#include "billing/store/context.h"

#include <stdbool.h>
#include <stddef.h>

struct backfill_writer;

/* kind: "logs", "error" or "legacy"; source: 16 hex digits (recovered.h). */
struct backfill_writer *backfill_writer_new(const struct billing *billing, const char *kind,
                                            const char *source);
void backfill_writer_free(struct backfill_writer *writer);
/* A log event: id, timestamp in milliseconds, text.  head: {"owner", "logGroup", "logStream",
 * "subscriptionFilters"}; borrowed.  One without a time is kept under hour_s. */
void backfill_writer_add(struct backfill_writer *writer, const json_t *head, const json_t *event,
                         int64_t hour_s);
size_t backfill_writer_count(const struct backfill_writer *writer);

struct backfill_written {
    int64_t events, objects; /* not there before */
    int64_t there; /* events of objects that were there: of a run cut off, or a lost reply */
};
/* Writes what was added: by hour of the event, at most BACKFILL_EVENTS in an object, one envelope a
 * line.  dry_run counts only.  Adds to *written what was not there before. */
enum { BACKFILL_EVENTS = 20000, BACKFILL_LINE_EVENTS = 500 };
int backfill_writer_flush(struct flow *flow, struct backfill_writer *writer, bool dry_run,
                          struct backfill_written *written, struct err *e);

#endif
