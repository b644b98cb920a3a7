#include "billing/statement_store/statement_write.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bookkeeping/ubl.h"
#include "billing/bulk/gzip.h"
#include "billing/statement/statement_render.h"
#include "billing/statement_store/statement_index.h"
#include "billing/store/archive_object.h"

#include <inttypes.h>
#include <string.h>

/* A batch is made in far less than a second. */
enum { BATCH = 64, PARALLEL = 32 };

/* The objects of a document. */
enum form { JSON, HTML, XML, FORMS };
static const struct {
    const char *suffix, *type;
} forms[FORMS] = {{".json", "application/json"},
                  {".html", "text/html; charset=utf-8"},
                  {".xml", "application/xml"}};

/* Whose turn it is, in the order of hashes. */
struct turn {
    char hash[65];
    size_t index; /* in set->lines; SIZE_MAX: nobody's */
};

struct item {
    const struct turn *turn;
    struct str forms[FORMS]; /* without xml: empty */
};

struct writing {
    const struct billing *billing;
    const struct statement_set *set;
    struct statement_spool *spool;
    struct statement_days *days;
    size_t part; /* that days are of */
    struct turn *turns;
    size_t count;
    struct item items[BATCH];
    size_t first, batch; /* of turns */
    struct str lines;    /* of the index, of a part */
    struct str *index;
    bool other; /* something else lies where a document should */
    struct err *e;
};

char *statement_write_number(const struct statement_set *set, size_t index)
{
    return mem_printf("%s%04d-%06" PRId64, set->series, set->issued.year,
                      set->first + (int64_t)index);
}

/* ---- the order ---- */

static int by_hash(const void *a, const void *b)
{
    return strcmp(((const struct turn *)a)->hash, ((const struct turn *)b)->hash);
}

static void make_turns(void *arg)
{
    struct writing *writing = arg;
    const struct bill_packed *lines = writing->set->lines;

    writing->turns = mem_new((bill_packed_count(lines) + 1) * sizeof *writing->turns);
    for (size_t i = 0; i < bill_packed_count(lines); i++) {
        statement_spool_hash(bill_packed_customer(lines, i), writing->turns[i].hash);
        writing->turns[i].index = i;
    }
    writing->count = bill_packed_count(lines);
    if (writing->count)
        qsort(writing->turns, writing->count, sizeof *writing->turns, by_hash);
    if (writing->set->nobody)
        writing->turns[writing->count++].index = SIZE_MAX;
}

static bool is_nobody(const struct turn *turn)
{
    return turn->index == SIZE_MAX;
}

/* ---- one document ---- */

/* The line as it is rated now; one of nothing where there is none any more.  New reference. */
static json_t *line_of(const struct statement_set *set, const struct turn *turn)
{
    json_auto_t *given = NULL;
    size_t place;

    if (is_nobody(turn))
        return json_share(json_object_get(bill_packed_head(set->rated), "unattributed"));
    place = bill_packed_find(set->rated, bill_packed_customer(set->lines, turn->index));
    if (place != SIZE_MAX)
        return bill_packed_line(set->rated, place);
    given = bill_packed_line(set->lines, turn->index);
    return json_pack("{s:O, s:O?}", "customer", json_object_get(given, "customer"), "name",
                     json_object_get(given, "name"));
}

/* What a document is made of; *line and *before: its line and what it corrects, new references. */
static void describe(const struct statement_set *set, const struct turn *turn,
                     struct statement *statement, json_t **line, json_t **before)
{
    size_t place = is_nobody(turn) ? bill_packed_count(set->lines) : turn->index;

    *line = line_of(set, turn);
    *before = set->before && set->before[place] ? json_loads(set->before[place], 0, NULL) : NULL;
    *statement = (struct statement){
        .book = set->book,
        .bill = bill_packed_head(set->rated),
        .line = *line,
        .before = *before,
        .issued = set->issued,
    };
}

static void keep(struct writing *writing, struct item *item, const json_t *document)
{
    const char *hash = is_nobody(item->turn) ? NULL : item->turn->hash;
    struct err refused = {0}; /* told before: statement_write_missing */
    cleanup_free char *xml = hash ? ubl_text(document, &refused) : NULL;
    cleanup_free char *json = statement_text(document), *html = statement_render_html(document);
    json_auto_t *entry = statement_index_entry(document, hash, json, html, xml);
    cleanup_free char *line = json_canonical(entry);

    str_addf(&writing->lines, "%s\n", line);
    str_add(&item->forms[JSON], json);
    str_add(&item->forms[HTML], html);
    str_add(&item->forms[XML], xml ? xml : "");
    if (writing->set->tables)
        statement_tables_add(writing->set->tables, document);
    if (writing->set->made)
        writing->set->made(
            writing->set->made_arg,
            &(struct statement_made){json_text(entry, "customer"), hash, json, document});
}

static int make_item(struct writing *writing, struct item *item)
{
    struct statement statement;
    json_auto_t *line = NULL, *before = NULL, *document = NULL, *breakdown = NULL;
    cleanup_free char *number =
        is_nobody(item->turn) ? NULL : statement_write_number(writing->set, item->turn->index);

    describe(writing->set, item->turn, &statement, &line, &before);
    breakdown = statement_spool_days_of(writing->days, json_text(statement.line, "customer"));
    statement.number = number;
    statement.breakdown = breakdown;
    document = statement_make(&statement, writing->e);
    if (!document)
        return -1;
    if (!statement_adds_up(document))
        return err_set(writing->e, ERR_RETRY,
                       "the days of %.60s do not add up to what is billed: a day was built anew "
                       "meanwhile; try again",
                       json_text(statement.line, "customer") ? json_text(statement.line, "customer")
                                                             : "what is unattributed");
    keep(writing, item, document);
    return 0;
}

