#include "billing/statement_store/statement_usage.h"

#include "base/mem.h"
#include "billing/store/athena_query.h"

#include <errno.h>
#include <string.h>

enum { COLUMNS = 6 };

struct reading {
    const struct statement_source *source;
    struct statement_spool *spool;
    struct err e;
};

static int number_at(const json_t *row, size_t i, int64_t *number, struct err *e)
{
    const char *text = json_string_value(json_array_get(row, i));
    char *end = NULL;

    errno = 0;
    *number = text ? strtoll(text, &end, 10) : -1;
    if (!text || !*text || *end || errno || *number < 0)
        return err_set(e, ERR_INVALID,
                       "the query usage_days answered %.40s where a number should be",
                       text ? text : "nothing");
    return 0;
}

static int take(struct reading *reading, const json_t *row)
{
    struct statement_usage usage = {.route = json_string_value(json_array_get(row, 2)),
                                    .status = json_string_value(json_array_get(row, 3))};
    const char *only = reading->source->only;
    struct day day;

    if (json_array_size(row) != COLUMNS)
        return err_set(&reading->e, ERR_INVALID,
                       "the query usage_days answered %zu columns; it must be day, sub, routekey, "
                       "status, calls, bytes",
                       json_array_size(row));
    if (number_at(row, 0, &usage.day, &reading->e) ||
        number_at(row, 4, &usage.calls, &reading->e) ||
        number_at(row, 5, &usage.bytes, &reading->e))
        return -1;
    day = (struct day){(int)(usage.day / 10000), (int)(usage.day / 100 % 100),
                       (int)(usage.day % 100)};
    usage.customer =
        price_book_customer(reading->source->book, json_string_value(json_array_get(row, 1)), day);
    if (only && (!usage.customer || strcmp(usage.customer, only) != 0))
        return 0;
    return statement_spool_add(reading->spool, &usage, &reading->e);
}

static bool on_row(void *arg, const json_t *row)
{
    struct reading *reading = arg;

    if (row)
        return !take(reading, row);
    err_clear(&reading->e);
    return !statement_spool_clear(reading->spool, &reading->e);
}

static void make_spool(void *arg)
{
    struct reading *reading = arg;

    reading->spool = statement_spool_new(&reading->e);
}

static void free_spool(void *arg)
{
    statement_spool_free(arg);
}

struct statement_spool *statement_usage_read(struct flow *flow, const struct billing *billing,
                                             const struct statement_source *source, struct err *e)
{
    struct reading reading = {.source = source};
    json_auto_t *values = json_pack("{s:I, s:I}", "first_day", usage_day_number(source->days.first),
                                    "last_day", usage_day_number(source->days.last));
    struct err failed = {0};

    flow_work(flow, make_spool, &reading);
    if (reading.spool &&
        !athena_query_each(flow, billing, &(struct athena_question){"usage_days", values, NULL},
                           &(struct athena_taker){on_row, &reading, NULL}, &failed) &&
        !reading.e.kind)
        return reading.spool;
    if (reading.spool)
        flow_work(flow, free_spool, reading.spool);
    failed = reading.e.kind ? reading.e : failed;
    (void)err_set(e, failed.kind, "%s", failed.text);
    return NULL;
}
