#include "daemon/views/row_stream.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/text_width.h"
#include "billing/bill/bill_render.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PIECE_BYTES = 64 << 10 };

struct row_stream {
    enum row_format format;
    const struct row_column *columns;
    size_t column_count;
    const char *list;
    const json_t *head;
    struct str text;        /* not printed yet */
    uint64_t printed, seen; /* rows: ever, and since the last begin */
    uint64_t sum, seen_sum; /* of their bytes */
    bool wrote, is_over;
    struct str row;
};

static const char *line_end(const struct row_stream *stream)
{
    return stream->format == ROW_CSV ? "\r\n" : "\n";
}

struct row_stream *row_stream_new(enum row_format format, const struct row_column *columns,
                                  const char *list, const json_t *head)
{
    struct row_stream *stream = mem_new(sizeof *stream);

    *stream = (struct row_stream){.format = format, .columns = columns, .list = list, .head = head};
    while (columns[stream->column_count].name)
        stream->column_count++;
    return stream;
}

/* A table has no end that one could miss. */
static void tell_incomplete(const struct row_stream *stream)
{
    if (stream->wrote && !stream->is_over &&
        (stream->format == ROW_CSV || stream->format == ROW_TEXT))
        (void)printf("%s" ROW_STREAM_INCOMPLETE "%s", line_end(stream), line_end(stream));
}

void row_stream_free(struct row_stream *stream)
{
    if (!stream)
        return;
    tell_incomplete(stream);
    str_fini(&stream->text);
    str_fini(&stream->row);
    free(stream);
}

static void flush(struct row_stream *stream)
{
    (void)fwrite(str_text(&stream->text), 1, stream->text.len, stdout);
    stream->wrote = stream->wrote || stream->text.len;
    stream->text.len = 0;
}

/* ---- rows ---- */

/* The last column is not filled up. */
static void add_text_cell(struct str *out, const struct row_column *column, const char *text,
                          bool is_last)
{
    int blanks = column->width - text_width(text);

    if (column->is_number)
        str_addf(out, "%*s%s", blanks > 0 ? blanks : 0, "", text);
    else
        str_addf(out, "%s%*s", text, blanks > 0 && !is_last ? blanks : 0, "");
    str_add(out, is_last ? "\n" : "  ");
}

/* What stands in a cell; nothing: for one that holds none.  new text. */
static char *cell_text(const struct row_column *column, const struct row_cell *cell,
                       const char *nothing)
{
    if (column->is_number)
        return cell->is_absent ? mem_text(nothing) : mem_printf("%" PRId64, cell->number);
    return mem_text(cell->text ? cell->text : nothing);
}

static void add_text_row(struct row_stream *stream, const struct row_cell *cells)
{
    for (size_t i = 0; i < stream->column_count; i++) {
        cleanup_free char *text = cell_text(&stream->columns[i], &cells[i], "-");
        cleanup_free char *exact = text_width_exact(text);

        add_text_cell(&stream->row, &stream->columns[i], exact, i + 1 == stream->column_count);
    }
}

static void add_csv_row(struct row_stream *stream, const struct row_cell *cells)
{
    for (size_t i = 0; i < stream->column_count; i++) {
        const char *end = i + 1 < stream->column_count ? "," : "\r\n";
        cleanup_free char *text = cell_text(&stream->columns[i], &cells[i], "");

        if (stream->columns[i].is_number) /* no formula, even with a minus */
            str_addf(&stream->row, "%s%s", text, end);
        else
            bill_render_field(&stream->row, text, end);
    }
}

static json_t *cell_json(const struct row_column *column, const struct row_cell *cell)
{
    if (column->is_number)
        return cell->is_absent ? json_null() : json_integer(cell->number);
    return cell->text ? json_string(cell->text) : json_null();
}

static void add_json_row(struct row_stream *stream, const struct row_cell *cells)
{
    json_auto_t *row = json_object();
    cleanup_free char *text = NULL;

    for (size_t i = 0; i < stream->column_count; i++)
        json_object_set_new(row, stream->columns[i].name,
                            cell_json(&stream->columns[i], &cells[i]));
    text = json_dumps(row, JSON_COMPACT);
    str_add(&stream->row, text ? text : "null");
}

/* ---- around them ---- */

