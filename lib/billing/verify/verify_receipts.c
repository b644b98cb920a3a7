#include "billing/verify/verify_receipts.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bulk/gzip.h"
#include "billing/close/close_period.h"
#include "billing/close/close_receipts.h"
#include "billing/receipt/receipt_rows.h"
#include "billing/receipt_store/receipt_lists.h"
#include "billing/store/object_content.h"
#include "billing/verify/verify_findings.h"

#include <string.h>

enum { PARALLEL = 32, SHOWN = 20, LINE_MOST = 16 << 20 };

struct record {
    char hash[65];
    unsigned char salt[RECEIPT_SALT];
    struct receipt_items items;
    json_t *line; /* where it is itemised: its parts */
    char *told;   /* what is wrong with its lists */
};

struct verify_receipts {
    struct verify *verify;
    char *name;              /* of the document */
    const char *folder;      /* of the lists, borrowed */
    struct period period;    /* when its requests may be of */
    struct gzip_reader gzip; /* of the records */
    struct str rest;         /* of a line that is not whole yet */
    struct str leaves;
    struct record *list;
    size_t count, room;
    struct merkle_hash root;
    bool broken;
    struct err failed;
};

static void free_receipts(void *arg)
{
    struct verify_receipts *receipts = arg;

    for (size_t i = 0; i < receipts->count; i++) {
        json_decref(receipts->list[i].line);
        free(receipts->list[i].told);
    }
    free(receipts->list);
    free(receipts->name);
    str_fini(&receipts->rest);
    str_fini(&receipts->leaves);
    free(receipts);
}

/* ---- records and leaves ---- */

static int by_hash(const void *a, const void *b)
{
    return strcmp(((const struct record *)a)->hash, ((const struct record *)b)->hash);
}

static bool take_line(struct verify_receipts *receipts, const char *line, size_t length)
{
    json_t *value = json_parse(line, length);
    const char *hash = json_text(value, "hash");
    struct record *record;

    if (receipts->count == receipts->room) {
        receipts->room = receipts->room ? 2 * receipts->room : 64;
        receipts->list = mem_resize(receipts->list, receipts->room, sizeof *receipts->list);
    }
    record = &receipts->list[receipts->count];
    *record = (struct record){0};
    if (!hash || strlen(hash) != 64 || !receipt_set_read(value, record->salt, &record->items)) {
        json_decref(value);
        return false;
    }
    (void)snprintf(record->hash, sizeof record->hash, "%s", hash);
    if (record->items.itemised)
        record->line = json_incref(value);
    json_decref(value);
    receipts->count++;
    return receipts->count == 1 || by_hash(record - 1, record) < 0;
}

static void take_text(void *arg, const void *bytes, size_t length)
{
    struct verify_receipts *receipts = arg;
    const char *at = bytes, *end = at + length, *newline;

    while (!receipts->broken && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        str_add_n(&receipts->rest, at, (size_t)(newline - at));
        receipts->broken = !take_line(receipts, str_text(&receipts->rest), receipts->rest.len);
        receipts->rest.len = 0;
        at = newline + 1;
    }
    str_add_n(&receipts->rest, at, (size_t)(end - at));
    receipts->broken = receipts->broken || receipts->rest.len > LINE_MOST;
}

static bool take_bytes(void *arg, const void *bytes, size_t length)
{
    struct verify_receipts *receipts = arg;

    return gzip_reader_feed(&receipts->gzip, bytes, length);
}

static struct merkle_hash root_of(const struct str *leaves)
{
    struct merkle_tree tree = {0};
    struct merkle_hash leaf;

    for (size_t at = 0; at + sizeof leaf <= leaves->len; at += sizeof leaf) {
        memcpy(&leaf, leaves->data + at, sizeof leaf);
        merkle_add(&tree, &leaf);
    }
    return merkle_root(&tree);
}

static void end_records(void *arg)
{
    struct verify_receipts *receipts = arg;
    struct err e = {0};

    receipts->root = root_of(&receipts->leaves);
    if (gzip_reader_end(&receipts->gzip, &e) || receipts->rest.len)
        receipts->broken = true;
}

/* What is missing is told with the files. */
static int read_files(struct flow *flow, struct verify_receipts *receipts,
                      const struct archive *archive, struct err *e)
{
    const json_t *records = archive_object_of(archive, CLOSE_RECEIPTS_RECORDS);
    const json_t *leaves = archive_object_of(archive, CLOSE_RECEIPTS_LEAVES);
    const struct object_walk walk = {.take = take_bytes, .arg = receipts};
    int failed = 0;

    gzip_reader_init(&receipts->gzip, take_text, receipts);
    receipts->gzip.most = SIZE_MAX;
    if (records)
        failed = object_content_walk(flow, archive->billing, records, &walk, e);
    if (leaves && !failed)
        failed = object_content_collect(flow, archive->billing, leaves, &receipts->leaves, e);
    flow_work(flow, end_records, receipts);
    return failed;
}

