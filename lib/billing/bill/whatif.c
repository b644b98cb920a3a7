#include "billing/bill/whatif.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/bill/bill_amount.h"
#include "billing/bill/bill_month.h"
#include "billing/bill/bill_render.h"

#include <string.h>

/* ---- two bills of a month ---- */

static bool same_segments(const struct price_book *a, const struct price_book *b,
                          struct day_span days)
{
    struct day left[PRICE_BOOK_SEGMENTS], right[PRICE_BOOK_SEGMENTS];
    size_t count = price_book_segments(a, days, left);

    if (price_book_segments(b, days, right) != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (calendar_compare(left[i], right[i]) != 0)
            return false;
    return true;
}

/* ---- sums per customer ---- */

/* old and new are totals, exact texts; a row without them counts 0. */
static int put_difference(json_t *row, struct err *e)
{
    cleanup_free char *difference =
        bill_amount_minus(json_text(row, "new"), json_text(row, "old"), e);

    if (!difference)
        return -1;
    json_object_set_new(row, "difference", json_string(difference));
    return 0;
}

static int add_to(json_t *row, const char *key, const char *amount, struct err *e)
{
    cleanup_free char *sum = bill_amount_plus(json_text(row, key), amount, e);

    if (!sum)
        return -1;
    json_object_set_new(row, key, json_string(sum));
    return 0;
}

/* Takes one side of a month into a row. */
static int add_side(json_t *row, const char *month, const char *side, const json_t *line,
                    struct err *e)
{
    const char *total = json_text(line, "total");
    json_t *months = json_object_get(row, "months"), *at = NULL;
    size_t n = json_array_size(months);

    if (n && !strcmp(json_text(json_array_get(months, n - 1), "month"), month))
        at = json_array_get(months, n - 1);
    if (!at) {
        at = json_pack("{s:s, s:O, s:O}", "month", month, "old", json_object_get(row, "zero"),
                       "new", json_object_get(row, "zero"));
        json_array_append_new(months, at);
    }
    return add_to(at, side, total, e) || add_to(row, side, total, e) ? -1 : 0;
}

/* zero: "0.00", with the decimals of the currency. */
static json_t *new_row(const json_t *line, const char *zero)
{
    return json_pack("{s:s*, s:s*, s:s, s:s, s:s, s:[]}", "customer", json_text(line, "customer"),
                     "name", json_text(line, "name"), "old", zero, "new", zero, "zero", zero,
                     "months");
}

/* What is summed up of the months so far: rows by customer, usage of nobody, and all customers
 * together; a bill is not kept. */
struct sums {
    json_t *rows, *nobody, *totals;
    json_t *head, *not_final; /* what the first bills say of both sides; texts */
};

enum side { SIDE_OLD, SIDE_NEW };
static const char *const sides[] = {"old", "new"};

static int add_bill(struct sums *sums, const char *side, const struct bill_packed *packed,
                    struct err *e)
{
    const json_t *bill = bill_packed_head(packed);
    const char *month = json_text(bill, "month");

