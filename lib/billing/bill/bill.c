#include "billing/bill/bill.h"

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

static void keep_line(void *bill, json_t *line)
{
    bill_packed_add(bill, line);
}

struct bill_packed *bill_of_rating(const struct billing *billing, enum usage_source source,
                                   struct rating *rating, struct err *e)
{
    struct bill_packed *bill = bill_packed_new();
    cleanup_free char *borrows = rating_borrows(rating);
    json_t *head = rating_end_each(rating, &(struct rating_taker){keep_line, bill}, e);

    if (!head) {
        bill_packed_free(bill);
        return NULL;
    }
    json_object_set_new(head, "pipeline", json_string(billing->pipeline));
    json_object_set_new(head, "source", source_json(billing, source));
    if (borrows)
        json_object_set_new(head, "borrowed", json_string(borrows));
    bill_packed_set_head(bill, head);
    return bill;
}

/* Segments are read side by side, so each is counted apart, and so are the two parts of a preview:
 * a segment may lie in both. */
enum { PARTS = 2 };

struct making {
    const struct billing *billing;
    const struct usage_request *request;
    struct rating *segments[PARTS][PRICE_BOOK_SEGMENTS];
    const struct usage_taker *also; /* gets each line, too; NULL: nobody */
    const struct bill_taker *taker; /* gets the bill at once; NULL: it is kept here */
    size_t side;
    bool failed;
    struct bill_packed *bill;
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
        if (making->also)
            making->also->begin(making->also->arg, segment);
    }
}

static int add_line(void *arg, const struct usage_line *line, struct err *e)
{
    const struct giving *giving = arg;
    int failed = 0;

    for (size_t i = 0; i < giving->count && !failed; i++) {
        const struct making *making = &giving->makings[i];

        failed = rating_add(making->segments[giving->part][line->segment], line, e) ||
                         (making->also && making->also->line(making->also->arg, line, e))
                     ? -1
                     : 0;
    }
    return failed;
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

    making->failed = join(all, making) != 0;
    if (making->failed) {
        rating_free(all);
        return;
    }
    making->bill = bill_of_rating(making->billing, making->request->source, all, making->e);
    making->failed = !making->bill;
    if (making->taker && making->bill) {
        making->failed =
            making->taker->take(making->taker->arg, making->side, making->bill, making->e) != 0;
        bill_packed_free(making->bill);
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

struct bill_packed *bill_make_with(struct flow *flow, const struct billing *billing,
                                   const struct usage_request *request,
                                   const struct usage_taker *also, struct err *e)
{
    struct making *making = mem_new(sizeof *making);
    struct giving giving = {making, 1, 0};
    const struct usage_taker taker = {begin_segment, add_line, &giving, also->sources};
    struct bill_packed *bill;

    *making = (struct making){
        .billing = billing, .request = request, .also = also->line ? also : NULL, .e = e};
    if (!usage_each(flow, billing, request, &taker, e))
        flow_work(flow, make, making);
    flow_work(flow, give_up, making);
    bill = making->bill;
    free(making);
    return bill;
}

struct bill_packed *bill_make(struct flow *flow, const struct billing *billing,
                              const struct usage_request *request, json_t **sources, struct err *e)
{
    return bill_make_with(flow, billing, request, &(struct usage_taker){.sources = sources}, e);
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

struct bill_packed *bill_preview(struct flow *flow, const struct billing *billing,
                                 const struct usage_preview *preview, json_t **sources,
                                 struct err *e)
{
    const struct usage_request request = {USAGE_PREVIEW, preview->days};
    struct usage_preview asked = *preview;
    struct making *making = mem_new(sizeof *making);
    struct giving parts[PARTS] = {{making, 1, 0}, {making, 1, 1}};
    const struct usage_taker takers[PARTS] = {{begin_segment, add_line, &parts[0], NULL},
                                              {begin_segment, add_line, &parts[1], NULL}};
    struct bill_packed *bill;
    char day[16];

    *making = (struct making){.billing = billing, .request = &request, .e = e};
    asked.sources = sources;
    if (!usage_preview_each(flow, billing, &asked, takers, e))
        flow_work(flow, make, making);
    flow_work(flow, give_up, making);
    bill = making->bill;
    free(making);
    calendar_day_text(preview->raw_from, day);
    if (bill)
        json_object_set_new(json_object_get(bill_packed_head(bill), "source"), "raw_from",
                            json_string(day));
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

static const char *customer_at(const struct bill_packed *bill, size_t i)
{
    return i < bill_packed_count(bill) ? bill_packed_customer(bill, i) : NULL;
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

json_t *bill_compare(const struct bill_packed *first, const struct bill_packed *second)
{
    const json_t *a = bill_packed_head(first), *b = bill_packed_head(second);
    json_t *differences = json_array();
    size_t i = 0, j = 0;

    while (i < bill_packed_count(first) || j < bill_packed_count(second)) {
        const char *left = customer_at(first, i), *right = customer_at(second, j);
        int order = !left ? 1 : !right ? -1 : strcmp(left, right);
        json_auto_t *one = order <= 0 ? bill_packed_line(first, i) : NULL;
        json_auto_t *other = order >= 0 ? bill_packed_line(second, j) : NULL;

        compare_lines(differences, order <= 0 ? left : right, one, other);
        i += order <= 0;
        j += order >= 0;
    }
    compare_lines(differences, NULL, json_object_get(a, "unattributed"),
                  json_object_get(b, "unattributed"));
    bill_compare_warnings(a, b, differences);
    return differences;
}
