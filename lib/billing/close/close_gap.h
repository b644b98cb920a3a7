/* close_gap.h -- days that would be in no invoice, because what is billed begins behind them. */
#ifndef BILLING_CLOSE_CLOSE_GAP_H
#define BILLING_CLOSE_CLOSE_GAP_H

#include "aws/flow.h"
#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

#include <jansson.h>

struct close_gap {
    char day[16];     /* the first day with data, "" when there is none */
    json_int_t calls; /* what their rollups hold */
};
/* Looks at the days; none are no gap.  -1 and *e. */
int close_gap_look(struct flow *flow, const struct billing *billing, struct day_span days,
                   struct close_gap *gap, struct err *e);
/* From behind a closed month ("2025-10") up to the first day that is billed of another. */
struct day_span close_gap_between(const struct billing *billing, struct day closed,
                                  struct day month);
/* Why days that `since` leaves behind a closed month must not be passed over; new reference. */
json_t *close_gap_reason(const struct billing *billing, struct day_span days,
                         const struct close_gap *gap);
/* Whether the day lies before the spec's `since`. */
bool close_gap_is_cut(const struct billing *billing, const char *day);

#endif