    for (size_t i = 0; i < bill_packed_count(packed); i++) {
        json_auto_t *line = bill_packed_line(packed, i);
        const char *customer = json_text(line, "customer");
        json_t *row = json_object_get(sums->rows, customer);

        if (!row) {
            row = new_row(line, json_text(sums->totals, "zero"));
            json_object_set_new(sums->rows, customer, row);
        }
        if (add_side(row, month, side, line, e))
            return -1;
    }
    return add_side(sums->nobody, month, side, json_object_get(bill, "unattributed"), e) ||
                   add_side(sums->totals, month, side, json_object_get(bill, "totals"), e)
               ? -1
               : 0;
}

/* ---- percent ---- */

/* 100 * difference / old, rounded half away from zero to two decimals; null when old is 0 (unless
 * both are). */
static json_t *percent_of(const char *difference, const char *old, struct err *e)
{
    struct money part = {0}, whole = {0};
    money_integer scaled, rest;
    cleanup_free char *text = NULL;
    bool minus;

    if (bill_amount_parse(difference, &part, e) || bill_amount_parse(old, &whole, e))
        return NULL;
    if (!whole.units)
        return part.units ? json_null() : json_string("0.00");
    /* Totals are whole 10^-3 at the finest, 10^-9 x 2^-30 of that: dividing loses nothing, and
     * makes room for the factor. */
    part.units /= (money_integer)1000000000 << 30;
    whole.units /= (money_integer)1000000000 << 30;
    minus = (part.units < 0) != (whole.units < 0);
    scaled = (part.units < 0 ? -part.units : part.units) * 10000;
    whole.units = whole.units < 0 ? -whole.units : whole.units;
    rest = scaled % whole.units;
    scaled = scaled / whole.units + (rest * 2 >= whole.units);
    text = mem_printf("%s%lld.%02d", minus && scaled ? "-" : "", (long long)(scaled / 100),
                      (int)(scaled % 100));
    return json_string(text);
}

static int finish_row(json_t *row, struct err *e)
{
    json_t *month, *percent;
    size_t i;

    json_array_foreach(json_object_get(row, "months"), i, month)
        if (put_difference(month, e))
            return -1;
    if (put_difference(row, e))
        return -1;
    percent = percent_of(json_text(row, "difference"), json_text(row, "old"), e);
    if (!percent)
        return -1;
    json_object_set_new(row, "percent", percent);
    json_object_del(row, "zero");
    return 0;
}

/* ---- the document ---- */

static int by_customer(const void *a, const void *b)
{
    return strcmp(json_text(*(json_t *const *)a, "customer"),
                  json_text(*(json_t *const *)b, "customer"));
}

/* Rows in the order of bills, finished; counts winners. */
static json_t *customers_json(json_t *rows, json_int_t counts[3], struct err *e)
{
    size_t n = 0;
    cleanup_free json_t **order = mem_new((json_object_size(rows) + 1) * sizeof(json_t *));
    json_t *customers = json_array(), *row;
    const char *customer;

    json_object_foreach(rows, customer, row)
        order[n++] = row;
    qsort(order, n, sizeof *order, by_customer);
    for (size_t i = 0; i < n; i++) {
        const char *difference;

        if (finish_row(order[i], e)) {
            json_decref(customers);
            return NULL;
        }
        difference = json_text(order[i], "difference");
        counts[*difference == '-' ? 0 : strspn(difference, "0.") == strlen(difference) ? 2 : 1]++;
        json_array_append(customers, order[i]);
    }
    return customers;
}

static json_t *book_json(const json_t *bill)
{
    return json_pack("{s:O, s:O}", "price_book", json_object_get(bill, "price_book"),
                     "customers_hash", json_object_get(bill, "customers_hash"));
}

/* Of the bills that no close would sign: why, with month and prices. */
static void note_borrowed(struct sums *sums, const json_t *bill, size_t side)
{
    static const char *const words[] = {"these prices", "the other prices"};
    const char *why = json_text(bill, "borrowed");

    if (why)
        json_array_append_new(
            sums->not_final,
            json_sprintf("%s by %s: %s", json_text(bill, "month"), words[side], why));
}

static void begin_sums(struct sums *sums, const json_t *old)
{
    cleanup_free char *zero =
        money_text((struct money){0}, money_currency_digits(json_text(old, "currency")));

    sums->rows = json_object();
    sums->nobody = new_row(NULL, zero);
    sums->totals = new_row(NULL, zero);
    sums->not_final = json_array();
    sums->head =
        json_pack("{s:s, s:O, s:O, s:O, s:O}", "format_version", JSON_FORMAT_VERSION, "pipeline",
                  json_object_get(old, "pipeline"), "from", json_object_get(old, "month"), "to",
                  json_object_get(old, "month"), "currency", json_object_get(old, "currency"));
}

/* A month's bill of one side; the old one comes first. */
static int add_one(void *arg, size_t side, const struct bill_packed *packed, struct err *e)
{
    const json_t *bill = bill_packed_head(packed);
    struct sums *sums = arg;

    if (!sums->head)
        begin_sums(sums, bill);
    if (!json_object_get(sums->head, sides[side]))
        json_object_set_new(sums->head, sides[side], book_json(bill));
    json_object_set(sums->head, "to", json_object_get(bill, "month"));
    note_borrowed(sums, bill, side);
    return add_bill(sums, sides[side], packed, e);
}

/* New reference, or NULL and *e. */
static json_t *end_sums(const struct sums *sums, struct err *e)
{
    json_int_t counts[3] = {0};
    json_auto_t *customers = NULL;
    json_t *document;

    if (finish_row(sums->nobody, e) || finish_row(sums->totals, e))
        return NULL;
    customers = customers_json(sums->rows, counts, e);
    if (!customers)
        return NULL;
    document = json_copy(sums->head);
    (void)json_object_update_new(document, json_pack("{s:O, s:O, s:O, s:I, s:I, s:I}", "customers",
                                                     customers, "unattributed", sums->nobody,
                                                     "totals", sums->totals, "pays_less", counts[0],
                                                     "pays_more", counts[1], "same", counts[2]));
    return document;
}

static void sums_fini(struct sums *sums)
{
    json_decref(sums->rows);
    json_decref(sums->nobody);
    json_decref(sums->totals);
    json_decref(sums->head);
    json_decref(sums->not_final);
}

json_t *whatif_of_bills(const json_t *pairs, struct err *e)
{
    struct sums sums = {0};
    const json_t *pair;
    json_t *document = NULL;
    int failed = 0;
    size_t i;

    json_array_foreach(pairs, i, pair)
        for (size_t side = 0; side < 2; side++) {
            struct bill_packed *bill = bill_packed_of(json_array_get(pair, side));

            failed = failed || add_one(&sums, side, bill, e);
            bill_packed_free(bill);
        }
    if (!failed)
        document = end_sums(&sums, e);
    sums_fini(&sums);
    return document;
}

struct comparing {
    struct sums sums;
    struct bill_packed *bill; /* given back */
    json_t *document;
    size_t side;
    bool failed;
    struct err *e;
};

static void take(void *arg)
{
    struct comparing *comparing = arg;

    comparing->failed =
        add_one(&comparing->sums, comparing->side, comparing->bill, comparing->e) != 0;
    bill_packed_free(comparing->bill);
}

/* Both bills of a month, from one reading where both books cut it alike. */
static void add_month(struct flow *flow, struct comparing *comparing,
                      const struct billing *const billings[2], struct day month)
{
    const struct usage_request request = {USAGE_FROM_ROLLUP, bill_month_days(billings[0], month)};

    if (same_segments(billings[0]->book, billings[1]->book, request.days)) {
        comparing->failed =
            bill_make_two(flow, billings, &request, &(struct bill_taker){add_one, &comparing->sums},
                          comparing->e) != 0;
        return;
    }
    for (size_t side = 0; side < 2 && !comparing->failed; side++) {
        comparing->side = side;
        comparing->bill = bill_make(flow, billings[side], &request, NULL, comparing->e);
        comparing->failed = !comparing->bill;
        if (comparing->bill)
            flow_work(flow, take, comparing);
    }
}

static void conclude(void *arg)
{
    struct comparing *comparing = arg;

    if (!comparing->failed)
        comparing->document = end_sums(&comparing->sums, comparing->e);
    if (comparing->document)
        json_object_set(comparing->document, "not_final", comparing->sums.not_final);
    sums_fini(&comparing->sums);
}

static int check_books(const struct price_book *book, const struct price_book *own, struct err *e)
{
    if (!strcmp(price_book_zone(book), price_book_zone(own)) &&
        !strcmp(price_book_currency(book), price_book_currency(own)))
        return 0;
    return err_set(e, ERR_INVALID,
                   "the other prices are in %s and days of %s, the rollups and bills in %s and "
                   "%s: only prices, rules and customers may differ",
                   price_book_currency(book), price_book_zone(book), price_book_currency(own),
                   price_book_zone(own));
}

json_t *whatif_run(struct flow *flow, const struct billing *billing, struct price_book *book,
                   struct day_span months, struct err *e)
{
    struct billing other = *billing;
    const struct billing *const billings[2] = {billing, &other};
    struct comparing comparing = {.e = e};

