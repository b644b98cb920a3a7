#include "billing/rollup/rollup_window.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/prices/price_book.h"

enum { SETTLE_S = 900 }; /* an hour of arrival is looked at so long after its end */

int64_t rollup_window_floor(int64_t time_s, int64_t unit_s)
{
    int64_t rest = time_s % unit_s;

    return time_s - (rest < 0 ? rest + unit_s : rest);
}

struct rollup_window rollup_window_of(const struct billing *billing, struct day day)
{
    const char *zone = price_book_zone(billing->book);
    struct rollup_window window = {
        .event_from_s = calendar_day_start(zone, day),
        .event_to_s = calendar_day_start(zone, calendar_add_days(day, 1)),
    };

    window.from_s = rollup_window_floor(window.event_from_s, ROLLUP_HOUR_S) -
                    (int64_t)ROLLUP_BEFORE_H * ROLLUP_HOUR_S;
    window.to_s = rollup_window_floor(window.event_to_s + ROLLUP_HOUR_S - 1, ROLLUP_HOUR_S) +
                  (int64_t)billing->settings.late_days * ROLLUP_DAY_S;
    window.settled_s = rollup_window_floor(clock_now_ms() / 1000 - SETTLE_S, ROLLUP_HOUR_S);
    return window;
}

size_t rollup_window_hours(const struct rollup_window *window)
{
    return (size_t)((window->to_s - window->from_s) / ROLLUP_HOUR_S);
}

char *rollup_window_text(const struct billing *billing, const struct rollup_window *window)
{
    cleanup_str struct str text = {0};

    str_addf(&text, "%lld-%lld %lld-%lld ", (long long)window->event_from_s,
             (long long)window->event_to_s, (long long)window->from_s, (long long)window->to_s);
    for (char **column = billing->settings.group_by; column && *column; column++)
        str_addf(&text, "%s%s", column == billing->settings.group_by ? "" : ",", *column);
    return str_take(&text);
}

/* ---- as SQL ---- */

static void add_date(struct str *out, int64_t day_s)
{
    struct tm utc = timestamp_utc(day_s);

    str_addf(out, "%s(year = %d AND month = %d AND day = %d", out->len ? " OR " : "",
             utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
}

char *rollup_window_filter(int64_t from_s, int64_t to_s)
{
    cleanup_str struct str out = {0};

    for (int64_t day_s = rollup_window_floor(from_s, ROLLUP_DAY_S); day_s < to_s;
         day_s += ROLLUP_DAY_S) {
        add_date(&out, day_s);
        if (day_s < from_s)
            str_addf(&out, " AND hour >= %d", (int)((from_s - day_s) / ROLLUP_HOUR_S));
        if (day_s + ROLLUP_DAY_S > to_s)
            str_addf(&out, " AND hour < %d", (int)((to_s - day_s) / ROLLUP_HOUR_S));
        str_add_char(&out, ')');
    }
    return str_take(&out);
}

char *rollup_window_filter_flags(int64_t from_s, const bool *flags, size_t count)
{
    cleanup_str struct str out = {0};
    int64_t open_s = -1; /* the day whose list of hours is not closed yet */

    for (size_t i = 0; i < count; i++) {
        int64_t hour_s = from_s + (int64_t)i * ROLLUP_HOUR_S;
        int64_t day_s = rollup_window_floor(hour_s, ROLLUP_DAY_S);

        if (!flags[i])
            continue;
        if (day_s != open_s) {
            if (open_s >= 0)
                str_add(&out, "))");
            add_date(&out, day_s);
            str_add(&out, " AND hour IN (");
        }
        str_addf(&out, "%s%d", day_s == open_s ? ", " : "",
                 (int)((hour_s - day_s) / ROLLUP_HOUR_S));
        open_s = day_s;
    }
    if (open_s >= 0)
        str_add(&out, "))");
    return str_take(&out);
}
