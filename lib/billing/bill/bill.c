#include "billing/bill/bill.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/store/athena_query_text.h"

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

json_t *bill_of_usage(const struct billing *billing, const struct usage_request *request,
                      const struct usage *usage, struct err *e)
{
    json_t *bill = rating_bill(billing->book, request->days, usage->lines, usage->count, e);

    if (bill) {
        json_object_set_new(bill, "pipeline", json_string(billing->pipeline));
        json_object_set_new(bill, "source", source_json(billing, request->source));
    }
    return bill;
}

struct making {
    const struct billing *billing;
    const struct usage_request *request;
    struct usage usage;
    json_t *bill, **sources;
    struct err *e;
};

static void make(void *arg)
{
    struct making *making = arg;

    making->bill = bill_of_usage(making->billing, making->request, &making->usage, making->e);
    if (making->bill && making->sources)
        *making->sources = json_share(making->usage.sources);
    usage_fini(&making->usage);
}

json_t *bill_make(struct flow *flow, const struct billing *billing,
                  const struct usage_request *request, json_t **sources, struct err *e)
{
    struct making making = {.billing = billing, .request = request, .sources = sources};

    if (usage_read(flow, billing, request, &making.usage, e))
        return NULL;
    making.e = e;
    flow_work(flow, make, &making);
    return making.bill;
}

json_t *bill_preview(struct flow *flow, const struct billing *billing,
                     const struct usage_preview *preview, json_t **sources, struct err *e)
{
    const struct usage_request request = {USAGE_PREVIEW, preview->days};
    struct making making = {.billing = billing, .request = &request, .sources = sources, .e = e};
    char day[16];

    if (usage_preview_read(flow, billing, preview, &making.usage, e))
        return NULL;
    flow_work(flow, make, &making);
    calendar_day_text(preview->raw_from, day);
    if (making.bill)
        json_object_set_new(json_object_get(making.bill, "source"), "raw_from", json_string(day));
    return making.bill;
}

void bill_set_days(json_t *bill, json_t *days)
{
    json_object_set_new(bill, "draft", json_boolean(json_array_size(days) > 0));
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

char *bill_hash(const json_t *bill)
{
    cleanup_free char *text = json_canonical(bill);
    char hex[65];

    digest_sha256(text, strlen(text), hex);
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
