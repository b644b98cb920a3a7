/* backfill_private.h -- the inside of the backfill.
 *
 * backfill.c          what is missing, and the report
 * backfill_progress.c what is being done
 * backfill_logs.c    from the log group
 * backfill_objects.c from objects that no query reads
 * backfill_writer.c   events in order, in envelopes, in objects
 */
#ifndef BILLING_BACKFILL_BACKFILL_PRIVATE_H
#define BILLING_BACKFILL_BACKFILL_PRIVATE_H

#include "billing/backfill/backfill.h"
#include "billing/backfill/backfill_writer.h"

enum { BACKFILL_HOUR_S = 3600, BACKFILL_RANGE_HOURS = 12 };

/* Objects that no query reads. */
struct backfill_source {
    const char *kind;          /* of the names of what is written */
    int64_t found, unreadable; /* objects; pieces of them */
    struct backfill_written written;
};

struct backfill {
    const struct billing *billing;
    const struct backfill_request *request;
    int64_t read, present; /* log events read for the holes; of them, in S3 already */
    struct backfill_written logs;
    struct backfill_source errors, legacy, damaged;
};

/* To whom the request says. */
void backfill_progress(const struct backfill *backfill, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Writes the events of [from_s, to_s) that the log group has and S3 has not. */
int backfill_logs(struct flow *flow, struct backfill *backfill, int64_t from_s, int64_t to_s,
                  struct err *e);
/* Objects that no engine can read; below the error prefix; below request->legacy_prefix. */
int backfill_objects_damaged(struct flow *flow, struct backfill *backfill, struct err *e);
int backfill_objects_errors(struct flow *flow, struct backfill *backfill, struct err *e);
int backfill_objects_legacy(struct flow *flow, struct backfill *backfill, struct err *e);

#endif
