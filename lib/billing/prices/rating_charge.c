/* rating_charge.c -- what an account owes, and the bill as a document. */
#include "base/json.h"
#include "base/mem.h"
#include "base/time_zone.h"
#include "billing/prices/rating_private.h"

#include <string.h>

/* An account while it is charged. */
struct charge {
    const struct rating *rating;
    const struct account *account;
    json_t *detail;
    struct volume free, billed;
    struct money calls, bytes; /* charges */
    struct err *e;
};

static void set_amount(json_t *object, const char *key, struct money amount)
{
    cleanup_free char *text = money_exact_text(amount, 2);

    json_object_set_new(object, key, json_string(text));
}

static void set_money(json_t *object, const char *key, struct money amount, int digits)
{
    cleanup_free char *text = money_text(amount, digits);

    json_object_set_new(object, key, json_string(text));
}

static json_t *day_json(struct day day)
{
    char text[16];

    calendar_day_text(day, text);
    return json_string(text);
}

/* One line of the working: quantity at price. */
static int add_detail(struct charge *charge, const struct segment *segment, bool bytes,
                      const char *how, int64_t quantity, struct price price)
{
    struct money amount;
    json_t *item;

    if (bytes ? money_for_bytes(price, quantity, &amount, charge->e)
              : money_for_calls(price, quantity, &amount, charge->e))
        return -1;
    if (money_add(bytes ? &charge->bytes : &charge->calls, amount, charge->e))
        return -1;
    item = json_pack("{s:o, s:o, s:s, s:s, s:I}", "from", day_json(segment->from), "to",
                     day_json(segment->to), "what", bytes ? "bytes" : "calls", "how", how,
                     "quantity", (json_int_t)quantity);
    set_amount(item, bytes ? "price_per_gib" : "price", money_of(price));
    set_amount(item, "charge", amount);
    json_array_append_new(charge->detail, item);
    return 0;
}

/* The units (before, before + quantity] of the month, each at the price of its tier. */
static int charge_graduated(struct charge *charge, const struct segment *segment, bool bytes,
                            int64_t before, int64_t quantity)
{
    const struct tariff *tariff = bytes ? &segment->prices->bytes : &segment->prices->calls;

    for (size_t i = 0; i < tariff->count && quantity; i++) {
        int64_t room = tariff->tiers[i].up_to - before, share = quantity < room ? quantity : room;
        cleanup_free char *how = mem_printf("tier %zu of %zu", i + 1, tariff->count);

        if (room <= 0)
            continue;
        if (add_detail(charge, segment, bytes, tariff->count > 1 ? how : "price", share,
                       tariff->tiers[i].price))
            return -1;
        before += share;
        quantity -= share;
    }
    return 0;
}

static int charge_volume(struct charge *charge, const struct segment *segment, bool bytes,
                         int64_t quantity, int64_t month)
{
    const struct tariff *tariff = bytes ? &segment->prices->bytes : &segment->prices->calls;
    size_t i = 0;
    cleanup_free char *how = NULL;

    while (tariff->tiers[i].up_to < month)
        i++;
    how = mem_printf("volume tier %zu of %zu", i + 1, tariff->count);
    return add_detail(charge, segment, bytes, how, quantity, tariff->tiers[i].price);
}

static int64_t ordinary(const struct charge *charge, size_t segment, bool bytes)
{
    const struct volume *volume = &charge->account->parts[segment].ordinary;

    return bytes ? volume->bytes : volume->calls;
}

/* The first `quota` units of the month are free; `before` have passed. */
static int64_t free_share(const struct charge *charge, size_t segment, bool bytes, int64_t before)
{
    const struct prices *prices = charge->rating->segments[segment].prices;
    int64_t quantity = ordinary(charge, segment, bytes), quota;

    if (!prices || charge->account->is_nobody)
        return 0;
    quota = (bytes ? prices->free_bytes : prices->free_calls) - before;
    return quota <= 0 ? 0 : quota < quantity ? quota : quantity;
}

