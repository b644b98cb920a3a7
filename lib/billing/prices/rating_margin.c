#include "billing/prices/rating_margin.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/rating_private.h"

#include <string.h>

struct rating_margin {
    struct rating *all, *taken; /* each with this customer alone */
    struct account *line;       /* of all */
    bool in_map;                /* owes a minimum, calls or not */
    struct money sum, total;
};

struct rating_margin *rating_margin_new(const struct price_book *book, struct day_span days,
                                        const char *customer)
{
    struct rating_margin *margin = mem_new(sizeof *margin);

    margin->all = rating_new(book, days);
    margin->taken = rating_new(book, days);
    margin->line = customer ? NULL : margin->all->nobody;
    if (customer) { /* it may have no calls */
        rating_add_customer(margin->all, customer);
        rating_add_customer(margin->taken, customer);
    }
    return margin;
}

void rating_margin_free(struct rating_margin *margin)
{
    if (!margin)
        return;
    rating_free(margin->all);
    rating_free(margin->taken);
    free(margin);
}

static size_t segment_of(const struct rating *rating, struct day day)
{
    size_t i = rating->segment_count - 1;

    while (i && calendar_compare(rating->segments[i].from, day) > 0)
        i--;
    return i;
}

static struct usage_line line_of(const struct rating *rating,
                                 const struct rating_margin_calls *calls)
{
    return (struct usage_line){.sub = calls->sub,
                               .route = calls->route,
                               .status = calls->status,
                               .segment = segment_of(rating, calls->day),
                               .calls = calls->volume.calls,
                               .bytes = calls->volume.bytes};
}

int rating_margin_add(struct rating_margin *margin, const struct rating_margin_calls *calls,
                      struct err *e)
{
    const struct usage_line line = line_of(margin->all, calls);

    return rating_add(margin->all, &line, e);
}

int rating_margin_take(struct rating_margin *margin, const struct rating_margin_calls *calls,
                       struct err *e)
{
    const struct usage_line line = line_of(margin->taken, calls);

    return rating_add(margin->taken, &line, e);
}

/* ---- what a line comes to ---- */

static bool is_used(const struct rating_margin *margin)
{
    const struct rating *rating = margin->all;

    for (size_t i = 0; i < rating->segment_count; i++) {
        const struct part *part = &margin->line->parts[i];
        const struct prices *prices = rating->segments[i].prices;

        if (part->ordinary.calls)
            return true;
        for (size_t rule = 0; prices && rule < prices->rule_count; rule++)
            if (part->by_rule[rule].calls)
                return true;
    }
    return margin->in_map;
}

static int charge(struct rating_margin *margin, struct money *sum, struct money *total,
                  struct err *e)
{
    struct rating_charge charge;
    int failed;

    margin->line->used = is_used(margin);
    failed = rating_charge(margin->all, margin->line, &charge, e);
    json_decref(charge.detail);
    *sum = charge.calls;
    *total = charge.total;
    return failed || money_add(sum, charge.bytes, e) || money_add(sum, charge.minimum, e) ? -1 : 0;
}

static bool is_in_map(const struct rating *rating, const char *customer)
{
    const struct price_book *book = rating->book;

    for (size_t i = 0; i < book->customer_count; i++) {
        const struct customer *entry = &book->customers[i];

        if (!strcmp(entry->id, customer) && calendar_compare(entry->from, rating->days.last) <= 0 &&
            calendar_compare(entry->to, rating->days.last) >= 0)
            return true;
    }
    return false;
}

int rating_margin_end(struct rating_margin *margin, struct err *e)
{
    if (!margin->all->prices)
        return err_set(e, ERR_INVALID, "the spec has no prices for this month: set billing.prices");
    if (!margin->line) {
        margin->line = margin->all->accounts[0];
        margin->in_map = is_in_map(margin->all, margin->line->id);
    }
    return charge(margin, &margin->sum, &margin->total, e);
}

/* ---- without some ---- */

static void less(struct volume *volume, struct volume part)
{
    volume->calls -= part.calls;
    volume->bytes -= part.bytes;
}

static void take_away(const struct rating *rating, struct account *line, const struct account *part)
{
    for (size_t i = 0; i < rating->segment_count; i++) {
        const struct prices *prices = rating->segments[i].prices;

        less(&line->parts[i].ordinary, part->parts[i].ordinary);
        for (size_t rule = 0; prices && rule < prices->rule_count; rule++)
            less(&line->parts[i].by_rule[rule], part->parts[i].by_rule[rule]);
    }
}

static void give_back(const struct rating *rating, struct account *line, const struct account *part)
{
    for (size_t i = 0; i < rating->segment_count; i++) {
        const struct prices *prices = rating->segments[i].prices;

        line->parts[i].ordinary.calls += part->parts[i].ordinary.calls;
        line->parts[i].ordinary.bytes += part->parts[i].ordinary.bytes;
        for (size_t rule = 0; prices && rule < prices->rule_count; rule++) {
            line->parts[i].by_rule[rule].calls += part->parts[i].by_rule[rule].calls;
            line->parts[i].by_rule[rule].bytes += part->parts[i].by_rule[rule].bytes;
        }
    }
}

static struct account *taken_account(const struct rating_margin *margin)
{
    return margin->line->is_nobody ? margin->taken->nobody : margin->taken->accounts[0];
}

int rating_margin_totals(struct rating_margin *margin, struct money *total, struct money *without,
                         struct err *e)
{
    struct money sum;
    int failed;

    *total = margin->total;
    take_away(margin->all, margin->line, taken_account(margin));
    failed = charge(margin, &sum, without, e);
    give_back(margin->all, margin->line, taken_account(margin));
    return failed;
}

/* Where calls of that route and status are counted, as rating_add counts them; excluded: nowhere.
 */
static void move(struct rating_margin *margin, const struct rating_margin_calls *calls, int sign)
{
    size_t segment = segment_of(margin->all, calls->day);
    const struct prices *prices = margin->all->segments[segment].prices;
    const struct rule *rule = price_book_rule(prices, calls->route, calls->status);
    struct part *part = &margin->line->parts[segment];
    struct volume ruled = {rule && rule->has_call ? calls->volume.calls : 0,
                           rule && rule->has_gib ? calls->volume.bytes : 0};

    if (rule && !rule->bill)
        return;
    part->ordinary.calls += sign * (calls->volume.calls - ruled.calls);
    part->ordinary.bytes += sign * (calls->volume.bytes - ruled.bytes);
    if (rule) {
        part->by_rule[rule - prices->rules].calls += sign * ruled.calls;
        part->by_rule[rule - prices->rules].bytes += sign * ruled.bytes;
    }
}

int rating_margin_of(struct rating_margin *margin, const struct rating_margin_calls *calls,
                     struct money *worth, struct err *e)
{
    struct money sum, total;
    int failed;

    move(margin, calls, -1);
    failed = charge(margin, &sum, &total, e);
    move(margin, calls, 1);
    *worth = (struct money){margin->sum.units - sum.units};
    return failed;
}
