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

struct rating {
    const struct billing *old, *new; /* new: NULL when it cuts the month otherwise */
    const struct usage_request *request;
    struct usage usage;
    json_t *before, *after;
    struct err *e;
};

static void rate(void *arg)
{
    struct rating *rating = arg;

    rating->before = bill_of_usage(rating->old, rating->request, &rating->usage, rating->e);
    if (rating->before && rating->new)
        rating->after = bill_of_usage(rating->new, rating->request, &rating->usage, rating->e);
    if (rating->before)
        bill_set_borrowed(rating->before, rating->old, rating->request, &rating->usage);
    if (rating->after)
        bill_set_borrowed(rating->after, rating->new, rating->request, &rating->usage);
    usage_fini(&rating->usage);
}

/* [old bill, new bill] from one reading where both books cut the month alike. */
static json_t *month_pair(struct flow *flow, const struct billing *old, const struct billing *new,
                          struct day month, struct err *e)
{
    const struct usage_request request = {USAGE_FROM_ROLLUP, bill_month_days(old, month)};
    struct rating rating = {.old = old, .request = &request, .e = e};

    if (usage_read(flow, old, &request, &rating.usage, e))
        return NULL;
    if (same_segments(old->book, new->book, request.days))
        rating.new = new;
    flow_work(flow, rate, &rating);
    if (rating.before && !rating.new)
        rating.after = bill_make(flow, new, &request, NULL, e);
    if (rating.after)
        return json_pack("[o, o]", rating.before, rating.after);
    json_decref(rating.before);
    return NULL;
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

/* What is summed up: rows by customer, usage of nobody, and all customers together. */
struct sums {
    json_t *rows, *nobody, *totals;
};

static int add_bill(struct sums *sums, const char *side, const json_t *bill, struct err *e)
{
    const char *month = json_text(bill, "month");
    const json_t *line;
    size_t i;

    json_array_foreach(json_object_get(bill, "lines"), i, line) {
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
static json_t *borrowed_json(const json_t *pairs)
{
    static const char *const sides[] = {"these prices", "the other prices"};
    json_t *list = json_array(), *pair;
    size_t i;

    json_array_foreach((json_t *)pairs, i, pair)
        for (size_t side = 0; side < 2; side++) {
            const json_t *bill = json_array_get(pair, side);
            const char *why = json_text(bill, "borrowed");

            if (why)
                json_array_append_new(
                    list, json_sprintf("%s by %s: %s", json_text(bill, "month"), sides[side], why));
        }
    return list;
}

json_t *whatif_of_bills(const json_t *pairs, struct err *e)
{
    const json_t *pair, *old = json_array_get(json_array_get(pairs, 0), 0);
    const json_t *last = json_array_get(json_array_get(pairs, json_array_size(pairs) - 1), 0);
    cleanup_free char *zero =
        money_text((struct money){0}, money_currency_digits(json_text(old, "currency")));
    json_auto_t *rows = json_object(), *nobody = new_row(NULL, zero), *totals = new_row(NULL, zero);
    struct sums sums = {rows, nobody, totals};
    json_int_t counts[3] = {0};
    json_t *customers;
    size_t i;

    json_array_foreach(pairs, i, pair)
        if (add_bill(&sums, "old", json_array_get(pair, 0), e) ||
            add_bill(&sums, "new", json_array_get(pair, 1), e))
            return NULL;
    if (finish_row(nobody, e) || finish_row(totals, e))
        return NULL;
    customers = customers_json(rows, counts, e);
    if (!customers)
        return NULL;
    return json_pack("{s:s, s:O, s:O, s:O, s:O, s:o, s:o, s:o, s:O, s:O, s:I, s:I, s:I}",
                     "format_version", JSON_FORMAT_VERSION, "pipeline",
                     json_object_get(old, "pipeline"), "from", json_object_get(old, "month"), "to",
                     json_object_get(last, "month"), "currency", json_object_get(old, "currency"),
                     "old", book_json(old), "new",
                     book_json(json_array_get(json_array_get(pairs, 0), 1)), "customers", customers,
                     "unattributed", nobody, "totals", totals, "pays_less", counts[0], "pays_more",
                     counts[1], "same", counts[2]);
}

struct comparing {
    json_t *pairs, *document; /* pairs: freed */
    struct err *e;
};

static void compare(void *arg)
{
    struct comparing *comparing = arg;

    comparing->document = whatif_of_bills(comparing->pairs, comparing->e);
    if (comparing->document)
        json_object_set_new(comparing->document, "not_final", borrowed_json(comparing->pairs));
    json_decref(comparing->pairs);
}

json_t *whatif_run(struct flow *flow, const struct billing *billing, struct price_book *book,
                   struct day_span months, struct err *e)
{
    struct billing other = *billing;
    struct comparing comparing = {.e = e};

    other.book = book;
    if (strcmp(price_book_zone(book), price_book_zone(billing->book)) ||
        strcmp(price_book_currency(book), price_book_currency(billing->book))) {
        (void)err_set(e, ERR_INVALID,
                      "the other prices are in %s and days of %s, the rollups and bills in %s and "
                      "%s: only prices, rules and customers may differ",
                      price_book_currency(book), price_book_zone(book),
                      price_book_currency(billing->book), price_book_zone(billing->book));
        return NULL;
    }
    comparing.pairs = json_array();
    for (struct day month = months.first; calendar_compare(month, months.last) <= 0;
         month = calendar_add_days(calendar_month(month).last, 1)) {
        json_t *pair = month_pair(flow, billing, &other, month, e);

        if (!pair) {
            flow_drop(flow, comparing.pairs);
            return NULL;
        }
        json_array_append_new(comparing.pairs, pair);
    }
    flow_work(flow, compare, &comparing);
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
