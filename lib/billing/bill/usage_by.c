#include "billing/bill/usage_by.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/prices/price_book.h"
#include "billing/store/athena_query.h"
#include "billing/store/athena_query_rows.h"
#include "billing/store/athena_query_text.h"

#include <string.h>

enum { COLUMNS = 6 };

struct day usage_by_day(json_int_t number)
{
    return (struct day){(int)(number / 10000), (int)(number / 100 % 100), (int)(number % 100)};
}

bool usage_by_keeps(const struct billing *billing, const char *column)
{
    for (char **kept = billing->settings.group_by; *kept; kept++)
        if (!strcmp(*kept, column))
            return true;
    return false;
}

/* What a day's number becomes: itself, or the first of the days that are priced as it is. */
static char *day_sql(const struct billing *billing, struct day_span days, bool by_day)
{
    static const char number[] = "year * 10000 + month * 100 + day";
    struct day starts[PRICE_BOOK_SEGMENTS];
    size_t count = price_book_segments(billing->book, days, starts);
    struct str sql = {0};

    if (by_day)
        return mem_text(number);
    str_add(&sql, "CASE");
    for (size_t i = count; i-- > 1;)
        str_addf(&sql, " WHEN %s >= %lld THEN %lld", number, (long long)usage_day_number(starts[i]),
                 (long long)usage_day_number(starts[i]));
    if (count == 1) /* a CASE needs a WHEN */
        str_add(&sql, " WHEN FALSE THEN 0");
    str_addf(&sql, " ELSE %lld END", (long long)usage_day_number(starts[0]));
    return str_take(&sql);
}

struct reading {
    const struct usage_by_taker *taker;
    struct err *e;
};

static bool take_row(void *arg, const json_t *row)
{
    const struct reading *reading = arg;
    struct usage_group group;
    int64_t day;

    if (!row) {
        err_clear(reading->e);
        reading->taker->begin(reading->taker->arg);
        return true;
    }
    if (json_array_size(row) != COLUMNS) {
        (void)err_set(reading->e, ERR_INVALID,
                      "query usage_by answered %zu columns; it must be sub, routekey, status, day, "
                      "calls, bytes",
                      json_array_size(row));
        return false;
    }
    group = (struct usage_group){
        .sub = json_string_value(json_array_get(row, 0)),
        .route = json_string_value(json_array_get(row, 1)),
        .status = json_string_value(json_array_get(row, 2)),
    };
    if (athena_query_rows_whole(row, 3, &day, reading->e) ||
        athena_query_rows_whole(row, 4, &group.calls, reading->e) ||
        athena_query_rows_whole(row, 5, &group.bytes, reading->e))
        return false;
    group.day = usage_by_day(day);
    return !reading->taker->group(reading->taker->arg, &group, reading->e);
}

static json_t *values_of(const struct billing *billing, struct day_span days, bool by_day)
{
    cleanup_free char *day = day_sql(billing, days, by_day);

    return json_pack("{s:I, s:I, s:s}", "first_day", usage_day_number(days.first), "last_day",
                     usage_day_number(days.last), "day", day);
}

char *usage_by_text(const struct billing *billing, struct day_span days, bool by_day, struct err *e)
{
    json_auto_t *values = values_of(billing, days, by_day);

    return athena_query_text(billing, "usage_by", values, e);
}

int usage_by_each(struct flow *flow, const struct billing *billing,
                  const struct usage_by_question *question, const struct usage_by_taker *taker,
                  struct err *e)
{
    json_auto_t *values = values_of(billing, question->days, question->by_day);
    struct reading reading = {taker, &(struct err){0}};
    struct athena_result result;

    if (athena_query_each(flow, billing, &(struct athena_question){"usage_by", values, NULL},
                          &(struct athena_taker){take_row, &reading, &result}, e))
        return -1;
    athena_query_result_fini(&result);
    return reading.e->kind ? err_set(e, reading.e->kind, "%s", reading.e->text) : 0;
}
