#include "billing/requests/requests.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/bill/usage_by.h"
#include "billing/prices/price_book.h"
#include "billing/store/athena_query.h"
#include "billing/store/athena_query_rows.h"
#include "billing/store/athena_query_text.h"

#include <string.h>

enum {
    COLUMNS = 9,
    /* Athena takes 262,144 bytes of a query (StartQueryExecution); beyond this all rows are read,
     * and whose they are is found here alone. */
    MOST_ONLY = 100000,
};

/* Any text as SQL: nothing of it can end a text or a statement. */
static void add_text(struct str *sql, const char *text)
{
    str_add(sql, "from_utf8(from_hex('");
    str_add_hex(sql, (const unsigned char *)text, strlen(text));
    str_add(sql, "'))");
}

/* Leaves out what is certainly not asked for; by which day a sub is whose, the book says. */
static char *only_sql(const struct billing *billing, const struct requests_question *question)
{
    json_auto_t *subs = NULL;
    struct str sql = {0};
    const json_t *sub;
    size_t i;

    if (question->nobodys)
        return mem_text("element_at(said, 4) = '-'");
    if (!question->customer)
        return mem_text("TRUE");
    subs = price_book_subs(billing->book, question->customer, question->days);
    str_add(&sql, "element_at(said, 4) IN (");
    json_array_foreach(subs, i, sub) {
        str_add(&sql, i ? ", " : "");
        add_text(&sql, json_string_value(sub));
    }
    str_add(&sql, ")");
    if (sql.len > MOST_ONLY) {
        str_fini(&sql);
        return mem_text("TRUE");
    }
    return str_take(&sql);
}

static json_t *values_of(const struct billing *billing, const struct requests_question *question)
{
    static const char *const orders[] = {
        [REQUESTS_ANY_ORDER] = "",
        [REQUESTS_BY_TIME] = "ORDER BY day, time_s, id, sub, status, route, bytes, object, times",
        [REQUESTS_BY_SUB] = "ORDER BY sub, day, id, time_s, status, route, bytes, object, times",
    };
    json_t *values = usage_raw_values(billing, question->days);
    cleanup_free char *only = only_sql(billing, question);

    json_object_set_new(values, "object", json_string(", object_path"));
    json_object_set_new(values, "only", json_string(only));
    json_object_set_new(values, "order", json_string(orders[question->order]));
    return values;
}

char *requests_text(const struct billing *billing, const struct requests_question *question,
                    struct err *e)
{
    json_auto_t *values = values_of(billing, question);

    return athena_query_text(billing, "requests", values, e);
}

struct reading {
    const struct billing *billing;
    const struct requests_question *question;
    const struct requests_taker *taker;
    struct err *e;
};

static int read_row(const json_t *row, struct request *request, struct err *e)
{
    int64_t day;

    if (json_array_size(row) != COLUMNS)
        return err_set(
            e, ERR_INVALID,
            "query requests answered %zu columns; it must be sub, id, day, time_s, status, "
            "route, bytes, times, object",
            json_array_size(row));
    *request = (struct request){
        .sub = json_string_value(json_array_get(row, 0)),
        .id = json_string_value(json_array_get(row, 1)),
        .status = json_string_value(json_array_get(row, 4)),
        .route = json_string_value(json_array_get(row, 5)),
        .object = json_string_value(json_array_get(row, 8)),
    };
    if (athena_query_rows_whole(row, 2, &day, e) ||
        athena_query_rows_whole(row, 3, &request->time_s, e) ||
        athena_query_rows_whole(row, 6, &request->bytes, e) ||
        athena_query_rows_whole(row, 7, &request->times, e))
        return -1;
    request->day = usage_by_day(day);
    return 0;
}

static bool is_asked_for(const struct requests_question *question, const struct request *request)
{
    if (question->nobodys)
        return !request->customer;
    return !question->customer ||
           (request->customer && !strcmp(request->customer, question->customer));
}

static bool take_row(void *arg, const json_t *row)
{
    const struct reading *reading = arg;
    struct request request;

    if (!row) {
        err_clear(reading->e);
        reading->taker->begin(reading->taker->arg);
        return true;
    }
    if (read_row(row, &request, reading->e))
        return false;
    request.customer = price_book_customer(reading->billing->book, request.sub, request.day);
    return !is_asked_for(reading->question, &request) ||
           !reading->taker->request(reading->taker->arg, &request, reading->e);
}

int requests_each(struct flow *flow, const struct billing *billing,
                  const struct requests_question *question, const struct requests_taker *taker,
                  struct err *e)
{
    cleanup_free char *hash = athena_query_text_hash(billing, "requests");
    json_auto_t *values = values_of(billing, question);
    struct reading reading = {billing, question, taker, &(struct err){0}};
    struct athena_result result;

    if (athena_query_each(flow, billing, &(struct athena_question){"requests", values, NULL},
                          &(struct athena_taker){take_row, &reading, &result}, e))
        return -1;
    if (taker->sources)
        *taker->sources =
            json_pack("{s:s, s:s, s:o, s:I, s:[s]}", "source", "requests", "query_hash", hash,
                      "scanned_bytes", athena_query_result_scanned(&result), "engine_ms",
                      (json_int_t)result.engine_ms, "query_ids", result.id);
    athena_query_result_fini(&result);
    return reading.e->kind ? err_set(e, reading.e->kind, "%s", reading.e->text) : 0;
}
