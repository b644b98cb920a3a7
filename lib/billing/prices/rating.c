/* rating.c -- usage and a book become a bill.
 *
 * A month falls into segments (price_book_segments), each with one set of prices.  Per customer and
 * segment usage is counted by what happens to it: excluded by a rule, charged at a rule's price, or
 * ordinary.  Quota and tiers look at ordinary usage only and go through the month. */
#include "base/json.h"
#include "base/mem.h"
#include "base/text_width.h"
#include "billing/prices/rating_private.h"

#include <string.h>

/* ---- Accounts: one per customer, one for nobody ---- */

static struct account *account_new(const struct rating *rating, const char *id)
{
    struct account *account = mem_new(sizeof *account);

    account->id = id ? mem_text(id) : NULL;
    account->parts = mem_new(rating->segment_count * sizeof *account->parts);
    for (size_t i = 0; i < rating->segment_count; i++) {
        const struct prices *prices = rating->segments[i].prices;

        account->parts[i].by_rule =
            mem_new(((prices ? prices->rule_count : 0) + 1) * sizeof *account->parts[i].by_rule);
    }
    return account;
}

static void account_free(const struct rating *rating, struct account *account)
{
    if (!account)
        return;
    for (size_t i = 0; i < rating->segment_count; i++)
        free(account->parts[i].by_rule);
    free(account->parts);
    free(account->id);
    free(account->user);
    free(account);
}

/* Behind the others; place: its place, while counting. */
static void append(struct rating *rating, struct account *account)
{
    if (rating->account_count == rating->account_room) {
        rating->account_room = rating->account_room ? rating->account_room * 2 : 16;
        rating->accounts =
            mem_resize(rating->accounts, rating->account_room, sizeof *rating->accounts);
    }
    rating->accounts[rating->account_count++] = account;
}

static struct account *find(const struct rating *rating, const char *id)
{
    const json_t *place = json_object_get(rating->places, id);
    size_t at = place ? (size_t)json_integer_value(place) : rating->account_count;

    return at < rating->account_count ? rating->accounts[at] : NULL;
}

static void enter(struct rating *rating, struct account *account)
{
    json_object_set_new_nocheck(rating->places, account->id,
                                json_integer((json_int_t)rating->account_count));
    append(rating, account);
}

void rating_add_customer(struct rating *rating, const char *id)
{
    if (!find(rating, id))
        enter(rating, account_new(rating, id));
}

static struct account *account_of(struct rating *rating, const struct usage_line *line)
{
    const char *id =
        price_book_customer(rating->book, line->sub, rating->segments[line->segment].from);

    if (!id)
        return rating->nobody;
    if (rating->last && !strcmp(rating->last->id, id))
        return rating->last;
    rating->last = find(rating, id);
    if (!rating->last) {
        rating->last = account_new(rating, id);
        enter(rating, rating->last);
    }
    return rating->last;
}

/* ---- Counting ---- */

static void take_user(struct account *account, const char *user)
{
    if (!user || !*user || !strcmp(user, "-") ||
        (account->user && strcmp(user, account->user) <= 0))
        return;
    free(account->user);
    account->user = mem_text(user);
}

static int count_line(struct rating *rating, struct account *account, const struct usage_line *line,
                      struct err *e)
{
    const struct prices *prices = rating->segments[line->segment].prices;
    struct part *part = &account->parts[line->segment];
    struct volume ordinary = {line->calls, line->bytes};
    const struct rule *rule;

    for (int i = 0; i < RATING_DOUBTS; i++)
        if (volume_count(&rating->doubts[i], line->doubts[i], e))
            return -1;
    if (!prices) {
        char day[16];

        calendar_day_text(rating->segments[line->segment].from, day);
        return err_set(e, ERR_INVALID, "no price holds on %s: billing.prices begins later", day);
    }
    take_user(account, line->user);
    rule = price_book_rule(prices, line->route, line->status);
    if (volume_add(&account->all, ordinary, e))
        return -1;
    if (rule && !rule->bill)
        return volume_add(&account->excluded, ordinary, e);
    account->used = true;
    if (rule) {
        struct volume priced = {rule->has_call ? line->calls : 0, rule->has_gib ? line->bytes : 0};

        if (volume_add(&part->by_rule[rule - prices->rules], priced, e))
            return -1;
        ordinary.calls -= priced.calls;
        ordinary.bytes -= priced.bytes;
    }
    return volume_add(&part->ordinary, ordinary, e);
}

