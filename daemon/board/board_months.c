#include "daemon/board/board_months.h"

#include "base/json.h"
#include "billing/prices/calendar.h"
#include "daemon/board/board_document.h"
#include "daemon/board/board_money.h"
#include "daemon/board/board_private.h"
#include "daemon/board/board_rows.h"

#include <string.h>

enum { MOST_MONTHS = 240 };

/* ---- days ---- */

/* Billing had begun by then, or nobody knows that it had not: where data is gone, or
 * billing.rollup.since was moved, the days of a look begin later than the bills do. */
static bool may_be_billed(const struct board_pipeline *pipeline, const char *day)
{
    json_t *each;
    size_t i;

    json_array_foreach(pipeline->documents, i, each)
        if (strncmp(json_text(each, "month"), day, 7) <= 0)
            return true;
    return !pipeline->documents || pipeline->documents_failed;
}

/* A day of the open month, or of the one before.  Days that a look saw have its word; one after
 * them was not closed then, which nobody knows of it any more a day later. */
static const char *open_day_state(const struct board_pipeline *pipeline, struct day day,
                                  int64_t now_ms)
{
    struct day today = calendar_day_of(pipeline->zone, now_ms / 1000);
    struct day seen = calendar_day_of(pipeline->zone, pipeline->days_ms / 1000);
    const char *first = json_text(json_array_get(pipeline->days, 0), "day");
    char text[16];
    size_t i;
    json_t *each;

    calendar_day_text(day, text);
    json_array_foreach(pipeline->days, i, each)
        if (!strcmp(json_text(each, "day"), text))
            return json_text(each, "state");
    if (calendar_compare(day, today) > 0)
        return "ahead";
    if (!calendar_compare(day, today))
        return "open";
    if (!pipeline->days)
        return "unknown";
    if (calendar_compare(day, pipeline->days_closed) > 0)
        return calendar_compare(calendar_add_days(seen, 1), today) >= 0 ? "open" : "unknown";
    return (!first || strcmp(text, first) < 0) && !may_be_billed(pipeline, text) ? "none"
                                                                                 : "unknown";
}

static void add_day(json_t *days, const char *day, const char *state)
{
    json_array_append_new(days, json_pack("{s:s, s:s}", "day", day, "state", state));
}

static json_t *open_days(const struct board_pipeline *pipeline, struct day_span month,
                         int64_t now_ms)
{
    json_t *days = json_array();
    char text[16];

    for (struct day day = month.first; calendar_compare(day, month.last) <= 0;
         day = calendar_add_days(day, 1)) {
        calendar_day_text(day, text);
        add_day(days, text, open_day_state(pipeline, day, now_ms));
    }
    return days;
}

/* Those that a look saw. */
static json_t *past_days(const struct board_pipeline *pipeline, const char *month)
{
    json_t *days = json_array(), *day;
    size_t i;

    json_array_foreach(pipeline->days, i, day)
        if (!strncmp(json_text(day, "day"), month, 7))
            json_array_append(days, day);
    return days;
}

/* ---- months ---- */

/* The newest document of a month; NULL: none. */
static const json_t *document_of(const struct board_pipeline *pipeline, const char *month)
{
    const json_t *found = NULL;
    json_t *each;
    size_t i;

    json_array_foreach(pipeline->documents, i, each)
        if (!strcmp(json_text(each, "month"), month) &&
            (!found || json_whole(each, "correction") > json_whole(found, "correction")))
            found = each;
    return found;
}

/* A later month is closed: this one cannot be any more. */
static bool is_left(const struct board_pipeline *pipeline, const char *month)
{
    json_t *each;
    size_t i;

    json_array_foreach(pipeline->documents, i, each)
        if (!json_whole(each, "correction") && strcmp(json_text(each, "month"), month) > 0)
            return true;
    return false;
}

static int64_t end_of(const struct board_pipeline *pipeline, struct day_span month)
{
    return calendar_day_start(pipeline->zone, calendar_add_days(month.last, 1));
}

/* By what the last look at the archive saw, at that moment. */
static const char *state_at(const struct board_pipeline *pipeline, struct day_span month,
                            int64_t now_ms)
{
    int64_t end_s = end_of(pipeline, month);
    const json_t *document;
    char text[16];

    calendar_month_text(month.first, text);
    document = document_of(pipeline, text);
    if (document)
        return json_whole(document, "correction") ? "corrected" : "closed";
    if (now_ms / 1000 < end_s)
        return "open";
    if (is_left(pipeline, text))
        return "left";
    return pipeline->due_s >= 0 && now_ms / 1000 >= end_s + pipeline->due_s ? "overdue" : "draft";
}