/* Why the document of a line is no electronic invoice; NULL: it is one, or cannot be made: *e. */
static char *missing_of(const struct statement_set *set, size_t index, struct err *e)
{
    const struct turn turn = {.index = index};
    struct statement statement;
    struct err refused = {0};
    json_auto_t *line = NULL, *before = NULL, *document = NULL;
    cleanup_free char *number = statement_write_number(set, index), *xml = NULL;

    describe(set, &turn, &statement, &line, &before);
    statement.number = number;
    document = statement_make(&statement, &refused);
    if (!document) {
        (void)err_set(e, refused.kind, "the statement of %.60s cannot be made: %s",
                      json_text(statement.line, "customer"), refused.text);
        return NULL;
    }
    xml = ubl_text(document, &refused);
    return xml ? NULL : mem_text(refused.text);
}

char *statement_write_missing(const struct statement_set *set, struct err *e)
{
    size_t count = bill_packed_count(set->lines), missing = 0;
    cleanup_free char *first = NULL;

    for (size_t i = 0; i < count && !e->kind; i++) {
        char *why = missing_of(set, i, e);

        missing += why != NULL;
        if (first)
            free(why);
        else
            first = why;
    }
    if (!missing)
        return NULL;
    return mem_printf("%zu of %zu customers get no electronic invoice (.xml); the first: %s",
                      missing, count, first);
}

/* ---- a batch ---- */

/* The part whose rows are needed next; what ends with it goes into the index. */
static int enter_part(struct writing *writing, size_t part)
{
    if (writing->days && writing->part == part)
        return 0;
    if (writing->lines.len)
        gzip_pack(str_text(&writing->lines), writing->lines.len, writing->index);
    str_fini(&writing->lines);
    statement_spool_days_free(writing->days);
    writing->part = part;
    writing->days = statement_spool_load(writing->spool, part, writing->e);
    return writing->days ? 0 : -1;
}

/* Documents of one part, as many as a batch holds. */
static void make_batch(void *arg)
{
    struct writing *writing = arg;
    const struct turn *turn = &writing->turns[writing->first];
    size_t part = statement_spool_part(is_nobody(turn) ? NULL : turn->hash);

    writing->batch = 0;
    if (enter_part(writing, part))
        return;
    while (writing->batch < BATCH && writing->first + writing->batch < writing->count) {
        struct item *item = &writing->items[writing->batch];

        turn = &writing->turns[writing->first + writing->batch];
        if (statement_spool_part(is_nobody(turn) ? NULL : turn->hash) != part)
            break;
        *item = (struct item){.turn = turn};
        writing->batch++;
        if (make_item(writing, item))
            return;
    }
}

static void put(struct flow *flow, void *arg, size_t index)
{
    struct writing *writing = arg;
    const struct item *item = &writing->items[index / FORMS];
    enum form form = (enum form)(index % FORMS);
    cleanup_free char *key =
        mem_printf("%s%s%s", writing->set->folder,
                   is_nobody(item->turn) ? "unattributed" : item->turn->hash, forms[form].suffix);
    const struct object_new object = {key, forms[form].type, &item->forms[form]};
    struct err e = {0};
    int result = 0;

    if (!writing->e->kind && !writing->other && object.body->len)
        result = archive_object_put(flow, writing->billing, &object, &e);
    if (result < 0)
        (void)err_set(writing->e, e.kind, "%s", e.text);
    writing->other = writing->other || result > 0;
}

static void free_batch(struct writing *writing)
{
    for (size_t i = 0; i < writing->batch; i++) {
        for (size_t form = 0; form < FORMS; form++)
            str_fini(&writing->items[i].forms[form]);
    }
    writing->first += writing->batch;
    writing->batch = 0;
}

static void end(void *arg)
{
    struct writing *writing = arg;

    if (writing->lines.len)
        gzip_pack(str_text(&writing->lines), writing->lines.len, writing->index);
    str_fini(&writing->lines);
    if (writing->set->tables)
        statement_tables_end(writing->set->tables);
    statement_spool_days_free(writing->days);
    statement_spool_free(writing->spool);
    free(writing->turns);
}

int statement_write_all(struct flow *flow, const struct billing *billing,
                        const struct statement_set *set, struct str *index, struct err *e)
{
    struct err failed = {0};
    struct writing *writing = mem_new(sizeof *writing);
    int result;

    *writing = (struct writing){
        .billing = billing, .set = set, .spool = set->spool, .index = index, .e = &failed};
    flow_work(flow, make_turns, writing);
    while (writing->first < writing->count && !failed.kind && !writing->other) {
        flow_work(flow, make_batch, writing);
        if (!failed.kind)
            flow_each(flow, writing->batch * FORMS, PARALLEL, put, writing);
        free_batch(writing);
        if (set->progress)
            set->progress(set->progress_arg, writing->first, writing->count);
    }
    flow_work(flow, end, writing);
    result = writing->other;
    free(writing);
    return failed.kind ? err_set(e, failed.kind, "%s", failed.text) : result;
}
