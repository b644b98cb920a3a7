/* ubl_facts.c -- what EN 16931 demands of an invoice that the statement does not have. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/bookkeeping/ubl_code.h"
#include "billing/bookkeeping/ubl_private.h"

#include <string.h>

static void tell(json_t *missing, char *text)
{
    json_array_append_new(missing, json_string(text));
    free(text);
}

static void need(json_t *missing, const json_t *object, const char *key, const char *where,
                 const char *term)
{
    if (!ubl_writer_says(json_text(object, key)))
        tell(missing, mem_printf("%s%s is missing (%s)", where, key, term));
}

static void need_country(json_t *missing, const json_t *party, const char *where, const char *term)
{
    const char *country = json_text(party, "country");

    if (!ubl_writer_says(country))
        tell(missing, mem_printf("%scountry is missing (%s)", where, term));
    else if (!ubl_code_country(country))
        tell(missing, mem_printf("%scountry: %.20s is no code of ISO 3166-1, like KR or DE (%s)",
                                 where, country, term));
}

static struct money size_of(struct money amount)
{
    if (amount.units < 0)
        amount.units = -amount.units;
    return amount;
}

/* ---- taxes ---- */

static bool is_category(const char *text)
{
    static const char *const known[] = {"S", "Z", "E", "AE", "O"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i]) == 0)
            return true;
    return false;
}

/* BR-CO-17 rounds the rate, and where that gives 0 wants no tax. */
static bool is_taken_for_none(const struct ubl_tax *tax)
{
    const struct money half = money_of((struct price){500000000000});
    struct money rate = {0};
    struct err e = {0};

    return !money_parse(tax->rate, &rate, &e) && money_compare(rate, half) < 0 &&
           money_compare(size_of(tax->amount), half) >= 0;
}

static void tax_facts(const struct ubl *ubl, const struct ubl_tax *tax, json_t *missing)
{
    bool standard = strcmp(tax->category, "S") == 0;

    if (!is_category(tax->category))
        tell(missing, mem_printf("the tax category %.20s is none of S, Z, E, AE and O (BT-118)",
                                 tax->category));
    if (standard ? strcmp(tax->rate, "0") == 0 || *tax->rate == '-' : strcmp(tax->rate, "0") != 0)
        tell(missing,
             mem_printf("the tax category %s has a rate of %s %% (BT-119): %s", tax->category,
                        tax->rate, standard ? "a rate of nothing is category Z" : "it must be 0"));
    if (standard && *tax->rate != '-' && strcmp(tax->rate, "0") != 0 && is_taken_for_none(tax))
        tell(missing,
             mem_printf("a rate of %s %% rounds to 0, where EN 16931 has no tax (BR-CO-17)",
                        tax->rate));
    if (!standard && tax->amount.units)
        tell(missing, mem_printf("there is a tax in category %s (BT-117)", tax->category));
    if (strcmp(tax->category, "E") == 0 && !ubl_writer_says(tax->reason))
        tell(missing,
             mem_text("billing.taxes: the exempt rate says no reason (BT-120): a text, or a code "
                      "of VATEX like VATEX-EU-132"));
    if (strcmp(tax->category, "O") == 0 && ubl->tax_count > 1)
        tell(missing, mem_text("category O (outside VAT) cannot stand beside another (BR-O-11)"));
}

static bool has_tax(const struct ubl *ubl, const char *category)
{
    for (size_t i = 0; i < ubl->tax_count; i++)
        if (strcmp(ubl->taxes[i].category, category) == 0)
            return true;
    return false;
}

static void taxes_facts(const struct ubl *ubl, json_t *missing)
{
    if (!ubl->tax_count)
        tell(missing,
             mem_text("billing.taxes: nothing says which tax is on it, not even that there "
                      "is none (BG-23)"));
    for (size_t i = 0; i < ubl->tax_count; i++)
        tax_facts(ubl, &ubl->taxes[i], missing);
}

/* ---- parties ---- */

