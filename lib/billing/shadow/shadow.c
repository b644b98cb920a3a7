#include "billing/shadow/shadow.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill.h"
#include "billing/bill/bill_render.h"
#include "billing/prices/list_price.h"
#include "billing/prices/price_book.h"
#include "billing/shadow/shadow_row.h"
#include "billing/store/athena_query.h"

#include <string.h>

struct shadow {
    const struct billing *billing;
    const struct shadow_question *question;
    struct shadow_theirs theirs;
    struct shadow_cells cells;
    struct shadow_share *shares; /* per sub of cells */
    struct shadow_table table;
    json_t *bill;
    json_t *lines; /* of it, by customer */
};

/* ---- reading ---- */

/* Between queries: nothing tells beforehand what a query will scan. */
static int check_budget(const struct billing *billing, struct err *e)
{
    int64_t budget = billing->settings.scan_budget_bytes, scanned = athena_query_scanned();

    return budget && scanned >= budget
               ? err_set(e, ERR_RETRY,
                         "the queries have scanned %lld bytes, and billing.rollup.scan_budget is "
                         "%lld: nothing more is asked",
                         (long long)scanned, (long long)budget)
               : 0;
}

/* Of a call and of a GiB on the month's first day: the list price. */
static int read_prices(struct shadow *s, struct err *e)
{
    const struct volume call = {.calls = 1}, gib = {.bytes = (int64_t)1 << 30};
    struct money of_call = {0}, of_gib = {0};

    if (list_price_add(s->billing->book, s->question->month, call, &of_call, e) < 0 ||
        list_price_add(s->billing->book, s->question->month, gib, &of_gib, e) < 0)
        return -1;
    s->table.prices.call.pico = (int64_t)(of_call.units >> 30);
    s->table.prices.gib.pico = (int64_t)(of_gib.units >> 30);
    return 0;
}

static int read_all(struct flow *flow, struct shadow *s, struct err *e)
{
    const struct usage_request request = {USAGE_FROM_RAW, calendar_month(s->question->month)};
    struct bill_packed *bill;
    const json_t *line;
    size_t i;

    if (read_prices(s, e) || shadow_theirs_read(flow, s->billing, s->question, &s->theirs, e) ||
        check_budget(s->billing, e) ||
        shadow_cells_read(flow, s->billing, s->question->month, &s->cells, e) ||
        check_budget(s->billing, e))
        return -1;
    bill = bill_make(flow, s->billing, &request, NULL, e);
    s->bill = bill ? bill_packed_whole(bill) : NULL; /* a row for each customer is kept anyway */
    bill_packed_free(bill);
    json_array_foreach(json_object_get(s->bill, "lines"), i, line)
        json_object_set(s->lines, json_text(line, "customer"), (json_t *)line);
    return s->bill ? 0 : -1;
}

/* ---- the document ---- */

static const struct shadow_their *their_of(const struct shadow *s, const char *sub)
{
    cleanup_free char *key = mem_printf("%s%s", sub ? "=" : "", sub ? sub : "");
    const json_t *known = json_object_get(s->theirs.index, key);

    return known ? &s->theirs.items[json_integer_value(known)] : NULL;
}

static bool is_equal(const json_t *row)
{
    static const char *const fields[] = {"calls", "bytes"};
    const char *amount = json_text(json_object_get(row, "amount"), "difference");

    for (size_t i = 0; i < 2; i++)
        if (json_whole(json_object_get(row, fields[i]), "difference"))
            return false;
    return !amount || !amount[strspn(amount, "0.")];
}

static int add_row(struct shadow *s, json_t *document, const struct shadow_row *row, struct err *e)
{
    json_t *made = shadow_row_json(&s->table, row, e);
    const char *count;

    if (!made)
        return -1;
    if (!row->line && !row->their && !json_array_size(json_object_get(made, "reasons"))) {
        json_decref(made); /* of other months alone */
        return 0;
    }
    count = !json_is_true(json_object_get(made, "explained")) ? "unexplained"
            : is_equal(made)                                  ? "equal"
                                                              : "different";
    if (row->sub)
        json_object_set_new(document, count, json_integer(json_whole(document, count) + 1));
    else /* nobody is no customer; what is unexplained is, whosever it is */
        json_object_set_new(document, "without_sub", json_string(count));
    json_array_append_new(json_object_get(document, "customers"), made);
    return 0;
}

