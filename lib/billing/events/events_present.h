/* events_present.h -- the ids of the log events that are in S3, 16 bytes each, for as much time as
 * fits into memory.
 *
 * Kept is half of an id's SHA-256.  An event would be taken for another, and lost, only if both had
 * the same half: among 10^8 ids compared with 10^8 others the chance is below 10^-22.  Nobody
 * outside picks ids: CloudWatch Logs makes them. */
#ifndef BILLING_EVENTS_EVENTS_PRESENT_H
#define BILLING_EVENTS_EVENTS_PRESENT_H

#include "aws/flow.h"
#include "billing/store/billing.h"

#include <stdbool.h>
#include <stddef.h>

/* 64 MiB of ids.  An interval that has more is read in parts of a quarter, down to a minute, which
 * is kept whatever it has. */
enum { EVENTS_PRESENT_MOST = 4 << 20, EVENTS_PRESENT_LEAST_S = 60, EVENTS_PRESENT_LISTS = 256 };

struct events_id {
    unsigned char half[16];
};

struct events_list {
    struct events_id *ids; /* in order, once all are there */
    size_t count, room;
};

struct events_present {
    int64_t from_s, to_s; /* the events' own time, of which all ids are there */
    int64_t end_s;        /* later ones are not asked for */
    int64_t most_s;       /* asked for at a time; shrinks by itself */
    size_t most;          /* ids; EVENTS_PRESENT_MOST but in tests */
    size_t count;
    struct events_list lists[EVENTS_PRESENT_LISTS]; /* by the first byte */
};

/* Of nothing yet; for events_present_fini. */
void events_present_init(struct events_present *present, int64_t most_s);
/* Makes it know the events of from_s and as much of what follows as fits, up to end_s; asks nothing
 * when it knows.  Those that arrived by rollup.late_days later.  -1 and *e. */
int events_present_cover(struct flow *flow, const struct billing *billing,
                         struct events_present *present, int64_t from_s, struct err *e);
/* Of an event whose time is covered.  False for NULL. */
bool events_present_has(const struct events_present *present, const char *id);
/* Forgets all ids, and keeps what it learnt of how much fits. */
void events_present_clear(struct events_present *present);
void events_present_fini(struct events_present *present);

#endif
