/* board_money.h -- what months came to, by state and currency: sums of what was signed. */
#ifndef DAEMON_BOARD_BOARD_MONEY_H
#define DAEMON_BOARD_BOARD_MONEY_H

#include <jansson.h>
#include <stdbool.h>

/* [{"state", "months": how many, "currency", "total": what they came to, without tax}], so that
 * each of the months ([{"month", "state"}]) is in one.  A month that is closed has the totals of
 * its documents ([{"month", "correction", "currency", "total"}]), all of them, in one currency; of
 * every other nobody knows what it comes to: currency and total are null, never 0.  Whoever is not
 * trusted is told {"hidden": "text"} for a total (board_value_told).  New reference. */
json_t *board_money_document(const json_t *documents, const json_t *months, bool trusted);

#endif
