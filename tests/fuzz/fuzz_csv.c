/* A result object of Athena: rows come out the same however it is cut, and rows written as such CSV
 * are read as the same rows.  The first byte says where it is cut. */
#include "fuzz.h"

#include "base/mem.h"
#include "base/str.h"
#include "billing/store/athena_csv.h"

static json_t *read_in(const char *bytes, size_t length, size_t piece)
{
    struct athena_csv csv = {0};

    for (size_t i = 0; i < length; i += piece)
        (void)athena_csv_feed(&csv, bytes + i, length - i < piece ? length - i : piece);
    return athena_csv_finish(&csv);
}

static void count_row(void *arg, const json_t *row)
{
    must(json_array_size(row) > 0);
    ++*(size_t *)arg;
}

/* Rows that are taken are as many as those that are collected. */
static void take(const char *bytes, size_t length, const json_t *rows)
{
    size_t count = 0;
    struct athena_csv csv = {.take = count_row, .arg = &count};
    json_auto_t *rest = NULL;

    (void)athena_csv_feed(&csv, bytes, length);
    rest = athena_csv_finish(&csv);
    must(!rest == !rows && json_array_size(rest) == 0);
    must(!rows || count == json_array_size(rows));
}

static void write_field(struct str *out, const json_t *field)
{
    const char *text = json_string_value(field);

    must(json_is_null(field) || json_is_string(field));
    if (!text)
        return;
    str_add_char(out, '"');
    for (size_t i = 0; i < json_string_length(field); i++) {
        if (text[i] == '"')
            str_add_char(out, '"');
        str_add_char(out, text[i]);
    }
    str_add_char(out, '"');
}

static void write_and_read(const json_t *rows)
{
    cleanup_str struct str text = {0};
    json_auto_t *again = NULL;
    const json_t *row, *field;
    size_t i, j;

    json_array_foreach(rows, i, row) {
        json_array_foreach(row, j, field) {
            if (j)
                str_add_char(&text, ',');
            write_field(&text, field);
        }
        str_add_char(&text, '\n');
    }
    again = read_in(str_text(&text), text.len, text.len + 1);
    must(again && json_equal(rows, again));
}

FUZZ_TARGET(csv)
{
    struct fuzz_input input = {data, size};
    size_t piece = 1 + fuzz_byte(&input), length;
    cleanup_free char *bytes = fuzz_rest(&input, &length);
    json_auto_t *whole = read_in(bytes, length, length + 1), *pieces = NULL;

    pieces = read_in(bytes, length, piece);
    must(!whole == !pieces && (!whole || json_equal(whole, pieces)));
    take(bytes, length, whole);
    if (whole)
        write_and_read(whole);
}
