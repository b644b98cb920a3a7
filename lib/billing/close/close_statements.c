#include "billing/close/close_statements.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_month.h"
#include "billing/close/close_private.h"
#include "billing/close/close_receipts.h"
#include "billing/prices/parties.h"
#include "billing/statement_store/statement_index.h"
#include "billing/statement_store/statement_series.h"
#include "billing/statement_store/statement_usage.h"
#include "billing/statement_store/statement_write.h"
#include "billing/store/archive_named.h"
#include "billing/store/object_list.h"

#include <string.h>

static bool has_seller(const struct close *close)
{
    return json_is_object(json_object_get(close->price_book, "seller"));
}

/* ---- where ---- */

/* "billing/_statements/shop/2025-10-c1/". */
static char *month_folder(const struct close *close)
{
    const struct billing *billing = close->billing;
    cleanup_free char *correction =
        close->number ? mem_printf("-c%u", close->number) : mem_text("");
    char month[16];

    calendar_month_text(close->month, month);
    return mem_printf("%s_statements/%s/%s%s/", billing->settings.archive_prefix, billing->pipeline,
                      month, correction);
}

/* SHA-256 of what customers have; of nothing where it is no correction. */
static void hash_before(const struct close *close, char hash[static 65])
{
    struct digest *digest = digest_new();

    for (size_t i = 0; close->before && i <= bill_packed_count(close->bill); i++) {
        const char *list = close->before[i] ? close->before[i] : "";

        digest_add(digest, list, strlen(list) + 1);
    }
    digest_end(digest, hash);
}

/* Of all that decides what the documents say: another folder for other documents. */
static char *folder_of(const struct close *close, const char *series)
{
    cleanup_free char *month = month_folder(close);
    cleanup_free char *rated = bill_packed_hash(close->rated),
                      *bill = bill_packed_hash(close->bill);
    cleanup_free char *section = json_canonical(close->price_book);
    cleanup_free char *all = NULL;
    char day[16], id[65], before[65];

    hash_before(close, before);
    calendar_day_text(close->issued, day);
    all = mem_printf("%s\n%s\n%s\n%s\n%s\n%s %s %lld\n", close->version, rated, bill, section,
                     before, series, day, (long long)close->series->next);
    digest_sha256(all, strlen(all), id);
    return mem_printf("%s%.16s/", month, id);
}

/* ---- writing ---- */

/* The whole of it, off the loop where it is made. */
struct writing {
    struct close *close;
    struct archive_files *files;
    struct price_book *book;
    char *series, *folder;
    struct statement_set set;
    struct statement_tables tables;
    struct str index;
};

static void begin(void *arg)
{
    struct writing *writing = arg;
    const struct close *close = writing->close;
    const char *series;

    writing->book = price_book_new(close->price_book);
    series = parties_series(writing->book);
    writing->series = series ? mem_text(series) : mem_printf("%s-", close->billing->pipeline);
}

static bool is_something(const json_t *line)
{
    return json_whole(line, "calls") || json_whole(line, "bytes");
}

static void on_progress(void *arg, size_t done, size_t all)
{
    struct close *close = arg;
    char text[80];

    (void)snprintf(text, sizeof text, "writing statements: %zu of %zu", done, all);
    close_tell(close, text);
}

static void describe(void *arg)
{
    struct writing *writing = arg;
    struct close *close = writing->close;

    writing->folder = folder_of(close, writing->series);
    writing->set = (struct statement_set){
        .book = writing->book,
        .rated = close->rated,
        .lines = close->bill,
        .nobody = is_something(json_object_get(bill_packed_head(close->bill), "unattributed")),
        .before = close->before,
        .issued = close->issued,
        .series = writing->series,
        .first = close->series->next,
        .folder = writing->folder,
        .tables = &writing->tables,
        .progress = on_progress,
        .progress_arg = close,
        .made = close->receipts ? close_receipts_take : NULL,
        .made_arg = close,
    };
}

/* Which numbers are free, and whether this document has some already: 1, as close_statements_write.
 */
static int look_for_numbers(struct flow *flow, struct close *close, const char *name, struct err *e)
{
    cleanup_free char *document =
        numbers_text(close->billing, (struct number){close->month, close->number});
    struct statement_series before;
    int has, failed;

    if (!close->series)
        close->series = mem_new(sizeof *close->series);
    statement_series_fini(close->series);
    /* Around the turn of the year another may just have taken them of the old one. */
    failed = statement_series_look(flow, close->billing,
                                   (struct statement_series_of){name, close->issued.year - 1},
                                   &before, e) ||
             statement_series_look(flow, close->billing,
                                   (struct statement_series_of){name, close->issued.year},
                                   close->series, e);
    has = !failed && (json_object_get(before.documents, document) ||
                      json_object_get(close->series->documents, document));
    statement_series_fini(&before);
    return failed ? -1 : has;
}

