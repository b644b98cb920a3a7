#include "billing/bookkeeping/line_table.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_render.h"

#include <string.h>

static const char names[] =
    "pipeline,month,document,kind,issue_date,due_date,corrects,customer,name,country,tax_id,"
    "reference,currency,line,what,"
    "rule,description,from,to,quantity,unit,unit_price,price_per,amount,tax_category,tax_rate\r\n";

void line_table_head(struct str *out)
{
    str_add(out, names);
}

/* A text of others. */
static void add_text(struct str *out, const json_t *object, const char *key, const char *end)
{
    const char *text = json_text(object, key);

    bill_render_field(out, text ? text : "", end);
}

/* A number, which is no formula, even with a minus. */
static void add_number(struct str *out, const json_t *object, const char *key, const char *end)
{
    const char *text = json_text(object, key);

    str_addf(out, "%s%s", text ? text : "", end);
}

/* The numbers of the documents that this one corrects, with a blank between. */
static void add_references(struct str *out, const json_t *statement)
{
    const json_t *reference;
    struct str all = {0};
    size_t i;

    json_array_foreach(json_object_get(statement, "references"), i, reference)
        str_addf(&all, "%s%s", i ? " " : "", json_text(reference, "number"));
    bill_render_field(out, str_text(&all), ",");
    str_fini(&all);
}

static void add_head(struct str *out, const json_t *statement)
{
    const json_t *buyer = json_object_get(statement, "buyer");

    add_text(out, statement, "pipeline", ",");
    add_text(out, json_object_get(statement, "period"), "month", ",");
    add_text(out, statement, "number", ",");
    add_text(out, statement, "kind", ",");
    add_text(out, statement, "issue_date", ",");
    add_text(out, statement, "due_date", ",");
    add_references(out, statement);
    add_text(out, buyer, "customer", ",");
    add_text(out, buyer, "name", ",");
    add_text(out, buyer, "country", ",");
    add_text(out, buyer, "tax_id", ",");
    add_text(out, buyer, "reference", ",");
    add_text(out, statement, "currency", ",");
}

static void add_row(struct str *out, const json_t *statement, const json_t *line, const json_t *tax)
{
    add_head(out, statement);
    add_text(out, line, "id", ",");
    add_text(out, line, "what", ",");
    add_text(out, line, "rule", ",");
    add_text(out, line, "description", ",");
    add_text(out, line, "from", ",");
    add_text(out, line, "to", ",");
    add_number(out, line, "quantity", ",");
    add_text(out, line, "unit", ",");
    add_number(out, line, "unit_price", ",");
    add_number(out, line, "price_per", ",");
    add_number(out, line, "amount", ",");
    add_text(out, tax, "category", ",");
    add_number(out, tax, "rate", "\r\n");
}

static void add_taxes(struct str *out, const json_t *statement)
{
    const json_t *tax;
    size_t i;

    json_array_foreach(json_object_get(statement, "taxes"), i, tax) {
        const char *name = json_text(tax, "name"), *reason = json_text(tax, "reason");
        json_auto_t *line =
            json_pack("{s:s, s:s?, s:s?, s:O?}", "what", "tax", "rule", name, "description",
                      reason ? reason : name, "amount", json_object_get(tax, "amount"));

        add_row(out, statement, line, tax);
    }
}

void line_table_add(struct str *out, const json_t *statement)
{
    const json_t *tax = json_array_get(json_object_get(statement, "taxes"), 0), *line;
    json_auto_t *rounding = json_pack("{s:s, s:s, s:O?}", "what", "rounding", "description",
                                      "Rounding of the document's sum", "amount",
                                      json_object_get(statement, "rounding"));
    size_t i;

    json_array_foreach(json_object_get(statement, "lines"), i, line)
        add_row(out, statement, line, tax);
    add_row(out, statement, rounding, tax);
    add_taxes(out, statement);
}
