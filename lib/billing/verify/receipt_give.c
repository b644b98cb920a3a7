#include "billing/verify/receipt_give.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bulk/gzip.h"
#include "billing/close/archive.h"
#include "billing/close/close_receipts.h"
#include "billing/receipt_store/receipt_lists.h"
#include "billing/statement_store/statement_spool.h"
#include "billing/store/archive_object.h"

#include <string.h>

enum { LINE_MOST = 16 << 20 }; /* of a record */

struct giving {
    const struct receipt_give *give;
    struct archive archive;
    const json_t *signed_receipts; /* of its manifest */
    char hash[65];                 /* of the customer */
    json_t *record;
    struct str leaves, statement, text;
    struct receipt receipt;
    struct receipt_items items;
    bool found; /* the leaf among the leaves */
};

/* ---- the record ---- */

struct searching {
    struct giving *giving;
    struct gzip_reader gzip;
    struct str line;
    bool too_long;
};

static void end_line(struct searching *searching)
{
    struct giving *giving = searching->giving;
    json_t *record = strstr(str_text(&searching->line), giving->hash)
                         ? json_parse(str_text(&searching->line), searching->line.len)
                         : NULL;
    const char *hash = json_text(record, "hash");

    if (hash && !strcmp(hash, giving->hash) && !giving->record)
        giving->record = json_incref(record);
    json_decref(record);
    searching->line.len = 0;
}

static void take_lines(void *arg, const void *bytes, size_t length)
{
    struct searching *searching = arg;
    const char *at = bytes, *end = at + length;

    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        str_add_n(&searching->line, at, (size_t)((stop ? stop : end) - at));
        searching->too_long = searching->too_long || searching->line.len > LINE_MOST;
        if (stop || searching->too_long)
            end_line(searching);
        at = stop ? stop + 1 : end;
    }
}

static bool feed(void *arg, const void *bytes, size_t length)
{
    struct searching *searching = arg;

    return gzip_reader_feed(&searching->gzip, bytes, length) && !searching->too_long;
}

/* As the manifest says; *object borrowed. */
static int check_file(struct flow *flow, const struct giving *giving, const char *name,
                      const json_t **object, struct err *e)
{
    cleanup_free char *wrong = NULL;

    if (archive_check(flow, &giving->archive, name, &wrong, e))
        return -1;
    *object = archive_object_of(&giving->archive, name);
    return wrong ? err_set(e, ERR_EVIDENCE, "%s", wrong) : 0;
}

static int find_record(struct flow *flow, struct giving *giving, struct err *e)
{
    struct searching searching = {.giving = giving};
    const struct object_walk walk = {.take = feed, .arg = &searching};
    const json_t *object;
    struct err broken = {0};
    int failed;

    if (check_file(flow, giving, CLOSE_RECEIPTS_RECORDS, &object, e))
        return -1;
    gzip_reader_init(&searching.gzip, take_lines, &searching);
    searching.gzip.most = SIZE_MAX;
    failed = object_content_walk(flow, giving->give->billing, object, &walk, e);
    if (gzip_reader_end(&searching.gzip, &broken) && !failed)
        failed = err_set(e, ERR_EVIDENCE, "%s: %s", CLOSE_RECEIPTS_RECORDS, broken.text);
    str_fini(&searching.line);
    if (failed)
        return -1;
    if (!giving->record)
        return err_set(e, ERR_ABSENT,
                       "no document of the month is of the customer %.100s: customers are named by "
                       "their ids on the bill",
                       giving->give->customer);
    return receipt_set_read(giving->record, giving->receipt.salt, &giving->items)
               ? 0
               : err_set(e, ERR_EVIDENCE, "%s: its record is none", CLOSE_RECEIPTS_RECORDS);
}

/* ---- the leaf ---- */

static int read_leaves(struct flow *flow, struct giving *giving, struct err *e)
{
    const json_t *object;

    return check_file(flow, giving, CLOSE_RECEIPTS_LEAVES, &object, e) ||
                   object_content_collect(flow, giving->give->billing, object, &giving->leaves, e)
               ? -1
               : 0;
}

