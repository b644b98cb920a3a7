/* close_usage.h -- usage as a document that is archived, and back. */
#ifndef BILLING_CLOSE_CLOSE_USAGE_H
#define BILLING_CLOSE_CLOSE_USAGE_H

#include "base/str.h"
#include "billing/bill/usage.h"

/* Of the days of a month's bill: {"lines": [[segment, sub, user, route, status, calls, bytes, then
 * its doubts]], "segments": ["2025-10-01"]}, canonical text in gzip members, appended: memory for a
 * piece of it, however many lines there are. */
void close_usage_pack(const struct billing *billing, struct day_span days,
                      const struct usage *usage, struct str *gzip);
/* And back, also without doubts; the texts stay the document's.  -1 and *e when it is none,
 * or of other segments than the book's.  Give back with usage_fini. */
int close_usage_read(const struct billing *billing, struct day_span days, json_t *document,
                     struct usage *usage, struct err *e);

#endif