/* Units that are not free in the whole month; their sum with the free ones was checked. */
static int64_t month_billed(const struct charge *charge, bool bytes)
{
    int64_t before = 0, billed = 0;

    for (size_t i = 0; i < charge->rating->segment_count; i++) {
        billed += ordinary(charge, i, bytes) - free_share(charge, i, bytes, before);
        before += ordinary(charge, i, bytes);
    }
    return billed;
}

static int charge_ordinary(struct charge *charge, bool bytes)
{
    int64_t month = month_billed(charge, bytes), before = 0, before_billed = 0;

    for (size_t i = 0; i < charge->rating->segment_count; i++) {
        const struct segment *segment = &charge->rating->segments[i];
        int64_t quantity = ordinary(charge, i, bytes);
        int64_t free = free_share(charge, i, bytes, before), billed = quantity - free;
        bool failed = false;

        if (free)
            failed = add_detail(charge, segment, bytes, "free", free, (struct price){0}) != 0;
        if (billed && !failed) {
            const struct tariff *tariff = bytes ? &segment->prices->bytes : &segment->prices->calls;

            failed = (tariff->volume
                          ? charge_volume(charge, segment, bytes, billed, month)
                          : charge_graduated(charge, segment, bytes, before_billed, billed)) != 0;
        }
        if (failed ||
            rating_volume_add(&charge->free, bytes ? 0 : free, bytes ? free : 0, charge->e) ||
            rating_volume_add(&charge->billed, bytes ? 0 : billed, bytes ? billed : 0, charge->e))
            return -1;
        before += quantity;
        before_billed += billed;
    }
    return 0;
}

static int charge_rules(struct charge *charge, size_t i, bool bytes)
{
    const struct segment *segment = &charge->rating->segments[i];

    for (size_t k = 0; segment->prices && k < segment->prices->rule_count; k++) {
        const struct rule *rule = &segment->prices->rules[k];
        const struct volume *volume = &charge->account->parts[i].by_rule[k];
        int64_t quantity = bytes ? volume->bytes : volume->calls;
        cleanup_free char *how = mem_printf("rule %zu", k + 1);

        if (!quantity)
            continue;
        if (add_detail(charge, segment, bytes, how, quantity, bytes ? rule->gib : rule->call) ||
            rating_volume_add(&charge->billed, bytes ? 0 : quantity, bytes ? quantity : 0,
                              charge->e))
            return -1;
    }
    return 0;
}

static int charge_all(struct charge *charge)
{
    for (int bytes = 0; bytes < 2; bytes++) {
        if (charge_ordinary(charge, bytes))
            return -1;
        for (size_t i = 0; i < charge->rating->segment_count; i++)
            if (charge_rules(charge, i, bytes))
                return -1;
    }
    return 0;
}

/* What is missing to the minimum. */
static struct money missing(const struct charge *charge, struct money sum)
{
    struct money minimum = money_of(charge->rating->minimum);

    if (!charge->account->used || charge->account->is_nobody || money_compare(sum, minimum) >= 0)
        return (struct money){0};
    return (struct money){minimum.units - sum.units};
}

static void set_volumes(json_t *line, const struct account *account, const struct charge *charge)
{
    const struct {
        const char *calls, *bytes;
        struct volume volume;
    } volumes[] = {
        {"calls", "bytes", account->all},
        {"billed_calls", "billed_bytes", charge->billed},
        {"free_calls", "free_bytes", charge->free},
        {"excluded_calls", "excluded_bytes", account->excluded},
    };

    for (size_t i = 0; i < sizeof volumes / sizeof *volumes; i++) {
        json_object_set_new(line, volumes[i].calls, json_integer(volumes[i].volume.calls));
        json_object_set_new(line, volumes[i].bytes, json_integer(volumes[i].volume.bytes));
    }
}

/* Sums of the whole bill. */
struct sums {
    struct charge volumes; /* billed, free, charges */
    struct account all;
    struct money minimums, totals;
};

static int add_sums(struct sums *sums, const struct charge *charge, struct money minimum,
                    struct money total, struct err *e)
{
    const struct account *account = charge->account;

