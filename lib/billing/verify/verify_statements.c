#include "billing/verify/verify_statements.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/statement_store/statement_index.h"
#include "billing/statement_store/statement_series.h"
#include "billing/statement_store/statement_spool.h"
#include "billing/statement_store/statement_write.h"
#include "billing/store/archive_object.h"
#include "billing/verify/verify_findings.h"
#include "billing/verify/verify_receipts.h"

#include <string.h>

enum { PARALLEL = 32, SHOWN = 20, BATCH = 256, FORMS = 3 };

/* The objects of a document: their members in the index, and the ends of their keys. */
static const char *const forms[FORMS] = {"json", "html", "xml"};

/* The documents of one invoice or correction. */
struct looking {
    struct verify *verify;
    const struct closed_document *document;
    const json_t *statements; /* of its manifest */
    struct bill_packed *bill;
    struct statement_set set; /* what its numbers are made of */
    struct money sum;         /* of what customers owe */
    size_t customers, wrong;
    bool nobody;
    char last[65];                    /* hash */
    struct verify_receipts *receipts; /* NULL: none, or none that can be compared */
    /* of a batch */
    json_t *const *entries;
    size_t batch;
    char *told[BATCH * FORMS]; /* what is wrong with an object, its forms by turns */
    struct err failed;
};

__attribute__((format(printf, 2, 3))) static void differ(struct looking *looking,
                                                         const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (looking->wrong++ < SHOWN)
        verify_findings_differ(looking->verify, "%s", text);
}

/* ---- the index against the bill ---- */

static bool says(const json_t *entry, const char *key, const char *wanted)
{
    const char *text = json_text(entry, key);

    return text && wanted && !strcmp(text, wanted);
}

static void add_net(struct looking *looking, const json_t *entry)
{
    struct money net;
    struct err e = {0};

    if (bill_amount_parse(json_text(entry, "net"), &net, &e) || money_add(&looking->sum, net, &e))
        differ(looking, "the index of statements: %s", e.text);
}

static void check_nobody(struct looking *looking, const json_t *entry)
{
    const json_t *line = json_object_get(bill_packed_head(looking->bill), "unattributed");

    looking->nobody = true;
    if (!says(entry, "net", json_text(line, "total")) || json_text(entry, "number"))
        differ(looking, "the statement of what is unattributed has %s, the bill %s",
               json_text(entry, "net"), json_text(line, "total"));
}

static void check_entry(struct looking *looking, const json_t *entry)
{
    const char *customer = json_text(entry, "customer");
    size_t place = customer ? bill_packed_find(looking->bill, customer) : SIZE_MAX;
    cleanup_free char *number = NULL;
    json_auto_t *line = NULL;
    char hash[65];

    if (!customer) {
        check_nobody(looking, entry);
        return;
    }
    statement_spool_hash(customer, hash);
    if (place == SIZE_MAX || !says(entry, "hash", hash) || strcmp(hash, looking->last) <= 0) {
        differ(looking, "the index of statements has %.60s, who is not on the bill, or twice",
               customer);
        return;
    }
    memcpy(looking->last, hash, sizeof hash);
    looking->customers++;
    number = statement_write_number(&looking->set, place);
    if (!says(entry, "number", number))
        differ(looking, "the statement of %.60s has the number %s, not %s", customer,
               json_text(entry, "number"), number);
    line = bill_packed_line(looking->bill, place);
    if (!says(entry, "net", json_text(line, "total")))
        differ(looking, "the statement of %.60s has %s, the bill %s", customer,
               json_text(entry, "net"), json_text(line, "total"));
    add_net(looking, entry);
}

/* ---- the objects ---- */

struct content {
    const struct verify_receipts *receipts;
    const json_t *entry, *file;
    const char *key;
    bool is_json;
    struct str body;
    char *told;
};

