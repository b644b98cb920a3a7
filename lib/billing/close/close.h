/* close.h -- a month's bill archived and signed, for good; and what arrives later as corrections.
 *
 * Closing looks first (close_invoice_look, close_correction_look: these only read), then writes
 * (close_write).  What it writes, and in which order, is archive.h's. docs/month-close.md tells it
 * to those who check a bill. */
#ifndef BILLING_CLOSE_CLOSE_H
#define BILLING_CLOSE_CLOSE_H

#include "billing/bill/bill.h"
#include "billing/close/archive.h"
#include "billing/close/close_period.h"

/* What is being done, for a progress display. */
typedef void close_progress_fn(void *arg, const char *what);

struct statement_series;
struct close_receipts;

struct close {
    /* Set by the caller, borrowed. */
    const struct billing *billing;
    const json_t *section; /* the spec's `billing` of this pipeline: archived as the price book */
    const char *version;   /* of billingd */
    struct day month;      /* its first day */
    bool first;            /* months before may stay open */
    bool accept_unknown;   /* hours without counts at AWS do not stand against it */
    close_progress_fn *progress; /* may be NULL */
    void *arg;

    /* Filled by a look; all texts are for people. */
    json_t *reasons;          /* why it must not be done; empty: nothing speaks against it */
    json_t *notes;            /* what should be known about it */
    struct bill_packed *bill; /* the invoice, or the lines of the correction; NULL when there are
                                 reasons */
    unsigned number;          /* of the correction; 0: the invoice */
    bool finishes;            /* what was begun and interrupted: bill and manifest are of then */

    /* The room's own. */
    struct signature_key *key;
    json_t *days, *objects, *audit, *previous, *price_book;
    struct str usage; /* usage.json.gz */
    struct period period;
    json_t *documents; /* documents_read */
    json_t *skipped;   /* between the month closed before and this one; NULL: nothing */
    json_t *rules;     /* close_period_rules it is made by; NULL: not that far */
    json_t *changes;   /* of the rules since then: texts, or NULL */
    json_t *manifest;  /* as written */
    char *folder;
    struct bill_packed *rated; /* the month's bill as it is now; of an invoice the bill */
    char **before;      /* of a correction: documents they have, by line (close_statements.h) */
    json_t *statements; /* of the manifest; NULL: none are written */
    struct day issued;  /* when it is written */
    unsigned others;    /* folders of statements in which something else lies */
    struct statement_series *series;
    struct close_receipts *receipts; /* NULL: none are written */
    json_t *signed_receipts;         /* of the manifest */
    struct numbers_entry *begun; /* what is finished has its statements' numbers, not its own yet */
};

/* Finds out whether the month can be closed, and with what bill.  -1 and *e when that cannot be
 * found out; a refusal is no failure, but a list of reasons. */
int close_invoice_look(struct flow *flow, struct close *close, struct err *e);
/* The same for a correction of a closed month; bill is NULL without reasons when there is nothing
 * to correct. */
int close_correction_look(struct flow *flow, struct close *close, struct err *e);
/* Writes what was found.  0; 1 when somebody else closed meanwhile; -1 and *e: it can be tried
 * again at any time. */
int close_write(struct flow *flow, struct close *close, struct err *e);
/* On the pool, since it may be large. */
void close_fini(struct flow *flow, struct close *close);

/* ---- close_due.c ---- */

/* Seconds from a month's end on after which it is to be closed. */
int64_t close_due_after(const struct billing *billing);

struct close_due {
    struct day month; /* its first day */
    bool finishes;    /* its close was begun and not finished */
    int64_t from_s;   /* epoch seconds: its last event may have come late, and its days are built */
    bool is_due;
};
/* The month to close next: the one behind the last of the chain.  1; 0 when no month is closed yet:
 * where a chain begins is for people to say; -1 and *e. */
int close_due_look(struct flow *flow, const struct billing *billing, struct close_due *due,
                   struct err *e);

#endif
