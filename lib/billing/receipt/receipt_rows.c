#include "billing/receipt/receipt_rows.h"

#include "base/mem.h"
#include "base/timestamp.h"

#include <string.h>

enum {
    TIME_MOST = 64,
    /* Of one as it is written, where each character may take six. */
    ROW_MOST = 6 * (RECEIPT_ID_MOST + RECEIPT_ROUTE_MOST + RECEIPT_STATUS_MOST) + 256,
};

/* A request as read, with its own texts. */
struct row {
    struct str text; /* as it stands there */
    struct str id, time, route, status;
    bool has_id, has_route, has_status;
    struct receipt_request request; /* points into them */
};

struct receipt_rows {
    struct receipt_rows_sums sums; /* without the root */
    struct merkle_tree tree;
    struct row list[2]; /* the last two, in turn */
    size_t turn;
    /* Of pieces. */
    struct canonical_reader *reader;
    struct str piece; /* of the request under way */
    bool quoted, escaped, after_row;
};

struct receipt_rows *receipt_rows_new(void)
{
    struct receipt_rows *rows = mem_new(sizeof *rows);

    *rows = (struct receipt_rows){.sums.items.itemised = true};
    return rows;
}

static void free_row(struct row *row)
{
    str_fini(&row->text);
    str_fini(&row->id);
    str_fini(&row->time);
    str_fini(&row->route);
    str_fini(&row->status);
}

void receipt_rows_free(struct receipt_rows *rows)
{
    if (!rows)
        return;
    free_row(&rows->list[0]);
    free_row(&rows->list[1]);
    str_fini(&rows->piece);
    free(rows->reader);
    free(rows);
}

struct receipt_rows_sums receipt_rows_sums(const struct receipt_rows *rows)
{
    struct receipt_rows_sums sums = rows->sums;

    sums.items.root = merkle_root(&rows->tree);
    return sums;
}

/* ---- one of them ---- */

/* A text or null. */
static int read_text(struct canonical_reader *reader, struct str *text, bool *there, size_t most)
{
    text->len = 0;
    *there = canonical_peek(reader) != 'n';
    return *there ? canonical_text(reader, text, most) : canonical_literal(reader, "null");
}

/* YYYY-MM-DDThh:mm:ssZ, a moment that there is. */
static int read_time(struct canonical_reader *reader, struct row *row)
{
    char again[TIMESTAMP_ROOM];
    double seconds;

    row->time.len = 0;
    if (canonical_text(reader, &row->time, TIME_MOST))
        return -1;
    if (!timestamp_parse(str_text(&row->time), &seconds))
        return canonical_wrong(reader, "the text before is no time");
    row->request.time_s = (int64_t)seconds;
    timestamp_text(row->request.time_s, again);
    return strcmp(again, str_text(&row->time))
               ? canonical_wrong(reader, "the time before is not written as %s", again)
               : 0;
}

static const char *text_or_null(const struct str *text, bool there)
{
    return there ? str_text(text) : NULL;
}

static int read_row(struct canonical_reader *reader, struct row *row)
{
    row->text.len = 0;
    reader->copy = &row->text;
    if (canonical_literal(reader, "[") ||
        read_text(reader, &row->id, &row->has_id, RECEIPT_ID_MOST) ||
        canonical_literal(reader, ",") || read_time(reader, row) ||
        canonical_literal(reader, ",") ||
        read_text(reader, &row->route, &row->has_route, RECEIPT_ROUTE_MOST) ||
        canonical_literal(reader, ",") ||
        read_text(reader, &row->status, &row->has_status, RECEIPT_STATUS_MOST) ||
        canonical_literal(reader, ",") || canonical_number(reader, &row->request.bytes) ||
        canonical_literal(reader, "]"))
        return -1;
    reader->copy = NULL;
    row->request.id = text_or_null(&row->id, row->has_id);
    row->request.route = text_or_null(&row->route, row->has_route);
    row->request.status = text_or_null(&row->status, row->has_status);
    return 0;
}

