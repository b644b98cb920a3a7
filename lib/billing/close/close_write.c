/* close_write.c -- what was found, as files and a manifest over them. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/bill/bill_render.h"
#include "billing/bulk/gzip.h"
#include "billing/close/close_period.h"
#include "billing/close/close_private.h"
#include "billing/close/close_statements.h"
#include "billing/prices/price_book.h"
#include "billing/store/athena_query_text.h"

#include <string.h>

/* In a manifest. */
enum { LISTED_CUSTOMERS = 1000 };

#define JSON_TYPE "application/json"
#define CSV_TYPE "text/csv"
#define GZIP_TYPE "application/gzip"

/* ---- files ---- */

static void add_gzip(struct archive_files *files, const char *name, const json_t *value)
{
    cleanup_free char *text = json_canonical(value);
    struct str body = {0};

    gzip_pack(text, strlen(text), &body);
    archive_add(files, name, GZIP_TYPE, &body);
}

static void add_more(void *text)
{
    packed_text_more(text);
}

/* The bill in its three forms. */
static void add_bill(struct archive_files *files, const struct close *close)
{
    const json_t *seller = json_object_get(close->price_book, "seller");
    bool correction = close->number > 0;
    struct packed_text json = {0}, csv = {0}, focus = {0};

    bill_packed_json(close->bill, &(struct bill_text){&json.text, add_more, &json});
    archive_add_packed(files, correction ? "correction.json" : "invoice.json", JSON_TYPE, &json);
    bill_render_csv(close->bill, &(struct bill_text){&csv.text, add_more, &csv});
    archive_add_packed(files, correction ? "correction.csv" : "invoice.csv", CSV_TYPE, &csv);
    bill_render_focus(close->bill, json_text(seller, "name"),
                      &(struct bill_text){&focus.text, add_more, &focus});
    archive_add_packed(files, correction ? "correction.focus.csv" : "invoice.focus.csv", CSV_TYPE,
                       &focus);
}

static void add_json(struct archive_files *files, const char *name, const json_t *value)
{
    struct packed_text text = {.text.len = 0};
    cleanup_free char *all = archive_text(value);

    str_add(&text.text, all);
    packed_text_more(&text);
    archive_add_packed(files, name, JSON_TYPE, &text);
}

static void add_files(struct archive_files *files, const struct close *close)
{
    struct str usage = {0};

    add_bill(files, close);
    add_json(files, "price-book.json", close->price_book);
    add_json(files, "queries.json", close->billing->queries);
    if (close->audit)
        add_json(files, "audit.json", close->audit);
    str_add_n(&usage, str_text(&close->usage), close->usage.len); /* it may be written again */
    archive_add(files, "usage.json.gz", GZIP_TYPE, &usage);
    add_gzip(files, "objects.json.gz", close->objects);
    archive_add_text(files, "public-key.pem", "application/x-pem-file",
                     signature_public_pem(close->key));
}

/* ---- the manifest ---- */

static json_t *queries_json(const struct billing *billing)
{
    json_t *hashes = json_object(), *value;
    const char *name;

    json_object_foreach(billing->queries, name, value) {
        cleanup_free char *hash = athena_query_text_hash(billing, name);

        json_object_set_new(hashes, name, json_string(hash));
    }
    return hashes;
}

static json_t *objects_json(const json_t *objects)
{
    cleanup_free char *text = json_canonical(objects);
    json_int_t size = 0;
    const json_t *object;
    char hash[65];
    size_t i;

    json_array_foreach(objects, i, object)
        size += json_integer_value(json_object_get(object, "size"));
    digest_sha256(text, strlen(text), hash);
    return json_pack("{s:I, s:I, s:s}", "count", (json_int_t)json_array_size(objects), "bytes",
                     size, "sha256", hash);
}

/* All of the audit but what audit.json has at length. */
static json_t *audit_json(const json_t *audit)
{
    static const char *const long_ones[] = {"format_version", "pipeline", "hops", "hours", "days"};
    json_t *kept = json_copy((json_t *)audit);

    for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++)
        json_object_del(kept, long_ones[i]);
    return kept;
}

static json_t *line_json(const json_t *line)
{
    static const char *const keys[] = {"customer", "name", "calls", "bytes", "total"};
    json_t *kept = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(line, keys[i]))
            json_object_set(kept, keys[i], json_object_get(line, keys[i]));
    return kept;
}

static json_t *customers_json(const struct bill_packed *bill)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < bill_packed_count(bill); i++) {
        json_auto_t *line = bill_packed_line(bill, i);

        json_array_append_new(lines, line_json(line));
    }
    return lines;
}

