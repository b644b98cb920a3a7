/* money.h -- exact money: never a double, rounded in one place.
 *
 * An amount counts units of 10^-12 x 2^-30 of the currency: a price has at most 12 decimals, and a
 * byte is 2^-30 GiB, so calls and bytes are charged without any rounding.  128 bits hold 10^16
 * currency units; overflow is an error, never a wrap. */
#ifndef BILLING_PRICES_MONEY_H
#define BILLING_PRICES_MONEY_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 money_integer;

struct money {
    money_integer units;
};

/* A price in 10^-12 of the currency. */
struct price {
    int64_t pico;
};

/* "0.001" -> price; digits, at most one dot and 12 decimals.  -1 and *e otherwise. */
int money_parse_price(const char *text, struct price *price, struct err *e);
/* calls at price each; bytes at price per GiB (2^30 bytes).  -1 on overflow (ERR_INVALID). */
int money_for_calls(struct price price, int64_t calls, struct money *out, struct err *e);
int money_for_bytes(struct price per_gib, int64_t bytes, struct money *out, struct err *e);
/* A fixed amount (a minimum) given as a price. */
struct money money_of(struct price price);
int money_add(struct money *sum, struct money more, struct err *e);
int money_compare(struct money a, struct money b);
/* THE rounding: half up (away from zero) to `digits` decimals. */
struct money money_round(struct money amount, int digits);
/* Decimal text with exactly `digits` decimals, the rest cut off; new memory. */
char *money_text(struct money amount, int digits);
/* All its decimals but trailing zeros, at least `least`; new memory. */
enum { MONEY_DECIMALS = 42 };
char *money_exact_text(struct money amount, int least);
/* A decimal text with its sign; decimals beyond the 12th are cut off.  -1 and *e when it is none.
 */
int money_parse(const char *text, struct money *out, struct err *e);
/* Decimals of a currency ("USD": 2, "KRW": 0) by ISO 4217; the letters are not checked. */
int money_currency_digits(const char *currency);

#endif
