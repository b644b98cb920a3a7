#include "billing/prices/parties.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/price_book_private.h"

#include <string.h>

void parties_free(struct price_book *book)
{
    for (size_t i = 0; i < book->tax_count; i++) {
        free(book->taxes[i].name);
        free(book->taxes[i].reason);
    }
    free(book->taxes);
    json_decref(book->seller);
    free(book->series);
    free(book->terms);
    free(book->seller_tax);
}

/* ---- what belongs together ---- */

static bool has_rule(const struct price_book *book, const char *name)
{
    for (size_t i = 0; i < book->tax_count; i++)
        if (!strcmp(book->taxes[i].name, name))
            return true;
    return false;
}

/* The rule of whoever names none: the seller's, or the only one. */
static const char *usual_rule(const struct price_book *book)
{
    if (book->seller_tax || !book->tax_count)
        return book->seller_tax;
    for (size_t i = 1; i < book->tax_count; i++)
        if (strcmp(book->taxes[i].name, book->taxes[0].name) != 0)
            return NULL;
    return book->taxes[0].name;
}

static void tell_rule(const struct section_value *section, const struct price_book *book,
                      const char *path, const char *name)
{
    const char **names = mem_new((book->tax_count + 1) * sizeof *names);
    cleanup_free char *hint = NULL;

    for (size_t i = 0; i < book->tax_count; i++)
        names[i] = book->taxes[i].name;
    section_tell_word(section, path, name, names,
                      book->tax_count ? "is the name of no rule in billing.taxes"
                                      : "names a rule, and billing.taxes is missing");
    free(names);
}

/* One customer is one party: what a second entry says of it must be what the first says. */
static void check_entry(const struct section_value *section, const struct customer *customer,
                        json_t *said)
{
    json_t *value;
    const char *key;

    json_object_foreach(customer->party, key, value) {
        const json_t *known = json_object_get(said, key);
        cleanup_free char *path = mem_printf("customers[%zu].%s", customer->index, key);

        if (known && !json_equal(known, value))
            section_tell(section, path, "customer %.60s has another %s in another entry",
                         customer->id, key);
        else
            json_object_set(said, key, value);
    }
}

static void check_customers(const struct section_value *section, const struct price_book *book)
{
    json_auto_t *said = json_object();

    for (size_t i = 0; i < book->customer_count; i++) {
        const struct customer *customer = book->customers_by_id[i];
        const char *tax = json_text(customer->party, "tax");
        cleanup_free char *path = mem_printf("customers[%zu].tax", customer->index);

        if (i && strcmp(book->customers_by_id[i - 1]->id, customer->id) != 0)
            json_object_clear(said);
        check_entry(section, customer, said);
        if (tax && !has_rule(book, tax))
            tell_rule(section, book, path, tax);
    }
}

void parties_check(const struct section_value *section, const struct price_book *book)
{
    check_customers(section, book);
    if (book->seller_tax && !has_rule(book, book->seller_tax))
        tell_rule(section, book, "seller.tax", book->seller_tax);
    else if (book->tax_count && !usual_rule(book))
        section_tell(section, "seller.tax",
                     "is missing: which rule of billing.taxes holds for "
                     "customers that name none");
}

/* ---- asking ---- */

const json_t *parties_seller(const struct price_book *book)
{
    return book->seller;
}

const char *parties_series(const struct price_book *book)
{
    return book->series;
}

int parties_due_days(const struct price_book *book)
{
    return book->due_days;
}

const char *parties_terms(const struct price_book *book)
{
    return book->terms;
}

static const char *rule_of(const struct price_book *book, const char *id)
{
    const char *name = NULL;

    for (size_t at = price_book_customers_first(book, id);
         at < book->customer_count && !strcmp(book->customers_by_id[at]->id, id) && !name; at++)
        name = json_text(book->customers_by_id[at]->party, "tax");
    return name ? name : usual_rule(book);
}

json_t *parties_buyer(const struct price_book *book, const char *id)
{
    const char *name = price_book_customers_name(book, id);
    json_t *buyer = json_object();

    json_object_set_new(buyer, "customer", json_string(id));
    if (name)
        json_object_set_new(buyer, "name", json_string(name));
    for (size_t at = price_book_customers_first(book, id);
         at < book->customer_count && !strcmp(book->customers_by_id[at]->id, id); at++)
        json_object_update_missing(buyer, book->customers_by_id[at]->party);
    (void)json_object_del(buyer, "tax");
    return buyer;
}

int parties_tax(const struct price_book *book, const char *id, struct day last,
                const struct tax_rule **tax, struct err *e)
{
    const char *name = id ? rule_of(book, id) : NULL;
    const struct tax_rule *found = NULL;
    char day[16];

    *tax = NULL;
    if (!name)
        return 0;
    for (size_t i = 0; i < book->tax_count; i++) {
        const struct tax_rule *rule = &book->taxes[i];

        if (!strcmp(rule->name, name) && calendar_compare(rule->from, last) <= 0 &&
            (!found || calendar_compare(rule->from, found->from) > 0))
            found = rule;
    }
    *tax = found;
    if (found)
        return 0;
    calendar_day_text(last, day);
    return err_set(e, ERR_INVALID,
                   "the tax rule %.60s does not hold on %s yet: billing.taxes begins "
                   "later",
                   name, day);
}
