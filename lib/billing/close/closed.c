#include "billing/close/closed.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/close/close_period.h"
#include "billing/prices/price_book.h"

#include <string.h>

/* ---- opening ---- */

void closed_document_fini(struct closed_document *document)
{
    archive_close(&document->archive);
    numbers_fini(&document->given);
}

int closed_document_open(struct flow *flow, const struct billing *billing, const json_t *documents,
                         struct closed_document *document, struct err *e)
{
    const struct number number = document->number;
    cleanup_free char *folder = archive_document_folder(billing, number);

    *document = (struct closed_document){.number = number,
                                         .named = documents_hash(billing, documents, number)};
    if (archive_open(flow, billing, folder, &document->archive, e))
        return -1;
    return numbers_read(flow, billing, number, &document->given, e);
}

int closed_open(struct flow *flow, const struct billing *billing, struct day month,
                struct closed *closed, struct err *e)
{
    *closed = (struct closed){.documents = documents_read(flow, billing, e)};
    if (!closed->documents)
        return -1;
    closed->invoice.number = (struct number){month, 0};
    return closed_document_open(flow, billing, closed->documents, &closed->invoice, e);
}

int closed_open_corrections(struct flow *flow, const struct billing *billing, struct day month,
                            struct closed *closed, struct err *e)
{
    unsigned last = documents_last(billing, closed->documents, month);

    for (unsigned number = 1; number <= last; number++) {
        closed->corrections =
            mem_resize(closed->corrections, closed->count + 1, sizeof *closed->corrections);
        closed->corrections[closed->count].number = (struct number){month, number};
        if (closed_document_open(flow, billing, closed->documents,
                                 &closed->corrections[closed->count++], e))
            return -1;
    }
    return 0;
}

/* The days it was closed over are those of its own `since`, whatever the spec says now.  An older
 * billingd billed whole months all the same: its period begins before that. */
static char *since_of(const json_t *manifest)
{
    const char *text = json_text(json_object_get(manifest, "rules"), "since");
    const char *zone = json_text(manifest, "time_zone");
    struct err ignored = {0};
    struct period period;
    struct day since, first;
    char room[16];

    if (!text || !zone || calendar_parse_day(text, &since, &ignored) ||
        !close_period_read(manifest, &period))
        return NULL;
    first = calendar_day_of(zone, period.from_s);
    calendar_day_text(calendar_compare(since, first) < 0 ? since : first, room);
    return mem_text(room);
}

/* A correction may have given calls without a sub to a customer: the last book there is holds. */
static const struct archive *last_archive(const struct closed *closed)
{
    const struct closed_document *last = closed_last(closed);

    return *last->archive.hash ? &last->archive : &closed->invoice.archive;
}

/* Of however many customers: off the loop. */
static void make_book(void *arg)
{
    struct closed *closed = arg;

    if (!price_book_check(closed->section, NULL, NULL))
        closed->book = price_book_new(closed->section);
}

int closed_open_book(struct flow *flow, const struct billing *billing, struct closed *closed,
                     struct err *e)
{
    closed->section = archive_json(flow, last_archive(closed), "price-book.json", e);
    if (!closed->section)
        return -1;
    flow_work(flow, make_book, closed);
    if (!closed->book)
        return err_set(e, ERR_EVIDENCE, "the archived price book is none");
    closed->billing = *billing;
    closed->billing.book = closed->book;
    closed->since = since_of(closed->invoice.archive.manifest);
    closed->billing.settings.since = closed->since;
    return 0;
}

/* An entry for what has no sub, as the archived map takes it: what a customer is besides is said by
 * the entries that were archived, where there are any. */
static json_t *assignment_of(const json_t *entry, const json_t *customers)
{
    static const char *const kept[] = {"sub", "customer", "from", "to"};
    const char *id = json_text(entry, "customer");
    bool known = false;
    const json_t *one;
    json_t *made;
    size_t i;

    json_array_foreach(customers, i, one)
        known = known || (json_text(one, "customer") && !strcmp(json_text(one, "customer"), id));
    if (!known)
        return json_copy((json_t *)entry);
    made = json_object();
    for (i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_object_get(entry, kept[i]))
            json_object_set(made, kept[i], json_object_get(entry, kept[i]));
    return made;
}

