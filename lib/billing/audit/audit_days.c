/* audit_days.c -- billing days: requests in S3, calls in the rollup table, calls on the bill. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_private.h"
#include "billing/bill/bill_days.h"
#include "billing/bill/usage.h"
#include "billing/prices/price_book.h"
#include "billing/prices/volume.h"
#include "billing/rollup/rollup.h"
#include "billing/rollup/rollup_window.h"
#include "billing/store/athena_query_rows.h"

/* The first billing day that anybody pays for; false: every day is. */
static bool find_since(const struct audit *audit, struct day *since)
{
    struct err ignored = {0};
    const char *text = audit->billing->settings.since;

    return text && !calendar_parse_day(text, since, &ignored);
}

/* Closed billing days that lie within the audited hours as a whole. */
void audit_days_find(struct audit *audit)
{
    const struct billing *billing = audit->billing;
    const char *zone = price_book_zone(billing->book);
    struct day closed = rollup_last_closed(billing, clock_now_ms() / 1000), since;
    struct day_span *days = &audit->range;

    days->first = calendar_day_of(zone, audit->from_s);
    if (calendar_day_start(zone, days->first) < audit->from_s)
        days->first = calendar_add_days(days->first, 1);
    days->last = calendar_add_days(calendar_day_of(zone, audit->to_s), -1);
    audit->before_since =
        find_since(audit, &since) && calendar_day_start(zone, since) >= audit->asked_to_s;
    if (calendar_compare(closed, days->last) < 0)
        days->last = closed;
    if (find_since(audit, &since) && calendar_compare(days->first, since) < 0)
        days->first = since;
    audit->has_days =
        *billing->names.rollup_table && calendar_compare(days->first, days->last) <= 0;
}

int64_t audit_days_reach(const struct billing *billing, int64_t from_s)
{
    const char *zone = price_book_zone(billing->book);
    struct audit audit = {.billing = billing};
    struct day closed = rollup_last_closed(billing, clock_now_ms() / 1000), since;
    int64_t start_s = calendar_day_start(zone, closed);

    if (!*billing->names.rollup_table ||
        (find_since(&audit, &since) && calendar_compare(closed, since) < 0))
        return from_s;
    return start_s < from_s ? start_s : from_s;
}

json_t *audit_days_values(const struct audit *audit, int64_t from_s, int64_t to_s)
{
    const struct billing *billing = audit->billing;
    const char *zone = price_book_zone(billing->book);
    cleanup_free char *filter = rollup_window_filter(from_s, to_s);
    const json_int_t none = 99999999; /* every day is before it */
    struct day since = {0};
    bool has_since = find_since(audit, &since);
    /* An hour counts for days that end late_days before it, up to the one that begins after it. */
    cleanup_free char *rows = usage_day_rows(
        billing, (struct day_span){calendar_add_days(calendar_day_of(zone, from_s),
                                                     -billing->settings.late_days - 1),
                                   calendar_add_days(calendar_day_of(zone, to_s), 1)});

    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "account", billing->account,
                     "partition_filter", filter, "days", rows, "first_day",
                     audit->has_days ? usage_day_number(audit->range.first) : none, "last_day",
                     audit->has_days ? usage_day_number(audit->range.last) : none, "since_day",
                     has_since ? usage_day_number(since) : 0);
}

/* The day's object in the list, made when it is not there yet. */
static json_t *day_in(json_t *days, const struct day_span *range, int64_t number)
{
    struct day day = range->first;
    char text[16];
    size_t index = 0;

    while (usage_day_number(day) != number && calendar_compare(day, range->last) < 0) {
        day = calendar_add_days(day, 1);
        index++;
    }
    for (size_t n = json_array_size(days); n <= index; n++) {
        calendar_day_text(calendar_add_days(range->first, (int)n), text);
        json_array_append_new(days, json_pack("{s:s, s:I, s:I, s:n, s:n}", "day", text, "calls",
                                              (json_int_t)0, "bytes", (json_int_t)0, "rolled_up",
                                              "rolled_up_bytes"));
    }
    return json_array_get(days, index);
}

/* A query by day, and the members of the days that its columns go into. */
struct daily {
    struct athena_question question;
    const char *const *columns, *const *members;
};

