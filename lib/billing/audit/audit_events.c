/* audit_events.c -- what lies in S3, by the hour it was made in and the hour it arrived in. */
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/audit/audit_private.h"
#include "billing/store/athena_query_rows.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_AHEAD_S = 2 * AUDIT_HOUR_S,
};

/* The sums of an hour, by column; then what tells the hour. */
struct sum {
    const char *column;
    size_t offset; /* of an int64_t in struct audit_hour */
};
#define SUM(column, member)                                                                        \
    {                                                                                              \
        column, offsetof(struct audit_hour, member)                                                \
    }
static const struct sum sums[] = {
    SUM("control", control),
    SUM("unreadable", unreadable),
    SUM("lines", lines),
    SUM("events", hops[AUDIT_DELIVERED]),
    SUM("blank", blank),
    SUM("invalid", invalid),
    SUM("untimed", untimed),
    SUM("request_copies", request_copies),
    SUM("requests", unique),
    SUM("unattributed", unattributed),
    SUM("repaired", repaired),
    SUM("estimated", estimated),
    SUM("no_id", no_id),
    SUM("id_conflicts", id_conflicts),
    SUM("length_unknown", length_unknown),
    SUM("length_refused", length_refused),
    SUM("counted", counting.counted),
    SUM("before_since", counting.before_since),
    SUM("earlier_days", counting.earlier_days),
    SUM("later_days", counting.later_days),
    SUM("late_counted", counting.late_counted),
    SUM("too_late", counting.too_late),
    SUM("out_of_window", counting.out_of_window),
    SUM("elsewhere_lines", elsewhere_lines),
    SUM("elsewhere_events", elsewhere),
};
#undef SUM
enum { SUMS = sizeof sums / sizeof *sums };

enum place {
    YEAR,
    MONTH,
    DAY,
    HOUR,
    MADE,
    NEWEST,
    BEGUN_BEFORE,
    LOG_GROUP,
    FOREIGN_EVENTS,
    FOREIGN_REQUESTS,
    ELSEWHERE_MADE,
    PLACES
};
static const char *const places[PLACES] = {
    "year",          "month",        "day",       "hour",           "hour_s",
    "newest_ms",     "begun_before", "log_group", "foreign_events", "foreign_requests",
    "elsewhere_made"};

/* A result's row, and where its columns are. */
struct row {
    const json_t *values;
    size_t sums[SUMS], places[PLACES];
};

static void find_columns(struct row *rows, const struct athena_result *result)
{
    for (size_t i = 0; i < SUMS; i++)
        rows->sums[i] = athena_query_rows_column(result, sums[i].column);
    for (size_t i = 0; i < PLACES; i++)
        rows->places[i] = athena_query_rows_column(result, places[i]);
}

static int64_t value_at(const struct row *row, size_t column)
{
    const char *text = json_string_value(json_array_get(row->values, column));

    return text ? strtoll(text, NULL, 10) : 0;
}

/* 0 where the result says nothing. */
static int64_t number(const struct row *row, enum place place)
{
    return value_at(row, row->places[place]);
}

static int64_t arrival_of(const struct row *row)
{
    struct tm utc = {.tm_year = (int)number(row, YEAR) - 1900,
                     .tm_mon = (int)number(row, MONTH) - 1,
                     .tm_mday = (int)number(row, DAY),
                     .tm_hour = (int)number(row, HOUR)};

    return timestamp_of(utc);
}

static int64_t *member(struct audit_hour *hour, size_t sum)
{
    return (int64_t *)((char *)hour + sums[sum].offset);
}

/* One row's counts, as an hour of its own. */
static struct audit_hour counts_of(const struct row *row)
{
    struct audit_hour counts = {0};

    for (size_t i = 0; i < SUMS; i++)
        *member(&counts, i) = value_at(row, row->sums[i]);
    return counts;
}

static void add_arrived(struct audit_hour *hour, struct audit_hour *counts)
{
    for (size_t i = 0; i < SUMS; i++)
        *member(hour, i) += *member(counts, i);
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

/* Their arrival may be an hour before their own hour, as that of ours: of no use here. */
static void take_foreign(struct audit *audit, const struct row *row, const char *log_group)
{
    const struct audit_foreign foreign = {log_group, arrival_of(row), number(row, FOREIGN_EVENTS),
                                          number(row, FOREIGN_REQUESTS)};

    audit_foreign_take(audit, &foreign);
}

static void count_row(struct audit *audit, const struct row *row)
{
    const char *log_group = json_string_value(json_array_get(row->values, row->places[LOG_GROUP]));
    struct audit_hour counts = counts_of(row);
    int64_t made_s = number(row, MADE), events = counts.hops[AUDIT_DELIVERED];
    int64_t arrived_s = arrival_hour(arrival_of(row), made_s);
    int64_t newest_s = number(row, NEWEST) / 1000;
    struct audit_hour *made = audit_ladder_hour(audit, made_s);
    struct audit_hour *logged = audit_ladder_hour(audit, logged_hour(arrived_s, made_s));
    struct audit_hour *arrived = audit_ladder_hour(audit, arrived_s);

    if (log_group) {
        take_foreign(audit, row, log_group);
        return;
    }
    audit->counted += counts.counting.counted;
    if (made) {
        made->made += events - counts.request_copies - number(row, ELSEWHERE_MADE);
        made->begun_before += number(row, BEGUN_BEFORE);
    }
    if (logged)
        logged->logged += events - counts.elsewhere;
    if (arrived) {
        add_arrived(arrived, &counts);
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
    json_decref(audit->foreign);
    audit->foreign = NULL;
    for (size_t i = 0; i < audit->count; i++) {
        struct audit_hour *hour = &audit->hours[i], counts = {.hour_s = hour->hour_s};

        counts.errors = hour->errors;
        counts.throttled = hour->throttled;
        memcpy(counts.hops, hour->hops, sizeof counts.hops);
        counts.hops[AUDIT_DELIVERED] = audit->unread ? METRICS_UNKNOWN : 0;
        *hour = counts;
    }
}

struct taking {
    struct audit *audit;
    struct athena_result result;
    struct row row;
    bool began; /* the columns were looked for */
};

/* A month of late events is some ten thousand rows. */
static bool take_row(void *arg, const json_t *values)
{
    struct taking *taking = arg;

    if (!values) {
        forget(taking->audit);
        taking->began = false;
        return true;
    }
    if (!taking->began)
        find_columns(&taking->row, &taking->result);
    taking->began = true;
    taking->row.values = values;
    count_row(taking->audit, &taking->row);
    return true;
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
    struct taking taking = {.audit = audit};
    const struct athena_taker taker = {take_row, &taking, &taking.result};
    struct err failed = {0};

    forget(audit);
    if (athena_query_each(flow, billing, &(struct athena_question){"audit_ladder", values, NULL},
                          &taker, &failed)) {
        if (!is_no_view(&failed)) {
            err_set(e, failed.kind, "%s", failed.text);
            return err_wrap(e, "events in S3");
        }
        audit->unread = mem_text(failed.text);
        forget(audit);
        return 0;
    }
    find_columns(&taking.row, &taking.result);
    audit->tells_foreign = taking.row.places[LOG_GROUP] != SIZE_MAX;
    athena_query_result_fini(&taking.result);
    return 0;
}