static bool is_known(const struct board *board, const struct board_pipeline *pipeline,
                     int64_t now_ms)
{
    return pipeline->documents && !pipeline->documents_failed &&
           now_ms - pipeline->documents_ms <= BOARD_DOCUMENT_STALE_PART_MS &&
           !board_document_is_stale(board, now_ms);
}

/* Of what is not known any more only bad news stays. */
static const char *month_state(const struct board *board, const struct board_pipeline *pipeline,
                               struct day_span month, int64_t now_ms)
{
    if (is_known(board, pipeline, now_ms))
        return state_at(pipeline, month, now_ms);
    return pipeline->documents &&
                   !strcmp(state_at(pipeline, month, pipeline->documents_ms), "overdue")
               ? "overdue"
               : "unknown";
}

static bool is_before_running(const struct board_pipeline *pipeline, struct day_span month,
                              int64_t now_ms)
{
    struct day today = calendar_day_of(pipeline->zone, now_ms / 1000);

    return !calendar_compare(calendar_add_days(month.last, 1),
                             (struct day){today.year, today.month, 1});
}

static json_t *month_document(const struct board *board, const struct board_pipeline *pipeline,
                              struct day_span month, int64_t now_ms)
{
    const char *state = month_state(board, pipeline, month, now_ms);
    bool open = now_ms / 1000 < end_of(pipeline, month);
    bool closed = !strcmp(state, "closed") || !strcmp(state, "corrected");
    bool settled = closed || !strcmp(state, "left");
    /* Days of it may not be built yet, or not be closed: all of them are told. */
    bool is_built = open || (!settled && is_before_running(pipeline, month, now_ms));
    const json_t *document;
    char text[16];

    calendar_month_text(month.first, text);
    document = closed ? document_of(pipeline, text) : NULL;
    return json_pack("{s:s, s:b, s:s, s:s?, s:o, s:o}", "month", text, "open", open, "state", state,
                     "number", json_text(document, "number"), "closed",
                     board_document_time(json_whole(document, "closed") * 1000), "days",
                     is_built ? open_days(pipeline, month, now_ms) : past_days(pipeline, text));
}

/* The oldest one that anything is known of. */
static struct day first_month(const struct board_pipeline *pipeline, struct day running)
{
    const char *day = json_text(json_array_get(pipeline->days, 0), "day");
    struct day first = running, least = running, seen = running;
    struct err e = {0};
    json_t *each;
    size_t i;

    if (day && !calendar_parse_day(day, &seen, &e) && calendar_compare(seen, first) < 0)
        first = (struct day){seen.year, seen.month, 1};
    json_array_foreach(pipeline->documents, i, each)
        if (!calendar_parse_month(json_text(each, "month"), &seen, &e) &&
            calendar_compare(seen, first) < 0)
            first = seen;
    err_clear(&e);
    least.year -= MOST_MONTHS / 12;
    return calendar_compare(first, least) < 0 ? least : first;
}

static json_t *months_document(const struct board *board, const struct board_pipeline *pipeline,
                               int64_t now_ms)
{
    struct day running = calendar_month(calendar_day_of(pipeline->zone, now_ms / 1000)).first;
    json_t *months = json_array();
    struct day_span month;

    for (struct day first = first_month(pipeline, running); calendar_compare(first, running) <= 0;
         first = calendar_add_days(month.last, 1)) {
        month = calendar_month(first);
        json_array_append_new(months, month_document(board, pipeline, month, now_ms));
    }
    return months;
}

/* {state: months of it}: of all months, so that one that is long past is not out of sight. */
static json_t *totals_of(const json_t *months)
{
    json_t *totals = json_object(), *month;
    size_t i;

    json_array_foreach(months, i, month) {
        const char *state = json_text(month, "state");

        json_object_set_new(totals, state, json_integer(json_whole(totals, state) + 1));
    }
    return totals;
}

static json_t *pipeline_document(const struct board *board, const struct board_pipeline *pipeline,
                                 int64_t now_ms, bool trusted)
{
    json_t *months = months_document(board, pipeline, now_ms);

    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "pipeline", pipeline->name,
                     "time_zone", pipeline->zone, "builds", !pipeline->idle, "checked",
                     board_document_time(pipeline->days_ms), "archive_checked",
                     board_document_time(pipeline->documents_ms), "totals", totals_of(months),
                     "money", board_money_document(pipeline->documents, months, trusted), "months",
                     months);
}

bool board_months_document(const struct board *board, int64_t now_ms, bool trusted,
                           struct board_part *part, json_t *list)
{
    bool more;
    size_t end = board_rows_end(board, part, false, &more);

    for (; part->next < end; part->next++) {
        const struct board_pipeline *pipeline = &board->pipelines[part->next];

        if (pipeline->bills)
            json_array_append_new(list, pipeline_document(board, pipeline, now_ms, trusted));
    }
    return more;
}