    return rating_volume_add(&sums->all.all, account->all.calls, account->all.bytes, e) ||
                   rating_volume_add(&sums->all.excluded, account->excluded.calls,
                                     account->excluded.bytes, e) ||
                   rating_volume_add(&sums->volumes.billed, charge->billed.calls,
                                     charge->billed.bytes, e) ||
                   rating_volume_add(&sums->volumes.free, charge->free.calls, charge->free.bytes,
                                     e) ||
                   money_add(&sums->volumes.calls, charge->calls, e) ||
                   money_add(&sums->volumes.bytes, charge->bytes, e) ||
                   money_add(&sums->minimums, minimum, e) || money_add(&sums->totals, total, e)
               ? -1
               : 0;
}

/* A line of the bill; NULL on overflow.  sums: NULL for nobody's, which is no part of them. */
static json_t *account_json(const struct rating *rating, const struct account *account,
                            struct sums *sums, struct err *e)
{
    struct charge charge = {.rating = rating, .account = account, .detail = json_array(), .e = e};
    const char *name = account->id ? price_book_customer_name(rating->book, account->id) : NULL;
    struct money sum, minimum, total;
    json_t *line = json_object();
    bool good = !charge_all(&charge);

    sum = charge.calls;
    good = good && !money_add(&sum, charge.bytes, e);
    minimum = missing(&charge, sum);
    good = good && !money_add(&sum, minimum, e);
    total = money_round(sum, rating->digits);
    if (account->id) {
        json_object_set_new(line, "customer", json_string(account->id));
        json_object_set_new(line, "name",
                            json_string(name            ? name
                                        : account->user ? account->user
                                                        : ""));
    }
    set_volumes(line, account, &charge);
    set_amount(line, "call_charge", charge.calls);
    set_amount(line, "data_charge", charge.bytes);
    if (account->id)
        set_amount(line, "minimum_charge", minimum);
    set_money(line, "total", total, rating->digits);
    json_object_set_new(line, "detail", charge.detail);
    if (good && (!sums || !add_sums(sums, &charge, minimum, total, e)))
        return line;
    json_decref(line);
    return NULL;
}

static json_t *segments_json(const struct rating *rating)
{
    json_t *list = json_array();

    for (size_t i = 0; i < rating->segment_count; i++) {
        const struct segment *segment = &rating->segments[i];

        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o}", "from", day_json(segment->from), "to",
                            day_json(segment->to), "prices_from",
                            segment->prices ? day_json(segment->prices->from) : json_null()));
    }
    return list;
}

static json_t *head_json(const struct rating *rating)
{
    const struct price_book *book = rating->book;
    char month[16];

    calendar_day_text(rating->first, month);
    month[7] = '\0';
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "format_version", 1, "month",
                     month, "currency", book->currency, "time_zone", book->zone, "tz_version",
                     time_zone_version(), "rounding", book->rounding, "price_book", book->hash,
                     "customers_hash", book->customers_hash, "segments", segments_json(rating));
}

json_t *rating_document(const struct rating *rating, struct err *e)
{
    struct sums sums = {0};
    json_t *bill = head_json(rating), *lines = json_array(), *line, *totals = json_object();
    bool good = true;

    for (size_t i = 0; good && i < rating->account_count; i++) {
        line = account_json(rating, rating->accounts[i], &sums, e);
        good = line != NULL;
        if (line)
            json_array_append_new(lines, line);
    }
    json_object_set_new(bill, "lines", lines);
    line = good ? account_json(rating, rating->nobody, NULL, e) : NULL;
    if (line)
        json_object_set_new(bill, "unattributed", line);
    set_volumes(totals, &sums.all, &sums.volumes);
    set_amount(totals, "call_charge", sums.volumes.calls);
    set_amount(totals, "data_charge", sums.volumes.bytes);
    set_amount(totals, "minimum_charge", sums.minimums);
    set_money(totals, "total", sums.totals, rating->digits);
    json_object_set_new(bill, "totals", totals);
    if (line)
        return bill;
    json_decref(bill);
    return NULL;
}