static bool has_entry(const json_t *customers, const json_t *entry)
{
    static const char *const keys[] = {"sub", "customer", "from", "to"};
    const json_t *one;
    size_t i;

    json_array_foreach(customers, i, one) {
        size_t same = 0;

        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            same += json_same(json_object_get(one, keys[k]), json_object_get(entry, keys[k]));
        if (same == sizeof keys / sizeof *keys)
            return true;
    }
    return false;
}

static void keep_problem(void *arg, const char *path, const char *problem)
{
    struct err *e = arg;

    (void)err_set(e, ERR_INVALID,
                  "billing.customers gives calls without a sub to a customer otherwise than the "
                  "closed month does: %s: %s",
                  path, problem);
}

/* The archived map with what is given since; new reference, NULL: nothing. */
static json_t *assigned(const struct closed *closed, const json_t *section, json_t *told)
{
    const json_t *customers = json_object_get(closed->section, "customers"), *entry;
    json_t *all = customers ? json_copy((json_t *)customers) : json_array();
    size_t i, before = json_array_size(all);

    json_array_foreach(json_object_get(section, "customers"), i, entry) {
        const char *sub = json_text(entry, "sub"), *from = json_text(entry, "from"),
                   *to = json_text(entry, "to");

        if (!sub || strcmp(sub, "-") != 0 || has_entry(customers, entry))
            continue;
        json_array_append_new(all, assignment_of(entry, customers));
        json_array_append_new(told, json_sprintf("calls without a sub from %s%s%s on are given to "
                                                 "the customer %s",
                                                 from ? from : "?", to ? " to " : "", to ? to : "",
                                                 json_text(entry, "customer")));
    }
    if (json_array_size(all) > before)
        return all;
    json_decref(all);
    return NULL;
}

struct assigning {
    struct closed *closed;
    const struct closed_gifts *gifts;
    struct err wrong;
};

static void assign(void *arg)
{
    struct assigning *assigning = arg;
    struct closed *closed = assigning->closed;
    json_t *customers = assigned(closed, assigning->gifts->section, assigning->gifts->told), *whole;

    if (!customers)
        return;
    whole = json_copy(closed->section);
    json_object_set_new(whole, "customers", customers);
    if (price_book_check(whole, keep_problem, &assigning->wrong)) {
        json_decref(whole);
        return;
    }
    closed->assigns = true;
    json_decref(closed->section);
    closed->section = whole;
    price_book_free(closed->book);
    closed->book = price_book_new(whole);
    closed->billing.book = closed->book;
}

int closed_assign(struct flow *flow, struct closed *closed, const struct closed_gifts *gifts,
                  struct err *e)
{
    struct assigning assigning = {.closed = closed, .gifts = gifts};

    flow_work(flow, assign, &assigning);
    return assigning.wrong.kind ? err_set(e, assigning.wrong.kind, "%s", assigning.wrong.text) : 0;
}

int closed_since(struct flow *flow, const struct billing *billing, struct day month, char **since,
                 struct err *e)
{
    cleanup_free char *folder = archive_document_folder(billing, (struct number){month, 0});
    struct archive archive;
    int result = archive_open(flow, billing, folder, &archive, e) ? -1 : *archive.hash != 0;

    *since = result > 0 ? since_of(archive.manifest) : NULL;
    archive_close(&archive);
    return result;
}

static void release(void *arg)
{
    struct closed *closed = arg;

    for (size_t i = 0; i < closed->count; i++)
        closed_document_fini(&closed->corrections[i]);
    free(closed->corrections);
    closed_document_fini(&closed->invoice);
    price_book_free(closed->book);
    json_decref(closed->section);
    free(closed->since);
    json_decref(closed->documents);
    *closed = (struct closed){0};
}

void closed_fini(struct flow *flow, struct closed *closed)
{
    flow_work(flow, release, closed);
}

/* ---- asking ---- */

const char *closed_hash(const struct closed_document *document)
{
    if (*document->archive.hash)
        return document->archive.hash;
    if (*document->given.hash)
        return document->given.hash;
    return document->named ? document->named : "";
}

