/* shadow_fit.h -- which way of counting makes the numbers that somebody else's query has, and why
 * each line is counted by one side only.  Pure.
 *
 * Nothing is read out of the SQL: each way of counting is tried on what arrived, and the one that
 * comes to their numbers, customer by customer, is theirs. */
#ifndef BILLING_SHADOW_SHADOW_FIT_H
#define BILLING_SHADOW_SHADOW_FIT_H

#include "billing/shadow/shadow_cells.h"
#include "billing/shadow/shadow_theirs.h"

enum shadow_month { SHADOW_BY_ZONE, SHADOW_BY_UTC, SHADOW_BY_ARRIVAL, SHADOW_MONTHS };
enum shadow_statuses {
    SHADOW_ALL_STATUSES,
    SHADOW_NO_5XX,
    SHADOW_NO_ERRORS,
    SHADOW_ONLY_2XX,
    SHADOW_STATUSES
};

/* A way of counting; {0} with ours true for each flag is no way: see shadow_fit_find. */
struct shadow_way {
    enum shadow_month month;
    enum shadow_statuses statuses;
    enum shadow_copy copies; /* the last kind of copy that counts: FIRST: none */
    bool only_users, no_repaired, no_estimated, no_late, no_nobody, all_lines, foreign;
};

enum shadow_reason {
    SHADOW_LOST_BY_READER, /* lines that are no JSON: we repair them */
    SHADOW_NO_TIME,        /* lines without a time of their own: we take the log event's */
    SHADOW_USER_FILTER,    /* lines without a user */
    SHADOW_STATUS_FILTER,
    SHADOW_MONTH_EDGE,   /* arrived in another month than they were made in */
    SHADOW_TIME_ZONE,    /* made in another month of UTC than of the billing zone */
    SHADOW_NOT_REQUEST,  /* control messages, blank and invalid lines, counted as calls */
    SHADOW_OTHER_GROUP,  /* requests of other log groups */
    SHADOW_DUPLICATE,    /* delivered or logged twice */
    SHADOW_LATE,         /* arrived after their day was closed */
    SHADOW_UNATTRIBUTED, /* without a sub: billed to nobody by us */
    SHADOW_REASONS
};
extern const char *const shadow_fit_codes[SHADOW_REASONS];

struct shadow_sum {
    int64_t calls, bytes;
};

/* What both count for one customer, and why they differ: ours + reasons = theirs, where the way
 * fits. */
struct shadow_share {
    struct shadow_sum ours, predicted, reasons[SHADOW_REASONS];
};

/* The simplest way that comes nearest to theirs.  prices: of a call and a GiB, for who tells only
 * an amount. */
struct shadow_prices {
    struct price call, gib;
};
struct shadow_way shadow_fit_find(const struct shadow_cells *cells,
                                  const struct shadow_theirs *theirs,
                                  const struct shadow_prices *prices);
/* shares: one per sub of cells, zeroed. */
void shadow_fit_share(const struct shadow_cells *cells, const struct shadow_way *way,
                      struct shadow_share *shares);
/* What way counts, for people: ["month by arrival", ...]; new reference. */
json_t *shadow_fit_text(const struct shadow_way *way);

#endif