static void set_manifest(const struct writing *writing)
{
    struct close *close = writing->close;
    json_int_t count = (json_int_t)bill_packed_count(writing->set.lines);
    json_int_t first = count ? (json_int_t)close->series->next : 0;
    char day[16];

    calendar_day_text(close->issued, day);
    json_decref(close->statements);
    close->statements = json_pack(
        "{s:s, s:s, s:i, s:I, s:I, s:I, s:b, s:s, s:s, s:s}", "format", STATEMENT_FORMAT, "series",
        writing->series, "year", close->issued.year, "first", first, "last",
        count ? first + count - 1 : 0, "count", count, "unattributed", (int)writing->set.nobody,
        "issue_date", day, "folder", writing->folder, "index", STATEMENT_INDEX);
}

static int write_documents(struct flow *flow, struct writing *writing, struct err *e)
{
    struct close *close = writing->close;
    const struct statement_source source = {writing->book,
                                            bill_month_days(close->billing, close->month), NULL};
    cleanup_free char *folder = NULL;
    int result = look_for_numbers(flow, close, writing->series, e);

    if (result)
        return result;
    folder = month_folder(close);
    if (close_receipts_begin(flow, close, writing->book, folder, e))
        return -1;
    flow_work(flow, describe, writing);
    close_tell(close, "adding up each customer's days");
    writing->set.spool = statement_usage_read(flow, close->billing, &source, e);
    if (!writing->set.spool ||
        statement_write_all(flow, close->billing, &writing->set, &writing->index, e) ||
        close_receipts_end(flow, close, writing->files, e))
        return -1;
    set_manifest(writing);
    return 0;
}

static void end(void *arg)
{
    struct writing *writing = arg;

    price_book_free(writing->book);
    free(writing->series);
    free(writing->folder);
    str_fini(&writing->index);
    statement_tables_fini(&writing->tables);
}

/* Index and tables, among the files of what is closed. */
static void add_files(struct writing *writing, struct archive_files *files)
{
    archive_add(files, STATEMENT_INDEX, "application/gzip", &writing->index);
    for (size_t i = 0; i < STATEMENT_TABLES; i++)
        archive_add(files, statement_tables_names[i], "application/gzip",
                    &writing->tables.packed[i]);
}

int close_statements_write(struct flow *flow, struct close *close, struct archive_files *files,
                           struct err *e)
{
    struct writing writing = {.close = close, .files = files};
    int result;

    if (!has_seller(close))
        return 0;
    flow_work(flow, begin, &writing);
    result = write_documents(flow, &writing, e);
    if (!result)
        add_files(&writing, files);
    flow_work(flow, end, &writing);
    return result;
}

/* ---- what they will lack ---- */

struct foretelling {
    const struct close *close;
    char *told;
};

static void foretell(void *arg)
{
    struct foretelling *foretelling = arg;
    const struct close *close = foretelling->close;
    struct price_book *book = price_book_new(close->price_book);
    const struct statement_set set = {
        .book = book,
        .rated = close->rated,
        .lines = close->bill,
        .before = close->before,
        .issued = close->month, /* any day: it only has to be there */
        .series = "",
    };

    foretelling->told = statement_write_missing(&set);
    price_book_free(book);
}

void close_statements_foretell(struct flow *flow, struct close *close)
{
    struct foretelling foretelling = {.close = close};

    if (close->finishes || !close->bill || json_array_size(close->reasons) || !has_seller(close))
        return;
    flow_work(flow, foretell, &foretelling);
    if (foretelling.told)
        close_note(close, "%s", foretelling.told);
    free(foretelling.told);
}

/* ---- numbers ---- */

static char *entry_key(const struct close *close, const char *hash)
{
    cleanup_free char *folder = month_folder(close);

    return mem_printf("%sentry-%s.json", folder, hash);
}

int close_statements_claim(struct flow *flow, void *arg, const struct numbers_entry *entry,
                           struct err *e)
{
    struct close *close = arg;
    json_int_t count = json_whole(close->statements, "count");
    cleanup_free char *document =
        numbers_text(close->billing, (struct number){close->month, close->number});
    const struct statement_range range = {document, entry->hash, count};
    cleanup_free char *key = entry_key(close, entry->hash), *name = NULL;
    int result;

    if (!count)
        return 0;
    result = numbers_put_at(flow, close->billing, key, entry, e);
    if (result)
        return result < 0 ? -1 : archive_named_other(close->billing, key, e);
    result = statement_series_take(flow, close->billing, close->series, &range, e);
    if (result <= 0)
        return result;
    name = mem_text(close->series->name);
    result = look_for_numbers(flow, close, name, e);
    return result ? result : CLOSE_STATEMENTS_AGAIN;
}

/* ---- what was begun ---- */

