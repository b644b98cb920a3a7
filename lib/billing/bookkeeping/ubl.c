#include "billing/bookkeeping/ubl.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bookkeeping/ubl_code.h"
#include "billing/bookkeeping/ubl_private.h"

#include <string.h>

#define COMPONENTS "urn:oasis:names:specification:ubl:schema:xsd:Common"
/* BT-24: the standard itself, no country's narrower use of it. */
#define SPECIFICATION "urn:cen.eu:en16931:2017"

static void add_amount(const struct ubl *ubl, struct ubl_writer *writer, const char *name,
                       struct money amount)
{
    cleanup_free char *text = money_text(amount, ubl->digits);

    ubl_writer_leaf_with(writer, name, "currencyID", json_text(ubl->statement, "currency"), text);
}

/* ---- head ---- */

static void add_period(struct ubl_writer *writer, const json_t *period)
{
    ubl_writer_open(writer, "cac:InvoicePeriod");
    ubl_writer_leaf(writer, "cbc:StartDate", json_text(period, "from"));
    ubl_writer_leaf(writer, "cbc:EndDate", json_text(period, "to"));
    ubl_writer_close(writer, "cac:InvoicePeriod");
}

static void add_references(struct ubl_writer *writer, const json_t *references)
{
    const json_t *reference;
    size_t i;

    json_array_foreach(references, i, reference) {
        ubl_writer_open(writer, "cac:BillingReference");
        ubl_writer_open(writer, "cac:InvoiceDocumentReference");
        ubl_writer_leaf(writer, "cbc:ID", json_text(reference, "number"));
        ubl_writer_leaf(writer, "cbc:IssueDate", json_text(reference, "issue_date"));
        ubl_writer_close(writer, "cac:InvoiceDocumentReference");
        ubl_writer_close(writer, "cac:BillingReference");
    }
}

/* BT-22. */
static char *note_of(const struct ubl *ubl)
{
    const json_t *period = json_object_get(ubl->statement, "period");
    const char *zone = json_text(period, "time_zone");
    const char *rule = json_text(ubl->statement, "rounding_rule");

    return mem_printf("%sUsage of %s, days of %s.%s%s",
                      ubl->is_draft ? "DRAFT, not an invoice: nothing is due by it. " : "",
                      json_text(period, "month"), zone ? zone : "UTC", rule ? " Rounding: " : "",
                      rule ? rule : "");
}

static void add_head(const struct ubl *ubl, struct ubl_writer *writer)
{
    const json_t *statement = ubl->statement, *period = json_object_get(statement, "period");
    const char *number = json_text(statement, "number"), *date = json_text(statement, "issue_date");
    cleanup_free char *draft = mem_printf("DRAFT %s", json_text(period, "month"));
    cleanup_free char *note = note_of(ubl);

    ubl_writer_leaf(writer, "cbc:CustomizationID", SPECIFICATION);
    ubl_writer_leaf(writer, "cbc:ID", ubl->is_draft ? draft : number);
    ubl_writer_leaf(writer, "cbc:IssueDate", date ? date : json_text(period, "to"));
    if (ubl->is_credit) {
        ubl_writer_leaf(writer, "cbc:CreditNoteTypeCode", "381");
    } else {
        ubl_writer_leaf(writer, "cbc:DueDate", json_text(statement, "due_date"));
        ubl_writer_leaf(writer, "cbc:InvoiceTypeCode", ubl->is_draft ? "325" : "380");
    }
    ubl_writer_leaf(writer, "cbc:Note", note);
    ubl_writer_leaf(writer, "cbc:DocumentCurrencyCode", json_text(statement, "currency"));
    ubl_writer_leaf(writer, "cbc:BuyerReference",
                    json_text(json_object_get(statement, "buyer"), "reference"));
    add_period(writer, period);
    add_references(writer, json_object_get(statement, "references"));
}

/* ---- taxes, charges, allowances ---- */

static void add_tax_category(const struct ubl_tax *tax, struct ubl_writer *writer, const char *name,
                             bool with_reason)
{
    bool by_code = ubl_code_exemption(tax->reason);
    const char *code = by_code                            ? tax->reason
                       : strcmp(tax->category, "AE") == 0 ? "VATEX-EU-AE"
                       : strcmp(tax->category, "O") == 0  ? "VATEX-EU-O"
                                                          : NULL;
    bool with_vat = strcmp(tax->category, "S") == 0 || strcmp(tax->category, "Z") == 0;

    ubl_writer_open(writer, name);
    ubl_writer_leaf(writer, "cbc:ID", tax->category);
    if (strcmp(tax->category, "O") != 0)
        ubl_writer_leaf(writer, "cbc:Percent", tax->rate);
    if (with_reason && !with_vat) {
        ubl_writer_leaf(writer, "cbc:TaxExemptionReasonCode", code);
        ubl_writer_leaf(writer, "cbc:TaxExemptionReason", by_code ? NULL : tax->reason);
    }
    ubl_writer_open(writer, "cac:TaxScheme");
    ubl_writer_leaf(writer, "cbc:ID", "VAT");
    ubl_writer_close(writer, "cac:TaxScheme");
    ubl_writer_close(writer, name);
}

