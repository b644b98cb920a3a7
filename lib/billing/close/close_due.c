/* close_due.c -- which month is to be closed next, and from when on. */
#include "base/clock.h"
#include "base/json.h"
#include "billing/close/close.h"
#include "billing/close/closed.h"

#include <string.h>

enum { HOUR_S = 3600, DAY_S = 86400 };

/* The month behind the last one closed; that one itself while its close was begun and not
 * finished. */
static int after(struct flow *flow, const struct billing *billing, struct day last,
                 struct close_due *due, struct err *e)
{
    struct closed closed;
    int result = closed_open(flow, billing, last, &closed, e);

    due->finishes = !result && !*closed.invoice.archive.hash;
    due->month = due->finishes ? last : calendar_add_days(calendar_month(last).last, 1);
    closed_fini(flow, &closed);
    return result;
}

int64_t close_due_after(const struct billing *billing)
{
    return (int64_t)billing->settings.late_days * DAY_S +
           (int64_t)billing->settings.closed_after_hours * HOUR_S;
}

int close_due_look(struct flow *flow, const struct billing *billing, struct close_due *due,
                   struct err *e)
{
    json_auto_t *documents = documents_read(flow, billing, e);
    json_auto_t *months = documents ? documents_months(billing, documents) : NULL;
    size_t count = json_array_size(months);
    struct day last;

    *due = (struct close_due){.is_due = false};
    if (!documents)
        return -1;
    if (!count)
        return 0;
    if (calendar_parse_month(json_string_value(json_array_get(months, count - 1)), &last, e) ||
        after(flow, billing, last, due, e))
        return -1;
    due->from_s = close_period_of(billing, due->month).to_s + close_due_after(billing);
    due->is_due = due->finishes || clock_now_ms() / 1000 >= due->from_s;
    return 1;
}
