/* lint_sql.c -- BL30x, BL31x: expressions in views and queries that miscount.
 *
 * Sources: Trino's documentation of decimals, TRY and from_unixtime; "Partitioning in Athena". */
#include "spec/lint/lint_rule.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char time_words[] = "requesttime requesttimeepoch request_time request_time_epoch";

static bool find_dash_username(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    for (size_t i = 1; i < sql->count; i++) {
        if (sql->tokens[i].type != SQL_TEXT || strncmp(sql->tokens[i].text, "-:", 2) != 0)
            continue;
        if (sql_has(sql, i - 1, i, "<> != = like") ||
            (sql_is(sql, i - 1, "(") && i > 1 && sql_is(sql, i - 2, "in")))
            return lint_rule_say(look, "'%s'", sql->tokens[i].text);
    }
    return false;
}

/* The token of the type in CAST(.. AS type) whose "(" is at open. */
static size_t cast_type(const struct sql *sql, size_t open, size_t close)
{
    for (size_t i = close; i-- > open;) {
        if (sql_is(sql, i, "as") && sql->tokens[i].depth == sql->tokens[open].depth + 1)
            return i + 1;
    }
    return close;
}

/* CAST(status AS ..) or CAST(.. json_extract_scalar(..) ..): of the log's own text. */
static bool is_log_text(const struct sql *sql, size_t open, size_t type)
{
    size_t end;
    const char *name = sql_table_name(sql, open + 1, &end);

    return (name && end + 1 == type && strcasecmp(name, "status") == 0) ||
           sql_has(sql, open + 1, type, "json_extract_scalar json_extract");
}

static bool find_cast(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    for (size_t i = 0; i < sql->count; i++) {
        size_t close, type;

        if (!sql_is_call(sql, i, "cast") || (i > 1 && sql_is_call(sql, i - 2, "try")))
            continue;
        close = sql_close(sql, i + 1);
        type = cast_type(sql, i + 1, close);
        if (is_log_text(sql, i + 1, type) &&
            sql_has(sql, type, close, "bigint integer int double decimal real date timestamp"))
            return true;
    }
    return false;
}

static bool is_thousand(const struct sql_token *token)
{
    return token->type == SQL_NUMBER && strtod(token->text, NULL) == 1000;
}

/* from_unixtime(requestTime / 1000) without asking which unit it is. */
static bool find_milliseconds(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    for (size_t i = 0; i < sql->count; i++) {
        size_t close;

        if (!sql_is_call(sql, i, "from_unixtime"))
            continue;
        close = sql_close(sql, i + 1);
        for (size_t k = i + 2; k + 1 < close; k++) {
            if (sql_is(sql, k, "/") && is_thousand(&sql->tokens[k + 1]) &&
                sql_has(sql, i, close, time_words) && !sql_has(sql, i, close, "case if"))
                return true;
        }
    }
    return false;
}

/* Somewhere in the pipeline's SQL seconds are told from milliseconds by size. */
static bool has_magnitude_test(const struct lint_subject *subject)
{
    for (size_t i = 0; i < subject->count; i++) {
        const struct sql *sql = &subject->resources[i].sql;

        for (size_t k = 0; k < sql->count; k++) {
            if (sql->tokens[k].type == SQL_NUMBER && strtod(sql->tokens[k].text, NULL) >= 1e10 &&
                strtod(sql->tokens[k].text, NULL) < 1e13)
                return true;
        }
    }
    return false;
}

static bool find_unit_taken_for_granted(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    for (size_t i = 0; i < sql->count; i++) {
        if (sql_is_call(sql, i, "from_unixtime") &&
            sql_has(sql, i, sql_close(sql, i + 1), time_words) &&
            !has_magnitude_test(look->subject))
            return true;
    }
    return false;
}

/* Whether the statement reads log events, not rollups. */
static bool reads_events(const struct lint_look *look)
{
    const json_t *table;

    for (size_t i = 0; (table = lint_subject_next(look->subject, PART_VIEW, &i));) {
        if (sql_reads(look->statement, json_text(table, "name")))
            return true;
    }
    for (size_t i = 0; (table = lint_subject_next(look->subject, PART_TABLE, &i));) {
        const char *serde = json_text(table, "serde");

        if (serde && strcasestr(serde, "json") &&
            sql_reads(look->statement, json_text(table, "name")))
            return true;
    }
    return false;
}

static bool feeds_a_bill(const struct lint_look *look)
{
    size_t body;

    return look->resource->kind->part != PART_VIEW && reads_events(look) &&
           (sql_is_about_money(look->statement) || sql_ctas(look->statement, &body) ||
            sql_is(look->statement, 0, "insert"));
}

