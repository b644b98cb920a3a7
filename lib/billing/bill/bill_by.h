/* bill_by.h -- what the lines of a bill are sums of, by day, route and status, however many
 * customers it has: from rollups, put in order by way of a temporary file. */
#ifndef BILLING_BILL_BILL_BY_H
#define BILLING_BILL_BILL_BY_H

#include "billing/bill/bill_packed.h"
#include "billing/bill/usage_by.h"
#include "billing/prices/rating_share.h"

enum { BILL_BY_DAY = 1, BILL_BY_ROUTE = 2, BILL_BY_STATUS = 4 };

/* Texts are borrowed until the next one. */
struct bill_by_group {
    const char *customer; /* NULL: nobody */
    struct day day;       /* by day */
    const char *route;    /* by route; NULL: none */
    const char *status;   /* by status; NULL: none */
    struct rating_share share;
};

struct bill_by;

/* "day,route,status": flags; 0 and *e (ERR_INVALID) when it is something else. */
unsigned bill_by_parse(const char *text, struct err *e);
/* The column of rollup.group_by that one of them needs and rollups do not keep; NULL: none. */
const char *bill_by_lacks(const struct billing *billing, unsigned by);
/* All groups of the days; NULL and *e. */
struct bill_by *bill_by_read(struct flow *flow, const struct billing *billing, struct day_span days,
                             unsigned by, struct err *e);
/* Off the loop. */
void bill_by_free(struct bill_by *groups);
/* From the first one again: ordered by customer (nobody last), day, route, status.  -1 and *e when
 * the temporary file fails. */
int bill_by_begin(struct bill_by *groups, struct err *e);
/* 1 with the next group, 0 at the end, -1 and *e. */
int bill_by_next(struct bill_by *groups, struct bill_by_group *group, struct err *e);
/* Whether the groups come to the bill's lines, call for call: 0, or -1 and *e (ERR_RETRY: a day was
 * rebuilt between the two queries). */
int bill_by_check(struct flow *flow, struct bill_by *groups, const struct bill_packed *bill,
                  struct err *e);

#endif