/* The document says of itself what the index says of it. */
static bool is_its(const struct content *content)
{
    json_auto_t *document =
        json_loadb(str_text(&content->body), content->body.len, JSON_REJECT_DUPLICATES, NULL);

    return json_equal(json_at(document, "buyer.customer"),
                      json_object_get(content->entry, "customer")) &&
           json_equal(json_object_get(document, "number"),
                      json_object_get(content->entry, "number")) &&
           json_equal(json_object_get(document, "net"), json_object_get(content->entry, "net")) &&
           json_equal(json_object_get(document, "total"), json_object_get(content->entry, "total"));
}

static void judge(void *arg)
{
    struct content *content = arg;
    char hash[65];

    digest_sha256(str_text(&content->body), content->body.len, hash);
    if (!says(content->file, "sha256", hash))
        content->told = mem_printf("%s was changed: its SHA-256 is %s, the signed index says %s",
                                   content->key, hash, json_text(content->file, "sha256"));
    else if (content->is_json && !is_its(content))
        content->told =
            mem_printf("%s is another document than the signed index says", content->key);
    else if (content->is_json)
        content->told = verify_receipts_wrong(content->receipts, json_text(content->entry, "hash"),
                                              &content->body);
    str_fini(&content->body);
}

static void look_at(struct flow *flow, void *arg, size_t index)
{
    struct looking *looking = arg;
    const json_t *entry = looking->entries[index / FORMS];
    const char *form = forms[index % FORMS];
    cleanup_free char *base = statement_index_key(json_text(looking->statements, "folder"), entry);
    cleanup_free char *key = mem_printf("%s.%s", base, form);
    struct content content = {.receipts = looking->receipts,
                              .entry = entry,
                              .file = json_object_get(entry, form),
                              .key = key,
                              .is_json = index % FORMS == 0};
    json_auto_t *object =
        json_pack("{s:s, s:O?}", "key", key, "size", json_object_get(content.file, "size"));
    struct err e = {0};

    if (looking->failed.kind || (!content.file && strcmp(form, "xml") == 0))
        return; /* not each one is an electronic invoice */
    if (!object_content_read(flow, looking->verify->billing, object, &content.body, &e))
        flow_work(flow, judge, &content);
    else if (e.kind == ERR_ABSENT)
        content.told = mem_printf("%s is missing; the signed index names it", key);
    else if (e.kind == ERR_INVALID)
        content.told = mem_printf("%s is not as the signed index says: %s", key, e.text);
    else
        (void)err_set(&looking->failed, e.kind, "%s", e.text);
    str_fini(&content.body);
    looking->told[index] = content.told;
}

static void check_entries(void *arg)
{
    struct looking *looking = arg;

    for (size_t i = 0; i < looking->batch; i++)
        check_entry(looking, looking->entries[i]);
}

static int take(struct flow *flow, void *arg, json_t *const *entries, size_t count, struct err *e)
{
    struct looking *looking = arg;
    char text[96];

    looking->entries = entries;
    looking->batch = count;
    flow_work(flow, check_entries, looking);
    flow_each(flow, count * FORMS, PARALLEL, look_at, looking);
    for (size_t i = 0; i < count * FORMS; i++) {
        if (looking->told[i])
            differ(looking, "%s", looking->told[i]);
        free(looking->told[i]);
        looking->told[i] = NULL;
    }
    (void)snprintf(text, sizeof text, "checking statements: %zu of %zu", looking->customers,
                   bill_packed_count(looking->bill));
    if (looking->verify->progress)
        looking->verify->progress(looking->verify->arg, text);
    return looking->failed.kind ? err_set(e, looking->failed.kind, "%s", looking->failed.text) : 0;
}

/* ---- the register of the series ---- */

static int check_series(struct flow *flow, struct looking *looking, struct err *e)
{
    const char *name = json_text(looking->statements, "series");
    struct statement_series series;
    struct err failed = {0};
    int has = 1;

    if (!json_whole(looking->statements, "count") || !name)
        return 0;
    if (statement_series_look(flow, looking->verify->billing,
                              (struct statement_series_of){name, looking->set.issued.year}, &series,
                              &failed) ||
        (has = statement_series_has(flow, looking->verify->billing,
                                    &(struct statement_taken){name, looking->set.issued.year,
                                                              looking->set.first,
                                                              closed_hash(looking->document)},
                                    &failed)) < 0)
        has = failed.kind == ERR_EVIDENCE ? -2 : -1;
    if (has == -2)
        differ(looking, "%s", failed.text);
    else if (!has)
        differ(looking,
               "the numbers %s%d from %lld on were not given to this document, or their "
               "entry in the register was removed",
               name, looking->set.issued.year, (long long)looking->set.first);
    statement_series_fini(&series);
    return has == -1 ? err_set(e, failed.kind, "%s", failed.text) : 0;
}