static int read_statement(struct flow *flow, struct giving *giving, struct err *e)
{
    const char *folder =
        json_text(json_object_get(giving->archive.manifest, "statements"), "folder");
    cleanup_free char *key = mem_printf("%s%s.json", folder ? folder : "?", giving->hash);

    if (!archive_object_read(flow, giving->give->billing, key, &giving->statement, e))
        return 0;
    if (e->kind == ERR_ABSENT)
        e->kind = ERR_EVIDENCE; /* it was there */
    return -1;
}

static void find_leaf(void *arg)
{
    struct giving *giving = arg;
    const char *statement = str_text(&giving->statement);
    struct merkle_hash root,
        leaf = receipt_leaf(giving->receipt.salt, &giving->items, statement, giving->statement.len);

    giving->receipt.statement = statement;
    giving->found = !receipt_set_find(&giving->leaves, &leaf, &giving->receipt, &root);
}

static bool take_signed(struct giving *giving)
{
    const char *signature = json_text(giving->signed_receipts, "signature");

    giving->receipt.root = json_text(giving->signed_receipts, "document");
    return giving->receipt.root && signature &&
           receipt_set_hex(signature, giving->receipt.signature, SIGNATURE_BYTES);
}

static int find_parts(struct flow *flow, struct giving *giving, struct err *e)
{
    if (!take_signed(giving))
        return err_set(e, ERR_EVIDENCE, "the manifest's receipts are none");
    if (find_record(flow, giving, e) || read_statement(flow, giving, e) ||
        read_leaves(flow, giving, e))
        return -1;
    flow_work(flow, find_leaf, giving);
    return giving->found ? 0
                         : err_set(e, ERR_EVIDENCE,
                                   "the statement of %.100s is not the one that was closed: its "
                                   "leaf is not in the tree",
                                   giving->give->customer);
}

/* ---- the receipt ---- */

static void give_text(void *arg)
{
    struct giving *giving = arg;

    (void)giving->give->take(giving->give->arg, str_text(&giving->text), giving->text.len);
    giving->text.len = 0;
}

static int give_all(struct flow *flow, struct giving *giving, struct err *e)
{
    const struct receipt_give *give = giving->give;
    const char *folder = json_text(giving->signed_receipts, "folder");
    const struct receipt_lists_reading reading = {folder ? folder : "?", giving->record, give->take,
                                                  give->arg};

    receipt_begin(&giving->text, &giving->receipt, giving->items.itemised);
    flow_work(flow, give_text, giving);
    if (giving->items.itemised && receipt_lists_read(flow, give->billing, &reading, e))
        return -1;
    receipt_end(&giving->text, &giving->receipt, giving->items.itemised);
    flow_work(flow, give_text, giving);
    return 0;
}

static int open_document(struct flow *flow, struct giving *giving, struct err *e)
{
    const struct receipt_give *give = giving->give;
    cleanup_free char *folder = archive_document_folder(give->billing, give->number);
    cleanup_free char *name = numbers_text(give->billing, give->number), *wrong = NULL;
    int good;

    if (archive_open(flow, give->billing, folder, &giving->archive, e))
        return -1;
    if (!*giving->archive.hash)
        return err_set(e, ERR_ABSENT, "%s is not closed: a receipt proves what a close has signed",
                       name);
    good = archive_check_signature(flow, &giving->archive, give->key, &wrong, e);
    if (good <= 0)
        return good < 0 ? -1 : err_set(e, ERR_EVIDENCE, "%s: %s", name, wrong);
    giving->signed_receipts = json_object_get(giving->archive.manifest, "receipts");
    return giving->signed_receipts
               ? 0
               : err_set(e, ERR_ABSENT,
                         "%s was closed without receipts: they are written where billing.seller "
                         "and billing.receipts say so",
                         name);
}

int receipt_give(struct flow *flow, const struct receipt_give *give, struct err *e)
{
    struct giving giving = {.give = give};
    int failed;

    statement_spool_hash(give->customer, giving.hash);
    failed = open_document(flow, &giving, e) || find_parts(flow, &giving, e) ||
             give_all(flow, &giving, e);
    archive_close(&giving.archive);
    flow_drop(flow, giving.record);
    str_fini(&giving.leaves);
    str_fini(&giving.statement);
    str_fini(&giving.text);
    return failed ? -1 : 0;
}
