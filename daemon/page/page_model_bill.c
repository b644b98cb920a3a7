#include "daemon/page/page_model_bill.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/page/page_words.h"

#include <stdlib.h>
#include <string.h>

/* What is older is worth a look: Firehose writes every few minutes. */
enum { FRESH_S = 3600, DAY_S = 86400, WEEK = 7, MOST_MONTHS = 12 };

static const json_t *find_pipeline(const json_t *list, const char *name)
{
    json_t *each;
    size_t i;

    json_array_foreach(list, i, each)
        if (!strcmp(json_text(each, "pipeline"), name))
            return each;
    return NULL;
}

/* ---- the ladder ---- */

static const char *hop_title(const char *hop)
{
    static const char *const titles[][2] = {{"gateway", "Requests at the gateway"},
                                            {"ingested", "In the log group"},
                                            {"forwarded", "Through the filter"},
                                            {"delivered", "In the bucket"},
                                            {"parsed", "Readable requests"},
                                            {"unique", "Without copies"},
                                            {"rolled_up", "Rolled up"},
                                            {"billed", "On the bill, closed days"}};

    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (!strcmp(hop, titles[i][0]))
            return titles[i][1];
    return hop;
}

/* One bar: its count, and its length out of 100 against the longest of its column. */
static json_t *bar(const json_t *count, json_int_t most)
{
    cleanup_free char *whole = page_words_count(count), *brief = page_words_short(count);
    json_int_t value = json_integer_value(count);

    return json_pack("{s:s, s:s, s:b, s:b, s:i}", "count", whole, "short", brief, "none", 0,
                     "unknown", !json_is_integer(count), "length",
                     (int)(most > 0 ? (value * 100 + most - 1) / most : 0));
}

static json_int_t most_of(const json_t *counts)
{
    const char *hop;
    json_t *count;
    json_int_t most = 0;

    json_object_foreach((json_t *)counts, hop, count)
        if (json_integer_value(count) > most)
            most = json_integer_value(count);
    return most;
}

static bool has_gap(const json_t *audit, const char *hop)
{
    json_t *gap;
    size_t i;

    json_array_foreach(json_object_get(audit, "gaps"), i, gap)
        if (!strcmp(json_text(gap, "hop"), hop) &&
            json_is_true(json_object_get(gap, "above_limit")))
            return true;
    return false;
}

/* Not counted yet is not unknown. */
static json_t *total_model(const json_t *hop, json_int_t most)
{
    bool due = !json_is_false(json_object_get(hop, "due"));

    return due ? bar(json_object_get(hop, "events"), most) : json_pack("{s:b}", "none", 1);
}

static json_t *rung_model(const json_t *audit, const json_t *hop, json_int_t most)
{
    const char *name = json_text(hop, "hop");
    json_t *days = json_array(), *day;
    size_t i;

    json_array_foreach(json_object_get(audit, "days"), i, day) {
        const json_t *counts = json_object_get(day, "hops");

        if (json_object_get(counts, name))
            json_array_append_new(days, bar(json_object_get(counts, name), most_of(counts)));
        else /* it is counted by billing days, not by hours */
            json_array_append_new(days, json_pack("{s:b}", "none", 1));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "title", hop_title(name), "total",
                     total_model(hop, most), "days", days, "gap", has_gap(audit, name));
}

static json_t *gaps_model(const json_t *audit)
{
    json_t *list = json_array(), *gap;
    size_t i;

    json_array_foreach(json_object_get(audit, "gaps"), i, gap) {
        cleanup_free char *events = page_words_count(json_object_get(gap, "events"));

        if (json_is_true(json_object_get(gap, "above_limit")))
            json_array_append_new(list, json_pack("{s:s, s:s, s:O, s:O}", "hop",
                                                  hop_title(json_text(gap, "hop")), "events",
                                                  events, "from", json_object_get(gap, "from"),
                                                  "to", json_object_get(gap, "to")));
    }
    return list;
}

