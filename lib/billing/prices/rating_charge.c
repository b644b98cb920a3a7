/* rating_charge.c -- what an account owes: quota, tiers, rules, minimum, and the working of it. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/rating_private.h"

/* An account while it is charged, first for its calls, then for its bytes. */
struct work {
    const struct rating *rating;
    const struct account *account;
    bool bytes;
    struct rating_charge *charge;
    struct err *e;
};

json_t *rating_charge_amount(struct money amount)
{
    cleanup_free char *text = money_exact_text(amount, 2);

    return json_string(text);
}

json_t *rating_charge_text(const struct rating *rating, const char *text)
{
    json_t *known = json_object_get(rating->texts, text);

    if (!known) {
        known = json_string(text);
        json_object_set_new_nocheck(rating->texts, text, known);
    }
    return json_incref(known);
}

static json_t *day_json(const struct rating *rating, struct day day)
{
    char text[16];

    calendar_day_text(day, text);
    return rating_charge_text(rating, text);
}

static const struct tariff *tariff_of(const struct work *work, const struct segment *segment)
{
    return work->bytes ? &segment->prices->bytes : &segment->prices->calls;
}

/* So many of what is being charged. */
static struct volume volume_of(const struct work *work, int64_t quantity)
{
    if (work->bytes)
        return (struct volume){.bytes = quantity};
    return (struct volume){.calls = quantity};
}

/* One line of the working: quantity at price. */
static int add_detail(struct work *work, const struct segment *segment, const char *how,
                      int64_t quantity, struct price price)
{
    struct rating_charge *charge = work->charge;
    struct money amount;
    const struct rating *rating = work->rating;
    cleanup_free char *price_text = money_exact_text(money_of(price), 2);
    json_t *item;

    if (work->bytes ? money_for_bytes(price, quantity, &amount, work->e)
                    : money_for_calls(price, quantity, &amount, work->e))
        return -1;
    if (money_add(work->bytes ? &charge->bytes : &charge->calls, amount, work->e))
        return -1;
    item = json_pack("{s:o, s:o, s:o, s:o, s:I}", "from", day_json(rating, segment->from), "to",
                     day_json(rating, segment->to), "what",
                     rating_charge_text(rating, work->bytes ? "bytes" : "calls"), "how",
                     rating_charge_text(rating, how), "quantity", (json_int_t)quantity);
    json_object_set_new(item, work->bytes ? "price_per_gib" : "price",
                        rating_charge_text(rating, price_text));
    json_object_set_new(item, "charge", rating_charge_amount(amount));
    json_array_append_new(charge->detail, item);
    return 0;
}

/* The units (before, before + quantity] of the month, each at the price of its tier. */
static int charge_graduated(struct work *work, const struct segment *segment, int64_t before,
                            int64_t quantity)
{
    const struct tariff *tariff = tariff_of(work, segment);

    for (size_t i = 0; i < tariff->count && quantity; i++) {
        int64_t room = tariff->tiers[i].up_to - before, share = quantity < room ? quantity : room;
        cleanup_free char *how = mem_printf("tier %zu of %zu", i + 1, tariff->count);

        if (room <= 0)
            continue;
        if (add_detail(work, segment, tariff->count > 1 ? how : "price", share,
                       tariff->tiers[i].price))
            return -1;
        before += share;
        quantity -= share;
    }
    return 0;
}

static int charge_volume(struct work *work, const struct segment *segment, int64_t quantity,
                         int64_t month)
{
    const struct tariff *tariff = tariff_of(work, segment);
    size_t i = 0;
    cleanup_free char *how = NULL;

    while (tariff->tiers[i].up_to < month)
        i++;
    how = mem_printf("volume tier %zu of %zu", i + 1, tariff->count);
    return add_detail(work, segment, how, quantity, tariff->tiers[i].price);
}