static bool find_no_dedupe(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    if (!feeds_a_bill(look) || sql_has(sql, 0, sql->count, "row_number distinct"))
        return false;
    for (size_t i = 0; i < sql->count; i++) {
        if (sql_is_call(sql, i, "count") || sql_is_call(sql, i, "sum"))
            return true;
    }
    return false;
}

static bool find_decimal_division(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    for (size_t i = 0; i + 1 < sql->count; i++) {
        const struct sql_token *next = &sql->tokens[i + 1];

        if (sql_is(sql, i, "/") && next->type == SQL_NUMBER && strchr(next->text, '.') &&
            !strchr(next->text, 'e'))
            return lint_rule_say(look, "/ %s", next->text);
    }
    return false;
}

static bool find_double(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    for (size_t i = 1; i < sql->count; i++) {
        if (sql_is(sql, i - 1, "as") &&
            (sql_is(sql, i, "double") || sql_is(sql, i, "real") || sql_is(sql, i, "float")))
            return sql_is_about_money(sql);
    }
    return false;
}

static bool find_arrival_month(struct lint_look *look)
{
    const struct sql *sql = look->statement;
    bool month = false;

    for (size_t i = 0; i + 1 < sql->count; i++)
        month |= sql_is(sql, i, "month") && sql_has(sql, i + 1, i + 2, "= in between");
    return month && sql_is_about_money(sql) && reads_events(look) &&
           !sql_has(sql, 0, sql->count, time_words) &&
           !sql_has(sql, 0, sql->count, "request_date event_date request_epoch_s event_time");
}

static bool find_window_in_view(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    for (size_t i = 0; look->resource->kind->part == PART_VIEW && i < sql->count; i++) {
        if (sql_is_call(sql, i, "over"))
            return true;
    }
    return false;
}

static bool find_control_messages(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    return look->resource->kind->part == PART_VIEW && sql_has(sql, 0, sql->count, "logevents") &&
           !sql_has(sql, 0, sql->count, "messagetype");
}

#define SQL .field = "sql"

const struct lint lint_sql[] = {
    {"BL301", "a filter on what an unresolved variable prints",
     "$context.authorizer.claims.cognito:username prints -:username for everybody: the filter "
     "removes "
     "every billable request, and the bill is empty.",
     "Filter by sub: WHERE sub IS NOT NULL.", SQL, .find = find_dash_username},
    {"BL302", "CAST on a log field",
     "One line with - in the field makes every query fail: no bill until somebody finds the line.",
     "Use TRY_CAST(NULLIF(x, '-') AS bigint).", SQL, .find = find_cast},
    {"BL303", "request time divided by 1000 without a look at its size",
     "HTTP APIs log seconds: every row lands in January 1970, and the month's bill is empty.",
     "Normalise in the view: CASE WHEN t >= 100000000000 THEN t / 1000 ELSE t END.", SQL,
     .find = find_milliseconds},
    {"BL304", "the unit of the request time is taken for granted",
     "HTTP APIs log seconds, REST APIs milliseconds: taken as seconds they lie in the year 57,000, "
     "every call makes a day of its own, and the month's bill is empty.",
     "Normalise in the view: CASE WHEN t >= 100000000000 THEN t / 1000 ELSE t END.", SQL,
     .find = find_unit_taken_for_granted},
    {"BL305", "requests are counted without removing duplicates",
     "Delivery is at-least-once: customers are billed again for every call that was delivered "
     "twice.",
     "Keep row_number() OVER (PARTITION BY event_id ...) = 1, then one per requestid and contents.",
     SQL, .find = find_no_dedupe},
    {"BL306", "division by a decimal",
     "Trino rounds the quotient to the digits of its operands: bytes / 1024.0 three times is 0.0 "
     "GB "
     "for most customers, and their data goes unbilled.",
     "Divide integers (millionths of the currency), and multiply by 0.000001 at the end.", SQL,
     .find = find_decimal_division},
    {"BL307", "money in floating point",
     "Sums depend on the order of the rows and cents do not add up: two runs make two bills.",
     "Count in integers of the smallest unit, or in decimals without division.", SQL,
     .find = find_double},
    {"BL308", "the month is that of arrival, not of the request",
     "Requests around midnight of a month's end, and late ones, are billed in the wrong month or "
     "not "
     "at all.",
     "Filter by request_date as well, and read partitions a few days to either side.", SQL,
     .find = find_arrival_month},
    {"BL309", "a window function in a view",
     "Predicates on partitions do not pass it: every query reads, and pays for, the whole bucket.",
     "Remove duplicates in the queries, behind their filter.", SQL, .find = find_window_in_view},
    {"BL310", "control messages are taken for requests",
     "CloudWatch Logs checks the stream with messages of its own: they are counted as requests.",
     "Look at messagetype: only DATA_MESSAGE holds requests.", SQL, .find = find_control_messages},
    {0},
};
