#include "billing/prices/money.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* Units of one unit of the currency: 10^12 x 2^30. */
static const money_integer one_unit = (money_integer)1000000000000 << 30;

enum { PRICE_DECIMALS = 12 };

/* Adds a digit to number; false when it gets too large. */
static bool push_digit(int64_t *number, int digit)
{
    return !__builtin_mul_overflow(*number, 10, number) &&
           !__builtin_add_overflow(*number, digit, number);
}

int money_parse_price(const char *text, struct price *price, struct err *e)
{
    const char *c = text;
    int64_t number = 0;
    int decimals = 0, digits = 0;
    bool dot = false, good = true;

    for (; good && *c; c++) {
        if (*c == '.' && !dot) {
            dot = true;
        } else if (*c >= '0' && *c <= '9') {
            digits++;
            decimals += dot;
            good = push_digit(&number, *c - '0');
            if (decimals > PRICE_DECIMALS)
                return err_set(e, ERR_INVALID, "has more than %d decimals", PRICE_DECIMALS);
        } else {
            return err_set(e, ERR_INVALID, "is not a decimal number like 0.001");
        }
    }
    if (!digits || text[0] == '.' || c[-1] == '.')
        return err_set(e, ERR_INVALID, "is not a decimal number like 0.001");
    for (; good && decimals < PRICE_DECIMALS; decimals++)
        good = push_digit(&number, 0);
    if (!good)
        return err_set(e, ERR_INVALID, "is more than 9223372");
    price->pico = number;
    return 0;
}

static int too_large(struct err *e)
{
    return err_set(e, ERR_INVALID, "an amount is too large to be counted exactly");
}

int money_for_calls(struct price price, int64_t calls, struct money *out, struct err *e)
{
    money_integer units;

    if (__builtin_mul_overflow((money_integer)price.pico * calls, (money_integer)1 << 30, &units))
        return too_large(e);
    out->units = units;
    return 0;
}

int money_for_bytes(struct price per_gib, int64_t bytes, struct money *out, struct err *e)
{
    (void)e; /* 63 + 63 bits always fit */
    out->units = (money_integer)per_gib.pico * bytes;
    return 0;
}

struct money money_of(struct price price)
{
    return (struct money){(money_integer)price.pico << 30};
}

int money_add(struct money *sum, struct money more, struct err *e)
{
    money_integer units;

    if (__builtin_add_overflow(sum->units, more.units, &units))
        return too_large(e);
    sum->units = units;
    return 0;
}

int money_compare(struct money a, struct money b)
{
    return (a.units > b.units) - (a.units < b.units);
}

struct money money_round(struct money amount, int digits)
{
    money_integer step = one_unit, rest;

    for (; digits > 0; digits--)
        step /= 10;
    rest = amount.units % step;
    amount.units -= rest;
    if (rest >= step - rest)
        amount.units += step;
    else if (-rest >= step + rest)
        amount.units -= step;
    return amount;
}

char *money_text(struct money amount, int digits)
{
    struct str s = {0};
    bool negative = amount.units < 0;
    /* The most negative number has no opposite: count with the sign turned per part. */
    money_integer whole = amount.units / one_unit, rest = amount.units % one_unit;

    if (negative)
        rest = -rest;
    str_addf(&s, "%s%llu", negative ? "-" : "", (unsigned long long)(negative ? -whole : whole));
    if (digits > 0)
        str_add_char(&s, '.');
    for (; digits > 0; digits--) {
        rest *= 10;
        str_add_char(&s, (char)('0' + (int)(rest / one_unit)));
        rest %= one_unit;
    }
    return str_take(&s);
}

char *money_exact_text(struct money amount, int least)
{
    char *text = money_text(amount, MONEY_DECIMALS);
    size_t n = strlen(text), keep = n - MONEY_DECIMALS + (size_t)least;

    while (n > keep && text[n - 1] == '0')
        n--;
    if (text[n - 1] == '.')
        n--;
    text[n] = '\0';
    return text;
}

/* Adds count digits at step, a tenth of it and so on; false when that is too large. */
static bool add_digits(money_integer *units, const char *digits, size_t count, money_integer step)
{
    bool good = true;

    for (size_t i = 0; good && i < count; i++) {
        step /= 10;
        good = !__builtin_add_overflow(*units, step * (digits[i] - '0'), units);
    }
    return good;
}

int money_parse(const char *text, struct money *out, struct err *e)
{
    const char *c = text + (*text == '-');
    size_t whole = strspn(c, "0123456789"), decimals = 0;
    bool good = whole > 0;
    money_integer units = 0;

    if (c[whole] == '.')
        decimals = strspn(c + whole + 1, "0123456789");
    for (size_t i = 0; i < whole; i++)
        good = good && !__builtin_mul_overflow(units, 10, &units) &&
               !__builtin_add_overflow(units, c[i] - '0', &units);
    good = good && !c[whole + (decimals ? decimals + 1 : 0)] &&
           !__builtin_mul_overflow(units, one_unit, &units) &&
           add_digits(&units, c + whole + 1, decimals < PRICE_DECIMALS ? decimals : PRICE_DECIMALS,
                      one_unit);
    if (!good)
        return err_set(e, ERR_INVALID, "%.60s is not an amount", text);
    out->units = *text == '-' ? -units : units;
    return 0;
}

int money_currency_digits(const char *currency)
{
    static const char none[] =
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";

    if (strstr(none, currency))
        return 0;
    return strstr(three, currency) ? 3 : 2;
}
