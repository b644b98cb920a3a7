/* billing_window.c -- which days of a month a verb is about. */
#include "daemon/verbs/billing/billing_window.h"

#include "base/mem.h"
#include "billing/bill/bill_month.h"
#include "billing/close/closed.h"

#include <stdlib.h>

int billing_window_take(struct flow *flow, struct billing_turn *turn, struct day month,
                        struct err *e)
{
    struct billing_settings *settings = &turn->billing->settings;
    char *since = NULL;
    int closed = closed_since(flow, turn->billing, month, &since, e);

    if (closed <= 0)
        return closed;
    free(settings->since);
    settings->since = since;
    return 0;
}

char *billing_window_text(const struct billing *billing, struct day month)
{
    struct day first = bill_month_days(billing, month).first;
    char name[16], day[16];

    if (!calendar_compare(first, calendar_month(month).first))
        return NULL;
    calendar_month_text(month, name);
    calendar_day_text(first, day);
    return mem_printf(
        "%s is billed from %s on (billing.rollup.since): the calls of the days before "
        "are in no bill",
        name, day);
}