    other.book = book;
    if (check_books(book, billing->book, e))
        return NULL;
    for (struct day month = months.first;
         !comparing.failed && calendar_compare(month, months.last) <= 0;
         month = calendar_add_days(calendar_month(month).last, 1))
        add_month(flow, &comparing, billings, month);
    flow_work(flow, conclude, &comparing);
    return comparing.document;
}

/* ---- CSV ---- */

static void add_row(struct str *out, const char *kind, const json_t *row)
{
    static const char *const amounts[] = {"old", "new", "difference", "percent"};
    const char *customer = json_text(row, "customer"), *name = json_text(row, "name");

    bill_render_field(out, kind, ",");
    bill_render_field(out, customer ? customer : "", ",");
    bill_render_field(out, name ? name : "", ",");
    for (size_t i = 0; i < 4; i++) {
        const char *text = json_text(row, amounts[i]);

        str_addf(out, "%s%s", text ? text : "", i < 3 ? "," : "\r\n");
    }
}

char *whatif_csv(const json_t *document)
{
    struct str out = {0};
    const json_t *row;
    size_t i;

    str_add(&out, "line,customer,name,old,new,difference,percent\r\n");
    json_array_foreach(json_object_get(document, "customers"), i, row)
        add_row(&out, "customer", row);
    add_row(&out, "unattributed", json_object_get(document, "unattributed"));
    add_row(&out, "total", json_object_get(document, "totals"));
    return str_take(&out);
}
