/* price_book_words.h -- what a template's SQL may say of the `billing` section: ${billing_...}. */
#ifndef BILLING_PRICES_PRICE_BOOK_WORDS_H
#define BILLING_PRICES_PRICE_BOOK_WORDS_H

#include "billing/prices/price_book.h"

/* The texts that names stand for, an object; new reference.
 *
 *   billing_time_zone        Asia/Seoul
 *   billing_max_response     bytes, as digits
 *   billing_log_groups       elements of a list, each behind a comma: , '${account}:/former-name'
 *   billing_since            the first day that anybody pays for, as a number: 20251015; 0: every
 * day billing_currency         KRW billing_currency_digits  its decimals billing_call_price,
 * billing_gib_price an SQL expression (bigint): the price in 10^-9 of the currency in the month
 * that begins with the date `month_start`; NULL where calls times price is not what a bill says:
 * tiers, quotas, rules, a minimum, customers, a change within the month, more than 9 decimals, no
 * price yet
 *
 * section: a checked section, and its book; both NULL (there is none): the defaults, and no prices.
 */
json_t *price_book_words(const json_t *section, const struct price_book *book);

#endif
