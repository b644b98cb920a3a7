#include "billing/close/close_statements.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_month.h"
#include "billing/close/close_private.h"
#include "billing/close/close_receipts.h"
#include "billing/prices/parties.h"
#include "billing/statement_store/statement_index.h"
#include "billing/statement_store/statement_listed.h"
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

/* Beside the folders of documents. */
static char *entry_key(const struct close *close, const char *hash)
{
    cleanup_free char *folder = month_folder(close);

    return mem_printf("%sentry-%s.json", folder, hash);
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
    all = mem_printf("%s\n%s\n%s\n%s\n%s\n%s %s %lld %u\n", close->version, rated, bill, section,
                     before, series, day, (long long)close->series->next, close->others);
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

/* Numbers that were taken for a month of ours and not given yet would be left out. */
static int check_taken(const struct close *close, const struct statement_series *series,
                       struct err *e)
{
    json_t *range;
    const char *document;

    json_object_foreach(series->documents, document, range) {
        struct number number;
        char month[16];

        if (close->number || json_object_get(close->documents, document) ||
            !numbers_parse(close->billing, document, &number) || number.correction)
            continue;
        calendar_month_text(number.month, month);
        return err_set(e, ERR_RETRY,
                       "numbers of the series %s were taken by a close of %s that is under way, or "
                       "was interrupted: billingd close %s, then this one",
                       series->name, month, month);
    }
    return 0;
}

/* Whether a signed document has numbers of the series and year: 1, 0; -1 and *e. */
static int has_numbers(struct flow *flow, const struct close *close, struct number number,
                       struct err *e)
{
    cleanup_free char *folder = archive_document_folder(close->billing, number);
    struct archive archive;
    int result = archive_open(flow, close->billing, folder, &archive, e) ? -1 : 0;
    const json_t *statements = json_object_get(archive.manifest, "statements");
    const char *series = json_text(statements, "series");

    if (!result)
        result = series && json_whole(statements, "count") &&
                 !strcmp(series, close->series->name) &&
                 json_whole(statements, "year") == close->series->year;
    archive_close(&archive);
    return result;
}

/* What our own manifests have, the register must know: all of it may have been removed.  S3 says
 * when a manifest was written, and a year's numbers are in none from before it. */
static int check_signed(struct flow *flow, const struct close *close, struct err *e)
{
    json_auto_t *closed = archive_closed(flow, close->billing, e);
    const struct day new_year = {close->series->year, 1, 1};
    int64_t from_s = calendar_day_start("UTC", calendar_add_days(new_year, -2));
    int result = closed ? 0 : -1;
    const char *document;
    json_t *modified;

    json_object_foreach(closed, document, modified) {
        struct number number;

        if (result || json_integer_value(modified) < from_s ||
            json_object_get(close->series->documents, document) ||
            !numbers_parse(close->billing, document, &number))
            continue;
        result = has_numbers(flow, close, number, e);
        if (result > 0)
            result = err_set(e, ERR_EVIDENCE,
                             "%s has numbers of the series %s of %d, and the register does not "
                             "know them any more: bring back what was below billing/numbers/ from "
                             "a version or copy of the bucket",
                             document, close->series->name, close->series->year);
    }
    return result;
}

static int check_numbers(struct flow *flow, const struct close *close,
                         const struct statement_series *before, struct err *e)
{
    if (check_taken(close, before, e) || check_taken(close, close->series, e) ||
        check_signed(flow, close, e))
        return -1;
    return close->series->ended
               ? err_set(
                     e, ERR_RETRY,
                     "the series %s gives no numbers of %d any more: a close of this or another "
                     "document in the year after ended it; is the clock of this machine right?",
                     close->series->name, close->series->year)
               : 0;
}

/* Which numbers are free; *own: those that this document has already, of the year before, too:
 * around its turn another close may just have taken them. -1 and *e. */
static int look_at_series(struct flow *flow, struct close *close, const char *name, json_t **own,
                          struct err *e)
{
    cleanup_free char *document =
        numbers_text(close->billing, (struct number){close->month, close->number});
    const struct statement_series_of this = {name, close->issued.year},
                                     last = {name, close->issued.year - 1};
    struct statement_series before;
    int failed;

    if (!close->series)
        close->series = mem_new(sizeof *close->series);
    statement_series_fini(close->series);
    failed = statement_series_look(flow, close->billing, last, &before, e) ||
             statement_series_look(flow, close->billing, this, close->series, e);
    *own = json_share(json_object_get(before.documents, document));
    if (!failed && !*own)
        *own = json_share(json_object_get(close->series->documents, document));
    if (!failed && !*own)
        failed = check_numbers(flow, close, &before, e);
    statement_series_fini(&before);
    return failed ? -1 : 0;
}

/* 1: this document has numbers already, as close_statements_write; 0; -1 and *e. */
static int look_for_numbers(struct flow *flow, struct close *close, const char *name, struct err *e)
{
    json_auto_t *own = NULL;
    struct numbers_entry entry;
    cleanup_free char *key = NULL;
    const char *hash;
    int failed;

    if (look_at_series(flow, close, name, &own, e))
        return -1;
    if (!own)
        return 0;
    hash = json_string_value(json_array_get(own, 2));
    key = entry_key(close, hash ? hash : "?");
    failed = numbers_read_at(flow, close->billing, key, &entry, e);
    if (!failed && !*entry.hash)
        failed = err_set(e, ERR_EVIDENCE,
                         "numbers of the series %s were taken for this document, and s3://%s/%s, "
                         "with which that close could be finished, is gone: bring it back from a "
                         "version or copy of the bucket",
                         name, close->billing->names.bucket, key);
    numbers_fini(&entry);
    return failed ? -1 : 1;
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
    if (!writing->set.spool)
        return -1;
    result = statement_write_all(flow, close->billing, &writing->set, &writing->index, e);
    if (result > 0) {
        close->others++;
        return CLOSE_STATEMENTS_AGAIN;
    }
    if (result || close_receipts_end(flow, close, writing->files, e))
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

#define CLOSE_STATEMENTS_QUERY                                                                     \
    "the template has no query %s, which %s needs: add it to its queries, as the shipped "         \
    "template "                                                                                    \
    "has it (%s.sql)"

struct foretelling {
    const struct close *close;
    char *told;
    struct err refused;
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

    foretelling->told = statement_write_missing(&set, &foretelling->refused);
    price_book_free(book);
}

/* The queries that only writing asks for must be in a template of one's own, too. */
static void check_queries(struct close *close)
{
    const struct billing *billing = close->billing;

    if (!json_text(billing->queries, "usage_days"))
        close_reason(close, CLOSE_STATEMENTS_QUERY, "usage_days", "billing.seller", "usage_days");
    if (billing->settings.receipts == BILLING_RECEIPTS_REQUESTS &&
        !json_text(billing->queries, "requests"))
        close_reason(close, CLOSE_STATEMENTS_QUERY, "requests", "billing.receipts", "requests");
}

void close_statements_foretell(struct flow *flow, struct close *close)
{
    struct foretelling foretelling = {.close = close};

    if (close->finishes || !close->bill || json_array_size(close->reasons) || !has_seller(close))
        return;
    check_queries(close);
    flow_work(flow, foretell, &foretelling);
    if (foretelling.refused.kind)
        close_reason(close, "%s", foretelling.refused.text);
    if (foretelling.told)
        close_note(close, "%s", foretelling.told);
    free(foretelling.told);
}

/* ---- numbers ---- */

/* No close of the document gets numbers of that year any more. 0; 1: one has them; -1 and *e. */
static int end_year(struct flow *flow, const struct close *close, int year, struct err *e)
{
    cleanup_free char *document =
        numbers_text(close->billing, (struct number){close->month, close->number});
    const struct statement_series_of of = {close->series->name, year};

    for (int tries = 0; tries < CLOSE_STATEMENTS_TRIES; tries++) {
        struct statement_series series;
        bool has = false;
        int result = statement_series_look(flow, close->billing, of, &series, e);

        if (!result)
            has = json_object_get(series.documents, document) != NULL;
        if (!result && !has && !series.ended)
            result = statement_series_end(flow, close->billing, &series, e);
        statement_series_fini(&series);
        if (result <= 0)
            return result ? -1 : has;
    }
    return err_set(e, ERR_RETRY, "others take numbers of the series %s of %d: run it again",
                   of.name, year);
}

/* Of two closes at New Year each would get a range in a year of its own, and of two specs in a
 * series of its own: where the first takes its numbers is where all closes of the document do, or
 * that year is ended. 0; 1: another has them; CLOSE_STATEMENTS_AGAIN; -1 and *e. */
static int bind_series(struct flow *flow, const struct close *close, struct err *e)
{
    cleanup_free char *folder = month_folder(close), *key = mem_printf("%sseries.json", folder);
    const struct statement_series_of of = {close->series->name, close->series->year};
    json_auto_t *bound = statement_series_bind(flow, close->billing, key, of, e);
    json_int_t year = json_whole(bound, "year");
    int result = 0;

    if (!bound)
        return -1;
    if (strcmp(json_text(bound, "series"), of.name) != 0)
        return err_set(e, ERR_INVALID,
                       "a close of this document was begun with the series %s, as s3://%s/%s says, "
                       "and may have numbers of it: set billing.seller.series back to that, and "
                       "change it behind this document",
                       json_text(bound, "series"), close->billing->names.bucket, key);
    if (year > of.year)
        return CLOSE_STATEMENTS_AGAIN;
    for (; year < of.year && !result; year++)
        result = end_year(flow, close, (int)year, e);
    return result;
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
    result = bind_series(flow, close, e);
    if (result)
        return result;
    result = statement_series_take(flow, close->billing, close->series, &range, e);
    if (!result)
        result = statement_series_keep(flow, close->billing, close->series, e);
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

char *close_statements_wrong(struct flow *flow, const struct archive *archive, struct err *e)
{
    const char *folder = json_text(json_object_get(archive->manifest, "statements"), "folder");
    char *wrong = archive_what_is_wrong(flow, archive, e);

    if (!wrong || *wrong || !folder)
        return wrong;
    free(wrong);
    return statement_listed_wrong(flow, archive->billing, folder,
                                  archive_object_of(archive, STATEMENT_INDEX), e);
}

/* What was begun is finished only where all of it is there. 0; 1: it is; -1 and *e. */
static int check_begun(struct flow *flow, struct close *close, struct err *e)
{
    struct archive archive;
    char *wrong = NULL;
    int ours = close_is_ours(flow, close, close->begun, e);

    if (ours <= 0)
        return ours;
    if (!archive_open(flow, close->billing, close->folder, &archive, e)) {
        json_decref(archive.manifest);
        archive.manifest = json_share(close->begun->manifest);
        wrong = close_statements_wrong(flow, &archive, e);
    }
    archive_close(&archive);
    if (!wrong)
        return -1;
    if (*wrong)
        close_reason(close,
                     "numbers were taken for this by a close that was interrupted, and what it "
                     "wrote is not there any more: %s; bring it back from a copy, or a version of "
                     "the bucket",
                     wrong);
    free(wrong);
    return !close_is_refused(close);
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
    result = check_begun(flow, close, e);
    if (result <= 0)
        return result;
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

int close_statements_give(struct flow *flow, const struct close *close, struct err *e)
{
    const json_t *statements = json_object_get(close->begun->manifest, "statements");
    const struct statement_series series = {.name = (char *)json_text(statements, "series"),
                                            .year = (int)json_whole(statements, "year"),
                                            .next = json_whole(statements, "first")};
    const struct number number = {close->month, close->number};

    return statement_series_keep(flow, close->billing, &series, e)
               ? -1
               : numbers_give(flow, close->billing, number, close->begun, e);
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
