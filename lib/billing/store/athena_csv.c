#include "billing/store/athena_csv.h"

#include "base/mem.h"

static int end_field(struct athena_csv *csv)
{
    json_t *value = !csv->length && !csv->quoted
                        ? json_null()
                        : json_stringn(csv->field ? csv->field : "", csv->length);

    csv->length = 0;
    csv->quoted = csv->inside = csv->after_quote = false;
    if (!csv->row)
        csv->row = json_array();
    return value ? json_array_append_new(csv->row, value) : -1;
}

static int end_row(struct athena_csv *csv)
{
    if (end_field(csv))
        return -1;
    if (csv->take) {
        csv->take(csv->arg, csv->row);
        json_decref(csv->row);
    } else {
        if (!csv->rows)
            csv->rows = json_array();
        (void)json_array_append_new(csv->rows, csv->row);
    }
    csv->row = NULL;
    return 0;
}

static void add_byte(struct athena_csv *csv, char c)
{
    if (csv->length == csv->room) {
        csv->room = csv->room ? csv->room * 2 : 256;
        csv->field = mem_resize(csv->field, csv->room, 1);
    }
    csv->field[csv->length++] = c;
}

static int take_byte(struct athena_csv *csv, char c)
{
    if (csv->inside) {
        if (c == '"')
            csv->inside = false, csv->after_quote = true;
        else
            add_byte(csv, c);
        return 0;
    }
    if (c == '"') {
        if (csv->after_quote)
            add_byte(csv, '"');
        else if (csv->length || csv->quoted)
            return -1;
        csv->inside = csv->quoted = true;
        csv->after_quote = false;
        return 0;
    }
    if (c == ',')
        return end_field(csv);
    if (c == '\n')
        return end_row(csv);
    if (csv->quoted)
        return c == '\r' ? 0 : -1;
    add_byte(csv, c);
    return 0;
}

int athena_csv_feed(struct athena_csv *csv, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && !csv->broken; i++)
        csv->broken = take_byte(csv, bytes[i]) != 0;
    return csv->broken ? -1 : 0;
}

json_t *athena_csv_finish(struct athena_csv *csv)
{
    json_t *rows;

    if (csv->inside)
        csv->broken = true;
    else if (!csv->broken && (csv->row || csv->length || csv->quoted)) /* no newline at the end */
        csv->broken = end_row(csv) != 0;
    rows = csv->broken ? NULL : csv->rows ? json_incref(csv->rows) : json_array();
    json_decref(csv->rows);
    json_decref(csv->row);
    free(csv->field);
    *csv = (struct athena_csv){0};
    return rows;
}