static void parties_facts(const struct ubl *ubl, json_t *missing)
{
    const json_t *seller = json_object_get(ubl->statement, "seller");
    const json_t *buyer = json_object_get(ubl->statement, "buyer");
    const char *id = json_text(buyer, "customer");
    cleanup_free char *customer = mem_printf("billing.customers of %.200s: ", id ? id : "nobody");

    need(missing, seller, "name", "billing.seller.", "BT-27");
    need_country(missing, seller, "billing.seller.", "BT-40");
    need(missing, seller, "tax_id", "billing.seller.",
         has_tax(ubl, "O") ? "BT-30: a registration of any kind" : "BT-31");
    if (!ubl_writer_says(id))
        tell(missing, mem_text("it is nobody's: an invoice has a buyer (BT-44)"));
    else
        need_country(missing, buyer, customer, "BT-55");
    if (has_tax(ubl, "AE"))
        need(missing, buyer, "tax_id", customer, "BT-48: the buyer owes the tax");
}

/* ---- amounts ---- */

/* The decimals of the currency, two at most. */
static bool fits(const struct ubl *ubl, struct money amount)
{
    return money_compare(money_round(amount, ubl->digits), amount) == 0;
}

static void amount_facts(const struct ubl *ubl, json_t *missing)
{
    struct money step = money_of((struct price){1000000000000});
    bool all_fit = fits(ubl, ubl->due) && fits(ubl, ubl->tax), added = true;

    for (size_t i = 0; i < ubl->tax_count; i++) {
        struct money left = size_of(ubl_sums_left(&ubl->taxes[i]));

        all_fit = all_fit && fits(ubl, ubl->taxes[i].taxable) && fits(ubl, ubl->taxes[i].amount);
        added = added && left.units <= (money_integer)(ubl->line_count + ubl->extra_count + 1) *
                                           (step.units / (ubl->digits ? 100 : 1));
    }
    if (!all_fit)
        tell(missing, mem_printf(ubl->digits ? "EN 16931 has no third decimal (BR-DEC-12 to -20), "
                                               "and an amount in %s has one here"
                                             : "an amount has decimals, which %s has not",
                                 json_text(ubl->statement, "currency")));
    else if (ubl->tax_count && (!added || size_of(ubl->rounding).units >= step.units))
        tell(missing, mem_text("its lines, taxes and total do not add up"));
}

static void references_facts(const struct ubl *ubl, json_t *missing)
{
    const json_t *references = json_object_get(ubl->statement, "references"), *reference;
    size_t i;

    json_array_foreach(references, i, reference)
        if (!ubl_writer_says(json_text(reference, "number"))) {
            tell(missing, mem_text("the number of a document that it corrects is missing (BT-25)"));
            return;
        }
}

static void units_facts(const struct ubl *ubl, json_t *missing)
{
    for (size_t i = 0; i < ubl->line_count; i++) {
        const char *unit = json_text(ubl->lines[i].line, "unit");

        if (unit && !ubl_code_unit(unit)) {
            tell(missing, mem_printf("the unit %.40s has no code (BT-130)", unit));
            return;
        }
    }
}

void ubl_facts(const struct ubl *ubl, json_t *missing)
{
    const json_t *statement = ubl->statement;
    const char *currency = json_text(statement, "currency");

    if (!ubl->is_draft) {
        need(missing, statement, "number", "its ", "BT-1");
        need(missing, statement, "issue_date", "its ", "BT-2");
    }
    if (!ubl_code_currency(currency))
        tell(missing, mem_printf("billing.currency: %.20s is no code of ISO 4217 (BT-5)",
                                 currency ? currency : "none"));
    parties_facts(ubl, missing);
    taxes_facts(ubl, missing);
    if (!ubl->is_credit && ubl->due.units > 0 &&
        !ubl_writer_says(json_text(statement, "due_date")) &&
        !ubl_writer_says(json_text(statement, "terms")))
        tell(missing, mem_text("billing.seller: neither due_days nor terms says when to pay (BT-9, "
                               "BT-20)"));
    amount_facts(ubl, missing);
    units_facts(ubl, missing);
    references_facts(ubl, missing);
}
