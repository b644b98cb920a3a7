/* close_usage.h -- usage as a document that is archived, and back. */
#ifndef BILLING_CLOSE_CLOSE_USAGE_H
#define BILLING_CLOSE_CLOSE_USAGE_H

#include "base/str.h"
#include "billing/bill/usage.h"

/* {"lines": [[segment, sub, user, route, status, calls, bytes, then its doubts]], "segments":
 * ["2025-10-01"]}, canonical text in gzip members, made while usage is read: memory for a piece of
 * it, however many lines there are. */
struct close_usage;
struct close_usage *close_usage_new(void);
/* What a reading's lines go to (usage_each). */
struct usage_taker close_usage_taker(struct close_usage *usage);
/* The end, of the days of a month's bill: appends the members and frees usage.  Off the loop. */
void close_usage_end(struct close_usage *usage, const struct billing *billing, struct day_span days,
                     struct str *gzip);
void close_usage_free(struct close_usage *usage);
/* An element of "lines", also without doubts, of a month of so many segments; its texts stay the
 * element's.  false: it is none. */
bool close_usage_line(const json_t *element, size_t segments, struct usage_line *line);
/* Whether all but the lines is of the segments of the book: 0, or -1 and *e (ERR_EVIDENCE). */
int close_usage_check(const struct billing *billing, struct day_span days, const json_t *document,
                      struct err *e);

#endif
