#include "billing/prices/price_book_tell.h"

#include "base/mem.h"
#include "billing/prices/price_book_private.h"

bool price_book_tell_tier(const struct price_book *book, struct day day, bool bytes, size_t index,
                          struct price_book_tier *tier)
{
    const struct prices *prices = price_book_prices(book, day);
    const struct tariff *tariff = !prices ? NULL : bytes ? &prices->bytes : &prices->calls;

    if (!tariff || !index || index > tariff->count)
        return false;
    tier->first = index > 1 ? tariff->tiers[index - 2].up_to + 1 : 1;
    tier->last = tariff->tiers[index - 1].up_to;
    return true;
}

char *price_book_tell_rule(const struct price_book *book, struct day day, size_t index)
{
    const struct prices *prices = price_book_prices(book, day);
    const struct rule *rule;

    if (!prices || !index || index > prices->rule_count)
        return NULL;
    rule = &prices->rules[index - 1];
    return mem_printf("%s%s%s%s%s", rule->status ? "status " : "", rule->status ? rule->status : "",
                      rule->status && rule->route ? ", " : "", rule->route ? "route " : "",
                      rule->route ? rule->route : "");
}
