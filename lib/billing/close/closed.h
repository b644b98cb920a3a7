/* closed.h -- what was closed, read back: invoice, corrections, and the prices they were made with.
 */
#ifndef BILLING_CLOSE_CLOSED_H
#define BILLING_CLOSE_CLOSED_H

#include "billing/close/archive.h"

struct closed {
    struct archive invoice;      /* its hash is "" when there is none */
    struct archive *corrections; /* 1, 2, ... up to the last there is */
    size_t count;
    json_t *section;         /* the archived price book */
    struct price_book *book; /* the same */
    struct billing billing;  /* the caller's, with that book in place of its own */
};

/* Opens the invoice of the month; that there is none is no failure.  -1 and *e.  Give back with
 * closed_fini, also on failure; then the others fill in more of it. */
int closed_open(struct flow *flow, const struct billing *billing, struct day month,
                struct closed *closed, struct err *e);
int closed_open_corrections(struct flow *flow, const struct billing *billing, struct day month,
                            struct closed *closed, struct err *e);
int closed_open_book(struct flow *flow, const struct billing *billing, struct closed *closed,
                     struct err *e);
void closed_fini(struct closed *closed);

/* The last document: a correction, or the invoice. */
const struct archive *closed_last(const struct closed *closed);
/* Invoice and corrections added up, as a bill's lines, unattributed and totals; new reference.
 * Fails with ERR_INVALID when a document is missing or changed. */
json_t *closed_billed(struct flow *flow, const struct closed *closed, struct err *e);

#endif