static void add_titles(struct row_stream *stream)
{
    for (size_t i = 0; i < stream->column_count; i++) {
        bool is_last = i + 1 == stream->column_count;
        cleanup_free char *name = mem_text(stream->columns[i].name);

        if (stream->format == ROW_CSV) {
            str_addf(&stream->text, "%s%s", name, is_last ? "\r\n" : ",");
            continue;
        }
        for (char *c = name; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        add_text_cell(&stream->text, &stream->columns[i], name, is_last);
    }
}

/* The head's members without the brace that ends it. */
static void add_head(struct row_stream *stream)
{
    cleanup_free char *text = json_dumps(stream->head, JSON_INDENT(2));

    if (stream->format != ROW_JSON) {
        if (stream->format != ROW_JSONL)
            add_titles(stream);
        return;
    }
    str_add_n(&stream->text, text, strlen(text) - strlen("\n}"));
    str_addf(&stream->text, ",\n  \"%s\": [", stream->list);
}

void row_stream_begin(struct row_stream *stream)
{
    stream->seen = stream->seen_sum = 0;
}

/* FNV-1a: finds accidents. */
static uint64_t sum_of(uint64_t sum, const struct str *row)
{
    for (size_t i = 0; i < row->len; i++)
        sum = (sum ^ (unsigned char)row->data[i]) * 1099511628211U;
    return sum;
}

static int is_another(struct err *e)
{
    return err_set(e, ERR_RETRY,
                   "the answer was read anew, and is not what was printed of it: try again");
}

static int check_again(const struct row_stream *stream, struct err *e)
{
    return stream->seen == stream->printed && stream->seen_sum != stream->sum ? is_another(e) : 0;
}

/* A table's last line ends only with the table: one that was cut off between two rows is seen to
 * be. */
static void add_printed(struct row_stream *stream)
{
    size_t length = stream->row.len;

    if (stream->format == ROW_JSON)
        str_add(&stream->text, stream->printed ? ",\n    " : "\n    ");
    if (stream->format == ROW_CSV || stream->format == ROW_TEXT) {
        str_add(&stream->text, stream->printed ? line_end(stream) : "");
        length -= strlen(line_end(stream));
    }
    str_add_n(&stream->text, str_text(&stream->row), length);
    if (stream->format == ROW_JSONL)
        str_add_char(&stream->text, '\n');
}

int row_stream_add(struct row_stream *stream, const struct row_cell *cells, struct err *e)
{
    static void (*const adds[])(struct row_stream *,
                                const struct row_cell *) = {[ROW_TEXT] = add_text_row,
                                                            [ROW_CSV] = add_csv_row,
                                                            [ROW_JSON] = add_json_row,
                                                            [ROW_JSONL] = add_json_row};

    stream->row.len = 0;
    adds[stream->format](stream, cells);
    stream->seen++;
    stream->seen_sum = sum_of(stream->seen_sum, &stream->row);
    if (stream->seen <= stream->printed)
        return check_again(stream, e);
    if (!stream->printed)
        add_head(stream);
    add_printed(stream);
    stream->printed = stream->seen;
    stream->sum = stream->seen_sum;
    if (stream->text.len >= PIECE_BYTES)
        flush(stream);
    return ferror(stdout) ? err_set(e, ERR_CANCELLED, "nobody reads what is printed: given up") : 0;
}

int row_stream_end(struct row_stream *stream, struct err *e)
{
    if (stream->seen < stream->printed)
        return is_another(e); /* fewer of them */
    if (!stream->printed)
        add_head(stream);
    if (stream->format == ROW_JSON)
        str_add(&stream->text, stream->printed ? "\n  ]" : "]");
    else if (stream->format != ROW_JSONL && stream->printed)
        str_add(&stream->text, line_end(stream));
    flush(stream);
    stream->is_over = true;
    return 0;
}

void row_stream_close(struct row_stream *stream, json_t *members)
{
    cleanup_free char *text =
        json_dumps(members, stream->format == ROW_JSON ? JSON_INDENT(2) : JSON_COMPACT);

    if (stream->format == ROW_JSON)
        (void)printf(",\n%s\n", text + strlen("{\n"));
    else if (stream->format == ROW_JSONL)
        (void)printf("%s\n", text);
    json_decref(members);
}
