/* athena_query_rows.c -- the rows of a finished query: from the CSV object that Athena wrote, piece
 * by piece, or from its API where it keeps results itself. */
#include "billing/store/athena_query_rows.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/store/athena_csv.h"
#include "billing/store/athena_query_private.h"
#include "billing/store/store_operations.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
    API_ROWS = 1000,       /* GetQueryResults gives no more at a time */
    PIECE_BYTES = 4 << 20, /* of the object at a time */
    LOCATION_LENGTH = 2048,
};

/* "s3://bucket/key" */
static int split_location(const char *location, char **bucket, char **key)
{
    const char *slash;

    if (!location || strncmp(location, "s3://", 5) || !(slash = strchr(location + 5, '/')))
        return -1;
    *bucket = mem_text_n(location + 5, (size_t)(slash - location - 5));
    *key = mem_text(slash + 1);
    return 0;
}

/* Size of the whole object from "bytes 0-9/1234"; -1 when it is not told. */
static int64_t whole_size(const json_t *piece)
{
    const char *range = json_text(piece, "ContentRange"),
               *slash = range ? strchr(range, '/') : NULL;

    return slash ? strtoll(slash + 1, NULL, 10) : -1;
}

/* Rows on their way to the result, or to who takes them. */
struct reading {
    struct athena_csv csv;
    const struct athena_taker *taker; /* NULL: into the result */
    struct athena_result *result;
    const json_t *body; /* the piece to feed */
    bool enough;
};

static void take_row(void *arg, const json_t *row)
{
    struct reading *reading = arg;

    if (!reading->result->columns)
        reading->result->columns = json_share(row);
    else if (!reading->enough)
        reading->enough = !reading->taker->row(reading->taker->arg, row);
}

static void feed(void *arg)
{
    struct reading *reading = arg;
    const char *text = json_string_value(reading->body);

    (void)athena_csv_feed(&reading->csv, text ? text : "", json_string_length(reading->body));
}

static int read_object(struct flow *flow, const struct billing *billing, const char *location,
                       struct reading *reading, struct err *e)
{
    cleanup_free char *bucket = NULL;
    cleanup_free char *key = NULL;
    int64_t at = 0, size;

    if (split_location(location, &bucket, &key))
        return err_set(e, ERR_RETRY, "Athena's result location is no S3 object: %s", location);
    do {
        cleanup_free char *range =
            mem_printf("bytes=%lld-%lld", (long long)at, (long long)at + PIECE_BYTES - 1);
        json_auto_t *piece = operation_call(
            flow, billing, &store_operations[STORE_GET_OBJECT],
            json_pack("{s:s, s:s, s:s}", "Bucket", bucket, "Key", key, "Range", range), e);
        const json_t *body = json_object_get(piece, "Body");

        if (!piece)
            return -1;
        reading->body = body;
        flow_work(flow, feed, reading);
        if (reading->csv.broken)
            return err_set(e, ERR_RETRY, "%s is no CSV of Athena's", location);
        at += (int64_t)json_string_length(body);
        size = whole_size(piece);
        if (!json_string_length(body) && at < size)
            return err_set(e, ERR_RETRY, "%s ended too early", location);
    } while (at < size && !reading->enough);
    return 0;
}

static json_t *rows_of_page(const json_t *page)
{
    json_t *rows = json_array(), *row, *datum;
    size_t i, j;

    json_array_foreach(json_at(page, "ResultSet.Rows"), i, row) {
        json_t *values = json_array();

        json_array_foreach(json_object_get(row, "Data"), j, datum) {
            const json_t *text = json_object_get(datum, "VarCharValue");

            json_array_append_new(values, text ? json_incref((json_t *)text) : json_null());
        }
        json_array_append_new(rows, values);
    }
    return rows;
}

static json_t *columns_of(const json_t *page)
{
    json_t *columns = json_array(), *column;
    size_t i;

    json_array_foreach(json_at(page, "ResultSet.ResultSetMetadata.ColumnInfo"), i, column)
        json_array_append(columns, json_object_get(column, "Name"));
    return columns;
}

