/* bill_month.h -- how it is with a month: can it be billed, finally or as a draft, and why not. All
 * verbs ask here. */
#ifndef BILLING_BILL_BILL_MONTH_H
#define BILLING_BILL_BILL_MONTH_H

#include "aws/flow.h"
#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

enum bill_month_state {
    BILL_MONTH_FINAL,   /* every day can be billed from */
    BILL_MONTH_DRAFT,   /* a day is over, and its rollup is not as it should be */
    BILL_MONTH_OPEN,    /* a day is not over yet */
    BILL_MONTH_REFUSED, /* what is known of it is no bill: before the first data, before `since`, or
                           beyond what the raw table can show */
};
struct bill_month {
    enum bill_month_state state;
    json_t *days;    /* bill_days */
    json_t *open;    /* bill_days_open */
    json_t *reasons; /* why it is not final: texts for people */
};
/* The days of a month that its bill covers, and its audit and close with it: all, or those from
 * billing.rollup.since on where that lies within the month. */
struct day_span bill_month_days(const struct billing *billing, struct day month);
/* Listed anew.  -1 and *e when it cannot be known.  Give back with bill_month_fini, also on
 * failure. */
int bill_month_look(struct flow *flow, const struct billing *billing, struct day month,
                    struct bill_month *look, struct err *e);
/* What the days of a month that cannot be billed from (bill_days_open) make of it; never
 * BILL_MONTH_REFUSED. */
enum bill_month_state bill_month_state(const json_t *open);
void bill_month_fini(struct bill_month *look);
/* Whether the calls and bytes of a bill are those that the records of a final month's builds say;
 * else -1 and *e (ERR_RETRY): a day was rebuilt between the two, or the table answers something
 * else than its builds hold. */
int bill_month_check(const struct bill_month *look, const json_t *bill, struct err *e);

#endif
