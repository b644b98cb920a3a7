/* billing_prices.c -- prices from another file than the spec. */
#include "daemon/verbs/billing/billing_prices.h"

#include "billing/prices/price_book.h"

#include <string.h>

struct reading {
    const struct billing_turn *turn;
    struct problems problems;
    struct price_book *book; /* NULL: it has errors */
};

/* A file may have a map of customers of its own: off the loop. */
static void read_book(void *arg)
{
    struct reading *reading = arg;
    const struct billing_turn *turn = reading->turn;
    json_auto_t *section = manifest_billing_with(turn->manifest, turn->pipeline,
                                                 turn->options->prices, &reading->problems);

    problems_sort(&reading->problems);
    reading->book = section ? price_book_new(section) : NULL;
}

int billing_prices_read(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    const struct options *options = turn->options;
    struct billing *billing = turn->billing;
    struct reading reading = {.turn = turn};

    flow_work(flow, read_book, &reading);
    problems_print(&reading.problems, stderr, options_color(options, stderr));
    problems_fini(&reading.problems);
    if (!reading.book)
        return err_set(e, ERR_INVALID, "%s has no usable prices", options->prices);
    if (strcmp(price_book_zone(reading.book), price_book_zone(billing->book)) != 0) {
        (void)err_set(e, ERR_INVALID,
                      "%s counts the days of %s, but the rollups are of %s: only prices may differ",
                      options->prices, price_book_zone(reading.book),
                      price_book_zone(billing->book));
        price_book_free(reading.book);
        return -1;
    }
    price_book_free(billing->book);
    billing->book = reading.book;
    return 0;
}
