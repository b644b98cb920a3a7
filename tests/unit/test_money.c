/* Exact money: limits, rounding, texts. */
#include "base/mem.h"
#include "billing/prices/money.h"
#include "check.h"

#include <stdint.h>

static const char *parse(const char *text)
{
    static char out[64];
    struct price price = {-1};
    struct err e = {0};

    if (money_parse_price(text, &price, &e))
        (void)snprintf(out, sizeof out, "! %.50s", e.text);
    else
        (void)snprintf(out, sizeof out, "%lld", (long long)price.pico);
    return out;
}

static void test_prices(void)
{
    CHECK_TEXT(parse("0.001"), "1000000000");
    CHECK_TEXT(parse("0"), "0");
    CHECK_TEXT(parse("007"), "7000000000000");
    CHECK_TEXT(parse("0.000000000001"), "1");
    CHECK_TEXT(parse("9223372.036854775807"), "9223372036854775807");
    CHECK_TEXT(parse("9223372.036854775808"), "! is more than 9223372");
    CHECK_TEXT(parse("99999999999999999999"), "! is more than 9223372");
    CHECK_TEXT(parse("0.0000000000001"), "! has more than 12 decimals");
    for (const char *const *bad = (const char *const[]){"", ".", "1.", ".1", "-1", "+1", " 1", "1 ",
                                                        "1,5", "1e3", "1.2.3", "0x1", "NaN", NULL};
         *bad; bad++)
        check_report(!strncmp(parse(*bad), "! is not a decimal", 18), __FILE__, __LINE__, *bad);
}

static void check_amount(struct money amount, int digits, const char *want, int line)
{
    cleanup_free char *text = money_text(amount, digits);

    check_text(text, want, __FILE__, line, "money_text");
}
#define CHECK_AMOUNT(amount, digits, want) check_amount(amount, digits, want, __LINE__)

static struct money parsed(const char *text)
{
    struct money money = {0};
    struct err e = {0};

    check_report(!money_parse(text, &money, &e), __FILE__, __LINE__, text);
    return money;
}

/* Halves go away from zero, and only halves. */
static void test_rounding(void)
{
    CHECK_AMOUNT(money_round(parsed("0.005"), 2), 2, "0.01");
    CHECK_AMOUNT(money_round(parsed("0.004999999999"), 2), 2, "0.00");
    CHECK_AMOUNT(money_round(parsed("2.675"), 2), 2, "2.68");
    CHECK_AMOUNT(money_round(parsed("-0.005"), 2), 2, "-0.01");
    CHECK_AMOUNT(money_round(parsed("-0.004999999999"), 2), 2, "0.00");
    CHECK_AMOUNT(money_round(parsed("999.5"), 0), 0, "1000");
    CHECK_AMOUNT(money_round(parsed("999.4999"), 0), 0, "999");
    CHECK_AMOUNT(money_round(parsed("1.0005"), 3), 3, "1.001");
    CHECK_AMOUNT((struct money){1}, 42, "0.000000000000000000000931322574615478515625");
    CHECK_AMOUNT(money_round((struct money){1}, 2), 2, "0.00");
}

static void test_arithmetic(void)
{
    struct money amount, sum = {0};
    struct err e = {0};
    cleanup_free char *exact = NULL;

    CHECK(!money_for_calls((struct price){1000000000}, 1234567, &amount, &e));
    CHECK_AMOUNT(amount, 3, "1234.567");
    CHECK(!money_for_bytes((struct price){100000000000}, 1073741824, &amount, &e));
    CHECK_AMOUNT(amount, 12, "0.100000000000");
    CHECK(!money_for_bytes((struct price){100000000000}, 1, &amount, &e));
    exact = money_exact_text(amount, 2);
    CHECK_TEXT(exact, "0.000000000093132257461547851562"
                      "5");
    CHECK(!money_for_bytes((struct price){INT64_MAX}, INT64_MAX, &amount, &e));
    CHECK_INT(money_for_calls((struct price){INT64_MAX}, INT64_MAX, &amount, &e), -1);
    CHECK_INT(e.kind, ERR_INVALID);
    err_clear(&e);
    CHECK(!money_for_calls((struct price){INT64_MAX}, (int64_t)1 << 33, &amount, &e));
    CHECK(!money_add(&sum, amount, &e));
    CHECK(!money_add(&sum, amount, &e));
    CHECK_INT(money_add(&sum, amount, &e), -1);
    CHECK(sum.units == 2 * amount.units);
    CHECK(money_compare(parsed("1.5"), parsed("1.49")) > 0);
    CHECK(!money_compare(money_of((struct price){1500000000000}), parsed("1.5")));
}

static void test_texts(void)
{
    cleanup_free char *plain = money_exact_text(parsed("12"), 2);
    cleanup_free char *none = money_exact_text(parsed("12"), 0);
    cleanup_free char *minus = money_exact_text(parsed("-0.125"), 2);
    struct money money;
    struct err e = {0};

    CHECK_TEXT(plain, "12.00");
    CHECK_TEXT(none, "12");
    CHECK_TEXT(minus, "-0.125");
    CHECK_AMOUNT(parsed("0.1234567890129"), 12, "0.123456789012");
    CHECK_INT(money_parse("12.", &money, &e), -1);
    CHECK_INT(money_parse("x", &money, &e), -1);
    CHECK_INT(money_currency_digits("USD"), 2);
    CHECK_INT(money_currency_digits("KRW"), 0);
    CHECK_INT(money_currency_digits("KWD"), 3);
}

/* Whatever amount can be written into a bill can be read from it, and nothing that is larger. */
static void test_limit(void)
{
    static const char *const large[] = {"158456325028528675.187087900671", "10000000000000000",
                                        "-158456325028528675", "000000000000000000000001"};
    static const char *const beyond[] = {"158456325028528676", "158456325028528675.1870879006719",
                                         "340282366920938463463374607431768211456"};
    struct money money;
    struct err e = {0};

    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        cleanup_free char *text = NULL;

        CHECK_INT(money_parse(large[i], &money, &e), 0);
        text = money_exact_text(money, 0);
        CHECK(!strcmp(text, large[i]) || !strcmp(text, "1"));
    }
    CHECK_INT(money_parse(beyond[0], &money, &e), -1);
    CHECK_INT(money_parse(beyond[1], &money, &e), 0); /* cut off behind the 12th */
    CHECK_INT(money_parse(beyond[2], &money, &e), -1);
}

int main(void)
{
    test_prices();
    test_rounding();
    test_arithmetic();
    test_texts();
    test_limit();
    return check_done();
}
