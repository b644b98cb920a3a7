/* rollup_window.c -- which hours of arrival belong to a day, and their objects as one fingerprint.
 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup_private.h"

#include <stdio.h>
#include <string.h>

enum { TOGETHER_DAYS = 40, TOKEN_LENGTH = 8 };

/* bucket and arrival day -> {"at" (seconds), "age", "newest", "hours": {"23": hash}}: what was
 * listed last.  Nothing is ever taken out: somebody may be between listing and reading. */
static json_t *memory;
static json_int_t age; /* entries of an earlier one are not good for the next look */

void rollup_forget(void)
{
    age++;
}

static int64_t floor_to(int64_t time_s, int64_t unit_s)
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

    window.from_s =
        floor_to(window.event_from_s, ROLLUP_HOUR_S) - (int64_t)ROLLUP_BEFORE_H * ROLLUP_HOUR_S;
    window.to_s = floor_to(window.event_to_s + ROLLUP_HOUR_S - 1, ROLLUP_HOUR_S) +
                  (int64_t)billing->settings.late_days * ROLLUP_DAY_S;
    window.settled_s = floor_to(clock_now_ms() / 1000 - ROLLUP_SETTLE_S, ROLLUP_HOUR_S);
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

    for (int64_t day_s = floor_to(from_s, ROLLUP_DAY_S); day_s < to_s; day_s += ROLLUP_DAY_S) {
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
        int64_t day_s = floor_to(hour_s, ROLLUP_DAY_S);

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

/* ---- memory ---- */

static char *memory_key(const struct billing *billing, int64_t day_s)
{
    return mem_printf("%s/%s%lld", billing->names.bucket, billing->names.data_prefix,
                      (long long)day_s);
}

static const json_t *remembered(const struct billing *billing, int64_t day_s)
{
    cleanup_free char *key = memory_key(billing, day_s);

    return json_object_get(memory, key);
}

static void remember(const struct billing *billing, int64_t day_s, const json_t *hours)
{
    cleanup_free char *key = memory_key(billing, day_s);
    json_t *hashes = json_object(), *objects, *object;
    const char *hour;
    double newest = 0;
    size_t i;

    json_object_foreach((json_t *)hours, hour, objects) {
        char hex[65];

        rollup_objects_hash(objects, -1, hex);
        json_object_set_new(hashes, hour, json_string(hex));
        json_array_foreach(objects, i, object) {
            double modified = json_number_value(json_object_get(object, "modified"));

            newest = modified > newest ? modified : newest;
        }
    }
    if (!memory)
        memory = json_object();
    json_object_set_new(memory, key,
                        json_pack("{s:I, s:I, s:f, s:o}", "at", (json_int_t)(clock_now_ms() / 1000),
                                  "age", age, "newest", newest, "hours", hashes));
}

/* Days of the last two are listed each time: an object may still come to them by itself (Firehose
 * tries for 24 hours). */
static bool is_known(const struct billing *billing, int64_t day_s)
{
    const json_t *known = remembered(billing, day_s);
    int64_t now_s = clock_now_ms() / 1000;

    return known && json_integer_value(json_object_get(known, "age")) == age &&
           day_s + 3 * (int64_t)ROLLUP_DAY_S < now_s &&
           now_s - json_integer_value(json_object_get(known, "at")) < ROLLUP_LIST_AGAIN_S;
}

static int list_and_remember(struct flow *flow, const struct billing *billing, int64_t first_s,
                             size_t days, struct err *e)
{
    json_t *hours[TOGETHER_DAYS];

    if (rollup_objects_list(flow, billing, first_s, days, hours, e))
        return -1;
    for (size_t i = 0; i < days; i++) {
        remember(billing, first_s + (int64_t)i * ROLLUP_DAY_S, hours[i]);
        json_decref(hours[i]);
    }
    return 0;
}

/* Lists a month or so at a time: what is not known yet, and the days between. */
static int list_days(struct flow *flow, const struct billing *billing, int64_t from_s, int64_t to_s,
                     bool fresh, struct err *e)
{
    int64_t now_s = clock_now_ms() / 1000, first_s = floor_to(from_s, ROLLUP_DAY_S);

    to_s = to_s <= now_s ? to_s : now_s + 1;
    while (first_s < to_s) {
        size_t days = 0;

        while (first_s < to_s && !fresh && is_known(billing, first_s))
            first_s += ROLLUP_DAY_S;
        for (size_t i = 0; i < TOGETHER_DAYS; i++) {
            int64_t day_s = first_s + (int64_t)i * ROLLUP_DAY_S;

            if (day_s < to_s && (fresh || !is_known(billing, day_s)))
                days = i + 1;
        }
        if (days && list_and_remember(flow, billing, first_s, days, e))
            return -1;
        first_s += (int64_t)days * ROLLUP_DAY_S;
    }
    return 0;
}

int rollup_window_prepare(struct flow *flow, const struct billing *billing, int64_t from_s,
                          int64_t to_s, struct err *e)
{
    return list_days(flow, billing, from_s, to_s, false, e);
}

/* ---- a day's print ---- */

void rollup_print_fini(struct rollup_print *print)
{
    free(print->hours);
    *print = (struct rollup_print){0};
}

void rollup_print_make(const struct billing *billing, const struct rollup_window *window,
                       struct rollup_print *print)
{
    cleanup_str struct str all = {0}, tokens = {0};

    *print = (struct rollup_print){0};
    for (int64_t hour_s = window->from_s; hour_s < window->to_s; hour_s += ROLLUP_HOUR_S) {
        int64_t day_s = floor_to(hour_s, ROLLUP_DAY_S);
        const json_t *known = hour_s < window->settled_s ? remembered(billing, day_s) : NULL;
        double newest = json_number_value(json_object_get(known, "newest"));
        char name[16];
        const char *hash;

        (void)snprintf(name, sizeof name, "%02d", (int)((hour_s - day_s) / ROLLUP_HOUR_S));
        hash = json_text(json_object_get(known, "hours"), name);
        str_addf(&tokens, "%s%.*s", tokens.len ? " " : "", TOKEN_LENGTH,
                 hash && *hash ? hash : "-");
        if (hash && *hash)
            str_addf(&all, "%lld %s\n", (long long)hour_s, hash);
        if (hash && newest > print->newest)
            print->newest = newest;
    }
    if (all.len)
        digest_sha256(all.data, all.len, print->fingerprint);
    print->hours = str_take(&tokens);
}

int rollup_print_of(struct flow *flow, const struct billing *billing,
                    const struct rollup_window *window, bool fresh, struct rollup_print *print,
                    struct err *e)
{
    *print = (struct rollup_print){0};
    if (list_days(flow, billing, window->from_s, window->to_s, fresh, e))
        return -1;
    rollup_print_make(billing, window, print);
    return 0;
}

/* ---- comparing ---- */

static size_t next_token(const char **text, const char **token)
{
    size_t n;

    *text += strspn(*text, " ");
    *token = *text;
    n = strcspn(*text, " ");
    *text += n;
    return n;
}

enum rollup_change rollup_hours_compare(const char *before, const char *now, bool *changed,
                                        size_t count)
{
    enum rollup_change change = ROLLUP_SAME;

    for (size_t i = 0;; i++) {
        const char *was, *is;
        size_t was_length = next_token(&before, &was), is_length = next_token(&now, &is);
        bool same = was_length == is_length && !strncmp(was, is, was_length);

        if (!was_length && !is_length)
            return change;
        if (changed && i < count)
            changed[i] = !same;
        if (same)
            continue;
        if (is_length == 1 && *is == '-') {
            if (change == ROLLUP_SAME)
                change = ROLLUP_GONE;
        } else {
            change = ROLLUP_CHANGED;
        }
    }
}
