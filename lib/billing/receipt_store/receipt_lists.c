#include "billing/receipt_store/receipt_lists.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bulk/gzip.h"
#include "billing/bulk/record_sort.h"
#include "billing/requests/requests.h"
#include "billing/statement_store/statement_spool.h"
#include "billing/store/archive_named.h"
#include "billing/store/object_list.h"

#include <inttypes.h>
#include <string.h>

enum {
    HASH = 64,            /* hex digits */
    PART_MOST = 4 << 20,  /* bytes of requests in an object, about */
    BATCH = 64,           /* objects made at once ... */
    BATCH_MOST = 8 << 20, /* ... of no more bytes, about: half a second */
    PARALLEL = 32,
};

/* One object of a list. */
struct part {
    char *key;
    struct str body;
};

struct writing {
    const struct receipt_lists *lists;
    struct record_sort *sort;
    const char *record; /* the last that was read */
    bool over;
    struct str row; /* its calls, each as a receipt has it */
    int64_t bytes, left;
    /* The customer whose list is under way; "": none. */
    char hash[HASH + 1];
    struct receipt_items items;
    struct merkle_tree tree;
    json_t *named;   /* its parts */
    struct str rows; /* of the part under way */
    struct part parts[BATCH];
    size_t count, made; /* made: bytes of requests in the batch */
    struct err *e;
};

/* ---- records: they sort as a receipt has them ---- */

static void put_number(struct str *record, int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        str_add_char(record, (char)((uint64_t)number >> shift & 0xff));
}

static int64_t take_number(const char **at)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number = number << 8 | (unsigned char)*(*at)++;
    return (int64_t)number;
}

/* NULL before any text. */
static void put_text(struct str *record, const char *text)
{
    str_add_char(record, text ? 1 : 0);
    if (text)
        str_add_n(record, text, strlen(text) + 1);
}

static const char *take_text(const char **at)
{
    const char *text = *at + 1;
    bool there = **at;

    *at = text + (there ? strlen(text) + 1 : 0);
    return there ? text : NULL;
}

static bool fits(const char *text, size_t most)
{
    return !text || strlen(text) <= most;
}

static int add_request(void *arg, const struct request *request, struct err *e)
{
    struct writing *writing = arg;
    cleanup_str struct str record = {0};
    char hash[HASH + 1];

    if (!request->customer)
        return 0;
    if (!fits(request->id, RECEIPT_ID_MOST) || !fits(request->route, RECEIPT_ROUTE_MOST) ||
        !fits(request->status, RECEIPT_STATUS_MOST))
        return err_set(e, ERR_INVALID,
                       "a request of %.60s has an id, route or status that is too long for a "
                       "receipt: billing.receipts: statements closes without single requests",
                       request->customer);
    statement_spool_hash(request->customer, hash);
    str_add_n(&record, hash, HASH);
    put_text(&record, request->id);
    put_number(&record, request->time_s);
    put_text(&record, request->route);
    put_text(&record, request->status);
    put_number(&record, request->bytes);
    put_number(&record, request->times);
    return record_sort_add(writing->sort, record.data, record.len, e);
}

static void begin_anew(void *arg)
{
    struct writing *writing = arg;

    record_sort_free(writing->sort);
    writing->sort = record_sort_new(0);
}

static int gather(struct flow *flow, struct writing *writing)
{
    const struct receipt_lists *lists = writing->lists;
    const struct requests_question question = {.days = lists->days, .order = REQUESTS_ANY_ORDER};
    const struct requests_taker taker = {begin_anew, add_request, writing, NULL};

    writing->sort = record_sort_new(0);
    return requests_each(flow, lists->billing, &question, &taker, writing->e);
}

/* ---- parts ---- */

