/* backfill_private.h -- the inside of the backfill.
 *
 * backfill.c         what is missing, and the report
 * backfill_logs.c    from the log group
 * backfill_objects.c from objects that no query reads
 * backfill_write.c   events in order, in envelopes, in objects
 * backfill_object.c  bytes of objects; gzip */
#ifndef BILLING_BACKFILL_BACKFILL_PRIVATE_H
#define BILLING_BACKFILL_BACKFILL_PRIVATE_H

#include "billing/backfill/backfill.h"
#include "billing/backfill/backfill_write.h"

enum { BACKFILL_HOUR_S = 3600, BACKFILL_RANGE_HOURS = 12 };

struct backfill {
    const struct billing *billing;
    const struct backfill_request *request;
    int64_t read, present; /* log events read for the holes; of them, in S3 already */
    struct backfill_written logs;
    struct {
        int64_t found, unreadable; /* objects; pieces of them */
        struct backfill_written written;
    } errors, legacy;
};

void backfill_say(const struct backfill *backfill, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Writes the events of [from_s, to_s) that the log group has and S3 has not. */
int backfill_logs(struct flow *flow, struct backfill *backfill, int64_t from_s, int64_t to_s,
                  struct err *e);
/* Objects below the error prefix; below request->legacy_prefix. */
int backfill_errors(struct flow *flow, struct backfill *backfill, struct err *e);
int backfill_legacy(struct flow *flow, struct backfill *backfill, struct err *e);

#endif
