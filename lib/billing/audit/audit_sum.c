/* audit_sum.c -- the two windows of the ladder joined: requests by the hour they arrived in, and
 * calls by the billing day they were made on.  Each is counted by a query of its own, so that they
 * agree is evidence; where they do not, nothing is complete. */
#include "base/json.h"
#include "billing/audit/audit_private.h"

int64_t audit_sum_days(const struct audit *audit, const char *member)
{
    json_int_t sum = 0;
    size_t i;
    json_t *day;

    json_array_foreach(audit->days, i, day)
        sum += json_integer_value(json_object_get(day, member));
    return sum;
}

/* Of the requests that arrived in the judged hours. */
static struct audit_counting sum_of(const struct audit *audit, int64_t *unique)
{
    struct audit_counting sum = {0};

    *unique = 0;
    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];

        *unique += hour->unique;
        sum.counted += hour->counting.counted;
        sum.before_since += hour->counting.before_since;
        sum.earlier_days += hour->counting.earlier_days;
        sum.later_days += hour->counting.later_days;
        sum.late_counted += hour->counting.late_counted;
        sum.too_late += hour->counting.too_late;
        sum.out_of_window += hour->counting.out_of_window;
    }
    return sum;
}

struct audit_counting audit_sum_counting(const struct audit *audit)
{
    int64_t unique;

    return sum_of(audit, &unique);
}

bool audit_sum_agrees(const struct audit *audit)
{
    int64_t unique;
    struct audit_counting sum = sum_of(audit, &unique);

    if (audit->unread)
        return true; /* nothing was counted: that is told otherwise */
    return unique == sum.counted + sum.before_since + sum.earlier_days + sum.later_days +
                         sum.late_counted + sum.too_late + sum.out_of_window &&
           (!audit->has_days || audit->counted == audit_sum_days(audit, "calls"));
}

json_t *audit_sum_document(const struct audit *audit)
{
    int64_t unique, calls = audit_sum_days(audit, "calls");
    struct audit_counting sum = sum_of(audit, &unique);

    if (audit->unread || !audit->has_days)
        return json_null();
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "unique", (json_int_t)unique,
        "before_since", (json_int_t)-sum.before_since, "earlier_days",
        (json_int_t)-sum.earlier_days, "later_days", (json_int_t)-sum.later_days, "too_late",
        (json_int_t) - (sum.late_counted + sum.too_late), "out_of_window",
        (json_int_t)-sum.out_of_window, "arrived_outside",
        (json_int_t)(audit->counted - sum.counted), "requests_of_days", (json_int_t)calls,
        "not_rolled_up", (json_int_t)(audit_sum_days(audit, "rolled_up") - calls), "rolled_up",
        (json_int_t)audit_sum_days(audit, "rolled_up"), "agrees", audit_sum_agrees(audit));
}
