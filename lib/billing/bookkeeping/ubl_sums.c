/* ubl_sums.c -- the statement's amounts as EN 16931 adds them up.
 *
 * The statement's lines are exact and the sum is rounded once; the standard has each line rounded
 * (BR-DEC-23) and their sum exact (BR-CO-10).  So each line is rounded, and what the sum then lacks
 * to the statement's taxable amount is a charge or an allowance of its own: the totals are the
 * statement's. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/bookkeeping/ubl_private.h"

#include <string.h>

struct money ubl_sums_amount(const struct ubl *ubl, const json_t *object, const char *key)
{
    const char *text = json_text(object, key);
    struct money amount = {0};
    struct err e = {0};

    if (text)
        (void)money_parse(text, &amount, &e);
    if (ubl->turned)
        amount.units = -amount.units;
    return amount;
}

/* ---- taxes ---- */

/* "19.000" and "19" are one rate. */
static char *short_rate(const char *text)
{
    struct money rate = {0};
    struct err e = {0};

    if (text)
        (void)money_parse(text, &rate, &e);
    return money_exact_text(rate, 0);
}

/* Its place; taxes of one category and rate are one breakdown (BR-S-01, BR-E-01). */
static size_t add_tax(struct ubl *ubl, const char *category, const char *rate, const char *reason)
{
    char *known = short_rate(rate);
    struct ubl_tax *tax;
    size_t i = 0;

    while (i < ubl->tax_count && (strcmp(ubl->taxes[i].category, category) != 0 ||
                                  strcmp(ubl->taxes[i].rate, known) != 0))
        i++;
    if (i < ubl->tax_count) {
        free(known);
    } else {
        ubl->taxes = mem_resize(ubl->taxes, ++ubl->tax_count, sizeof *ubl->taxes);
        ubl->taxes[i] = (struct ubl_tax){.category = category, .rate = known};
    }
    tax = &ubl->taxes[i];
    if (reason && tax->reason && !strstr(tax->reason, reason)) {
        char *both = mem_printf("%s; %s", tax->reason, reason);

        free(tax->reason);
        tax->reason = both;
    } else if (reason && !tax->reason) {
        tax->reason = mem_text(reason);
    }
    return i;
}

static void read_taxes(struct ubl *ubl)
{
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(ubl->statement, "taxes"), i, item) {
        const char *category = json_text(item, "category");
        size_t at = add_tax(ubl, category ? category : "", json_text(item, "rate"),
                            json_text(item, "reason"));

        ubl->taxes[at].taxable.units += ubl_sums_amount(ubl, item, "taxable").units;
        ubl->taxes[at].amount.units += ubl_sums_amount(ubl, item, "amount").units;
        ubl->tax.units += ubl_sums_amount(ubl, item, "amount").units;
    }
}

/* Of a line: by the category it names; the first where it names none. */
static size_t tax_of(const struct ubl *ubl, const json_t *line)
{
    const char *category = json_text(line, "tax");
    size_t i = 0;

    while (category && i < ubl->tax_count && strcmp(ubl->taxes[i].category, category) != 0)
        i++;
    return i < ubl->tax_count ? i : 0;
}

/* ---- lines ---- */

/* What is no usage is no line: a minimum, what was billed before. */
static bool is_extra(const json_t *line)
{
    const char *what = json_text(line, "what");

    return what && strcmp(what, "calls") != 0 && strcmp(what, "bytes") != 0;
}

static void add_line(struct ubl_line **list, size_t *count, struct ubl_line line)
{
    *list = mem_resize(*list, ++*count, sizeof **list);
    (*list)[*count - 1] = line;
}

static void read_lines(struct ubl *ubl)
{
    const json_t *lines = json_object_get(ubl->statement, "lines"), *item;
    bool all_extra = true;
    size_t i;

    json_array_foreach(lines, i, item)
        all_extra = all_extra && is_extra(item);
    json_array_foreach(lines, i, item) {
        struct ubl_line line = {
            .line = item,
            .tax = tax_of(ubl, item),
            .net = money_round(ubl_sums_amount(ubl, item, "amount"), ubl->digits),
        };

        if (ubl->tax_count)
            ubl->taxes[line.tax].on_lines.units += line.net.units;
        if (is_extra(item) && !all_extra) { /* an invoice has one line at least (BR-16) */
            add_line(&ubl->extras, &ubl->extra_count, line);
            *(line.net.units < 0 ? &ubl->allowances : &ubl->charges) =
                (struct money){line.net.units < 0 ? ubl->allowances.units - line.net.units
                                                  : ubl->charges.units + line.net.units};
        } else {
            add_line(&ubl->lines, &ubl->line_count, line);
            ubl->line_sum.units += line.net.units;
        }
    }
}

struct money ubl_sums_left(const struct ubl_tax *tax)
{
    return (struct money){tax->taxable.units - tax->on_lines.units};
}

void ubl_sums(struct ubl *ubl, const json_t *statement)
{
    const char *kind = json_text(statement, "kind"), *currency = json_text(statement, "currency");
    int digits = money_currency_digits(currency ? currency : "");

    *ubl = (struct ubl){.statement = statement, .digits = digits < 2 ? digits : 2};
    ubl->is_credit = kind && strcmp(kind, "credit_note") == 0;
    ubl->is_draft = kind && strcmp(kind, "draft") == 0;
    ubl->turned = ubl->is_credit && ubl_sums_amount(ubl, statement, "total").units < 0;
    read_taxes(ubl);
    read_lines(ubl);
    for (size_t i = 0; i < ubl->tax_count; i++) {
        struct money left = ubl_sums_left(&ubl->taxes[i]);

        *(left.units < 0 ? &ubl->allowances : &ubl->charges) = (struct money){
            left.units < 0 ? ubl->allowances.units - left.units : ubl->charges.units + left.units};
    }
    ubl->net.units = ubl->line_sum.units - ubl->allowances.units + ubl->charges.units;
    ubl->gross.units = ubl->net.units + ubl->tax.units;
    ubl->due = ubl_sums_amount(ubl, statement, "total");
    ubl->rounding.units = ubl->due.units - ubl->gross.units;
}

void ubl_sums_free(struct ubl *ubl)
{
    for (size_t i = 0; i < ubl->tax_count; i++) {
        free(ubl->taxes[i].rate);
        free(ubl->taxes[i].reason);
    }
    free(ubl->taxes);
    free(ubl->lines);
    free(ubl->extras);
}
