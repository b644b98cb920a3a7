/* price_book_customers.c -- who a sub is, and when. */
#include "base/mem.h"
#include "billing/prices/parties.h"
#include "billing/prices/price_book_private.h"

#include <string.h>

static const char *const customer_keys[] = {"sub",       "customer", "name",    "from",
                                            "to",        "address",  "country", "tax_id",
                                            "reference", "tax",      NULL};
static const struct day beginning = {1, 1, 1}, end = {9999, 12, 31};

static char *required(const struct section_value *item, const char *key)
{
    char buffer[32];
    const char *text = section_text(item, key, buffer);

    if (!text || !*text)
        section_tell(item, NULL, "needs %s", key);
    return mem_text(text ? text : "");
}

static void read_customer(const struct section_value *item, struct customer *customer)
{
    char buffer[32];
    const char *name;

    customer->from = beginning;
    customer->to = end;
    if (!section_check_keys(item, customer_keys)) {
        customer->sub = mem_text("");
        customer->id = mem_text("");
        return;
    }
    customer->sub = required(item, "sub");
    customer->id = required(item, "customer");
    name = section_text(item, "name", buffer);
    customer->name = name && *name ? mem_text(name) : NULL;
    customer->party = parties_read_entry(item);
    if (!section_day(item, "from", &customer->from) && !strcmp(customer->sub, "-"))
        section_tell(item, NULL,
                     "- stands for no sub at all: such calls are unattributed; to give them to a "
                     "customer say from which day on (from), and until when (to)");
    (void)section_day(item, "to", &customer->to);
    if (calendar_compare(customer->from, customer->to) > 0)
        section_tell(item, NULL, "ends before it begins");
}

static int by_sub(const void *a, const void *b)
{
    const struct customer *left = a, *right = b;
    int order = strcmp(left->sub, right->sub);

    return order ? order : calendar_compare(left->from, right->from);
}

/* By customer, those with a name first, in the order of the list. */
static int by_id(const void *a, const void *b)
{
    const struct customer *left = *(struct customer *const *)a,
                          *right = *(struct customer *const *)b;
    int order = strcmp(left->id, right->id);

    if (!order)
        order = !left->name - !right->name;
    return order ? order : (left->index > right->index) - (left->index < right->index);
}

/* One sub is one customer on each day. */
static void check_days(const struct section_value *section, const struct price_book *book)
{
    for (size_t i = 1; i < book->customer_count; i++) {
        const struct customer *before = &book->customers[i - 1], *customer = &book->customers[i];
        size_t later = before->index > customer->index ? before->index : customer->index;
        cleanup_free char *path = mem_printf("customers[%zu]", later);

        if (*customer->sub && !strcmp(before->sub, customer->sub) &&
            calendar_compare(before->to, customer->from) >= 0)
            section_tell(section, path,
                         "the sub has another entry (customers[%zu]) for some of these days",
                         before->index + customer->index - later);
    }
}

/* One customer has one name. */
static void check_names(const struct section_value *section, const struct price_book *book)
{
    const struct customer *first = NULL;

    for (size_t i = 0; i < book->customer_count; i++) {
        const struct customer *customer = book->customers_by_id[i];
        cleanup_free char *path = mem_printf("customers[%zu].name", customer->index);

        if (!first || strcmp(first->id, customer->id) != 0)
            first = customer;
        else if (customer->name && strcmp(first->name, customer->name) != 0)
            section_tell(section, path, "customer %.60s has another name in customers[%zu]",
                         customer->id, first->index);
    }
}

void price_book_customers_read(const struct section_value *section, struct price_book *book)
{
    const json_t *list = json_object_get(section->object, "customers"), *item;
    size_t i, room = json_array_size(list) + 1;

    book->customers = mem_new(room * sizeof *book->customers);
    book->customers_by_id = mem_new(room * sizeof(struct customer *));
    if (!list || json_is_null(list))
        return;
    if (!json_is_array(list)) {
        section_tell(section, "customers", "must be a list");
        return;
    }
    json_array_foreach(list, i, item) {
        cleanup_free char *path = mem_printf("customers[%zu]", i);

        book->customers[i].index = i;
        read_customer(&(struct section_value){section->reader, item, path}, &book->customers[i]);
        book->customer_count++;
    }
    qsort(book->customers, book->customer_count, sizeof *book->customers, by_sub);
    for (i = 0; i < book->customer_count; i++)
        book->customers_by_id[i] = &book->customers[i];
    qsort(book->customers_by_id, book->customer_count, sizeof(struct customer *), by_id);
    check_days(section, book);
    check_names(section, book);
}

const struct customer *price_book_customers_find(const struct price_book *book, const char *sub,
                                                 struct day day)
{
    const struct customer wanted = {.sub = (char *)sub, .from = day};
    size_t low = 0, high = book->customer_count;

    while (low < high) { /* the last entry not behind (sub, day) */
        size_t middle = low + (high - low) / 2;

        if (by_sub(&book->customers[middle], &wanted) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low || strcmp(book->customers[low - 1].sub, sub) != 0 ||
        calendar_compare(book->customers[low - 1].to, day) < 0)
        return NULL;
    return &book->customers[low - 1];
}

size_t price_book_customers_first(const struct price_book *book, const char *id)
{
    size_t low = 0, high = book->customer_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(book->customers_by_id[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct customer *entry_of(const struct price_book *book, const char *id, size_t at)
{
    const struct customer *entry = at < book->customer_count ? book->customers_by_id[at] : NULL;

    return entry && !strcmp(entry->id, id) ? entry : NULL;
}

/* If any entry has a name, the first one has. */
const char *price_book_customers_name(const struct price_book *book, const char *id)
{
    const struct customer *entry = entry_of(book, id, price_book_customers_first(book, id));

    return entry ? entry->name : NULL;
}

const struct customer *price_book_customers_other(const struct price_book *book, const char *id,
                                                  struct day_span days)
{
    const struct customer *entry;

    for (size_t at = price_book_customers_first(book, id); (entry = entry_of(book, id, at)); at++)
        if (strcmp(entry->sub, id) != 0 && strcmp(entry->sub, "-") != 0 &&
            calendar_compare(entry->from, days.last) <= 0 &&
            calendar_compare(entry->to, days.first) >= 0)
            return entry;
    return NULL;
}
