/* close_private.h -- the inside of closing.
 *
 * close.c             a closing under way, and what is told about it
 * close_objects.c     every object a month was billed from (close_objects.h)
 * close_usage.c       usage as a document (close_usage.h)
 * close_evidence.c    what a bill rests on
 * close_correction.c  what came after the close, as differences
 * close_audit.c       what the audit says against it
 * close_invoice.c     may the month be closed, and with what bill
 * close_finish.c      what was begun and interrupted
 * close_due.c         which month is to be closed next
 * close_gap.c         days that would be in no invoice (close_gap.h)
 * close_period.c      what decides which events are a month's (close_period.h)
 * close_statements.c  a document for each customer (close_statements.h)
 * close_receipts.c    what proves them (close_receipts.h)
 * close_write.c       files and manifest */
#ifndef BILLING_CLOSE_CLOSE_PRIVATE_H
#define BILLING_CLOSE_CLOSE_PRIVATE_H

#include "billing/close/close.h"
#include "billing/close/closed.h"

#include <stdbool.h>

/* ---- close.c ---- */

void close_begin(struct close *close);
void close_tell(struct close *close, const char *what);
__attribute__((format(printf, 2, 3))) void close_reason(struct close *close, const char *format,
                                                        ...);
__attribute__((format(printf, 2, 3))) void close_note(struct close *close, const char *format, ...);
bool close_is_refused(const struct close *close);
/* The signing key, or a reason. */
void close_take_key(struct close *close);
/* 1 when the key signed what was begun, as far as there is a key; 0 and a reason when not: somebody
 * else may have laid it there; -1 and *e: that cannot be known. */
int close_is_ours(struct flow *flow, struct close *close, const struct numbers_entry *entry,
                  struct err *e);

/* ---- close_evidence.c; billing: with the book that says what a day is ---- */

/* Objects and builds; days that cannot be billed from become reasons. */
int close_evidence_days(struct flow *flow, struct close *close, const struct billing *billing,
                        struct err *e);
/* The bill by that book, from usage that close->usage then has; a rebuild meanwhile becomes a
 * reason. */
struct bill_packed *close_evidence_bill(struct flow *flow, struct close *close,
                                        const struct billing *billing, struct err *e);
/* What of the spec's section decides about a bill; new reference. */
json_t *close_evidence_section(const json_t *section);

/* ---- close_audit.c ---- */

/* The audit of close->period, in close->audit, by the billing the month is made with; what it
 * misses or cannot tell becomes a reason, or a note. */
int close_audit(struct flow *flow, struct close *close, const struct billing *billing,
                struct err *e);

/* ---- close_finish.c ---- */

/* 1 when the document has its number but no manifest, and all its files: bill, manifest and folder
 * are then those; 0 when not (when it is gone or changed, with a reason); -1 and *e. */
int close_finish_look(struct flow *flow, struct close *close,
                      const struct closed_document *document, struct err *e);
/* Writes what is missing of it; as close_write. */
int close_finish_write(struct flow *flow, struct close *close, struct err *e);

/* ---- close_correction.c ---- */

/* Notes when more arrived for the month before than was billed: it is a correction of its own.  -1
 * and *e only when cancelled. */
int close_correction_note(struct flow *flow, struct close *close, struct err *e);

#endif