static int take_page(void *arg, const json_t *page, struct err *e)
{
    struct reading *reading = arg;
    struct athena_result *result = reading->result;
    json_auto_t *rows = rows_of_page(page);
    size_t i;
    json_t *row;

    (void)e;
    if (!result->columns) {
        result->columns = columns_of(page);
        /* The first row of a SELECT repeats the names. */
        if (json_equal(json_array_get(rows, 0), result->columns))
            json_array_remove(rows, 0);
    }
    if (!reading->taker)
        json_array_extend(result->rows, rows);
    else
        json_array_foreach(rows, i, row)
            take_row(reading, row);
    return !reading->enough;
}

/* Where results are managed by Athena there is no object to read. */
static int read_pages(struct flow *flow, const struct billing *billing, struct reading *reading,
                      struct err *e)
{
    const struct operation_pages pages = {
        &store_operations[STORE_GET_QUERY_RESULTS],
        json_pack("{s:s, s:i}", "QueryExecutionId", reading->result->id, "MaxResults", API_ROWS),
        take_page, reading};

    reading->result->rows = json_array();
    return operation_pages(flow, billing, &pages, e);
}

/* The rows without the names in front; none of a CSV that could not be read. */
static void finish(void *arg)
{
    struct reading *reading = arg;
    struct athena_result *result = reading->result;

    result->rows = athena_csv_finish(&reading->csv);
    if (!json_array_size(result->rows))
        return;
    result->columns = json_share(json_array_get(result->rows, 0));
    json_array_remove(result->rows, 0);
}

int athena_query_rows(struct flow *flow, const struct billing *billing,
                      const struct athena_answered *answered, struct athena_result *result,
                      struct err *e)
{
    const char *location =
        json_string_value(json_at(answered->execution, "ResultConfiguration.OutputLocation"));
    const struct athena_taker *taker = answered->taker;
    struct reading reading = {.taker = taker, .result = result};
    int failed;

    json_decref(result->rows); /* of a reading that failed */
    json_decref(result->columns);
    result->rows = result->columns = NULL;
    if (taker) {
        (void)taker->row(taker->arg, NULL);
        reading.csv.take = take_row;
        reading.csv.arg = &reading;
    }
    if (!location || !*location)
        return read_pages(flow, billing, &reading, e);
    failed = read_object(flow, billing, location, &reading, e);
    flow_work(flow, finish, &reading);
    if (failed)
        return -1;
    /* Of what was not read to its end the end may be missing. */
    if (!result->columns || (!result->rows && !reading.enough))
        return err_set(e, ERR_RETRY, "%s is no whole CSV of Athena's", location);
    return 0;
}

size_t athena_query_rows_column(const struct athena_result *result, const char *column)
{
    size_t i;
    json_t *name;

    json_array_foreach(result->columns, i, name)
        if (!strcmp(json_string_value(name), column))
            return i;
    return SIZE_MAX;
}

int64_t athena_query_rows_at(const struct athena_result *result, size_t row, size_t column)
{
    const char *text = json_string_value(json_array_get(json_array_get(result->rows, row), column));

    return text ? strtoll(text, NULL, 10) : 0;
}

int64_t athena_query_rows_number(const struct athena_result *result, size_t row, const char *column,
                                 int64_t otherwise)
{
    size_t at = athena_query_rows_column(result, column);

    return at == SIZE_MAX ? otherwise : athena_query_rows_at(result, row, at);
}

int athena_query_rows_whole(const json_t *row, size_t column, int64_t *number, struct err *e)
{
    const char *text = json_string_value(json_array_get(row, column));
    char *end = NULL;
    long long value;

    errno = 0;
    value = text ? strtoll(text, &end, 10) : -1;
    if (!text || !*text || *end || errno || value < 0)
        return err_set(e, ERR_INVALID, "a query answered %s where a number should be",
                       text ? text : "nothing");
    *number = value;
    return 0;
}
