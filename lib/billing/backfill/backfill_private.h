/* backfill_private.h -- the inside of the backfill.
 *
 * backfill.c          what is missing, and the report
 * backfill_holes.c    which hours are to be read again
 * backfill_pace.c     how much may be read now
 * backfill_progress.c what is being done
 * backfill_worth.c    what came back, or did not, is worth
 * backfill_logs.c    from the log group
 * backfill_objects.c from objects that no query reads
 * backfill_writer.c   events in order, in envelopes, in objects
 */
#ifndef BILLING_BACKFILL_BACKFILL_PRIVATE_H
#define BILLING_BACKFILL_BACKFILL_PRIVATE_H

#include "billing/backfill/backfill.h"
#include "billing/backfill/backfill_holes.h"
#include "billing/backfill/backfill_writer.h"
#include "billing/events/events_present.h"

enum { BACKFILL_HOUR_S = 3600, BACKFILL_RANGE_HOURS = 12 };

/* Objects that no query reads. */
struct backfill_source {
    const char *kind;          /* of the names of what is written */
    int64_t found, unreadable; /* objects; pieces of them */
    struct backfill_written written;
};

struct backfill {
    json_t *reasons; /* why the audit cannot tell of all holes; owned, NULL: not asked */
    const struct billing *billing;
    const struct backfill_request *request;
    int64_t read, present;         /* log events read for the holes; of them, in S3 already */
    int64_t bytes, scanned_before; /* of log events and objects read; athena_query_scanned before */
    int64_t pieces;                /* hours and objects that were read */
    json_t *worth;                 /* of what was written: backfill_worth.h; borrowed */
    bool again;                    /* pieces that were read before are meant */
    bool over_budget;              /* pieces were not read */
    struct events_present ids;     /* in S3 already */
    struct backfill_written logs;
    struct backfill_source errors, legacy, damaged;
};

/* Whether it is the time of a piece (backfill.h), and that it was read as a whole. */
bool backfill_pace_wants(struct backfill *backfill, const char *piece);
void backfill_pace_did(struct backfill *backfill, const char *piece, int64_t events);
/* Bytes read so far, those that Athena scanned with them; whether that is all that may be. */
int64_t backfill_pace_bytes(const struct backfill *backfill);
bool backfill_pace_is_over(struct backfill *backfill);
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