/* ---- one document ---- */

static void check_sums(struct looking *looking)
{
    const json_t *head = bill_packed_head(looking->bill);
    const json_t *totals = json_object_get(head, "totals");
    const json_t *nobody = json_object_get(head, "unattributed");
    size_t lines = bill_packed_count(looking->bill);
    struct money total;
    struct err e = {0};

    if (looking->customers != lines ||
        (json_int_t)lines != json_whole(looking->statements, "count"))
        differ(looking, "the bill has %zu customers, and %zu have a statement", lines,
               looking->customers);
    if (!looking->nobody && (json_whole(nobody, "calls") || json_whole(nobody, "bytes")))
        differ(looking, "what is unattributed has no statement");
    if (bill_amount_parse(json_text(totals, "total") ? json_text(totals, "total") : "", &total,
                          &e) ||
        money_compare(total, looking->sum))
        differ(looking, "the statements are not the bill: they do not come to its total of %s",
               json_text(totals, "total"));
}

static int look_through(struct flow *flow, struct looking *looking, struct err *e)
{
    const struct archive *archive = &looking->document->archive;
    const json_t *object = archive_object_of(archive, STATEMENT_INDEX);
    const struct statement_index_taker taker = {take, looking};
    struct err failed = {0};

    if (!object)
        return 0; /* told with the files */
    if (verify_receipts_open(flow, looking->verify, looking->document, &looking->receipts, e))
        return -1;
    if (statement_index_each(flow, looking->verify->billing, object, &taker, &failed)) {
        if (failed.kind != ERR_EVIDENCE)
            return err_set(e, failed.kind, "%s", failed.text);
        differ(looking, "%s", failed.text);
        return 0;
    }
    check_sums(looking);
    return check_series(flow, looking, e);
}

static int check(struct flow *flow, struct verify *verify, const struct closed_document *document,
                 struct err *e)
{
    const json_t *statements = json_object_get(document->archive.manifest, "statements");
    cleanup_free char *name = numbers_text(verify->billing, document->number);
    struct looking *looking;
    int failed;

    if (!document->archive.manifest)
        return 0; /* told already */
    if (!statements) {
        verify_findings_agree(verify, "%s has no statements of customers: it was closed without",
                              name);
        return 0;
    }
    looking = mem_new(sizeof *looking);
    *looking = (struct looking){.verify = verify,
                                .document = document,
                                .statements = statements,
                                .set = {.first = json_whole(statements, "first"),
                                        .issued.year = (int)json_whole(statements, "year"),
                                        .series = json_text(statements, "series")}};
    looking->bill = closed_bill(flow, document, e);
    failed = looking->bill ? look_through(flow, looking, e) : -1;
    if (verify_receipts_end(flow, looking->receipts, looking->customers, e))
        failed = -1;
    if (looking->wrong > SHOWN)
        verify_findings_differ(verify, "%zu more statements differ", looking->wrong - SHOWN);
    if (!failed && !looking->wrong)
        verify_findings_agree(verify, "%s: %zu statement%s to the bill", name, looking->customers,
                              looking->customers == 1 ? ", which comes" : "s, which come");
    bill_packed_free(looking->bill);
    free(looking);
    return failed;
}

int verify_statements(struct flow *flow, struct verify *verify, const struct closed *closed,
                      struct err *e)
{
    int failed = check(flow, verify, &closed->invoice, e);

    for (size_t i = 0; i < closed->count && !failed; i++)
        failed = check(flow, verify, &closed->corrections[i], e);
    return failed;
}
