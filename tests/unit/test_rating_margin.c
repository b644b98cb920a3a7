/* What calls of a line are worth: by another way, which is to rate the line with and without them.
 */
#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/rating.h"
#include "billing/prices/rating_margin.h"
#include "check.h"

#include <stdio.h>
#include <string.h>

enum { LINES = 60 };

static const char section[] =
    "{\"time_zone\": \"UTC\", \"currency\": \"USD\", \"customers\": [{\"sub\": \"s\", "
    "\"customer\": \"acme\"}, "
    "{\"sub\": \"t\", \"customer\": \"acme\", \"from\": \"2025-10-20\"}], \"prices\": [{\"from\": "
    "\"2025-01-01\", "
    "\"call\": \"0.01\", \"gib\": \"0.3\", \"free_calls\": \"7\"}, {\"from\": \"2025-10-16\", "
    "\"free_calls\": \"9\", "
    "\"minimum\": \"%s\", \"calls\": {\"mode\": \"graduated\", \"tiers\": [{\"up_to\": 20, "
    "\"price\": \"0.02\"}, {\"price\": \"0.005\"}]}, "
    "\"bytes\": {\"mode\": \"volume\", \"tiers\": [{\"up_to_gib\": \"2\", \"price\": \"5\"}, "
    "{\"price\": \"3\"}]}, "
    "\"rules\": [{\"status\": \"5xx\", \"bill\": false}, {\"route\": \"GET /dear*\", \"call\": "
    "\"1\"}]}]}";

static const struct day_span october = {{2025, 10, 1}, {2025, 10, 31}};

static struct rating_margin_calls any_calls(void)
{
    static const char *const routes[] = {"GET /dear/1", "GET /", NULL}, *const statuses[] = {
                                                                            "200", "503", NULL};
    static const char *const subs[] = {"s", "s", "t"};
    size_t sub = (size_t)rand() % 3;

    return (struct rating_margin_calls){
        .day = {2025, 10, (sub == 2 ? 20 : 1) + rand() % (sub == 2 ? 12 : 31)},
        .sub = subs[sub],
        .route = routes[rand() % 3],
        .status = statuses[rand() % 3],
        .volume = {1 + rand() % 3, rand()}};
}

static struct usage_line line_of(const struct price_book *book,
                                 const struct rating_margin_calls *calls)
{
    struct day starts[PRICE_BOOK_SEGMENTS];
    size_t count = price_book_segments(book, october, starts), segment = 0;

    while (segment + 1 < count && calendar_compare(starts[segment + 1], calls->day) <= 0)
        segment++;
    return (struct usage_line){.sub = calls->sub,
                               .route = calls->route,
                               .status = calls->status,
                               .segment = segment,
                               .calls = calls->volume.calls,
                               .bytes = calls->volume.bytes};
}

static struct money amount(const json_t *line, const char *key)
{
    struct money money = {0};
    struct err e = {0};

    (void)money_parse(json_text(line, key), &money, &e);
    return money;
}

/* The line's exact sum (to 12 decimals, which is where money_parse ends), and its total; left out:
 * the lines whose place in skip is set. */
static struct money rated(const struct price_book *book, const struct rating_margin_calls *calls,
                          const bool *skip, struct money *total)
{
    struct usage_line lines[LINES];
    struct err e = {0};
    size_t count = 0;
    json_auto_t *bill = NULL;
    const json_t *line;
    struct money sum;

    for (size_t i = 0; i < LINES; i++)
        if (!skip[i])
            lines[count++] = line_of(book, &calls[i]);
    bill = rating_bill(book, october, lines, count, &e);
    line = json_array_get(json_object_get(bill, "lines"), 0);
    *total = line ? amount(line, "total") : (struct money){0};
    sum = line ? amount(line, "call_charge") : (struct money){0};
    if (line) {
        sum.units += amount(line, "data_charge").units;
        sum.units += amount(line, "minimum_charge").units;
    }
    return sum;
}

static bool is_near(struct money a, struct money b)
{
    money_integer difference = a.units - b.units;

    return difference < (money_integer)4 << 30 && difference > -((money_integer)4 << 30);
}

static void test_line(const char *minimum, size_t disputed)
{
    cleanup_free char *text = mem_printf(section, minimum);
    json_auto_t *json = json_loads(text, 0, NULL);
    struct price_book *book = price_book_new(json);
    struct rating_margin *margin = rating_margin_new(book, october, "acme");
    struct rating_margin_calls calls[LINES];
    bool skip[LINES] = {false};
    struct money all, total, worth, without, other;
    struct err e = {0};

    for (size_t i = 0; i < LINES; i++) {
        calls[i] = any_calls();
        CHECK(!rating_margin_add(margin, &calls[i], &e));
    }
    CHECK(!rating_margin_end(margin, &e));
    all = rated(book, calls, skip, &total);
    for (size_t i = 0; i < disputed; i++) {
        struct money ignored;

        skip[i] = true;
        CHECK(!rating_margin_of(margin, &calls[i], &worth, &e));
        CHECK(is_near(worth, (struct money){all.units - rated(book, calls, skip, &ignored).units}));
        skip[i] = false;
    }
    for (size_t i = 0; i < disputed; i++) {
        skip[i] = true;
        CHECK(!rating_margin_take(margin, &calls[i], &e));
    }
    CHECK(!rating_margin_totals(margin, &worth, &without, &e));
    CHECK(!money_compare(worth, total));
    (void)rated(book, calls, skip, &other);
    CHECK(!money_compare(without, other));
    rating_margin_free(margin);
    price_book_free(book);
}

/* Nobody's calls, and a customer without any. */
static void test_others(void)
{
    cleanup_free char *text = mem_printf(section, "2");
    json_auto_t *json = json_loads(text, 0, NULL);
    struct price_book *book = price_book_new(json);
    struct rating_margin *margin = rating_margin_new(book, october, "acme");
    const struct rating_margin_calls call = {{2025, 10, 2}, NULL, "GET /", "200", {1, 0}};
    struct money total, without;
    struct err e = {0};

    CHECK(!rating_margin_end(margin, &e) && !rating_margin_totals(margin, &total, &without, &e));
    CHECK(total.units == money_of((struct price){2000000000000}).units &&
          without.units == total.units);
    rating_margin_free(margin);
    margin = rating_margin_new(book, october, NULL);
    CHECK(!rating_margin_add(margin, &call, &e) && !rating_margin_end(margin, &e));
    CHECK(!rating_margin_of(margin, &call, &without, &e));
    CHECK(without.units == money_of((struct price){10000000000}).units);
    rating_margin_free(margin);
    price_book_free(book);
}

int main(void)
{
    srand(3);
    for (size_t i = 0; i < 20; i++) {
        test_line("0", 30);
        test_line("100", 10);
        test_line("0.5", LINES);
    }
    test_others();
    return check_done();
}
