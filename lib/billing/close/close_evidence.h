/* close_evidence.h -- what a bill of a month rests on, as documents that can be kept and compared.
 */
#ifndef BILLING_CLOSE_CLOSE_EVIDENCE_H
#define BILLING_CLOSE_CLOSE_EVIDENCE_H

#include "aws/flow.h"
#include "billing/bill/usage.h"
#include "billing/prices/calendar.h"
#include "billing/store/context.h"

#include <stdarg.h>

/* A text for people; never NULL, whatever bytes it is made of. */
json_t *close_text(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

struct day close_last_day(struct day month);
/* "2025-10" */
void close_month_text(struct day month, char text[static 16]);

/* Every object that can hold events of the month: [{"key", "size", "etag"}] by key; new reference.
 */
json_t *close_objects(struct flow *flow, const struct billing *billing, struct day month,
                      struct err *e);

/* The builds of the days from first to last as they are now, anew: [{"day", "state", "fingerprint",
 * "run", "sql_hash", "window", "rows", "calls", "bytes"}], the last five only of days with a build;
 * new reference. */
json_t *close_days(struct flow *flow, const struct billing *billing, struct day first,
                   struct day last, struct err *e);
/* Why these days cannot be billed from yet, a text per run of days; appended to reasons. */
void close_days_reasons(const json_t *days, json_t *reasons);
/* Whether both name the same builds. */
bool close_days_same(const json_t *a, const json_t *b);

/* Usage as a document: {"segments": ["2025-10-01"], "lines": [[segment, sub, user, route, status,
 * calls, bytes]]}; new reference. */
json_t *close_usage_json(const struct billing *billing, struct day month,
                         const struct usage *usage);
/* And back; the texts stay the document's.  -1 and *e when it is none, or of other segments than
 * the book's.  Give back with usage_fini. */
int close_usage_read(const struct billing *billing, struct day month, json_t *document,
                     struct usage *usage, struct err *e);

#endif