/* ---- the signed document ---- */

/* What the manifest and the leaves make of it; new text. */
static char *expected_document(struct verify_receipts *receipts,
                               const struct closed_document *document, const char *signed_text)
{
    const json_t *manifest = document->archive.manifest;
    struct receipt_root root = {
        .invoice = receipts->name,
        .month = json_text(manifest, "month"),
        .pipeline = json_text(manifest, "pipeline"),
        .key = json_text(json_object_get(manifest, "signing_key"), "sha256"),
        .itemised = strstr(signed_text, "\"requests\":\"itemised\"") != NULL,
        .size = receipts->leaves.len / sizeof receipts->root,
        .hash = receipts->root,
    };

    if (!root.month || !root.pipeline || !root.key ||
        !close_period_read(manifest, &receipts->period))
        return NULL;
    root.from_s = receipts->period.from_s;
    root.to_s = receipts->period.to_s;
    return receipt_root_text(&root);
}

static bool check_document(struct verify_receipts *receipts, const struct closed_document *document)
{
    const json_t *said = json_object_get(document->archive.manifest, "receipts");
    const char *text = json_text(said, "document"), *hex = json_text(said, "signature");
    cleanup_free char *expected = text ? expected_document(receipts, document, text) : NULL;
    unsigned char signature[SIGNATURE_BYTES];
    struct verify *verify = receipts->verify;

    if (!text || !hex || !receipt_set_hex(hex, signature, sizeof signature) ||
        !signature_is_good(verify->key, text, strlen(text), signature, sizeof signature)) {
        verify_findings_differ(verify, "%s: the root of its receipts is not signed by the key",
                               receipts->name);
        return false;
    }
    if (!expected || strcmp(expected, text) != 0) {
        verify_findings_differ(verify,
                               "%s: the root of its receipts is not that of the manifest and of "
                               "the archived leaves",
                               receipts->name);
        return false;
    }
    if (receipts->broken)
        verify_findings_differ(verify, "%s: " CLOSE_RECEIPTS_RECORDS " is none", receipts->name);
    return !receipts->broken;
}

int verify_receipts_open(struct flow *flow, struct verify *verify,
                         const struct closed_document *document, struct verify_receipts **receipts,
                         struct err *e)
{
    const struct archive *archive = &document->archive;
    const json_t *said = json_object_get(archive->manifest, "receipts");
    struct verify_receipts *made;

    *receipts = NULL;
    if (!said)
        return 0;
    made = mem_new(sizeof *made);
    *made = (struct verify_receipts){.verify = verify,
                                     .name = numbers_text(verify->billing, document->number),
                                     .folder = json_text(said, "folder")};
    if (read_files(flow, made, archive, e)) {
        flow_work(flow, free_receipts, made);
        return -1;
    }
    if (check_document(made, document))
        *receipts = made;
    else
        flow_work(flow, free_receipts, made);
    return 0;
}

/* ---- leaves ---- */

static int compare_leaves(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct merkle_hash));
}

/* Its requests are as many as the document bills. */
static bool is_billed(const struct receipt_items *items, const struct str *text)
{
    json_auto_t *statement = items->itemised ? json_parse(text->data, text->len) : NULL;
    const json_t *usage = json_object_get(statement, "usage");

    return !items->itemised || (json_whole(usage, "calls") == (json_int_t)items->calls &&
                                json_whole(usage, "bytes") == items->bytes);
}

char *verify_receipts_wrong(const struct verify_receipts *receipts, const char *hash,
                            const struct str *text)
{
    struct record wanted = {0};
    const struct record *record;
    struct merkle_hash leaf;

    if (!receipts || !hash)
        return NULL;
    (void)snprintf(wanted.hash, sizeof wanted.hash, "%s", hash);
    record = receipts->count
                 ? bsearch(&wanted, receipts->list, receipts->count, sizeof wanted, by_hash)
                 : NULL;
    if (!record)
        return mem_printf("the statement %.16s... has no receipt", hash);
    leaf = receipt_leaf(record->salt, &record->items, str_text(text), text->len);
    if (!bsearch(&leaf, str_text(&receipts->leaves), receipts->leaves.len / sizeof leaf,
                 sizeof leaf, compare_leaves))
        return mem_printf("the statement %.16s... is not in the signed root of receipts", hash);
    return is_billed(&record->items, text)
               ? NULL
               : mem_printf("the statement %.16s... bills other calls or bytes than its receipt "
                            "itemises",
                            hash);
}