/* Everybody's totals, or how many there are: whoever reads a manifest reads it whole. */
static void put_customers(json_t *manifest, const struct bill_packed *bill)
{
    size_t count = bill_packed_count(bill);

    if (count <= LISTED_CUSTOMERS)
        json_object_set_new(manifest, "customers", customers_json(bill));
    else
        json_object_set_new(manifest, "customer_count", json_integer((json_int_t)count));
}

static void put_bill(json_t *manifest, const struct bill_packed *packed)
{
    static const char *const copied[] = {"currency", "time_zone", "tz_version", "rounding"};
    const json_t *bill = bill_packed_head(packed);
    cleanup_free char *hash = bill_packed_hash(packed);

    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        json_object_set(manifest, copied[i], json_object_get(bill, copied[i]));
    json_object_set_new(manifest, "price_book",
                        json_pack("{s:O, s:O}", "sha256", json_object_get(bill, "price_book"),
                                  "customers_sha256", json_object_get(bill, "customers_hash")));
    json_object_set_new(manifest, "bill_sha256", json_string(hash));
    put_customers(manifest, packed);
    json_object_set_new(manifest, "unattributed", line_json(json_object_get(bill, "unattributed")));
    json_object_set_new(manifest, "totals", line_json(json_object_get(bill, "totals")));
}

static json_t *now_text(void)
{
    char text[TIMESTAMP_ROOM];

    timestamp_text(clock_now_ms() / 1000, text);
    return json_string(text);
}

/* What joins it to the documents before it. */
static void put_chain(json_t *manifest, const struct close *close)
{
    json_object_set_new(manifest, "period", close_period_json(close->period));
    json_object_set(manifest, "rules", close->rules);
    if (json_array_size(close->changes))
        json_object_set(manifest, "changes", close->changes);
    if (close->accept_unknown && close->audit)
        json_object_set_new(manifest, "accepted_unknown", json_true());
    if (close->skipped)
        json_object_set(manifest, "skipped", close->skipped);
    json_object_set(manifest, "documents", close->documents);
}

static json_t *manifest_json(const struct close *close)
{
    const struct billing *billing = close->billing;
    cleanup_free char *invoice =
        numbers_text(billing, (struct number){close->month, close->number});
    char month[16];
    json_t *manifest;

    calendar_month_text(close->month, month);
    manifest =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "format_version", 1, "kind",
                  close->number ? "correction" : "invoice", "invoice", invoice, "month", month,
                  "pipeline", billing->pipeline, "account", billing->account, "region",
                  billing->region, "billingd", close->version, "closed_at", now_text());
    put_bill(manifest, close->bill);
    json_object_set_new(manifest, "queries", queries_json(billing));
    json_object_set(manifest, "days", close->days);
    json_object_set_new(manifest, "objects", objects_json(close->objects));
    if (close->audit)
        json_object_set_new(manifest, "audit", audit_json(close->audit));
    json_object_set(manifest, "previous", close->previous ? close->previous : json_null());
    put_chain(manifest, close);
    if (close->statements)
        json_object_set(manifest, "statements", close->statements);
    if (close->signed_receipts)
        json_object_set(manifest, "receipts", close->signed_receipts);
    return manifest;
}

struct writing {
    struct close *close;
    struct archive_document document;
};

static void make_document(void *arg)
{
    struct writing *writing = arg;

    add_files(&writing->document.files, writing->close);
    json_decref(writing->close->manifest);
    writing->close->manifest = manifest_json(writing->close);
    writing->document.manifest = writing->close->manifest;
}

/* As close_write, and CLOSE_STATEMENTS_AGAIN. */
static int write_once(struct flow *flow, struct close *close, struct err *e)
{
    struct writing writing = {
        close, {.number = {close->month, close->number}, .key = close->key, .bill = close->bill}};
    int result = close_statements_write(flow, close, &writing.document.files, e);

    if (!result) {
        close_tell(close, "writing the archive");
        writing.document.claim = close_statements_claim;
        writing.document.claim_arg = close;
        flow_work(flow, make_document, &writing);
        result = archive_write(flow, close->billing, &writing.document, e);
    }
    archive_files_fini(&writing.document.files);
    return result;
}

int close_write(struct flow *flow, struct close *close, struct err *e)
{
    int result = CLOSE_STATEMENTS_AGAIN;

    if (close->finishes)
        return close_finish_write(flow, close, e);
    for (int tries = 0; tries < CLOSE_STATEMENTS_TRIES && result == CLOSE_STATEMENTS_AGAIN;
         tries++) {
        close->issued =
            calendar_day_of(price_book_zone(close->billing->book), clock_now_ms() / 1000);
        result = write_once(flow, close, e);
    }
    return result != CLOSE_STATEMENTS_AGAIN
               ? result
               : err_set(e, ERR_RETRY,
                         "others took the next numbers of the series %d times while this was "
                         "written, or close it by the date of another year: run it again",
                         CLOSE_STATEMENTS_TRIES);
}
