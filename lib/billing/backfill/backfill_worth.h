/* backfill_worth.h -- what events that came back, or did not, are worth: at the list price. */
#ifndef BILLING_BACKFILL_BACKFILL_WORTH_H
#define BILLING_BACKFILL_BACKFILL_WORTH_H

#include "billing/store/billing.h"

/* Adds a log event to worth ({}: time -> [calls, bytes]): a call when its text is a JSON object, of
 * so many bytes as its responseLength says, if that is believed. */
void backfill_worth_add(json_t *worth, const struct billing *billing, const json_t *event);
/* {"calls", "bytes", "amount", "currency", "price": "list"}; "amount" is null where a day has no
 * price.  New reference. */
json_t *backfill_worth_document(const struct billing *billing, const json_t *worth);
/* The same of so many events lost between those hours, at the highest price of a call on these
 * days; "bytes" is null: what their responses were is lost with them.  New reference. */
json_t *backfill_worth_at_risk(const struct billing *billing, const json_t *holes, int64_t events);

#endif
