/* usage_by.h -- usage of days from rollups, by day, route and status: what a bill's lines are sums
 * of. */
#ifndef BILLING_BILL_USAGE_BY_H
#define BILLING_BILL_USAGE_BY_H

#include "aws/flow.h"
#include "billing/bill/usage.h"

/* What has equal texts on a day; the texts are borrowed. */
struct usage_group {
    const char *sub;    /* NULL: nobody's */
    const char *route;  /* NULL: none, or rollups do not keep it (usage_by_keeps) */
    const char *status; /* likewise */
    struct day day;
    int64_t calls, bytes;
};

struct usage_by_taker {
    /* What was given is void: groups begin (anew). */
    void (*begin)(void *arg);
    /* Off the loop, or a thousand at a time; -1 and *e ends the reading. */
    int (*group)(void *arg, const struct usage_group *group, struct err *e);
    void *arg;
};

struct usage_by_question {
    struct day_span days;
    bool by_day; /* false: the days of a segment of the price book together, under its first day */
};

/* Group after group by one query (usage_by), ordered by sub, route, status, day.  0, or -1 and *e.
 */
int usage_by_each(struct flow *flow, const struct billing *billing,
                  const struct usage_by_question *question, const struct usage_by_taker *taker,
                  struct err *e);
/* What would be asked, without asking; new text, or NULL and *e. */
char *usage_by_text(const struct billing *billing, struct day_span days, bool by_day,
                    struct err *e);
/* Whether rollups keep a column, by its name in rollup.group_by ("route"). */
bool usage_by_keeps(const struct billing *billing, const char *column);
/* "2025-10-31" of a number as queries have it, 20251031. */
struct day usage_by_day(json_int_t number);

#endif
