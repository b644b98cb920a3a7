/* price_book.h -- prices, rules and customers, each with the days it holds from. */
#ifndef BILLING_PRICES_PRICE_BOOK_H
#define BILLING_PRICES_PRICE_BOOK_H

#include "billing/prices/section.h"

#include <jansson.h>
#include <stdbool.h>

struct price_book;

/* Checks a `billing` section of a spec; returns the number of problems. */
int price_book_check(const json_t *section, section_problem_fn *problem, void *arg);
/* From a section that passed the check; new.  It grows with the customers, some microseconds each:
 * not on the loop (flow.h). */
struct price_book *price_book_new(const json_t *section);
/* Another reference of a book, which nobody changes; for price_book_free, on any thread. */
struct price_book *price_book_share(struct price_book *book);
/* Gives up a reference; NULL is harmless. */
void price_book_free(struct price_book *book);

const char *price_book_zone(const struct price_book *book);
const char *price_book_currency(const struct price_book *book);
/* SHA-256 (hex) of the book in one canonical form: same prices, same hash, whatever the spelling.
 */
const char *price_book_hash(const struct price_book *book);
/* Room for the segments of a month, which are no more than its days. */
enum { PRICE_BOOK_SEGMENTS = 64 };
/* The days on which something changes: they cut the span into segments that are each rated with one
 * set of prices and customers.  Fills starts (the first day is always one of them), and returns
 * their number; what is beyond the room is left out. */
size_t price_book_segments(const struct price_book *book, struct day_span days,
                           struct day starts[static PRICE_BOOK_SEGMENTS]);
/* Whether that is no sub at all: NULL, "" or "-". */
bool price_book_is_nobody(const char *sub);
/* Whose the calls of a sub are on a day: a customer id, borrowed from the book or sub itself; NULL:
 * nobody's (no sub, and the map has no entry for "-"). */
const char *price_book_customer(const struct price_book *book, const char *sub, struct day day);
/* Whether the map has a customer of that id. */
bool price_book_has_customer(const struct price_book *book, const char *customer);
/* Whose calls may be that customer's on one of the days: the subs that the map says, and the one
 * that is called so; [text], new reference. */
json_t *price_book_subs(const struct price_book *book, const char *customer, struct day_span days);
/* Whether a route or status is one that a rule of the book with this `route` or `status` is about:
 * "5xx" its class, "GET /a*" what begins so, "-" none, "*" any. */
bool price_book_matches(const char *pattern, const char *text);

#endif
