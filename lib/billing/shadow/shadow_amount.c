#include "billing/shadow/shadow_amount.h"

#define UNITS ((money_integer)1 << 30) /* of money, to 10^-12 of the currency */

enum { MOST_DIGITS = 9, STEPS = 3, STEP = 1024, TENTHS = 10 };

int shadow_amount_of(const struct shadow_prices *prices, struct shadow_sum sum,
                     struct money *amount, struct err *e)
{
    struct money bytes;

    /* Prices are of positive amounts; a difference may be negative. */
    amount->units = (money_integer)sum.calls * prices->call.pico * UNITS;
    bytes.units = (money_integer)sum.bytes * prices->gib.pico;
    return money_add(amount, bytes, e);
}

static money_integer absolute(money_integer value)
{
    return value < 0 ? -value : value;
}

/* To a billionth of the amount, or of a unit of the currency where that is more. */
static bool is_near(money_integer a, money_integer b)
{
    money_integer largest = absolute(a) > absolute(b) ? absolute(a) : absolute(b);
    money_integer slack = largest / 1000000000, least = UNITS * 1000;

    return absolute(a - b) <= (slack > least ? slack : least);
}

/* Tenths of a GiB as Trino divides decimals: one decimal is kept at every step, half up. */
static int64_t tenths_of_gib(int64_t bytes)
{
    int64_t tenths = bytes;

    tenths = (2 * tenths * TENTHS + STEP) / (2 * STEP);
    for (int i = 1; i < STEPS; i++)
        tenths = (2 * tenths + STEP) / (2 * STEP);
    return tenths;
}

/* The same, or rounded to some number of decimals. */
static bool comes_to(money_integer exact, money_integer theirs, bool *rounded)
{
    *rounded = false;
    if (is_near(exact, theirs))
        return true;
    for (int digits = 0; digits <= MOST_DIGITS; digits++) {
        struct money amount = {exact};

        if (is_near(money_round(amount, digits).units, theirs)) {
            *rounded = true;
            return true;
        }
    }
    return false;
}

enum shadow_arithmetic shadow_amount_how(const struct shadow_prices *prices, struct shadow_sum sum,
                                         struct money theirs)
{
    money_integer calls = (money_integer)sum.calls * prices->call.pico * UNITS;
    money_integer gib = (money_integer)prices->gib.pico * UNITS;
    bool rounded;

    if (comes_to(calls + (money_integer)sum.bytes * prices->gib.pico, theirs.units, &rounded))
        return rounded ? SHADOW_ROUNDED : SHADOW_EXACT;
    if (comes_to(calls + tenths_of_gib(sum.bytes) * gib / TENTHS, theirs.units, &rounded) ||
        comes_to(calls + (sum.bytes >> 30) * gib, theirs.units, &rounded))
        return SHADOW_DIVISION;
    return SHADOW_NEITHER;
}