/* BG-20 where the amount is negative, else BG-21. */
static void add_extra(const struct ubl *ubl, struct ubl_writer *writer, const char *reason,
                      struct money amount, size_t tax)
{
    bool is_charge = amount.units >= 0;

    ubl_writer_open(writer, "cac:AllowanceCharge");
    ubl_writer_leaf(writer, "cbc:ChargeIndicator", is_charge ? "true" : "false");
    ubl_writer_leaf(writer, "cbc:AllowanceChargeReason", reason);
    add_amount(ubl, writer, "cbc:Amount", is_charge ? amount : (struct money){-amount.units});
    add_tax_category(&ubl->taxes[tax], writer, "cac:TaxCategory", false);
    ubl_writer_close(writer, "cac:AllowanceCharge");
}

static const char *line_name(const struct ubl_line *line)
{
    const char *text = json_text(line->line, "description");

    return ubl_writer_says(text) ? text : json_text(line->line, "what");
}

static void add_extras(const struct ubl *ubl, struct ubl_writer *writer)
{
    for (size_t i = 0; i < ubl->extra_count; i++)
        if (ubl->extras[i].net.units) /* one of nothing has no sum (BR-CO-12) */
            add_extra(ubl, writer, line_name(&ubl->extras[i]), ubl->extras[i].net,
                      ubl->extras[i].tax);
    for (size_t i = 0; i < ubl->tax_count; i++) {
        struct money left = ubl_sums_left(&ubl->taxes[i]);

        if (left.units)
            add_extra(ubl, writer, "Rounding: lines are rounded one by one, the sum once", left, i);
    }
}

static void add_taxes(const struct ubl *ubl, struct ubl_writer *writer)
{
    ubl_writer_open(writer, "cac:TaxTotal");
    add_amount(ubl, writer, "cbc:TaxAmount", ubl->tax);
    for (size_t i = 0; i < ubl->tax_count; i++) {
        ubl_writer_open(writer, "cac:TaxSubtotal");
        add_amount(ubl, writer, "cbc:TaxableAmount", ubl->taxes[i].taxable);
        add_amount(ubl, writer, "cbc:TaxAmount", ubl->taxes[i].amount);
        add_tax_category(&ubl->taxes[i], writer, "cac:TaxCategory", true);
        ubl_writer_close(writer, "cac:TaxSubtotal");
    }
    ubl_writer_close(writer, "cac:TaxTotal");
}

static void add_totals(const struct ubl *ubl, struct ubl_writer *writer)
{
    ubl_writer_open(writer, "cac:LegalMonetaryTotal");
    add_amount(ubl, writer, "cbc:LineExtensionAmount", ubl->line_sum);
    add_amount(ubl, writer, "cbc:TaxExclusiveAmount", ubl->net);
    add_amount(ubl, writer, "cbc:TaxInclusiveAmount", ubl->gross);
    if (ubl->allowances.units)
        add_amount(ubl, writer, "cbc:AllowanceTotalAmount", ubl->allowances);
    if (ubl->charges.units)
        add_amount(ubl, writer, "cbc:ChargeTotalAmount", ubl->charges);
    if (ubl->rounding.units)
        add_amount(ubl, writer, "cbc:PayableRoundingAmount", ubl->rounding);
    add_amount(ubl, writer, "cbc:PayableAmount", ubl->due);
    ubl_writer_close(writer, "cac:LegalMonetaryTotal");
}

/* ---- lines ---- */

/* How a line's amount comes about. */
struct working {
    char *quantity, *price; /* new texts */
    const char *per, *unit;
};

/* A price is never negative (BR-27): the quantity has the sign. */
static struct working working_of(const struct ubl *ubl, const struct ubl_line *line)
{
    const char *quantity = json_text(line->line, "quantity");
    const char *price = json_text(line->line, "unit_price");
    const char *unit = ubl_code_unit(json_text(line->line, "unit"));
    struct money amount = ubl_sums_amount(ubl, line->line, "amount");
    bool negative;

    if (!quantity || !price || !unit) { /* an amount without a price */
        return (struct working){
            .quantity = mem_text(amount.units < 0 ? "-1" : "1"),
            .price = money_exact_text(
                (struct money){amount.units < 0 ? -amount.units : amount.units}, 2),
            .unit = "C62",
        };
    }
    negative = ((*quantity == '-') != (*price == '-')) != ubl->turned;
    if (amount.units)
        negative = amount.units < 0;
    else if (strspn(quantity, "-0.") == strlen(quantity))
        negative = false;
    return (struct working){
        .quantity = mem_printf("%s%s", negative ? "-" : "", quantity + (*quantity == '-')),
        .price = mem_text(price + (*price == '-')),
        .per = json_text(line->line, "price_per"),
        .unit = unit,
    };
}

