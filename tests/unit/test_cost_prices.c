/* Prices of AWS, dated: what a use of a month comes to, exactly, and what has no price. */
#include "base/mem.h"
#include "billing/prices/cost_prices.h"
#include "check.h"

#include <string.h>

#define TIB ((money_integer)1 << 40)

static struct cost_prices *read_prices(const char *json)
{
    json_auto_t *section = json_loads(json, 0, NULL);

    CHECK(section != NULL);
    CHECK_INT(cost_prices_check(section, NULL, NULL), 0);
    return cost_prices_new(section);
}

static char *charged(const struct cost_prices *prices, const struct cost_use *use, int want)
{
    struct money amount;
    struct err e = {0};

    CHECK_INT(cost_prices_charge(prices, use, &amount, &e), want);
    return want > 0 ? money_exact_text(amount, 2) : mem_text("");
}

static const char dated[] =
    "{\"currency\": \"USD\", \"prices\": [{\"from\": \"2025-10-16\", \"athena_scanned\": \"6\"},"
    " {\"from\": \"2025-01-01\", \"athena_scanned\": \"5\", \"s3_put\": \"0.005\","
    " \"s3_standard\": \"0.025\"}]}";

/* A price holds from its day on, and each part of the month is charged with its own. */
static void test_dates(void)
{
    struct cost_prices *prices = read_prices(dated);
    struct cost_use use = {COST_ATHENA_SCANNED, {2025, 10, 7}, {0}};
    cleanup_free char *before = NULL, *both = NULL;

    use.days[14] = TIB;
    before = charged(prices, &use, 1);
    CHECK_TEXT(before, "5.00");
    use.days[15] = TIB;
    use.days[30] = TIB / 2;
    both = charged(prices, &use, 1);
    CHECK_TEXT(both, "14.00");
    cost_prices_free(prices);
}

/* An entry holds whole: what it does not name has no price, and that is not 0; no use needs none.
 */
static void test_no_price(void)
{
    struct cost_prices *prices = read_prices(dated), *none = cost_prices_new(NULL);
    struct cost_use use = {COST_S3_PUT, {2025, 10, 1}, {0}};
    cleanup_free char *nothing = charged(prices, &use, 1), *free_of = charged(none, &use, 1);
    cleanup_free char *priced = NULL;

    CHECK_TEXT(nothing, "0.00");
    CHECK_TEXT(free_of, "0.00");
    use.days[0] = 1;
    priced = charged(prices, &use, 1);
    CHECK_TEXT(priced, "0.000005");
    free(charged(none, &use, 0));
    use.days[20] = 1; /* the newer entry has none */
    free(charged(prices, &use, 0));
    CHECK_TEXT(cost_prices_currency(none), "USD");
    cost_prices_free(prices);
    cost_prices_free(none);
}

/* What is stored costs by the share of the month that it was there; a month has its own days. */
static void test_stored(void)
{
    struct cost_prices *prices = read_prices(dated);
    struct cost_use use = {COST_S3_STANDARD, {2025, 2, 1}, {0}};
    cleanup_free char *whole = NULL, *day = NULL;

    for (int i = 0; i < 28; i++)
        use.days[i] = ((money_integer)40 << 30) * 86400;
    whole = charged(prices, &use, 1);
    CHECK_TEXT(whole, "1.00");
    use = (struct cost_use){COST_S3_STANDARD, {2025, 2, 1}, {((money_integer)7 << 30) * 86400}};
    day = charged(prices, &use, 1);
    CHECK_TEXT(day, "0.00625");
    cost_prices_free(prices);
}

/* Half up at 10^-12 x 2^-30, and an amount that does not fit is an error. */
static void test_edges(void)
{
    struct cost_prices *prices = read_prices(
        "{\"prices\": [{\"from\": \"2025-01-01\", \"glue_requests\": \"0.000000000001\","
        " \"athena_scanned\": \"9000000\"}]}");
    struct cost_use use = {COST_GLUE_REQUESTS, {2025, 10, 1}, {1}};
    struct money amount;
    struct err e = {0};

    CHECK_INT(cost_prices_charge(prices, &use, &amount, &e), 1);
    CHECK_INT((long long)amount.units, 1074); /* 2^30 / 10^6 is 1073.7 */
    use = (struct cost_use){COST_ATHENA_SCANNED, {2025, 10, 1}, {(money_integer)1 << 90}};
    CHECK_INT(cost_prices_charge(prices, &use, &amount, &e), -1);
    CHECK(strstr(e.text, "too large"));
    cost_prices_free(prices);
}

static void on_problem(void *arg, const char *path, const char *problem)
{
    json_object_set_new(arg, path, json_string(problem));
}

static void check_problem(const char *text, const char *path, const char *word)
{
    json_auto_t *section = json_loads(text, 0, NULL), *problems = json_object();
    const char *problem;

    CHECK(section && cost_prices_check(section, on_problem, problems) > 0);
    problem = json_string_value(json_object_get(problems, path));
    CHECK(problem && strstr(problem, word));
    if (!problem)
        fprintf(stderr, "%s: nothing at %s\n", text, path);
}

static void test_problems(void)
{
    check_problem("{\"prices\": [{\"s3_put\": \"1\"}]}", "prices[0]", "needs from");
    check_problem("{\"prices\": [{\"from\": \"2025-01-01\", \"s3_putt\": \"1\"}]}",
                  "prices[0].s3_putt", "did you mean");
    check_problem("{\"prices\": [{\"from\": \"2025-01-01\"}, {\"from\": \"2025-01-01\"}]}",
                  "prices[1]", "same day");
    check_problem("{\"prices\": []}", "prices", "must be a list");
    check_problem("{\"currency\": \"usd\", \"prices\": [{\"from\": \"2025-01-01\"}]}", "currency",
                  "ISO 4217");
    check_problem("{\"price\": 1}", "price", "unknown key");
    check_problem("{\"prices\": [{\"from\": \"2025-01-01\", \"alarms\": \"-1\"}]}",
                  "prices[0].alarms", "decimal number");
}

static void test_classes(void)
{
    CHECK_INT(cost_prices_unit(NULL), COST_S3_STANDARD);
    CHECK_INT(cost_prices_unit("STANDARD"), COST_S3_STANDARD);
    CHECK_INT(cost_prices_unit("DEEP_ARCHIVE"), COST_S3_DEEP_ARCHIVE);
    CHECK_INT(cost_prices_unit("NEWEST"), COST_UNITS);
}

int main(void)
{
    test_dates();
    test_no_price();
    test_stored();
    test_edges();
    test_problems();
    test_classes();
    return check_done();
}
