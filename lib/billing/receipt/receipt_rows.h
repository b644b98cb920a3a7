/* receipt_rows.h -- the requests of a receipt, one behind the other: are they in their form and
 * order, and what do they come to?  In memory of two of them, however many there are. */
#ifndef BILLING_RECEIPT_RECEIPT_ROWS_H
#define BILLING_RECEIPT_RECEIPT_ROWS_H

#include "billing/receipt/canonical.h"
#include "billing/receipt/receipt.h"

struct receipt_rows;

/* Of those so far. */
struct receipt_rows_sums {
    struct receipt_items items;   /* with the root of their tree */
    int64_t earliest_s, latest_s; /* epoch seconds; 0 where there are none */
    int64_t repeated;             /* whose id is that of the one before */
};

struct receipt_rows *receipt_rows_new(void);
void receipt_rows_free(struct receipt_rows *rows);

/* The next one, out of a receipt.  -1 and the reader's error: it is none, or not in its order. */
int receipt_rows_read(struct receipt_rows *rows, struct canonical_reader *reader);
/* All of them as they lie in the archive, with commas between, in pieces that are cut anywhere.  -1
 * and *e (ERR_INVALID). */
int receipt_rows_feed(struct receipt_rows *rows, const void *bytes, size_t length, struct err *e);
/* There are no more pieces.  -1 and *e: the last one is cut off. */
int receipt_rows_feed_end(const struct receipt_rows *rows, struct err *e);

struct receipt_rows_sums receipt_rows_sums(const struct receipt_rows *rows);

#endif
