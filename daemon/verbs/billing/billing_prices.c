/* billing_prices.c -- prices from another file than the spec. */
#include "daemon/verbs/billing/billing_prices.h"

#include "billing/prices/price_book.h"

#include <string.h>

int billing_prices_read(const struct manifest *manifest, size_t pipeline,
                        const struct options *options, struct billing *billing, struct err *e)
{
    struct problems problems = {0};
    json_auto_t *section = manifest_billing_with(manifest, pipeline, options->prices, &problems);
    struct price_book *book;

    problems_sort(&problems);
    problems_print(&problems, stderr, options_color(options, stderr));
    problems_fini(&problems);
    if (!section)
        return err_set(e, ERR_INVALID, "%s has no usable prices", options->prices);
    book = price_book_new(section);
    if (strcmp(price_book_zone(book), price_book_zone(billing->book)) != 0) {
        (void)err_set(e, ERR_INVALID,
                      "%s counts the days of %s, but the rollups are of %s: only prices may differ",
                      options->prices, price_book_zone(book), price_book_zone(billing->book));
        price_book_free(book);
        return -1;
    }
    price_book_free(billing->book);
    billing->book = book;
    return 0;
}