static int take_begun(struct flow *flow, struct close *close, const char *key, struct err *e)
{
    struct numbers_entry entry;
    const json_t *statements;
    int result = numbers_read_at(flow, close->billing, key, &entry, e);

    statements = json_object_get(entry.manifest, "statements");
    if (!result)
        result = json_text(statements, "series")
                     ? statement_series_has(
                           flow, close->billing,
                           &(struct statement_taken){json_text(statements, "series"),
                                                     (int)json_whole(statements, "year"),
                                                     json_whole(statements, "first"), entry.hash},
                           e)
                     : 0;
    if (result <= 0) {
        numbers_fini(&entry);
        return result;
    }
    close->begun = mem_new(sizeof *close->begun);
    *close->begun = entry;
    return 1;
}

static int find_begun(struct flow *flow, struct close *close, struct err *e)
{
    cleanup_free char *prefix = entry_key(close, "");
    json_auto_t *objects = NULL;
    const json_t *object;
    int result = 0;
    size_t i;

    prefix[strlen(prefix) - strlen(".json")] = '\0';
    objects = object_list(flow, close->billing, prefix, e);
    if (!objects)
        return -1;
    json_array_foreach(objects, i, object) {
        if (result)
            break;
        result = take_begun(flow, close, json_text(object, "key"), e);
    }
    return result;
}

int close_statements_begun(struct flow *flow, struct close *close, struct err *e)
{
    int result = find_begun(flow, close, e);
    const json_t *manifest = close->begun ? close->begun->manifest : NULL;
    const char *begun_at = json_text(manifest, "closed_at");

    if (result <= 0)
        return result;
    free(close->folder);
    close->folder =
        archive_document_folder(close->billing, (struct number){close->month, close->number});
    bill_packed_free(close->bill);
    close->bill = numbers_bill(flow, close->billing, close->begun, e);
    if (!close->bill)
        return -1;
    json_decref(close->manifest);
    close->manifest = json_share(manifest);
    close->finishes = true;
    close_note(close,
               "this was begun on %s and interrupted, with the numbers of its statements taken: it "
               "is finished as it was; what came since becomes a correction",
               begun_at ? begun_at : "?");
    return 1;
}

/* ---- what customers have ---- */

/* One document of the month that is looked through. */
struct looking {
    const struct close *close;
    struct bill_packed *bill;
    const json_t *statements; /* of its manifest; NULL: it has none */
    const char *number, *issued;
    char **before;
};

/* Puts another document behind those that the line's customer has; number: taken over. */
static void add(struct looking *looking, size_t place, char *number, const json_t *line)
{
    json_auto_t *one = json_pack("{s:s, s:s?, s:O}", "number", number, "issue_date",
                                 looking->issued, "net", json_object_get(line, "total"));
    cleanup_free char *text = json_canonical(one);
    char **list = &looking->before[place];
    cleanup_free char *others = *list;

    if (others)
        others[strlen(others) - 1] = '\0'; /* its bracket */
    *list = mem_printf("%s%s%s]", others ? others : "[", others ? "," : "", text);
    free(number);
}

static void look_through(void *arg)
{
    struct looking *looking = arg;
    const struct bill_packed *bill = looking->bill;
    const json_t *nobody = json_object_get(bill_packed_head(bill), "unattributed");
    struct statement_set set = {.first = json_whole(looking->statements, "first"),
                                .issued.year = (int)json_whole(looking->statements, "year"),
                                .series = json_text(looking->statements, "series")};

    for (size_t i = 0; i < bill_packed_count(bill); i++) {
        size_t place = bill_packed_find(looking->close->bill, bill_packed_customer(bill, i));
        json_auto_t *line = place == SIZE_MAX ? NULL : bill_packed_line(bill, i);

        if (line)
            add(looking, place,
                set.series ? statement_write_number(&set, i) : mem_text(looking->number), line);
    }
    if (is_something(nobody))
        add(looking, bill_packed_count(looking->close->bill), mem_text(looking->number), nobody);
    bill_packed_free(looking->bill);
}

static int look_at(struct flow *flow, struct looking *looking,
                   const struct closed_document *document, struct err *e)
{
    const json_t *manifest = closed_manifest(document);
    const char *closed_at = json_text(manifest, "closed_at");
    cleanup_free char *number = numbers_text(looking->close->billing, document->number);
    cleanup_free char *day = closed_at ? mem_text_n(closed_at, strnlen(closed_at, 10)) : NULL;

    looking->bill = closed_bill(flow, document, e);
    if (!looking->bill)
        return -1;
    looking->statements = json_object_get(manifest, "statements");
    looking->number = number;
    looking->issued = json_text(looking->statements, "issue_date");
    if (!looking->issued)
        looking->issued = day;
    flow_work(flow, look_through, looking);
    return 0;
}

int close_statements_before(struct flow *flow, struct close *close, const struct closed *closed,
                            struct err *e)
{
    struct looking looking = {.close = close};
    int failed;

    if (!has_seller(close))
        return 0;
    looking.before = mem_new((bill_packed_count(close->bill) + 1) * sizeof *looking.before);
    failed = look_at(flow, &looking, &closed->invoice, e);
    for (size_t i = 0; i < closed->count && !failed; i++)
        failed = look_at(flow, &looking, &closed->corrections[i], e);
    close->before = looking.before;
    return failed;
}
