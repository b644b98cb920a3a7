#include "billing/bill/bill.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/store/athena_query_text.h"

#include <stdlib.h>
#include <string.h>

static void add_hash(const struct billing *billing, json_t *document, const char *key,
                     const char *query)
{
    cleanup_free char *hash = athena_query_text_hash(billing, query);

    json_object_set_new(document, key, json_string(hash));
}

static json_t *source_json(const struct billing *billing, enum usage_source source)
{
    static const char *const kinds[] = {
        [USAGE_FROM_ROLLUP] = "rollup", [USAGE_FROM_RAW] = "raw", [USAGE_PREVIEW] = "preview"};
    json_t *document = json_pack("{s:s, s:s}", "kind", kinds[source], "query", usage_query(source));

    add_hash(billing, document, "query_hash", usage_query(source));
    if (source != USAGE_FROM_RAW)
        add_hash(billing, document, "rollup_hash", "rollup");
    if (source == USAGE_PREVIEW)
        add_hash(billing, document, "raw_query_hash", usage_query(USAGE_FROM_RAW));
    return document;
}

/* The bill as who made it calls it; takes the reference, NULL is harmless. */
static json_t *signed_by(const struct billing *billing, enum usage_source source, json_t *bill)
{
    if (bill) {
        json_object_set_new(bill, "pipeline", json_string(billing->pipeline));
        json_object_set_new(bill, "source", source_json(billing, source));
    }
    return bill;
}

json_t *bill_of_usage(const struct billing *billing, const struct usage_request *request,
                      const struct usage *usage, struct err *e)
{
    return signed_by(billing, request->source,
                     rating_bill(billing->book, request->days, usage->lines, usage->count, e));
}

/* Segments are read side by side, so each is counted apart, and so are the two parts of a preview:
 * a segment may lie in both. */
enum { PARTS = 2 };

struct making {
    const struct billing *billing;
    const struct usage_request *request;
    struct rating *segments[PARTS][PRICE_BOOK_SEGMENTS];
    const struct bill_taker *taker; /* gets the bill at once; NULL: it is kept here */
    size_t side;
    bool failed;
    json_t *bill;
    struct err *e;
};

/* The bills that the lines of a reading go to. */
struct giving {
    struct making *makings;
    size_t count, part;
};

static void begin_segment(void *arg, size_t segment)
{
    const struct giving *giving = arg;

    for (size_t i = 0; i < giving->count; i++) {
        struct making *making = &giving->makings[i];
        struct rating **rating = &making->segments[giving->part][segment];

        rating_free(*rating);
        *rating = rating_new(making->billing->book, making->request->days);
    }
}

static int add_line(void *arg, const struct usage_line *line, struct err *e)
{
    const struct giving *giving = arg;
    int failed = 0;

    for (size_t i = 0; i < giving->count && !failed; i++)
        failed = rating_add(giving->makings[i].segments[giving->part][line->segment], line, e);
    return failed;
}

static void set_borrowed(json_t *bill, const char *text)
{
    if (bill && text)
        json_object_set_new(bill, "borrowed", json_string(text));
}

static int join(struct rating *all, struct making *making)
{
    struct rating **segments = &making->segments[0][0];
    int failed = 0;

    for (size_t i = 0; i < (size_t)PARTS * PRICE_BOOK_SEGMENTS && !failed; i++)
        if (segments[i]) {
            failed = rating_join(all, segments[i], making->e);
            segments[i] = NULL;
        }
    return failed;
}

static void make(void *arg)
{
    struct making *making = arg;
    struct rating *all = rating_new(making->billing->book, making->request->days);
    cleanup_free char *borrows = NULL;

    making->failed = join(all, making) != 0;
    if (making->failed) {
        rating_free(all);
        return;
    }
    borrows = rating_borrows(all);
    making->bill = signed_by(making->billing, making->request->source, rating_end(all, making->e));
    set_borrowed(making->bill, borrows);
    making->failed = !making->bill;
    if (making->taker && making->bill) {
        making->failed =
            making->taker->take(making->taker->arg, making->side, making->bill, making->e) != 0;
        json_decref(making->bill);
        making->bill = NULL;
    }
}

static void give_up(void *arg)
{
    struct making *making = arg;
    struct rating **segments = &making->segments[0][0];

    for (size_t i = 0; i < (size_t)PARTS * PRICE_BOOK_SEGMENTS; i++)
        rating_free(segments[i]);
}

json_t *bill_make(struct flow *flow, const struct billing *billing,
                  const struct usage_request *request, json_t **sources, struct err *e)
{
    struct making *making = mem_new(sizeof *making);
    struct giving giving = {making, 1, 0};
    const struct usage_taker taker = {begin_segment, add_line, &giving, sources};
    json_t *bill;

    *making = (struct making){.billing = billing, .request = request, .e = e};
    if (!usage_each(flow, billing, request, &taker, e))
        flow_work(flow, make, making);
    flow_work(flow, give_up, making);
    bill = making->bill;
    free(making);
    return bill;
}

int bill_make_two(struct flow *flow, const struct billing *const billings[2],
                  const struct usage_request *request, const struct bill_taker *taker,
                  struct err *e)
{
    struct making *makings = mem_new(2 * sizeof *makings);
    struct giving giving = {makings, 2, 0};
    const struct usage_taker lines = {begin_segment, add_line, &giving, NULL};
    bool failed;

