/* close_statements.h -- a document for each customer of what is closed, with numbers of a series.
 *
 * They are written before anything is signed, below a folder named by what they are made of.  Then,
 * with the signed manifest at hand, the numbers are taken (statement_series.h), then the document's
 * own.  Between the two writes it may end; so the manifest is put beside the statements before
 * either ("entry-HASH.json"), and whoever closes next finishes that very document.  Beside it lies
 * in which series and year the document takes its numbers ("series.json"). */
#ifndef BILLING_CLOSE_CLOSE_STATEMENTS_H
#define BILLING_CLOSE_CLOSE_STATEMENTS_H

#include "billing/close/close.h"
#include "billing/close/closed.h"

enum {
    CLOSE_STATEMENTS_AGAIN = 2, /* others took the numbers: everything once more, with the next */
    CLOSE_STATEMENTS_TRIES = 8,
};

/* Before anybody is asked: notes how many of them will be no electronic invoice, and why; what
 * keeps them from being made at all becomes a reason. */
void close_statements_foretell(struct flow *flow, struct close *close);
/* Writes them, where the closed section has a seller, and puts their index among the files.  0; 1
 * when the document's numbers were taken by another close; -1 and *e. */
int close_statements_write(struct flow *flow, struct close *close, struct archive_files *files,
                           struct err *e);
/* Takes their numbers: archive_document's claim, with a struct close.  CLOSE_STATEMENTS_AGAIN, too.
 */
int close_statements_claim(struct flow *flow, void *close, const struct numbers_entry *entry,
                           struct err *e);
/* What is wrong with the files and the statements of a manifest, as far as a list of the bucket
 * tells of these; "": nothing; new text, or NULL and *e. */
char *close_statements_wrong(struct flow *flow, const struct archive *archive, struct err *e);
/* Whether a close of this document took its statements' numbers and ended before it had its own. 1:
 * it is to be finished, and bill and manifest are its; 0, with a reason where not all of it is
 * there; -1 and *e. */
int close_statements_begun(struct flow *flow, struct close *close, struct err *e);
/* Gives what is finished its own number.  As numbers_give. */
int close_statements_give(struct flow *flow, const struct close *close, struct err *e);
/* Of a correction: which documents of the month each customer has.  -1 and *e. */
int close_statements_before(struct flow *flow, struct close *close, const struct closed *closed,
                            struct err *e);

#endif
