/* close_receipts.h -- what proves each customer's document: its leaf, and the signed root of all.
 *
 * Lists of requests are written before the statements (receipt_lists.h), leaves are taken as the
 * statements are made, and the signed document comes into the manifest, so that its signature is
 * nobody's before the number is given. */
#ifndef BILLING_CLOSE_CLOSE_RECEIPTS_H
#define BILLING_CLOSE_CLOSE_RECEIPTS_H

#include "billing/close/close.h"
#include "billing/statement_store/statement_write.h"

/* Files of a document. */
#define CLOSE_RECEIPTS_RECORDS "receipts.jsonl.gz"
#define CLOSE_RECEIPTS_LEAVES "leaves.bin"

struct close_receipts;

/* Begins the receipts of what is closed, as billing.receipts says, with everybody's requests in
 * lists: close->receipts, NULL where there are to be none.  folder ends with "/"; book says whose a
 * call is.  -1 and *e. */
int close_receipts_begin(struct flow *flow, struct close *close, const struct price_book *book,
                         const char *folder, struct err *e);
/* A statement that was made: statement_made_fn with a struct close. */
void close_receipts_take(void *close, const struct statement_made *made);
/* All statements were made: puts records and leaves among the files, and what goes into the
 * manifest into close->signed_receipts.  -1 and *e. */
int close_receipts_end(struct flow *flow, struct close *close, struct archive_files *files,
                       struct err *e);
void close_receipts_fini(struct close *close);

#endif