/* Those that arrived, then those that only one side knows. */
static int add_rows(struct shadow *s, json_t *document, struct err *e)
{
    const struct shadow_share nothing = {0};
    json_auto_t *done = json_object();
    const char *customer;
    json_t *sub, *line;
    size_t i;

    json_array_foreach(s->cells.subs, i, sub) {
        const char *text = json_string_value(sub);
        const struct shadow_row row = {text, &s->shares[i], their_of(s, text),
                                       text ? json_object_get(s->lines, text)
                                            : json_object_get(s->bill, "unattributed")};

        if (add_row(s, document, &row, e))
            return -1;
        json_object_set_new(done, text ? text : "", json_true());
    }
    for (i = 0; i < s->theirs.count; i++) {
        const char *text = s->theirs.items[i].sub;
        const struct shadow_row row = {text, &nothing, &s->theirs.items[i],
                                       text ? json_object_get(s->lines, text) : NULL};

        if (!json_object_get(done, text ? text : "") && add_row(s, document, &row, e))
            return -1;
        json_object_set_new(done, text ? text : "", json_true());
    }
    json_object_foreach(s->lines, customer, line) {
        const struct shadow_row row = {customer, &nothing, NULL, line};

        if (!json_object_get(done, customer) && add_row(s, document, &row, e))
            return -1;
    }
    return 0;
}

static json_t *make_document(struct shadow *s, struct err *e)
{
    const struct billing *billing = s->billing;
    struct shadow_way way = shadow_fit_find(&s->cells, &s->theirs, &s->table.prices);
    char month[16];
    json_t *document;

    s->shares = mem_new((json_array_size(s->cells.subs) + 1) * sizeof *s->shares);
    shadow_fit_share(&s->cells, &way, s->shares);
    s->table.has_calls = s->theirs.has_calls;
    s->table.has_bytes = s->theirs.has_bytes;
    s->table.has_amount = s->theirs.has_amount;
    calendar_month_text(s->question->month, month);
    document =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:o, s:[], s:O, s:i, s:i, s:i}", "format_version",
                  JSON_FORMAT_VERSION, "pipeline", billing->pipeline, "month", month, "time_zone",
                  price_book_zone(billing->book), "currency", price_book_currency(billing->book),
                  "columns", s->theirs.columns, "counts", shadow_fit_text(&way), "customers",
                  "reasons", s->table.reasons, "equal", 0, "different", 0, "unexplained", 0);
    if (!add_rows(s, document, e))
        return document;
    json_decref(document);
    return NULL;
}

json_t *shadow_run(struct flow *flow, const struct billing *billing,
                   const struct shadow_question *question, struct err *e)
{
    struct shadow s = {.billing = billing,
                       .question = question,
                       .lines = json_object(),
                       .table = {.reasons = json_object()}};
    json_t *document = read_all(flow, &s, e) ? NULL : make_document(&s, e);

    free(s.shares);
    shadow_theirs_fini(&s.theirs);
    shadow_cells_fini(&s.cells);
    json_decref(s.table.reasons);
    json_decref(s.bill);
    json_decref(s.lines);
    return document;
}

/* ---- CSV ---- */

static void csv_row(struct str *out, const char *customer, const char *code, const char *side,
                    const json_t *row)
{
    static const char *const fields[] = {"calls", "bytes", "amount"};

    bill_render_field(out, customer ? customer : "", ",");
    bill_render_field(out, code, "");
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(row, fields[i]);

        value = side ? json_object_get(value, side) : value;
        if (json_is_integer(value))
            str_addf(out, ",%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else
            str_addf(out, ",%s", json_is_string(value) ? json_string_value(value) : "");
    }
    str_add(out, "\r\n");
}

char *shadow_csv(const json_t *document)
{
    struct str out = {0};
    const json_t *row, *reason;
    size_t i, j;

    str_add(&out, "customer,line,calls,bytes,amount\r\n");
    json_array_foreach(json_object_get(document, "customers"), i, row) {
        const char *customer = json_text(row, "customer");

        csv_row(&out, customer, "ours", "ours", row);
        json_array_foreach(json_object_get(row, "reasons"), j, reason)
            csv_row(&out, customer, json_text(reason, "code"), NULL, reason);
        csv_row(&out, customer, "theirs", "theirs", row);
    }
    return str_take(&out);
}