static void add_price(const struct ubl *ubl, struct ubl_writer *writer,
                      const struct working *working)
{
    ubl_writer_open(writer, "cac:Price");
    ubl_writer_leaf_with(writer, "cbc:PriceAmount", "currencyID",
                         json_text(ubl->statement, "currency"), working->price);
    if (working->per && strcmp(working->per, "1") != 0)
        ubl_writer_leaf_with(writer, "cbc:BaseQuantity", "unitCode", working->unit, working->per);
    ubl_writer_close(writer, "cac:Price");
}

static void add_line(const struct ubl *ubl, struct ubl_writer *writer, const struct ubl_line *line,
                     size_t number)
{
    struct working working = working_of(ubl, line);
    cleanup_free char *id = mem_printf("%zu", number);

    ubl_writer_open(writer, ubl->is_credit ? "cac:CreditNoteLine" : "cac:InvoiceLine");
    ubl_writer_leaf(writer, "cbc:ID", id);
    ubl_writer_leaf_with(writer, ubl->is_credit ? "cbc:CreditedQuantity" : "cbc:InvoicedQuantity",
                         "unitCode", working.unit, working.quantity);
    add_amount(ubl, writer, "cbc:LineExtensionAmount", line->net);
    ubl_writer_open(writer, "cac:Item");
    ubl_writer_leaf(writer, "cbc:Name", line_name(line));
    add_tax_category(&ubl->taxes[line->tax], writer, "cac:ClassifiedTaxCategory", false);
    ubl_writer_close(writer, "cac:Item");
    add_price(ubl, writer, &working);
    ubl_writer_close(writer, ubl->is_credit ? "cac:CreditNoteLine" : "cac:InvoiceLine");
    free(working.quantity);
    free(working.price);
}

static void add_lines(const struct ubl *ubl, struct ubl_writer *writer)
{
    for (size_t i = 0; i < ubl->line_count; i++)
        add_line(ubl, writer, &ubl->lines[i], i + 1);
    if (!ubl->line_count) { /* there is one at least (BR-16) */
        json_auto_t *none = json_pack("{s:s}", "description", "No usage that is charged");

        add_line(ubl, writer, &(struct ubl_line){.line = none}, 1);
    }
}

/* ---- the document ---- */

static char *document(const struct ubl *ubl)
{
    const char *root = ubl->is_credit ? "CreditNote" : "Invoice";
    const json_t *statement = ubl->statement;
    const char *terms = json_text(statement, "terms");
    struct ubl_writer writer = {0};

    str_addf(&writer.out,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<%s xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:%s-2\"\n"
             "    xmlns:cac=\"" COMPONENTS "AggregateComponents-2\"\n"
             "    xmlns:cbc=\"" COMPONENTS "BasicComponents-2\">\n",
             root, root);
    writer.depth = 1;
    add_head(ubl, &writer);
    ubl_party(ubl, &writer, "cac:AccountingSupplierParty", json_object_get(statement, "seller"),
              true);
    ubl_party(ubl, &writer, "cac:AccountingCustomerParty", json_object_get(statement, "buyer"),
              false);
    if (ubl->is_credit && !ubl_writer_says(terms))
        terms = "To be credited"; /* BR-CO-25 asks for words, and for a date at an invoice only */
    if (ubl_writer_says(terms)) {
        ubl_writer_open(&writer, "cac:PaymentTerms");
        ubl_writer_leaf(&writer, "cbc:Note", terms);
        ubl_writer_close(&writer, "cac:PaymentTerms");
    }
    add_extras(ubl, &writer);
    add_taxes(ubl, &writer);
    add_totals(ubl, &writer);
    add_lines(ubl, &writer);
    str_addf(&writer.out, "</%s>\n", root);
    return str_take(&writer.out);
}

json_t *ubl_missing(const json_t *statement)
{
    json_t *missing = json_array();
    struct ubl ubl;

    ubl_sums(&ubl, statement);
    ubl_facts(&ubl, missing);
    ubl_sums_free(&ubl);
    return missing;
}

char *ubl_text(const json_t *statement, struct err *e)
{
    json_auto_t *missing = ubl_missing(statement);
    const json_t *reason;
    struct str all = {0};
    struct ubl ubl;
    char *text;
    size_t i;

    json_array_foreach(missing, i, reason)
        str_addf(&all, "%s%s", i ? "; " : "", json_string_value(reason));
    if (all.len) {
        (void)err_set(e, ERR_INVALID, "no EN 16931 invoice can be made: %s", str_text(&all));
        str_fini(&all);
        return NULL;
    }
    ubl_sums(&ubl, statement);
    text = document(&ubl);
    ubl_sums_free(&ubl);
    return text;
}
