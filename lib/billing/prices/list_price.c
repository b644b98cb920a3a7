/* list_price.c -- calls and bytes at the first tier's price: an estimate, and called so. */
#include "billing/prices/list_price.h"

#include "billing/prices/price_book_private.h"

enum { DECIMALS = 6 };

int list_price_add(const struct price_book *book, struct day day, struct volume volume,
                   struct money *sum, struct err *e)
{
    const struct prices *prices = price_book_prices(book, day);
    struct money calls = {0}, bytes = {0};

    if (!prices)
        return 1;
    if (prices->calls.count &&
        money_for_calls(prices->calls.tiers[0].price, volume.calls, &calls, e))
        return -1;
    if (prices->bytes.count &&
        money_for_bytes(prices->bytes.tiers[0].price, volume.bytes, &bytes, e))
        return -1;
    return money_add(sum, calls, e) || money_add(sum, bytes, e) ? -1 : 0;
}

char *list_price_text(const struct price_book *book, struct money sum)
{
    int digits = money_currency_digits(price_book_currency(book));

    return money_exact_text(money_round(sum, DECIMALS), digits);
}