static int read_daily(struct flow *flow, struct audit *audit, const struct day_span *range,
                      const struct daily *daily, struct err *e)
{
    struct athena_result result = {0};

    if (athena_query_run(flow, audit->billing, &daily->question, &result, e))
        return -1;
    for (size_t row = 0; row < json_array_size(result.rows); row++) {
        json_t *day =
            day_in(audit->days, range, athena_query_rows_number(&result, row, "bill_day", 0));

        for (size_t i = 0; daily->columns[i]; i++)
            json_object_set_new(day, daily->members[i],
                                json_integer((json_int_t)athena_query_rows_number(
                                    &result, row, daily->columns[i], 0)));
    }
    athena_query_result_fini(&result);
    return 0;
}

static int read_requests(struct flow *flow, struct audit *audit, const struct day_span *range,
                         struct err *e)
{
    static const char *const columns[] = {"calls",        "bytes",          "late_events",
                                          "event_copies", "request_copies", NULL};
    json_auto_t *values = usage_raw_values(audit->billing, *range);
    const struct daily daily = {{"audit_days", values, NULL}, columns, columns};

    (void)day_in(audit->days, range, usage_day_number(range->last)); /* every day is in the list */
    return read_daily(flow, audit, range, &daily, e) ? err_wrap(e, "requests per day") : 0;
}

static int read_rollups(struct flow *flow, struct audit *audit, const struct day_span *range,
                        struct err *e)
{
    static const char *const columns[] = {"calls", "bytes", NULL};
    static const char *const members[] = {"rolled_up", "rolled_up_bytes", NULL};
    json_auto_t *values = json_pack("{s:I, s:I}", "first_day", usage_day_number(range->first),
                                    "last_day", usage_day_number(range->last));
    const struct daily daily = {{"audit_rollups", values, NULL}, columns, members};

    return read_daily(flow, audit, range, &daily, e) ? err_wrap(e, "rollups") : 0;
}

/* By segment, which are read side by side. */
struct billed {
    int64_t calls[PRICE_BOOK_SEGMENTS];
};

static void begin_segment(void *arg, size_t segment)
{
    ((struct billed *)arg)->calls[segment] = 0;
}

static int add_line(void *arg, const struct usage_line *line, struct err *e)
{
    return volume_count(&((struct billed *)arg)->calls[line->segment], line->calls, e);
}

static int read_billed(struct flow *flow, struct audit *audit, const struct day_span *range,
                       struct err *e)
{
    const struct usage_request request = {USAGE_FROM_ROLLUP, *range};
    struct billed billed = {0};
    const struct usage_taker taker = {begin_segment, add_line, &billed, NULL};
    int64_t calls = 0;

    if (usage_each(flow, audit->billing, &request, &taker, e))
        return err_wrap(e, "what is billed");
    for (size_t i = 0; i < PRICE_BOOK_SEGMENTS; i++)
        if (volume_count(&calls, billed.calls[i], e))
            return -1;
    audit->billed = json_pack("{s:I}", "calls", (json_int_t)calls);
    return 0;
}

/* ---- why a day's rollup holds something else than its requests ---- */

static bool is_different(const json_t *day)
{
    return json_whole(day, "calls") != json_whole(day, "rolled_up");
}

static void take_state(json_t *day, const json_t *build)
{
    json_auto_t *texts = json_array(), *alone = json_pack("[O]", build);

    if (!is_different(day))
        return;
    json_object_set(day, "state", json_object_get(build, "state"));
    bill_days_reasons(alone, texts);
    if (json_array_size(texts))
        json_object_set(day, "why", json_array_get(texts, 0));
}

/* Asked only where there is something to explain.  Who cannot be told has the numbers; -1 only when
 * cancelled. */
static int read_states(struct flow *flow, struct audit *audit, struct err *e)
{
    struct err failed = {0};
    json_auto_t *builds = NULL;
    bool differs = false;
    size_t i;
    json_t *day;

    json_array_foreach(audit->days, i, day)
        differs = differs || is_different(day);
    if (differs)
        builds = bill_days(flow, audit->billing, audit->range, &failed);
    json_array_foreach(builds ? audit->days : NULL, i, day)
        take_state(day, json_array_get(builds, i));
    return failed.kind == ERR_CANCELLED ? err_set(e, failed.kind, "%s", failed.text) : 0;
}

int audit_days_read(struct flow *flow, struct audit *audit, struct err *e)
{
    json_decref(audit->days);
    json_decref(audit->billed);
    audit->billed = NULL;
    audit->days = json_array();
    if (!audit->has_days || audit->unread)
        return 0;
    if (read_requests(flow, audit, &audit->range, e) || read_rollups(flow, audit, &audit->range, e))
        return -1;
    return read_billed(flow, audit, &audit->range, e) ? -1 : read_states(flow, audit, e);
}