/* ---- lists ---- */

/* A list as it is read. */
struct listed {
    struct receipt_rows *rows;
    struct err wrong; /* the first thing; its objects are read to their end all the same, so that
                         another SHA-256 is told as that */
};

static bool take_rows(void *arg, const void *bytes, size_t length)
{
    struct listed *listed = arg;

    if (!listed->wrong.kind)
        (void)receipt_rows_feed(listed->rows, bytes, length, &listed->wrong);
    return true;
}

/* The tree of the requests, built anew, against what was signed; new text, NULL: it is that. */
static char *judge_list(const struct verify_receipts *receipts, const struct record *record,
                        struct listed *listed)
{
    const struct receipt_items *items = &record->items;
    const struct receipt_rows_sums sums = receipt_rows_sums(listed->rows);
    const struct period *period = &receipts->period;

    if (!listed->wrong.kind)
        (void)receipt_rows_feed_end(listed->rows, &listed->wrong);
    if (listed->wrong.kind)
        return mem_printf("the requests of %.16s...: %s", record->hash, listed->wrong.text);
    if (sums.items.calls != items->calls || sums.items.bytes != items->bytes)
        return mem_printf("the requests of %.16s... are %llu calls and %lld bytes, its receipt "
                          "says %llu and %lld",
                          record->hash, (unsigned long long)sums.items.calls,
                          (long long)sums.items.bytes, (unsigned long long)items->calls,
                          (long long)items->bytes);
    if (!merkle_same(&sums.items.root, &items->root))
        return mem_printf("the requests of %.16s... do not make the root of its receipt",
                          record->hash);
    if (items->calls && (sums.earliest_s < period->from_s || sums.latest_s >= period->to_s))
        return mem_printf("some requests of %.16s... are of another period", record->hash);
    return NULL;
}

static void check_list(struct flow *flow, void *arg, size_t index)
{
    struct verify_receipts *receipts = arg;
    struct record *record = &receipts->list[index];
    struct listed listed = {0};
    const struct receipt_lists_reading reading = {receipts->folder ? receipts->folder : "?",
                                                  record->line, take_rows, &listed};
    struct err e = {0};

    if (!record->items.itemised || receipts->failed.kind)
        return;
    listed.rows = receipt_rows_new();
    if (!receipt_lists_read(flow, receipts->verify->billing, &reading, &e))
        record->told = judge_list(receipts, record, &listed);
    else if (e.kind == ERR_EVIDENCE)
        record->told = mem_text(e.text);
    else
        (void)err_set(&receipts->failed, e.kind, "%s", e.text);
    receipt_rows_free(listed.rows);
}

static bool has_lists(const struct verify_receipts *receipts)
{
    for (size_t i = 0; i < receipts->count; i++)
        if (receipts->list[i].items.itemised)
            return true;
    return false;
}

static void tell(struct verify_receipts *receipts, size_t customers)
{
    size_t wrong = 0;
    bool itemised = false;

    for (size_t i = 0; i < receipts->count; i++) {
        itemised = itemised || receipts->list[i].items.itemised;
        if (receipts->list[i].told && wrong++ < SHOWN)
            verify_findings_differ(receipts->verify, "%s", receipts->list[i].told);
    }
    if (wrong > SHOWN)
        verify_findings_differ(receipts->verify, "%zu more lists of requests differ",
                               wrong - SHOWN);
    if (receipts->count != customers)
        verify_findings_differ(receipts->verify, "%s: %zu receipts for %zu statements",
                               receipts->name, receipts->count, customers);
    else if (!wrong)
        verify_findings_agree(receipts->verify, "%s: the receipts' root, and %zu %s%s",
                              receipts->name, receipts->count,
                              receipts->count == 1 ? "leaf" : "leaves",
                              itemised ? " with the trees of their requests" : "");
}

int verify_receipts_end(struct flow *flow, struct verify_receipts *receipts, size_t customers,
                        struct err *e)
{
    struct err failed;

    if (!receipts)
        return 0;
    if (has_lists(receipts))
        flow_each(flow, receipts->count, PARALLEL, check_list, receipts);
    failed = receipts->failed;
    if (!failed.kind)
        tell(receipts, customers);
    flow_work(flow, free_receipts, receipts);
    return failed.kind ? err_set(e, failed.kind, "%s", failed.text) : 0;
}
