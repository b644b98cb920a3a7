#include "billing/bill/bill_month.h"

#include "base/json.h"
#include "billing/bill/bill_days.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup.h"
#include "billing/rollup/rollup_reach.h"

#include <string.h>

void bill_month_fini(struct bill_month *look)
{
    json_decref(look->days);
    json_decref(look->open);
    json_decref(look->reasons);
    *look = (struct bill_month){0};
}

/* ---- months of which nothing is known ---- */

struct known {
    bool calls, objects;
};

static struct known known_of(const json_t *days)
{
    struct known known = {0};
    const json_t *day;
    size_t i;

    json_array_foreach(days, i, day) {
        const char *fingerprint = json_text(day, "fingerprint");

        known.calls = known.calls || json_integer_value(json_object_get(day, "calls"));
        known.objects = known.objects || (fingerprint && *fingerprint);
    }
    return known;
}

static void refuse(struct bill_month *look, json_t *reason)
{
    look->state = BILL_MONTH_REFUSED;
    json_array_insert_new(look->reasons, 0, reason);
}

/* The first day that anybody pays for; false: every day is. */
static bool find_since(const struct billing *billing, struct day *since)
{
    struct err ignored = {0};

    return billing->settings.since && !calendar_parse_day(billing->settings.since, since, &ignored);
}

struct day_span bill_month_days(const struct billing *billing, struct day month)
{
    struct day_span days = calendar_month(month);
    struct day since;

    if (find_since(billing, &since) && calendar_compare(days.first, since) < 0 &&
        calendar_compare(since, days.last) <= 0)
        days.first = since;
    return days;
}

/* Nobody pays for any day of it, whatever was rolled up while somebody did. */
static void check_since(const struct billing *billing, struct day_span days,
                        struct bill_month *look)
{
    struct day since;
    char month[16];

    calendar_month_text(days.first, month);
    if (find_since(billing, &since) && calendar_compare(days.last, since) < 0)
        refuse(look,
               json_sprintf("%s lies before billing.rollup.since (%s): no rollups are kept of "
                            "it; set since earlier if it is to be billed",
                            month, billing->settings.since));
}

static int check_reach(struct flow *flow, const struct billing *billing, struct day_span days,
                       struct bill_month *look, struct err *e)
{
    const char *zone = price_book_zone(billing->book);
    struct rollup_reach reach;

    if (rollup_reach_read(flow, billing, &reach, e))
        return -1;
    if (calendar_day_start(zone, calendar_add_days(days.last, 1)) > reach.to_s ||
        calendar_day_start(zone, days.first) < reach.from_s)
        refuse(look, json_sprintf("it lies, as a whole or in part, in years that table %s does not "
                                  "show (projection.year.range): widen it, plan and apply",
                                  billing->names.raw_table));
    return 0;
}

static int check_first(struct flow *flow, const struct billing *billing, struct day_span days,
                       struct bill_month *look, struct err *e)
{
    struct err nothing = {0};
    struct day first;
    char text[16], month[16];
    int found = rollup_first_data(flow, billing, &first, &nothing);

    if (found < 0)
        return err_set(e, nothing.kind, "%s", nothing.text);
    if (found) {
        refuse(look, json_string(nothing.text));
    } else if (calendar_compare(days.last, first) < 0) {
        calendar_day_text(first, text);
        calendar_month_text(days.first, month);
        refuse(look, json_sprintf("%s lies before any data: the first arrived on %s", month, text));
    }
    return 0;
}

/* Nothing counted is a bill of zero only where something could have been.  That its last days have
 * objects proves nothing: those of the first days behind it may hold its last calls.  Once these
 * are counted, and there are none, the month is judged by when the first arrived. */
static int check_nothing(struct flow *flow, const struct billing *billing, struct day_span days,
                         struct bill_month *look, struct err *e)
{
    const struct known known = known_of(look->days);

    check_since(billing, days, look);
    if (known.calls)
        return 0;
    if (check_reach(flow, billing, days, look, e))
        return -1;
    return look->state == BILL_MONTH_OPEN || look->state == BILL_MONTH_REFUSED ||
                   (known.objects && look->state == BILL_MONTH_DRAFT)
               ? 0
               : check_first(flow, billing, days, look, e);
}

/* ---- looking ---- */

enum bill_month_state bill_month_state(const json_t *open)
{
    enum bill_month_state state = json_array_size(open) ? BILL_MONTH_DRAFT : BILL_MONTH_FINAL;
    const json_t *day;
    size_t i;

    json_array_foreach(open, i, day)
        if (!strcmp(json_text(day, "state"), "open"))
            state = BILL_MONTH_OPEN;
    return state;
}

int bill_month_look(struct flow *flow, const struct billing *billing, struct day month,
                    struct bill_month *look, struct err *e)
{
    const struct day_span days = bill_month_days(billing, month);

    *look = (struct bill_month){.days = bill_days(flow, billing, days, e)};
    if (!look->days)
        return -1;
    look->open = bill_days_open(look->days);
    look->reasons = json_array();
    look->state = bill_month_state(look->open);
    bill_days_reasons(look->days, look->reasons);
    return check_nothing(flow, billing, days, look, e);
}

/* ---- what was billed, and what the builds say ---- */

static json_int_t billed(const json_t *bill, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(bill, "totals"), key)) +
           json_integer_value(json_object_get(json_object_get(bill, "unattributed"), key));
}

static json_int_t recorded(const json_t *days, const char *key)
{
    const json_t *day;
    json_int_t sum = 0;
    size_t i;

    json_array_foreach(days, i, day)
        sum += json_integer_value(json_object_get(day, key));
    return sum;
}

int bill_month_check(const struct bill_month *look, const json_t *bill, struct err *e)
{
    static const char *const keys[] = {"calls", "bytes"};

    for (size_t i = 0; look->state == BILL_MONTH_FINAL && i < 2; i++) {
        json_int_t have = billed(bill, keys[i]), want = recorded(look->days, keys[i]);

        if (have != want)
            return err_set(e, ERR_RETRY,
                           "the rollup table answers %" JSON_INTEGER_FORMAT
                           " %s, the records of its builds say %" JSON_INTEGER_FORMAT
                           ": a day was rebuilt meanwhile, or the table is not as billingd made it "
                           "(billingd plan); try again",
                           have, keys[i], want);
    }
    return 0;
}