static json_t *verdict_model(const json_t *audit)
{
    const char *verdict = json_text(audit, "verdict");
    const char *reason = json_string_value(json_array_get(json_object_get(audit, "reasons"), 0));

    if (!strcmp(verdict, "gap"))
        return json_pack("{s:s, s:s}", "class", "bad", "word", "Usage is missing");
    if (json_whole(audit, "older_gaps"))
        return json_pack("{s:s, s:s}", "class", "bad", "word", "Older usage is missing");
    if (!strcmp(verdict, "complete"))
        return json_pack("{s:s, s:s}", "class", "ok", "word", "Complete");
    if (!strcmp(verdict, "accepted"))
        return json_pack("{s:s, s:s}", "class", "ok", "word", "Complete but for accepted losses");
    if (json_array_size(json_object_get(audit, "reasons")) == 1 && reason &&
        !strcmp(reason, "silent"))
        return json_pack("{s:s, s:s}", "class", "none", "word", "Nobody called");
    return json_pack("{s:s, s:s}", "class", "unknown", "word", "Unknown");
}

static json_t *audit_model(const json_t *audit, int64_t now_s)
{
    json_t *rungs = json_array(), *days = json_array(), *hop, *day, *model;
    json_int_t most = 0;
    size_t i;

    json_array_foreach(json_object_get(audit, "hops"), i, hop)
        if (json_whole(hop, "events") > most)
            most = json_whole(hop, "events");
    json_array_foreach(json_object_get(audit, "hops"), i, hop)
        json_array_append_new(rungs, rung_model(audit, hop, most));
    json_array_foreach(json_object_get(audit, "days"), i, day)
        json_array_append_new(days, json_string(json_text(day, "day") + 5));
    model = json_pack("{s:o, s:o?, s:o, s:o, s:o}", "verdict", verdict_model(audit), "at",
                      page_words_time(json_object_get(audit, "at"), now_s), "rungs", rungs, "days",
                      days, "gaps", gaps_model(audit));
    json_object_set(model, "reasons", json_object_get(audit, "reasons"));
    return model;
}

/* ---- freshness ---- */

static void add_fresh(json_t *list, const char *title, const json_t *moment, int64_t now_s)
{
    int64_t at_s = page_words_seconds(moment);
    bool fresh = at_s && now_s - at_s <= FRESH_S;

    json_array_append_new(list, json_pack("{s:s, s:o?, s:{s:s, s:s}}", "title", title, "at",
                                          page_words_time(moment, now_s), "state", "class",
                                          !at_s   ? "unknown"
                                          : fresh ? "ok"
                                                  : "none",
                                          "word",
                                          !at_s   ? "Unknown"
                                          : fresh ? "Fresh"
                                                  : "Over an hour ago"));
}

/* ---- the calendar ---- */

/* Days since a Monday, in 1969; of what is no day -1. */
static int64_t cell_of(const json_t *day)
{
    const char *text = json_text(day, "day");
    double seconds;

    return text && timestamp_parse(text, &seconds) ? (int64_t)seconds / DAY_S + 3 : -1;
}

static json_t *day_model(const json_t *day, const char *today, bool builds)
{
    const char *text = json_text(day, "day");

    return json_pack("{s:i, s:s, s:o, s:b}", "number", (int)strtol(text + 8, NULL, 10), "date",
                     text, "state", page_words_day(json_text(day, "state"), builds), "today",
                     !strcmp(text, today));
}

/* Weeks of seven cells, of a month's days in their order; those of days that are not told are
 * empty. */
static json_t *weeks_model(const json_t *days, const char *today, bool builds)
{
    json_t *weeks = json_array(), *week = NULL;
    size_t next = 0, count = json_array_size(days);
    int64_t cell = cell_of(json_array_get(days, 0));

    for (cell -= cell % WEEK; next < count || cell % WEEK; cell++) {
        const json_t *day = json_array_get(days, next);

        if (cell % WEEK == 0) {
            week = json_array();
            json_array_append_new(weeks, json_pack("{s:o}", "cells", week));
        }
        if (next < count && cell_of(day) <= cell) {
            json_array_append_new(week, day_model(day, today, builds));
            next++;
        } else {
            json_array_append_new(week, json_pack("{s:n}", "date"));
        }
    }
    return weeks;
}

static char *month_title(const char *month)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    int number = (int)strtol(month + 5, NULL, 10);

    return mem_printf("%s %.4s", names[(number + 11) % 12], month);
}

/* The day after the last that is over is the one nobody has seen the end of. */
static const char *find_today(const json_t *days)
{
    const char *today = "";
    json_t *day;
    size_t i;

    json_array_foreach(days, i, day)
        if (strcmp(json_text(day, "state"), "ahead") != 0)
            today = json_text(day, "day");
    return today;
}

