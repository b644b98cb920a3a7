/* audit_events.c -- what lies in S3, by the hour it was made in and the hour it arrived in. */
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/audit/audit_private.h"
#include "billing/store/athena_query_rows.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_AHEAD_S = 2 * AUDIT_HOUR_S };

/* 0 where the result says nothing. */
static int64_t number(const struct athena_result *result, size_t row, const char *column)
{
    return athena_query_rows_number(result, row, column, 0);
}

static int64_t arrival_of(const struct athena_result *result, size_t row)
{
    struct tm utc = {.tm_year = (int)number(result, row, "year") - 1900,
                     .tm_mon = (int)number(result, row, "month") - 1,
                     .tm_mday = (int)number(result, row, "day"),
                     .tm_hour = (int)number(result, row, "hour")};

    return timestamp_of(utc);
}

static void add_arrived(struct audit_hour *hour, const struct athena_result *result, size_t row)
{
    struct audit_counting *counting = &hour->counting;
    const struct {
        int64_t *sum;
        const char *column;
    } sums[] = {
        {&hour->control, "control"},
        {&hour->unreadable, "unreadable"},
        {&hour->lines, "lines"},
        {&hour->hops[AUDIT_DELIVERED], "events"},
        {&hour->blank, "blank"},
        {&hour->invalid, "invalid"},
        {&hour->untimed, "untimed"},
        {&hour->request_copies, "request_copies"},
        {&hour->unique, "requests"},
        {&hour->unattributed, "unattributed"},
        {&hour->repaired, "repaired"},
        {&hour->estimated, "estimated"},
        {&counting->counted, "counted"},
        {&counting->before_since, "before_since"},
        {&counting->earlier_days, "earlier_days"},
        {&counting->later_days, "later_days"},
        {&counting->late_counted, "late_counted"},
        {&counting->too_late, "too_late"},
        {&counting->out_of_window, "out_of_window"},
    };

    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        *sums[i].sum += number(result, row, sums[i].column);
}

/* Firehose names an object after its oldest record, so an event may lie an hour before its own:
 * then its own hour is the hour it arrived in.  CloudWatch Logs takes none from two hours ahead. */
static int64_t arrival_hour(int64_t arrived_s, int64_t made_s)
{
    return made_s > arrived_s && made_s - arrived_s <= MOST_AHEAD_S ? made_s : arrived_s;
}

/* An event that is late by no more than CloudWatch Logs tries again was logged when it was made;
 * one that is later came late to the log group. */
static int64_t logged_hour(int64_t arrived_s, int64_t made_s)
{
    bool is_retry = made_s && made_s < arrived_s &&
                    arrived_s - made_s <= (int64_t)AUDIT_LATE_HOURS * AUDIT_HOUR_S;

    return is_retry ? made_s : arrived_s;
}

static void take_row(struct audit *audit, const struct athena_result *result, size_t row)
{
    int64_t made_s = number(result, row, "hour_s"), events = number(result, row, "events");
    int64_t arrived_s = arrival_hour(arrival_of(result, row), made_s);
    int64_t newest_s = number(result, row, "newest_ms") / 1000;
    struct audit_hour *made = audit_ladder_hour(audit, made_s);
    struct audit_hour *logged = audit_ladder_hour(audit, logged_hour(arrived_s, made_s));
    struct audit_hour *arrived = audit_ladder_hour(audit, arrived_s);

    audit->counted += number(result, row, "counted");
    if (made)
        made->made += events - number(result, row, "request_copies");
    if (logged)
        logged->logged += events;
    if (arrived) {
        add_arrived(arrived, result, row);
        if (made_s && made_s < arrived->hour_s)
            arrived->late += events;
    }
    if (newest_s > audit->newest_event_s)
        audit->newest_event_s = newest_s;
}

/* What a look before this one found. */
static void forget(struct audit *audit)
{
    audit->counted = 0;
    for (size_t i = 0; i < audit->count; i++) {
        struct audit_hour *hour = &audit->hours[i], counts = {.hour_s = hour->hour_s};

        counts.errors = hour->errors;
        counts.throttled = hour->throttled;
        memcpy(counts.hops, hour->hops, sizeof counts.hops);
        counts.hops[AUDIT_DELIVERED] = audit->unread ? METRICS_UNKNOWN : 0;
        *hour = counts;
    }
}

/* The view is made by `apply`: before it there is none, or another. */
static bool is_no_view(const struct err *e)
{
    return e->kind == ERR_INVALID && strstr(e->text, "_NOT_FOUND") != NULL;
}

int audit_events_read(struct flow *flow, struct audit *audit, struct err *e)
{
    const struct billing *billing = audit->billing;
    int64_t end_s = audit->wide_s + (int64_t)audit->count * AUDIT_HOUR_S;
    int64_t late_s = audit->to_s + (int64_t)billing->settings.late_days * 24 * AUDIT_HOUR_S;
    json_auto_t *values =
        audit_days_values(audit, audit->wide_s - AUDIT_HOUR_S, end_s > late_s ? end_s : late_s);
    struct athena_result result = {0};
    struct err failed = {0};

    forget(audit);
    if (athena_query_run(flow, billing, &(struct athena_question){"audit_ladder", values, NULL},
                         &result, &failed)) {
        if (!is_no_view(&failed)) {
            err_set(e, failed.kind, "%s", failed.text);
            return err_wrap(e, "events in S3");
        }
        audit->unread = mem_text(failed.text);
        forget(audit);
        return 0;
    }
    for (size_t row = 0; row < json_array_size(result.rows); row++)
        take_row(audit, &result, row);
    athena_query_result_fini(&result);
    return 0;
}