static int add_row(struct receipt_rows *rows, const struct row *row, const struct row *before,
                   struct canonical_reader *reader)
{
    struct receipt_rows_sums *sums = &rows->sums;
    const struct receipt_request *request = &row->request;
    struct merkle_hash leaf = merkle_leaf(row->text.data, row->text.len);

    if (!sums->items.calls++) {
        sums->earliest_s = sums->latest_s = request->time_s;
    } else if (receipt_compare(&before->request, request) > 0) {
        return canonical_wrong(reader, "the request before is not in its order");
    } else if (request->id && before->request.id && !strcmp(request->id, before->request.id)) {
        sums->repeated++;
    }
    if (request->time_s < sums->earliest_s)
        sums->earliest_s = request->time_s;
    if (request->time_s > sums->latest_s)
        sums->latest_s = request->time_s;
    if (__builtin_add_overflow(sums->items.bytes, request->bytes, &sums->items.bytes))
        return canonical_wrong(reader, "more bytes than can be counted");
    merkle_add(&rows->tree, &leaf);
    return 0;
}

int receipt_rows_read(struct receipt_rows *rows, struct canonical_reader *reader)
{
    struct row *row = &rows->list[rows->turn], *before = &rows->list[!rows->turn];

    if (read_row(reader, row) || add_row(rows, row, before, reader))
        return -1;
    rows->turn = !rows->turn;
    return 0;
}

/* ---- in pieces ---- */

static ptrdiff_t more_of_piece(void *arg, void *room, size_t size, struct err *e)
{
    struct str *left = arg;
    size_t count = left->len < size ? left->len : size;

    (void)e;
    if (count)
        memcpy(room, left->data, count);
    left->data += count;
    left->len -= count;
    return (ptrdiff_t)count;
}

static int take_piece(struct receipt_rows *rows, struct err *e)
{
    struct str left = rows->piece; /* borrowed */
    struct err wrong = {0};
    struct canonical_reader *reader = rows->reader;
    const unsigned long long number = rows->sums.items.calls + 1;

    if (!reader)
        reader = rows->reader = mem_new(sizeof *reader);
    reader->more = more_of_piece;
    reader->arg = &left;
    reader->copy = NULL;
    reader->e = &wrong;
    reader->at = reader->next = reader->end = 0;
    rows->piece.len = 0;
    rows->after_row = true;
    if (!receipt_rows_read(rows, reader) && !canonical_end(reader))
        return 0;
    return err_set(e, ERR_INVALID, "request %llu: %s", number, wrong.text);
}

/* Where brackets are inside a text they end nothing. */
static bool ends_row(struct receipt_rows *rows, char byte)
{
    if (rows->escaped)
        rows->escaped = false;
    else if (rows->quoted && byte == '\\')
        rows->escaped = true;
    else if (byte == '"')
        rows->quoted = !rows->quoted;
    else
        return byte == ']' && !rows->quoted;
    return false;
}

static int feed_byte(struct receipt_rows *rows, char byte, struct err *e)
{
    if (!rows->piece.len && byte != (rows->after_row ? ',' : '['))
        return err_set(e, ERR_INVALID, "behind request %llu something else than a request stands",
                       (unsigned long long)rows->sums.items.calls);
    if (!rows->piece.len && rows->after_row) {
        rows->after_row = false;
        return 0;
    }
    if (rows->piece.len == ROW_MOST)
        return err_set(e, ERR_INVALID, "request %llu is longer than any can be",
                       (unsigned long long)rows->sums.items.calls + 1);
    str_add_char(&rows->piece, byte);
    return ends_row(rows, byte) ? take_piece(rows, e) : 0;
}

int receipt_rows_feed(struct receipt_rows *rows, const void *bytes, size_t length, struct err *e)
{
    const char *at = bytes;

    for (size_t i = 0; i < length; i++)
        if (feed_byte(rows, at[i], e))
            return -1;
    return 0;
}

int receipt_rows_feed_end(const struct receipt_rows *rows, struct err *e)
{
    return rows->piece.len || (rows->sums.items.calls && !rows->after_row)
               ? err_set(e, ERR_INVALID, "behind request %llu the list is cut off",
                         (unsigned long long)rows->sums.items.calls)
               : 0;
}