static void end_part(struct writing *writing)
{
    struct part *part = &writing->parts[writing->count++];
    char digest[65];

    *part = (struct part){0};
    gzip_pack(str_text(&writing->rows), writing->rows.len, &part->body);
    digest_sha256(str_text(&part->body), part->body.len, digest);
    cleanup_free char *name = mem_printf("%s-%04zu-%.16s.json.gz", writing->hash,
                                         json_array_size(writing->named), digest);
    part->key = mem_printf("%s%s", writing->lists->folder, name);
    json_array_append_new(writing->named, json_pack("{s:s, s:I, s:s}", "name", name, "size",
                                                    (json_int_t)part->body.len, "sha256", digest));
    writing->rows.len = 0;
}

static void end_customer(struct writing *writing)
{
    if (!*writing->hash)
        return;
    if (writing->rows.len)
        end_part(writing);
    writing->items.root = merkle_root(&writing->tree);
    receipt_set_items(writing->lists->set, writing->hash, &writing->items, writing->named);
    writing->named = NULL;
    *writing->hash = '\0';
}

static void begin_customer(struct writing *writing)
{
    memcpy(writing->hash, writing->record, HASH);
    writing->items = (struct receipt_items){.itemised = true};
    writing->tree = (struct merkle_tree){0};
    writing->named = json_array();
}

/* The calls of a record, of which `left` are in no part yet. */
static void take_record(struct writing *writing)
{
    const char *at = writing->record + HASH;
    struct receipt_request request;

    request.id = take_text(&at);
    request.time_s = take_number(&at);
    request.route = take_text(&at);
    request.status = take_text(&at);
    request.bytes = take_number(&at);
    writing->left = take_number(&at);
    writing->row.len = 0;
    receipt_add_request(&writing->row, &request);
    writing->bytes = request.bytes;
}

static void add_call(struct writing *writing)
{
    const struct str *row = &writing->row;
    struct merkle_hash leaf = merkle_leaf(row->data, row->len);

    str_add(&writing->rows, writing->items.calls++ ? "," : "");
    str_add_n(&writing->rows, row->data, row->len);
    writing->made += row->len;
    writing->left--;
    merkle_add(&writing->tree, &leaf);
    if (__builtin_add_overflow(writing->items.bytes, writing->bytes, &writing->items.bytes))
        (void)err_set(writing->e, ERR_INVALID, "more bytes than can be counted");
    if (writing->rows.len >= PART_MOST)
        end_part(writing);
}

static void enter_record(struct writing *writing)
{
    const char *record;
    size_t length;
    int got = record_sort_next(writing->sort, &record, &length, writing->e);

    writing->over = got == 0;
    writing->record = record;
    if (got < 0)
        return;
    if (writing->over || memcmp(writing->hash, record, HASH) != 0)
        end_customer(writing);
    if (writing->over)
        return;
    if (!*writing->hash)
        begin_customer(writing);
    take_record(writing);
}

/* Objects of as many customers as a batch holds. */
static void make_batch(void *arg)
{
    struct writing *writing = arg;

    writing->count = writing->made = 0;
    while (!writing->e->kind && !writing->over && writing->count < BATCH &&
           writing->made < BATCH_MOST) {
        if (writing->left > 0)
            add_call(writing);
        else
            enter_record(writing);
    }
}

static void put(struct flow *flow, void *arg, size_t index)
{
    struct writing *writing = arg;
    const struct part *part = &writing->parts[index];
    const struct object_new object = {part->key, "application/gzip", &part->body};
    struct err e = {0};

    if (!writing->e->kind && archive_named_put(flow, writing->lists->billing, &object, &e))
        (void)err_set(writing->e, e.kind, "%s", e.text);
}

static void free_batch(struct writing *writing)
{
    for (size_t i = 0; i < writing->count; i++) {
        free(writing->parts[i].key);
        str_fini(&writing->parts[i].body);
    }
}

static void sort(void *arg)
{
    struct writing *writing = arg;

    (void)record_sort_begin(writing->sort, writing->e);
}

static void end(void *arg)
{
    struct writing *writing = arg;

    record_sort_free(writing->sort);
    str_fini(&writing->row);
    str_fini(&writing->rows);
    json_decref(writing->named);
}

