#include "billing/prices/rating_share.h"

#include "billing/prices/price_book_private.h"

static int take_rule(struct rating_share *one, const struct rule *rule, struct err *e)
{
    struct money bytes;

    if (!rule->bill) {
        one->excluded = one->all;
        one->ordinary = (struct volume){0};
        return 0;
    }
    one->ruled =
        (struct volume){rule->has_call ? one->all.calls : 0, rule->has_gib ? one->all.bytes : 0};
    one->ordinary.calls -= one->ruled.calls;
    one->ordinary.bytes -= one->ruled.bytes;
    return money_for_calls(rule->call, one->ruled.calls, &one->rule_charge, e) ||
                   money_for_bytes(rule->gib, one->ruled.bytes, &bytes, e) ||
                   money_add(&one->rule_charge, bytes, e)
               ? -1
               : 0;
}

int rating_share_add(struct rating_share *share, const struct price_book *book,
                     const struct rating_share_usage *usage, struct err *e)
{
    const struct prices *prices = price_book_prices(book, usage->day);
    struct rating_share one = {.all = usage->volume, .ordinary = usage->volume};
    const struct rule *rule;
    char text[16];

    if (!prices) {
        calendar_day_text(usage->day, text);
        return err_set(e, ERR_INVALID, "no price holds on %s: billing.prices begins later", text);
    }
    rule = price_book_rule(prices, usage->route, usage->status);
    if (rule && take_rule(&one, rule, e))
        return -1;
    return rating_share_join(share, &one, e);
}

int rating_share_join(struct rating_share *share, const struct rating_share *more, struct err *e)
{
    return volume_add(&share->all, more->all, e) ||
                   volume_add(&share->excluded, more->excluded, e) ||
                   volume_add(&share->ruled, more->ruled, e) ||
                   volume_add(&share->ordinary, more->ordinary, e) ||
                   money_add(&share->rule_charge, more->rule_charge, e)
               ? -1
               : 0;
}
