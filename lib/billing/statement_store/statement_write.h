/* statement_write.h -- the documents of a month's customers, made and put into the bucket, some at
 * a time: memory for a part of them.
 *
 * Below a folder ("billing/_statements/shop/2025-10/ID/") lie HASH.json, HASH.html and, where it
 * can be one, the electronic invoice HASH.xml of each customer (HASH: SHA-256 of its id, so that
 * one is found without reading any other), and unattributed.json and .html.  All are put with
 * If-None-Match: *. */
#ifndef BILLING_STATEMENT_STORE_STATEMENT_WRITE_H
#define BILLING_STATEMENT_STORE_STATEMENT_WRITE_H

#include "aws/flow.h"
#include "base/str.h"
#include "billing/bill/bill_packed.h"
#include "billing/statement/statement.h"
#include "billing/statement_store/statement_spool.h"
#include "billing/statement_store/statement_tables.h"
#include "billing/store/billing.h"

/* One document that was made, for who wants more of it.  Off the loop; order and thread are its
 * batch's. */
struct statement_made {
    const char *customer; /* NULL: nobody's */
    const char *hash;     /* of the customer; NULL: nobody's */
    const char *text;     /* the JSON as it is stored */
    const json_t *document;
};
typedef void statement_made_fn(void *arg, const struct statement_made *made);

struct statement_set {
    const struct price_book *book;
    const struct bill_packed *rated; /* the bill of the month as it is now */
    const struct bill_packed *lines; /* who gets a document: those of its lines */
    bool nobody;                     /* what is unattributed gets one, too */
    char *const *before; /* by line, then nobody's: JSON of statement's `before`; NULL: none */
    struct day issued;
    const char *series;            /* "INV-" */
    int64_t first;                 /* the number of the first line's document; the others follow */
    const char *folder;            /* ends with "/" */
    struct statement_spool *spool; /* what customers used; statement_write_all frees it */
    statement_made_fn *made;       /* may be NULL */
    void *made_arg;
    struct statement_tables *tables;                      /* gets all rows; may be NULL */
    void (*progress)(void *arg, size_t done, size_t all); /* may be NULL */
    void *progress_arg;
};

/* How many customers would get no electronic invoice, and what the first one lacks; new text, NULL:
 * each gets one.  *e: a document cannot be made at all.  folder is not needed.  Off the loop. */
char *statement_write_missing(const struct statement_set *set, struct err *e);
/* "INV-2025-000001"; new text. */
char *statement_write_number(const struct statement_set *set, size_t index);
/* Writes all documents and appends the index, gzip of a line of JSON for each (statement_index.h).
 * 0; 1: something else lies below the folder, as what a document says by day may change while its
 * bill does not: it takes another one; -1 and *e: ERR_RETRY where a breakdown is not what was
 * billed (a day was built anew meanwhile). */
int statement_write_all(struct flow *flow, const struct billing *billing,
                        const struct statement_set *set, struct str *index, struct err *e);

#endif