static void tell(const struct receipt_lists *lists, const char *what)
{
    if (lists->progress)
        lists->progress(lists->arg, what);
}

int receipt_lists_write(struct flow *flow, const struct receipt_lists *lists, struct err *e)
{
    struct writing *writing = mem_new(sizeof *writing);
    struct err failed = {0};

    *writing = (struct writing){.lists = lists, .e = &failed};
    tell(lists, "reading the month's requests");
    if (!gather(flow, writing))
        flow_work(flow, sort, writing);
    tell(lists, "writing each customer's requests");
    while (!failed.kind && !writing->over) {
        flow_work(flow, make_batch, writing);
        flow_each(flow, writing->count, PARALLEL, put, writing);
        free_batch(writing);
    }
    flow_work(flow, end, writing);
    free(writing);
    return failed.kind ? err_set(e, failed.kind, "%s", failed.text) : 0;
}

/* ---- reading again ---- */

/* One object of a list, as it comes. */
struct unpacking {
    const struct receipt_lists_reading *reading;
    struct gzip_reader gzip;
    struct digest *digest;
    char hex[65]; /* of its bytes, at the end */
    bool stopped;
};

static void take(void *arg, const void *bytes, size_t length)
{
    struct unpacking *unpacking = arg;
    const struct receipt_lists_reading *reading = unpacking->reading;

    if (!unpacking->stopped)
        unpacking->stopped = !reading->take(reading->arg, bytes, length);
}

static bool feed(void *arg, const void *bytes, size_t length)
{
    struct unpacking *unpacking = arg;

    digest_add(unpacking->digest, bytes, length);
    /* What is no gzip is read on: its digest says that it was changed. */
    (void)gzip_reader_feed(&unpacking->gzip, bytes, length);
    return !unpacking->stopped;
}

static const json_t *object_called(const json_t *objects, const char *key)
{
    const json_t *object;
    size_t i;

    json_array_foreach(objects, i, object)
        if (!strcmp(json_text(object, "key"), key))
            return object;
    return NULL;
}

static int read_part(struct flow *flow, const struct billing *billing, const json_t *object,
                     struct unpacking *unpacking, struct err *e)
{
    const struct object_walk walk = {.take = feed, .arg = unpacking};
    struct err broken = {0};
    int failed;

    unpacking->digest = digest_new();
    gzip_reader_init(&unpacking->gzip, take, unpacking);
    failed = object_content_walk(flow, billing, object, &walk, e);
    digest_end(unpacking->digest, unpacking->hex);
    (void)gzip_reader_end(&unpacking->gzip, &broken); /* so does the digest */
    return failed;
}

int receipt_lists_read(struct flow *flow, const struct billing *billing,
                       const struct receipt_lists_reading *reading, struct err *e)
{
    const char *hash = json_text(reading->record, "hash");
    cleanup_free char *prefix = mem_printf("%s%s-", reading->folder, hash ? hash : "?");
    json_auto_t *objects = object_list(flow, billing, prefix, e);
    const json_t *part;
    size_t i;

    if (!objects)
        return -1;
    json_array_foreach(json_object_get(reading->record, "parts"), i, part) {
        const char *name = json_text(part, "name"), *wanted = json_text(part, "sha256");
        cleanup_free char *key = mem_printf("%s%s", reading->folder, name ? name : "?");
        const json_t *object = object_called(objects, key);
        struct unpacking unpacking = {.reading = reading};

        if (!object)
            return err_set(e, ERR_EVIDENCE, "s3://%s/%s is missing", billing->names.bucket, key);
        if (read_part(flow, billing, object, &unpacking, e))
            return -1;
        if (!unpacking.stopped && (!wanted || strcmp(wanted, unpacking.hex) != 0))
            return err_set(e, ERR_EVIDENCE, "s3://%s/%s was changed: its SHA-256 is %s, not %s",
                           billing->names.bucket, key, unpacking.hex, wanted ? wanted : "known");
        if (unpacking.stopped)
            return 0;
    }
    return 0;
}
