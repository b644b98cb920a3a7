/* price_book_customers.c -- who a sub is, and when. */
#include "base/mem.h"
#include "billing/price_book_private.h"

#include <string.h>

static const char *const customer_keys[] = {"sub", "customer", "name", "from", "to", NULL};
static const struct day beginning = {1, 1, 1}, end = {9999, 12, 31};

static char *required(struct section_reader *reader, const json_t *item, const char *key,
                      const char *path)
{
    char buffer[32];
    const char *text = section_text(reader, item, key, path, buffer);

    if (!text || !*text)
        section_tell(reader, path, "needs %s", key);
    return mem_text(text ? text : "");
}

static void read_customer(struct section_reader *reader, const json_t *item, const char *path,
                          struct customer *customer)
{
    char buffer[32];
    const char *name;

    customer->from = beginning;
    customer->to = end;
    if (!section_check_keys(reader, item, path, customer_keys)) {
        customer->sub = mem_text("");
        customer->id = mem_text("");
        return;
    }
    customer->sub = required(reader, item, "sub", path);
    customer->id = required(reader, item, "customer", path);
    name = section_text(reader, item, "name", path, buffer);
    customer->name = name && *name ? mem_text(name) : NULL;
    if (!strcmp(customer->sub, "-"))
        section_tell(reader, path, "- stands for no sub at all: such calls are unattributed");
    (void)section_day(reader, item, "from", path, &customer->from);
    (void)section_day(reader, item, "to", path, &customer->to);
    if (calendar_compare(customer->from, customer->to) > 0)
        section_tell(reader, path, "ends before it begins");
}

static bool overlap(const struct customer *a, const struct customer *b)
{
    return !strcmp(a->sub, b->sub) && calendar_compare(a->from, b->to) <= 0 &&
           calendar_compare(b->from, a->to) <= 0;
}

/* One sub is one customer on each day; one customer has one name. */
static void check_against(struct section_reader *reader, const struct price_book *book, size_t i,
                          const char *path)
{
    const struct customer *customer = &book->customers[i];

    for (size_t j = 0; j < i && *customer->sub; j++) {
        const struct customer *other = &book->customers[j];

        if (overlap(other, customer)) {
            section_tell(reader, path,
                         "the sub has another entry (customers[%zu]) for some of these "
                         "days",
                         j);
            return;
        }
        if (!strcmp(customer->id, other->id) && customer->name && other->name &&
            strcmp(customer->name, other->name) != 0) {
            section_tell(reader, path, "customer %.60s has another name in customers[%zu]",
                         customer->id, j);
            return;
        }
    }
}

static int by_sub(const void *a, const void *b)
{
    const struct customer *left = a, *right = b;
    int order = strcmp(left->sub, right->sub);

    return order ? order : calendar_compare(left->from, right->from);
}

void price_book_read_customers(struct section_reader *reader, const json_t *list,
                               struct price_book *book)
{
    const json_t *item;
    size_t i;

    if (!list || json_is_null(list))
        return;
    if (!json_is_array(list)) {
        section_tell(reader, "customers", "must be a list");
        return;
    }
    book->customers = mem_new((json_array_size(list) + 1) * sizeof *book->customers);
    json_array_foreach(list, i, item) {
        cleanup_free char *path = mem_printf("customers[%zu]", i);

        read_customer(reader, item, path, &book->customers[i]);
        check_against(reader, book, i, path);
        book->customer_count++;
    }
    qsort(book->customers, book->customer_count, sizeof *book->customers, by_sub);
}

const struct customer *price_book_customer(const struct price_book *book, const char *sub,
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

const char *price_book_customer_name(const struct price_book *book, const char *id)
{
    for (size_t i = 0; i < book->customer_count; i++)
        if (book->customers[i].name && !strcmp(book->customers[i].id, id))
            return book->customers[i].name;
    return NULL;
}