    for (size_t i = 0; i < 2; i++)
        makings[i] = (struct making){
            .billing = billings[i], .request = request, .e = e, .taker = taker, .side = i};
    failed = usage_each(flow, billings[0], request, &lines, e) != 0;
    for (size_t i = 0; i < 2; i++) {
        if (!failed)
            flow_work(flow, make, &makings[i]);
        flow_work(flow, give_up, &makings[i]);
        failed = failed || makings[i].failed;
    }
    free(makings);
    return failed ? -1 : 0;
}

json_t *bill_preview(struct flow *flow, const struct billing *billing,
                     const struct usage_preview *preview, json_t **sources, struct err *e)
{
    const struct usage_request request = {USAGE_PREVIEW, preview->days};
    struct usage_preview asked = *preview;
    struct making *making = mem_new(sizeof *making);
    struct giving parts[PARTS] = {{making, 1, 0}, {making, 1, 1}};
    const struct usage_taker takers[PARTS] = {{begin_segment, add_line, &parts[0], NULL},
                                              {begin_segment, add_line, &parts[1], NULL}};
    char day[16];
    json_t *bill;

    *making = (struct making){.billing = billing, .request = &request, .e = e};
    asked.sources = sources;
    if (!usage_preview_each(flow, billing, &asked, takers, e))
        flow_work(flow, make, making);
    flow_work(flow, give_up, making);
    bill = making->bill;
    free(making);
    calendar_day_text(preview->raw_from, day);
    if (bill)
        json_object_set_new(json_object_get(bill, "source"), "raw_from", json_string(day));
    return bill;
}

void bill_set_days(json_t *bill, json_t *days)
{
    bool draft = json_array_size(days) || json_object_get(bill, "borrowed");

    json_object_set_new(bill, "draft", json_boolean(draft));
    json_object_set_new(bill, "open_days", days);
}

void bill_set_foreign(json_t *bill, const json_t *days)
{
    json_t *warnings = json_object_get(bill, "warnings");
    json_int_t calls = 0;
    size_t i;
    json_t *day;

    json_array_foreach(days, i, day)
        calls += json_whole(day, "foreign_calls");
    if (!calls)
        return;
    if (!warnings) {
        warnings = json_object();
        json_object_set_new(bill, "warnings", warnings);
    }
    json_object_set_new(warnings, "foreign_calls", json_integer(calls));
}

bool bill_is_draft(const json_t *bill)
{
    return json_is_true(json_object_get(bill, "draft"));
}

static int add_to_digest(const char *bytes, size_t length, void *digest)
{
    digest_add(digest, bytes, length);
    return 0;
}

/* Of json_canonical's text, which is not made: it has a kilobyte for each customer. */
char *bill_hash(const json_t *bill)
{
    struct digest *digest = digest_new();
    char hex[65];

    if (json_dump_callback(bill, add_to_digest, digest,
                           JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY))
        abort();
    digest_end(digest, hex);
    return mem_text(hex);
}

/* The fields of a line that are the customer's business; the working follows from them. */
static void compare_lines(json_t *differences, const char *customer, const json_t *first,
                          const json_t *second)
{
    static const char *const fields[] = {
        "calls",       "bytes",       "billed_calls",   "billed_bytes",
        "free_calls",  "free_bytes",  "excluded_calls", "excluded_bytes",
        "call_charge", "data_charge", "minimum_charge", "total",
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *a = json_object_get(first, fields[i]),
                     *b = json_object_get(second, fields[i]);

        if ((a || b) && !json_equal(a, b))
            json_array_append_new(differences,
                                  json_pack("{s:s?, s:s, s:O?, s:O?}", "customer", customer,
                                            "field", fields[i], "first", a, "second", b));
    }
}

static const char *customer_at(const json_t *lines, size_t i)
{
    return json_text(json_array_get(lines, i), "customer");
}

void bill_compare_warnings(const json_t *first, const json_t *second, json_t *differences)
{
    const json_t *a = json_object_get(first, "warnings"), *b = json_object_get(second, "warnings");

    for (size_t i = 0; i < RATING_DOUBTS; i++) {
        json_int_t left = json_whole(a, rating_doubt_names[i]),
                   right = json_whole(b, rating_doubt_names[i]);
        cleanup_free char *field = mem_printf("warnings.%s", rating_doubt_names[i]);

        if (left != right)
            json_array_append_new(differences,
                                  json_pack("{s:n, s:s, s:I, s:I}", "customer", "field", field,
                                            "first", left, "second", right));
    }
}

json_t *bill_compare(const json_t *first, const json_t *second)
{
    const json_t *a = json_object_get(first, "lines"), *b = json_object_get(second, "lines");
    json_t *differences = json_array();
    size_t i = 0, j = 0;

    while (i < json_array_size(a) || j < json_array_size(b)) {
        const char *left = customer_at(a, i), *right = customer_at(b, j);
        int order = !left ? 1 : !right ? -1 : strcmp(left, right);

        compare_lines(differences, order <= 0 ? left : right,
                      order <= 0 ? json_array_get(a, i) : NULL,
                      order >= 0 ? json_array_get(b, j) : NULL);
        i += order <= 0;
        j += order >= 0;
    }
    compare_lines(differences, NULL, json_object_get(first, "unattributed"),
                  json_object_get(second, "unattributed"));
    bill_compare_warnings(first, second, differences);
    return differences;
}