/* ---- Whose usage would be another's ---- */

enum { SUB_COLUMNS = 80 };

/* Its entry, when it borrows from one. */
static const struct customer *lender(const struct rating *rating, const struct usage_line *line)
{
    if (price_book_is_nobody(line->sub) || line->segment >= rating->segment_count ||
        price_book_customers_find(rating->book, line->sub, rating->segments[line->segment].from))
        return NULL;
    return price_book_customers_other(rating->book, line->sub, rating->days);
}

static void take_borrower(struct rating *rating, const char *sub, const struct customer *whose)
{
    if (!whose || !sub || (rating->borrower && strcmp(sub, rating->borrower) >= 0))
        return;
    free(rating->borrower);
    rating->borrower = mem_text(sub);
    rating->lends = whose;
}

static void note_borrower(struct rating *rating, const struct usage_line *line)
{
    take_borrower(rating, line->sub, lender(rating, line));
}

char *rating_borrows(const struct rating *rating)
{
    cleanup_free char *borrows = NULL, *lends = NULL;

    if (!rating->borrower)
        return NULL;
    borrows = text_width_fit(rating->borrower, SUB_COLUMNS);
    lends = text_width_fit(rating->lends->sub, SUB_COLUMNS);
    return mem_printf("the sub %s has no entry in billing.customers on some day, and would be "
                      "billed as the customer of that id, whom the map gives to the sub %s: "
                      "give it an entry of its own (with that customer, if it is the same one)",
                      borrows, lends);
}

int rating_add(struct rating *rating, const struct usage_line *line, struct err *e)
{
    if (line->segment >= rating->segment_count)
        return err_set(e, ERR_INVALID, "a usage line lies outside of the month");
    if (!rating->prices)
        return 0; /* rating_end says so */
    note_borrower(rating, line);
    return count_line(rating, account_of(rating, line), line, e);
}

/* ---- Two countings of one month ---- */

static int join_account(const struct rating *rating, struct account *account,
                        const struct account *other, struct err *e)
{
    take_user(account, other->user);
    account->used = account->used || other->used;
    if (volume_add(&account->all, other->all, e) ||
        volume_add(&account->excluded, other->excluded, e))
        return -1;
    for (size_t i = 0; i < rating->segment_count; i++) {
        const struct prices *prices = rating->segments[i].prices;
        struct part *part = &account->parts[i];

        if (volume_add(&part->ordinary, other->parts[i].ordinary, e))
            return -1;
        for (size_t rule = 0; prices && rule < prices->rule_count; rule++)
            if (volume_add(&part->by_rule[rule], other->parts[i].by_rule[rule], e))
                return -1;
    }
    return 0;
}

static int join_all(struct rating *rating, struct rating *other, struct err *e)
{
    for (int i = 0; i < RATING_DOUBTS; i++)
        if (volume_count(&rating->doubts[i], other->doubts[i], e))
            return -1;
    for (size_t i = 0; i < other->account_count; i++) {
        struct account *known = find(rating, other->accounts[i]->id);

        if (known) {
            if (join_account(rating, known, other->accounts[i], e))
                return -1;
        } else {
            enter(rating, other->accounts[i]);
            other->accounts[i] = NULL;
        }
    }
    return join_account(rating, rating->nobody, other->nobody, e);
}

int rating_join(struct rating *rating, struct rating *other, struct err *e)
{
    int failed = join_all(rating, other, e);

    take_borrower(rating, other->borrower, other->lends);
    rating_free(other);
    return failed;
}

/* ---- The minimum ---- */

static int by_id(const void *a, const void *b)
{
    return strcmp((*(struct account *const *)a)->id, (*(struct account *const *)b)->id);
}

