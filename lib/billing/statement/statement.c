#include "billing/statement/statement.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/prices/parties.h"
#include "billing/statement/statement_private.h"

#include <string.h>

/* ---- parties ---- */

static json_t *seller_json(const struct statement *statement)
{
    const json_t *seller = parties_seller(statement->book);

    return seller ? json_copy((json_t *)seller) : json_null();
}

/* The name of the map, else the one of the log, which the line has. */
static json_t *buyer_json(const struct statement *statement)
{
    const char *customer = statement_customer(statement),
               *name = json_text(statement->line, "name");
    json_t *buyer;

    if (!customer)
        return json_pack("{s:n, s:s}", "customer", "name", "Unattributed usage");
    buyer = parties_buyer(statement->book, customer);
    if (!json_object_get(buyer, "name") && name && *name)
        json_object_set_new(buyer, "name", json_string(name));
    return buyer;
}

/* ---- the head ---- */

static json_t *instant_json(const char *zone, struct day day)
{
    char text[TIMESTAMP_ROOM];

    timestamp_text(calendar_day_start(zone, day), text);
    return json_string(text);
}

static json_t *period_json(const struct statement *statement)
{
    const char *zone = price_book_zone(statement->book);
    struct day first = statement_day(statement->bill, "first_day"),
               last = statement_last_day(statement);

    return json_pack(
        "{s:O?, s:O?, s:O?, s:o, s:o, s:s}", "month", json_object_get(statement->bill, "month"),
        "from", json_object_get(statement->bill, "first_day"), "to",
        json_object_get(statement->bill, "last_day"), "begins", instant_json(zone, first), "ends",
        instant_json(zone, calendar_add_days(last, 1)), "time_zone", zone);
}

static json_t *day_json(struct day day)
{
    char text[16];

    calendar_day_text(day, text);
    return json_string(text);
}

/* What is to be paid, and when: of an invoice and its draft. */
static void set_terms(const struct statement *statement, json_t *document, bool owed)
{
    int days = parties_due_days(statement->book);
    const char *terms = parties_terms(statement->book);
    bool issued = statement->issued.year != 0;

    json_object_set_new(document, "issue_date", issued ? day_json(statement->issued) : json_null());
    json_object_set_new(document, "due_date",
                        issued && owed && days >= 0
                            ? day_json(calendar_add_days(statement->issued, days))
                            : json_null());
    json_object_set_new(document, "terms",
                        !owed      ? json_null()
                        : terms    ? json_string(terms)
                        : days > 0 ? json_sprintf("Payable within %d days.", days)
                                   : json_null());
}

/* Which documents a correction is about. */
static json_t *references_json(const struct statement *statement)
{
    json_t *references = json_array();
    const json_t *one;
    size_t i;

    json_array_foreach(statement->before, i, one)
        json_array_append_new(references,
                              json_pack("{s:O?, s:O?}", "number", json_object_get(one, "number"),
                                        "issue_date", json_object_get(one, "issue_date")));
    return references;
}

/* ---- what was used ---- */

static json_t *usage_json(const struct statement *statement)
{
    static const char *const keys[] = {"calls",          "bytes",         "billed_calls",
                                       "billed_bytes",   "free_calls",    "free_bytes",
                                       "excluded_calls", "excluded_bytes"};
    json_t *usage = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set_new(usage, keys[i], json_integer(json_whole(statement->line, keys[i])));
    return usage;
}

bool statement_adds_up(const json_t *document)
{
    const json_t *breakdown = json_object_get(document, "breakdown"), *row;
    const json_t *usage = json_object_get(document, "usage");
    json_int_t calls = 0, bytes = 0;
    size_t i;

    if (!json_is_array(breakdown))
        return true;
    json_array_foreach(breakdown, i, row) {
        calls += json_whole(row, "calls");
        bytes += json_whole(row, "bytes");
    }
    return calls == json_whole(usage, "calls") && bytes == json_whole(usage, "bytes");
}

/* ---- the document ---- */

static const char *kind_of(const struct statement *statement, const json_t *document)
{
    const char *net = json_text(document, "net");

    if (!statement_customer(statement))
        return "unattributed";
    if (!statement->number)
        return "draft";
    return net && *net == '-' ? "credit_note" : "invoice";
}

static json_t *head_json(const struct statement *statement)
{
    json_t *document = json_pack(
        "{s:s, s:s?, s:O?, s:s, s:o, s:o, s:o, s:o, s:o}", "format", STATEMENT_FORMAT, "number",
        statement->number, "pipeline", json_object_get(statement->bill, "pipeline"), "currency",
        price_book_currency(statement->book), "seller", seller_json(statement), "buyer",
        buyer_json(statement), "period", period_json(statement), "references",
        references_json(statement), "usage", usage_json(statement));

    if (statement->breakdown)
        json_object_set(document, "breakdown", (json_t *)statement->breakdown);
    return document;
}

json_t *statement_make(const struct statement *statement, struct err *e)
{
    json_t *document = head_json(statement), *lines;
    const struct tax_rule *tax;
    const char *kind;

    if (parties_tax(statement->book, statement_customer(statement), statement_last_day(statement),
                    &tax, e)) {
        json_decref(document);
        return NULL;
    }
    lines = statement_lines(statement, tax ? tax->category : NULL, e);
    if (lines)
        json_object_set_new(document, "lines", lines);
    if (!lines || statement_sums(statement, document, e)) {
        json_decref(document);
        return NULL;
    }
    kind = kind_of(statement, document);
    json_object_set_new(document, "kind", json_string(kind));
    set_terms(statement, document, !strcmp(kind, "invoice") || !strcmp(kind, "draft"));
    return document;
}

char *statement_text(const json_t *document)
{
    cleanup_free char *text = json_dumps(document, JSON_INDENT(2) | JSON_SORT_KEYS);

    return mem_printf("%s\n", text);
}