static char *other_text(const struct closed_document *document, const char *wanted)
{
    return mem_printf("%smanifest.json is not what was signed: its SHA-256 is %s, its number was "
                      "given to %s",
                      document->archive.folder, document->archive.hash, wanted);
}

/* Without a manifest in the archive. */
static int state_without(struct flow *flow, const struct closed_document *document,
                         enum closed_state *state, char **why, struct err *e)
{
    struct archive begun = document->archive; /* with what the register has; borrowed */
    cleanup_free char *wrong = NULL;

    if (!*document->given.hash) {
        *state = document->named ? CLOSED_GONE : CLOSED_NEVER;
        if (document->named)
            *why = mem_printf("%smanifest.json is missing, and a later manifest names it",
                              begun.folder);
        return 0;
    }
    begun.manifest = document->given.manifest;
    wrong = archive_what_is_wrong(flow, &begun, e);
    if (!wrong)
        return -1;
    *state = *wrong ? CLOSED_GONE : CLOSED_BEGUN;
    *why = *wrong
               ? mem_printf("%smanifest.json is missing, and the register of numbers names it; %s",
                            begun.folder, wrong)
               : mem_printf("%smanifest.json is missing: it was removed, or its close was "
                            "interrupted",
                            begun.folder);
    return 0;
}

int closed_state(struct flow *flow, const struct closed_document *document,
                 enum closed_state *state, char **why, struct err *e)
{
    const char *hash = document->archive.hash, *given = document->given.hash;

    *why = NULL;
    if (!*hash)
        return state_without(flow, document, state, why, e);
    *state = CLOSED_WHOLE;
    if (*given && strcmp(given, hash) != 0)
        *why = other_text(document, given);
    else if (document->named && strcmp(document->named, hash) != 0)
        *why = other_text(document, document->named);
    if (*why)
        *state = CLOSED_OTHER;
    return 0;
}

const struct closed_document *closed_last(const struct closed *closed)
{
    return closed->count ? &closed->corrections[closed->count - 1] : &closed->invoice;
}

char *closed_orphan(const struct closed *closed, bool *is_signed)
{
    const struct archive *invoice = &closed->invoice.archive;
    cleanup_free char *prefix = mem_printf("%scorrections/", invoice->folder);
    const json_t *object;
    unsigned long found = 0;
    size_t i;

    *is_signed = false;
    json_array_foreach(invoice->objects, i, object) {
        const char *key = json_text(object, "key");
        unsigned long number;
        char *end;

        if (strncmp(key, prefix, strlen(prefix)) != 0)
            continue;
        number = strtoul(key + strlen(prefix), &end, 10);
        if (number <= closed->count || *end != '/')
            continue;
        found = found ? found : number;
        *is_signed = *is_signed || !strncmp(end, "/manifest-", strlen("/manifest-"));
    }
    return found ? mem_printf("%s%lu/", prefix, found) : NULL;
}

bool closed_is_known(const struct closed_document *document)
{
    return *document->archive.hash || *document->given.hash;
}

struct bill_packed *closed_bill(struct flow *flow, const struct closed_document *document,
                                struct err *e)
{
    const struct archive *archive = &document->archive;

    if (*archive->hash)
        return archive_bill(flow, archive,
                            document->number.correction ? "correction.json" : "invoice.json", e);
    if (*document->given.hash)
        return numbers_bill(flow, archive->billing, &document->given, e);
    (void)err_set(e, ERR_EVIDENCE, "%s is gone, and what it billed with it",
                  document->archive.folder);
    return NULL;
}

const json_t *closed_manifest(const struct closed_document *document)
{
    return document->archive.manifest ? document->archive.manifest : document->given.manifest;
}

struct bill_packed *closed_billed(struct flow *flow, const struct closed *closed, struct err *e)
{
    struct bill_packed *billed = closed_bill(flow, &closed->invoice, e);

    for (size_t i = 0; billed && i < closed->count; i++) {
        struct bill_packed *before = billed;
        struct bill_packed *more = closed_bill(flow, &closed->corrections[i], e);

        billed = more ? bill_amount_sum(flow, before, more, e) : NULL;
        bill_packed_free(before);
        bill_packed_free(more);
    }
    return billed;
}