static int64_t ordinary(const struct work *work, size_t segment)
{
    const struct volume *volume = &work->account->parts[segment].ordinary;

    return work->bytes ? volume->bytes : volume->calls;
}

/* The first `quota` units of the month are free; `before` have passed. */
static int64_t free_share(const struct work *work, size_t segment, int64_t before)
{
    const struct prices *prices = work->rating->segments[segment].prices;
    int64_t quantity = ordinary(work, segment), quota;

    if (!prices || work->account->is_nobody)
        return 0;
    quota = (work->bytes ? prices->free_bytes : prices->free_calls) - before;
    return quota <= 0 ? 0 : quota < quantity ? quota : quantity;
}

/* Units that are not free in the whole month; their sum with the free ones was checked. */
static int64_t month_billed(const struct work *work)
{
    int64_t before = 0, billed = 0;

    for (size_t i = 0; i < work->rating->segment_count; i++) {
        billed += ordinary(work, i) - free_share(work, i, before);
        before += ordinary(work, i);
    }
    return billed;
}

static int charge_ordinary(struct work *work)
{
    int64_t month = month_billed(work), before = 0, before_billed = 0;

    for (size_t i = 0; i < work->rating->segment_count; i++) {
        const struct segment *segment = &work->rating->segments[i];
        int64_t free = free_share(work, i, before), billed = ordinary(work, i) - free;
        bool failed = false;

        if (free)
            failed = add_detail(work, segment, "free", free, (struct price){0}) != 0;
        if (billed && !failed)
            failed = (tariff_of(work, segment)->volume
                          ? charge_volume(work, segment, billed, month)
                          : charge_graduated(work, segment, before_billed, billed)) != 0;
        if (failed || volume_add(&work->charge->free, volume_of(work, free), work->e) ||
            volume_add(&work->charge->billed, volume_of(work, billed), work->e))
            return -1;
        before += free + billed;
        before_billed += billed;
    }
    return 0;
}

static int charge_rules(struct work *work, size_t i)
{
    const struct segment *segment = &work->rating->segments[i];

    for (size_t k = 0; segment->prices && k < segment->prices->rule_count; k++) {
        const struct rule *rule = &segment->prices->rules[k];
        const struct volume *volume = &work->account->parts[i].by_rule[k];
        int64_t quantity = work->bytes ? volume->bytes : volume->calls;
        cleanup_free char *how = mem_printf("rule %zu", k + 1);

        if (!quantity)
            continue;
        if (add_detail(work, segment, how, quantity, work->bytes ? rule->gib : rule->call) ||
            volume_add(&work->charge->billed, volume_of(work, quantity), work->e))
            return -1;
    }
    return 0;
}

static int charge_all(struct work *work)
{
    if (charge_ordinary(work))
        return -1;
    for (size_t i = 0; i < work->rating->segment_count; i++)
        if (charge_rules(work, i))
            return -1;
    return 0;
}

/* What is missing to the minimum. */
static struct money missing(const struct work *work, struct money sum)
{
    struct money minimum = money_of(work->rating->minimum);

    if (!work->account->used || work->account->is_nobody || money_compare(sum, minimum) >= 0)
        return (struct money){0};
    return (struct money){minimum.units - sum.units};
}

int rating_charge(const struct rating *rating, const struct account *account,
                  struct rating_charge *charge, struct err *e)
{
    struct work work = {.rating = rating, .account = account, .charge = charge, .e = e};
    const struct money one = money_of((struct price){1000000000000});
    struct money sum;

    *charge = (struct rating_charge){.detail = json_array()};
    if (charge_all(&work))
        return -1;
    work.bytes = true;
    if (charge_all(&work))
        return -1;
    sum = charge->calls;
    if (money_add(&sum, charge->bytes, e))
        return -1;
    charge->minimum = missing(&work, sum);
    if (money_add(&sum, charge->minimum, e))
        return -1;
    charge->total = money_round(sum, rating->digits);
    return money_add(&sum, one, e); /* there was room for rounding it up */
}
