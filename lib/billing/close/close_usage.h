/* close_usage.h -- usage as a document that is archived, and back. */
#ifndef BILLING_CLOSE_CLOSE_USAGE_H
#define BILLING_CLOSE_CLOSE_USAGE_H

#include "billing/bill/usage.h"

/* Of the days of a month's bill: {"segments": ["2025-10-01"], "lines": [[segment, sub, user, route,
 * status, calls, bytes, then its doubts]]}; new reference. */
json_t *close_usage_json(const struct billing *billing, struct day_span days,
                         const struct usage *usage);
/* And back, also without doubts; the texts stay the document's.  -1 and *e when it is none,
 * or of other segments than the book's.  Give back with usage_fini. */
int close_usage_read(const struct billing *billing, struct day_span days, json_t *document,
                     struct usage *usage, struct err *e);

#endif