/* Where the account of id is, or belongs. */
static size_t place_of(const struct rating *rating, const char *id)
{
    size_t low = 0, high = rating->account_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(rating->accounts[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whoever is in the customer map on the month's last day owes the minimum, calls or not. */
static void add_minimums(struct rating *rating)
{
    const struct price_book *book = rating->book;

    for (size_t i = 0; rating->minimum.pico && i < book->customer_count; i++) {
        const struct customer *customer = &book->customers[i];
        size_t at;

        if (!customer->id || calendar_compare(customer->from, rating->days.last) > 0 ||
            calendar_compare(customer->to, rating->days.last) < 0)
            continue;
        at = place_of(rating, customer->id);
        if (at == rating->account_count || strcmp(rating->accounts[at]->id, customer->id) != 0) {
            append(rating, NULL);
            memmove(&rating->accounts[at + 1], &rating->accounts[at],
                    (rating->account_count - 1 - at) * sizeof *rating->accounts);
            rating->accounts[at] = account_new(rating, customer->id);
        }
        rating->accounts[at]->used = true;
    }
}

/* ---- The month ---- */

static void set_segments(struct rating *rating)
{
    struct day starts[PRICE_BOOK_SEGMENTS];

    rating->segment_count = price_book_segments(rating->book, rating->days, starts);
    rating->segments = mem_new(rating->segment_count * sizeof *rating->segments);
    for (size_t i = 0; i < rating->segment_count; i++)
        rating->segments[i] = (struct segment){
            .from = starts[i],
            .to = i + 1 < rating->segment_count ? calendar_add_days(starts[i + 1], -1)
                                                : rating->days.last,
            .prices = price_book_prices(rating->book, starts[i]),
        };
}

struct rating *rating_new(const struct price_book *book, struct day_span days)
{
    struct rating *rating = mem_new(sizeof *rating);

    *rating = (struct rating){
        .book = book, .days = days, .places = json_object(), .texts = json_object()};
    rating->digits = money_currency_digits(book->currency);
    rating->prices = price_book_prices(book, days.last);
    rating->minimum = rating->prices ? rating->prices->minimum : (struct price){0};
    set_segments(rating);
    rating->nobody = account_new(rating, NULL);
    rating->nobody->is_nobody = true;
    return rating;
}

void rating_free(struct rating *rating)
{
    if (!rating)
        return;
    for (size_t i = 0; i < rating->account_count; i++)
        account_free(rating, rating->accounts[i]);
    account_free(rating, rating->nobody);
    json_decref(rating->places);
    json_decref(rating->texts);
    free(rating->borrower);
    free(rating->accounts);
    free(rating->segments);
    free(rating);
}

json_t *rating_end_each(struct rating *rating, const struct rating_taker *taker, struct err *e)
{
    json_t *bill = NULL;

    json_decref(rating->places); /* they move now */
    rating->places = NULL;
    if (rating->account_count)
        qsort(rating->accounts, rating->account_count, sizeof *rating->accounts, by_id);
    if (rating->prices) {
        add_minimums(rating);
        bill = rating_document(rating, taker, e);
    } else {
        (void)err_set(e, ERR_INVALID, "the spec has no prices for this month: set billing.prices");
    }
    rating_free(rating);
    return bill;
}

static void keep_line(void *lines, json_t *line)
{
    json_array_append(lines, line);
}

json_t *rating_end(struct rating *rating, struct err *e)
{
    json_auto_t *lines = json_array();
    json_t *bill = rating_end_each(rating, &(struct rating_taker){keep_line, lines}, e);

    if (bill)
        json_object_set(bill, "lines", lines);
    return bill;
}

json_t *rating_bill(const struct price_book *book, struct day_span days,
                    const struct usage_line *lines, size_t count, struct err *e)
{
    struct rating *rating = rating_new(book, days);

    for (size_t i = 0; i < count; i++)
        if (rating_add(rating, &lines[i], e)) {
            rating_free(rating);
            return NULL;
        }
    return rating_end(rating, e);
}
