/* close_private.h -- the parts of closing.
 *
 * close.c             may the month be closed, and with what bill
 * close_write.c       files and manifest
 * close_correction.c  what came after the close, as differences
 * close_evidence.c    objects, builds and usage as documents
 * close_amount.c      bills subtracted */
#ifndef BILLING_CLOSE_CLOSE_PRIVATE_H
#define BILLING_CLOSE_CLOSE_PRIVATE_H

#include "billing/close/close.h"
#include "billing/close/close_evidence.h"

#include <stdbool.h>

void close_tell(struct close *close, const char *what);
void close_begin(struct close *close);
__attribute__((format(printf, 2, 3))) void close_reason(struct close *close, const char *format,
                                                        ...);
__attribute__((format(printf, 2, 3))) void close_note(struct close *close, const char *format, ...);
bool close_is_refused(const struct close *close);
/* The signing key, or a reason. */
void close_take_key(struct close *close);
/* Objects and builds; days that cannot be billed from become reasons.  billing: with the book that
 * says what a day is. */
int close_take_days(struct flow *flow, struct close *close, const struct billing *billing,
                    struct err *e);
/* The bill by that book, from usage that close->usage then has; a rebuild meanwhile becomes a
 * reason. */
json_t *close_take_bill(struct flow *flow, struct close *close, const struct billing *billing,
                        struct err *e);
/* Notes when more arrived for the month before than was billed: it is a correction of its own.  -1
 * and *e only when cancelled. */
int close_note_waiting(struct flow *flow, struct close *close, struct err *e);
/* What of the spec's section decides about a bill; new reference. */
json_t *close_book_section(const json_t *section);

#endif
