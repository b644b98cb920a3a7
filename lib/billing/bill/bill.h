/* bill.h -- the bill of a month as a document, and two of them compared.
 *
 * The document depends on the events, the price book and the SQL alone: what varies from one run to
 * the next (query ids, times, bytes scanned) is kept apart, so that equal input gives equal bytes.
 */
#ifndef BILLING_BILL_BILL_H
#define BILLING_BILL_BILL_H

#include "billing/bill/bill_packed.h"
#include "billing/bill/usage.h"
#include "billing/bill/usage_preview.h"

/* rating_bill's document with {"pipeline", "source": {"kind": "rollup"|"raw"|"preview",
 * "query", "query_hash", "rollup_hash"?, "raw_from"?, "raw_query_hash"?}} in it, and "borrowed"
 * where a customer would pay for another: why (rating_borrows), no close signs such a bill.  New
 * reference, or NULL and *e.  request->days: of one month (bill_month_days).  sources
 * (may be NULL) gets usage_taker's.  Days that are open or without a build are the caller's to
 * tell: see bill_set_days. */
struct bill_packed *bill_make(struct flow *flow, const struct billing *billing,
                              const struct usage_request *request, json_t **sources, struct err *e);
/* The same; each line of usage goes to `also` as well, and sources to also->sources. */
struct bill_packed *bill_make_with(struct flow *flow, const struct billing *billing,
                                   const struct usage_request *request,
                                   const struct usage_taker *also, struct err *e);
/* Gets one bill after the other, off the loop, borrowed.  -1 and *e ends it. */
struct bill_taker {
    int (*take)(void *arg, size_t side, const struct bill_packed *bill, struct err *e);
    void *arg;
};
/* Two of one reading, by billings whose price books cut the days alike; 0, or -1 and *e. */
int bill_make_two(struct flow *flow, const struct billing *const billings[2],
                  const struct usage_request *request, const struct bill_taker *taker,
                  struct err *e);
/* The same as bill_make, of a month that is not wholly rolled up. */
struct bill_packed *bill_preview(struct flow *flow, const struct billing *billing,
                                 const struct usage_preview *preview, json_t **sources,
                                 struct err *e);
/* The same document of what was counted, which is freed.  Off the loop. */
struct bill_packed *bill_of_rating(const struct billing *billing, enum usage_source source,
                                   struct rating *rating, struct err *e);
/* Says how far the month's days are billable: [{"day", "state"}] of all that are not current or
 * empty.  With any of them, or where somebody would pay for another, the bill is a draft. */
void bill_set_days(json_t *bill, json_t *days);
/* Says in warnings.foreign_calls how many calls of other log groups the month's days (bill_days)
 * hold that are on no bill; nothing where there are none. */
void bill_set_foreign(json_t *bill, const json_t *days);
bool bill_is_draft(const json_t *bill);
/* What two bills of one month say differently: [{"customer" (null: unattributed), "field", "first",
 * "second"}]; new reference; empty when they agree on every customer. */
json_t *bill_compare(const struct bill_packed *first, const struct bill_packed *second);
/* Likewise what the two warn of, appended to differences: "field" is "warnings.NAME", "customer"
 * null.  bill_compare does so, too. */
void bill_compare_warnings(const json_t *first, const json_t *second, json_t *differences);

#endif
