/* statement_sums.c -- what the lines come to: exact, rounded once, with tax. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/prices/parties.h"
#include "billing/statement/statement_private.h"

/* A price's 10^-12 of a percent. */
#define HUNDRED_PERCENT ((money_integer)100 * 1000000000000)

static void set_exact(json_t *document, const char *key, struct money amount)
{
    cleanup_free char *text = money_exact_text(amount, 2);

    json_object_set_new(document, key, json_string(text));
}

static void set_rounded(json_t *document, const char *key, struct money amount, int digits)
{
    cleanup_free char *text = money_text(amount, digits);

    json_object_set_new(document, key, json_string(text));
}

static int add_lines(const json_t *document, struct money *sum, struct err *e)
{
    const json_t *line;
    size_t i;

    *sum = (struct money){0};
    json_array_foreach(json_object_get(document, "lines"), i, line) {
        struct money amount;

        if (bill_amount_parse(json_text(line, "amount"), &amount, e) || money_add(sum, amount, e))
            return -1;
    }
    return 0;
}

/* What one of the last decimal of a total is worth. */
static money_integer smallest(int digits)
{
    money_integer unit = (money_integer)1000000000000 << 30;

    while (digits-- > 0)
        unit /= 10;
    return unit;
}

/* Percent of an amount that has no more decimals than `digits`, half up (away from zero) to as
 * many. */
static int tax_of(struct money net, struct price rate, int digits, struct money *tax, struct err *e)
{
    money_integer unit = smallest(digits), counted = net.units / unit, product;

    if (__builtin_mul_overflow(counted, (money_integer)rate.pico, &product))
        return err_set(e, ERR_INVALID, "an amount is too large for its tax");
    product += product < 0 ? -HUNDRED_PERCENT / 2 : HUNDRED_PERCENT / 2;
    if (__builtin_mul_overflow(product / HUNDRED_PERCENT, unit, &tax->units))
        return err_set(e, ERR_INVALID, "an amount is too large for its tax");
    return 0;
}

static int set_taxes(const struct statement *statement, json_t *document, struct money net,
                     struct money *total, struct err *e)
{
    int digits = money_currency_digits(price_book_currency(statement->book));
    const struct tax_rule *rule;
    struct money tax = {0};
    json_t *taxes = json_array(), *line;
    cleanup_free char *rate = NULL;

    *total = net;
    json_object_set_new(document, "taxes", taxes);
    if (parties_tax(statement->book, statement_customer(statement), statement_last_day(statement),
                    &rule, e))
        return -1;
    if (!rule)
        return 0;
    if (tax_of(net, rule->rate, digits, &tax, e) || money_add(total, tax, e))
        return -1;
    rate = money_exact_text(money_of(rule->rate), 0);
    line = json_pack("{s:s, s:s, s:s?, s:s}", "category", rule->category, "rate", rate, "reason",
                     rule->reason, "name", rule->name);
    set_rounded(line, "taxable", net, digits);
    set_rounded(line, "amount", tax, digits);
    json_array_append_new(taxes, line);
    return 0;
}

/* What the bill owes now, rounded; and what was billed before, which is rounded already. */
static int net_of(const struct statement *statement, struct money sum, struct money *net,
                  struct err *e)
{
    int digits = money_currency_digits(price_book_currency(statement->book));
    struct money billed = {0};
    const json_t *one;
    size_t i;

    json_array_foreach(statement->before, i, one) {
        struct money amount;

        if (bill_amount_parse(json_text(one, "net") ? json_text(one, "net") : "", &amount, e) ||
            money_add(&billed, amount, e))
            return -1;
    }
    if (money_add(&sum, billed, e))
        return -1;
    *net = money_round(sum, digits);
    billed.units = -billed.units;
    return money_add(net, billed, e);
}

static void set_rule(const struct statement *statement, json_t *document)
{
    const char *rounding = json_text(statement->bill, "rounding");

    json_object_set_new(
        document, "rounding_rule",
        json_sprintf("%s%s", rounding ? rounding : "",
                     json_array_size(json_object_get(document, "taxes"))
                         ? "; tax is that percentage of the rounded amount, rounded likewise"
                         : ""));
}

int statement_sums(const struct statement *statement, json_t *document, struct err *e)
{
    int digits = money_currency_digits(price_book_currency(statement->book));
    struct money sum, net, total;

    if (add_lines(document, &sum, e) || net_of(statement, sum, &net, e) ||
        set_taxes(statement, document, net, &total, e))
        return -1;
    set_exact(document, "subtotal", sum);
    set_exact(document, "rounding", (struct money){net.units - sum.units});
    set_rounded(document, "net", net, digits);
    set_rounded(document, "total", total, digits);
    set_rule(statement, document);
    return 0;
}
