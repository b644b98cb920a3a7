/* audit_events.c -- what lies in S3, by the hour it was made in and the hour it arrived in. */
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/audit/audit_private.h"
#include "billing/rollup/rollup_window.h"
#include "billing/store/athena_query_rows.h"

#include <stdlib.h>
#include <string.h>

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
        {&hour->no_id, "no_id"},
        {&hour->id_conflicts, "id_conflicts"},
        {&hour->length_unknown, "length_unknown"},
        {&hour->length_refused, "length_refused"},
    };

    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        *sums[i].sum += number(result, row, sums[i].column);
}

/* Firehose names an object after its oldest record, so an event may lie an hour before its own:
 * then its own hour is the hour it arrived in. */
static void take_row(struct audit *audit, const struct athena_result *result, size_t row)
{
    int64_t arrived_s = arrival_of(result, row), made_s = number(result, row, "hour_s");
    int64_t newest_s = number(result, row, "newest_ms") / 1000;
    struct audit_hour *made = audit_ladder_hour(audit, made_s);
    struct audit_hour *arrived = audit_ladder_hour(audit, made_s > arrived_s ? made_s : arrived_s);

    if (made)
        made->made += number(result, row, "events") - number(result, row, "request_copies");
    if (arrived) {
        add_arrived(arrived, result, row);
        if (made_s && made_s < arrived->hour_s)
            arrived->late += number(result, row, "events");
    }
    if (newest_s > audit->newest_event_s)
        audit->newest_event_s = newest_s;
}

int audit_events_read(struct flow *flow, struct audit *audit, struct err *e)
{
    const struct billing *billing = audit->billing;
    int64_t end_s = audit->wide_s + (int64_t)audit->count * AUDIT_HOUR_S;
    int64_t late_s = audit->to_s + (int64_t)billing->settings.late_days * 24 * AUDIT_HOUR_S;
    cleanup_free char *filter =
        rollup_window_filter(audit->wide_s - AUDIT_HOUR_S, end_s > late_s ? end_s : late_s);
    json_auto_t *values = json_pack("{s:s}", "partition_filter", filter);
    struct athena_result result = {0};

    if (athena_query_run(flow, billing, &(struct athena_question){"audit_ladder", values, NULL},
                         &result, e))
        return err_wrap(e, "events in S3");
    for (size_t row = 0; row < json_array_size(result.rows); row++)
        take_row(audit, &result, row);
    athena_query_result_fini(&result);
    return 0;
}