/* The last ones, newest first: which are closed. */
static json_t *months_model(const json_t *months, int64_t now_s)
{
    json_t *list = json_array();
    size_t count = json_array_size(months);

    for (size_t i = count; i > 0 && count - i < MOST_MONTHS; i--) {
        const json_t *month = json_array_get(months, i - 1);
        cleanup_free char *title = month_title(json_text(month, "month"));

        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:O, s:o?}", "title", title, "state",
                                        page_words_month(json_text(month, "state")), "number",
                                        json_object_get(month, "number"), "closed",
                                        page_words_time(json_object_get(month, "closed"), now_s)));
    }
    return list;
}

/* How many months are in each state, the settled ones first. */
static json_t *totals_model(const json_t *totals)
{
    static const char *const states[] = {"closed",  "corrected", "open",   "draft",
                                         "overdue", "left",      "unknown"};
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (json_whole(totals, states[i]))
            json_array_append_new(list,
                                  json_pack("{s:I, s:o}", "count", json_whole(totals, states[i]),
                                            "state", page_words_month(states[i])));
    return list;
}

/* What came to what: the totals of which there are some, and of how many months nobody knows. */
static json_t *money_model(const json_t *money)
{
    json_t *list = json_array();
    const json_t *each;
    size_t i;

    json_array_foreach(money, i, each) {
        const char *state = json_text(each, "state");
        const json_t *total = json_object_get(each, "total");

        /* These are no bills. */
        if (!strcmp(state, "open") || !strcmp(state, "left"))
            continue;
        json_array_append_new(
            list, json_pack("{s:o, s:I, s:b, s:s?, s:s?, s:s?, s:b}", "state",
                            page_words_month(state), "count", json_whole(each, "months"), "several",
                            json_whole(each, "months") != 1, "currency",
                            json_text(each, "currency"), "total", json_string_value(total),
                            "hidden", json_text(total, "hidden"), "unknown", json_is_null(total)));
    }
    return list;
}

/* The days of a month, as a calendar has them. */
static json_t *month_model(const json_t *period, const json_t *month)
{
    const json_t *days = json_object_get(month, "days");
    bool builds = json_is_true(json_object_get(period, "builds"));
    const char *today = json_is_true(json_object_get(month, "open")) ? find_today(days) : "";
    cleanup_free char *title = month_title(json_text(month, "month"));

    return json_pack("{s:s, s:O, s:o}", "title", title, "time_zone",
                     json_object_get(period, "time_zone"), "weeks",
                     weeks_model(days, today, builds));
}

static bool is_settled(const json_t *month)
{
    const char *state = json_text(month, "state");

    return !strcmp(state, "closed") || !strcmp(state, "corrected") || !strcmp(state, "left");
}

/* The open month; the one before as well while it is not settled: its last days are still built,
 * and its bill is next. */
static json_t *grids_model(const json_t *period)
{
    const json_t *months = json_object_get(period, "months");
    size_t count = json_array_size(months);
    const json_t *before = count > 1 ? json_array_get(months, count - 2) : NULL;
    json_t *grids = json_array();

    json_array_append_new(grids, month_model(period, json_array_get(months, count - 1)));
    if (before && !is_settled(before) && json_array_size(json_object_get(before, "days")))
        json_array_append_new(grids, month_model(period, before));
    return grids;
}

static json_t *calendar_model(const json_t *period, int64_t now_s)
{
    return json_pack("{s:o?, s:o, s:o, s:o, s:o}", "checked",
                     page_words_time(json_object_get(period, "checked"), now_s), "grids",
                     grids_model(period), "months",
                     months_model(json_object_get(period, "months"), now_s), "totals",
                     totals_model(json_object_get(period, "totals")), "money",
                     money_model(json_object_get(period, "money")));
}

void page_model_bill_add(json_t *model, const json_t *documents, const char *pipeline,
                         int64_t now_s)
{
    const json_t *audit = find_pipeline(json_object_get(documents, "audit"), pipeline);
    const json_t *period = find_pipeline(json_object_get(documents, "periods"), pipeline);
    json_t *fresh = json_array();

    if (!audit || !period) {
        json_decref(fresh);
        return;
    }
    add_fresh(fresh, "Newest event", json_object_get(audit, "newest_event"), now_s);
    add_fresh(fresh, "Newest object", json_object_get(audit, "newest_object"), now_s);
    add_fresh(fresh, "Delivered until", json_object_get(audit, "delivered_until"), now_s);
    json_object_set_new(model, "audit", audit_model(audit, now_s));
    json_object_set_new(model, "fresh", fresh);
    json_object_set_new(model, "calendar", calendar_model(period, now_s));
}
