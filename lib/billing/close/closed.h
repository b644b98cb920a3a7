/* closed.h -- what was closed, read back: invoice, corrections, and the prices they were made with.
 */
#ifndef BILLING_CLOSE_CLOSED_H
#define BILLING_CLOSE_CLOSED_H

#include "billing/close/documents.h"

/* One document of a month. */
struct closed_document {
    struct number number;
    struct archive archive;     /* its hash is "" when there is no manifest */
    struct numbers_entry given; /* its hash is "" when the register does not know the number */
    const char *named;          /* the hash in closed.documents, borrowed; NULL: not in there */
};
enum closed_state {
    CLOSED_NEVER, /* no number was given, nothing names it */
    CLOSED_WHOLE, /* its manifest is there */
    CLOSED_BEGUN, /* it has its number and its files, but no manifest: interrupted, or taken away */
    CLOSED_GONE,  /* it has its number, and is not there any more */
    CLOSED_OTHER, /* its manifest is another one than that which got the number */
};

struct closed {
    json_t *documents; /* documents_read */
    struct closed_document invoice;
    struct closed_document *corrections; /* 1, 2, ... up to the last that is known of */
    size_t count;
    json_t *section;         /* the archived price book */
    struct price_book *book; /* the same */
    bool assigns;            /* closed_assign gave something to a customer */
    char *since;             /* `since` as it was, or NULL */
    struct billing billing;  /* the caller's, with that book and `since` in place of its own */
};

/* Opens the document of document->number, as documents (documents_read) know it.  -1 and *e.  Give
 * back with closed_document_fini, also on failure. */
int closed_document_open(struct flow *flow, const struct billing *billing, const json_t *documents,
                         struct closed_document *document, struct err *e);
void closed_document_fini(struct closed_document *document);
/* Opens the invoice of the month; that there is none is no failure.  -1 and *e.  Give back with
 * closed_fini, also on failure; then the others fill in more of it. */
int closed_open(struct flow *flow, const struct billing *billing, struct day month,
                struct closed *closed, struct err *e);
int closed_open_corrections(struct flow *flow, const struct billing *billing, struct day month,
                            struct closed *closed, struct err *e);
int closed_open_book(struct flow *flow, const struct billing *billing, struct closed *closed,
                     struct err *e);
struct closed_gifts {
    const json_t *section; /* a `billing` section */
    json_t *told;          /* gets a text for each gift; borrowed */
};
/* Gives calls without a sub to customers, as entries of the section for "-" say that the archived
 * customer map has not.  The book is then that one.  -1 and *e (ERR_INVALID): they contradict what
 * was closed. */
int closed_assign(struct flow *flow, struct closed *closed, const struct closed_gifts *gifts,
                  struct err *e);
/* On the pool, since it may be large. */
void closed_fini(struct flow *flow, struct closed *closed);
/* billing.rollup.since as it was when the month was closed, in *since: new text, or NULL.  1; 0: it
 * is not closed; -1 and *e. */
int closed_since(struct flow *flow, const struct billing *billing, struct day month, char **since,
                 struct err *e);

/* How it is with a document; *why (new text, or NULL): what of it is not there, as a sentence.  -1
 * and *e. */
int closed_state(struct flow *flow, const struct closed_document *document,
                 enum closed_state *state, char **why, struct err *e);
/* The SHA-256 of its manifest, wherever that is known from; "" when it is not. */
const char *closed_hash(const struct closed_document *document);
/* The last document: a correction, or the invoice. */
const struct closed_document *closed_last(const struct closed *closed);
/* A folder of corrections that has files, but whose number was never given ("corrections/2/"), new
 * text; *is_signed: it holds a signature, so its number may have been given.  NULL: none. */
char *closed_orphan(const struct closed *closed, bool *is_signed);
/* The bill of one document, or the lines of a correction: from the archive, else the register;
 * for bill_packed_free.  NULL and *e (ERR_EVIDENCE): it is changed, or nowhere any more. */
struct bill_packed *closed_bill(struct flow *flow, const struct closed_document *document,
                                struct err *e);
/* Whether it is known what it billed, be it by the register alone. */
bool closed_is_known(const struct closed_document *document);
/* Its manifest, from wherever it is known; borrowed, NULL: nowhere. */
const json_t *closed_manifest(const struct closed_document *document);
/* Invoice and corrections added up, as a bill's lines, unattributed and totals; bill_packed_free.
 * What is gone is taken from the register.  Fails with ERR_EVIDENCE when a document is changed, or
 * nowhere any more. */
struct bill_packed *closed_billed(struct flow *flow, const struct closed *closed, struct err *e);

#endif
