/* statement_series.h -- the register of a series: which numbers of a year were given, and to what.
 *
 * Below "billing/numbers/_series/SERIES/YEAR/" lies an entry for each range that was taken, named
 * by its first number ("000000001.json").  A range is taken by the one write of the entry behind
 * the last (If-None-Match: *): whoever writes it has the numbers, nobody else can, and none is left
 * out.  An entry holds the ranges of all before it, so that the last one tells everything; that the
 * last one itself was removed is told by the copy of it below "billing/numbers/_given/", which is
 * put when the range was taken and before its document has its own number. */
#ifndef BILLING_STATEMENT_STORE_STATEMENT_SERIES_H
#define BILLING_STATEMENT_STORE_STATEMENT_SERIES_H

#include "aws/flow.h"
#include "billing/store/billing.h"

#include <stdbool.h>

/* What is taken so far. */
struct statement_series {
    char *name;      /* "INV-" */
    int year;        /* of issue */
    int64_t next;    /* the first number that is free */
    bool ended;      /* and none is given any more */
    char before[65]; /* SHA-256 of the last entry, "": there is none */
    /* {document ("shop-2025-10-c1"): [first, last, SHA-256 of its manifest]} */
    json_t *documents;
};
struct statement_series_of {
    const char *name;
    int year;
};
/* -1 and *e: it cannot be read, or is no register any more (ERR_EVIDENCE).  Give back with
 * statement_series_fini, also on failure. */
int statement_series_look(struct flow *flow, const struct billing *billing,
                          struct statement_series_of of, struct statement_series *series,
                          struct err *e);
void statement_series_fini(struct statement_series *series);

/* Whose numbers they are to be. */
struct statement_range {
    const char *document, *manifest; /* its number; SHA-256 of its manifest */
    int64_t count;                   /* from series->next on */
};
/* 0: they are its, now or before; 1: others took them; -1 and *e. */
int statement_series_take(struct flow *flow, const struct billing *billing,
                          const struct statement_series *series,
                          const struct statement_range *range, struct err *e);

/* The year gives no numbers any more: an entry of none is put behind the last.  0: so it is; 1:
 * somebody took a range meanwhile; -1 and *e. */
int statement_series_end(struct flow *flow, const struct billing *billing,
                         const struct statement_series *series, struct err *e);
/* Puts the copy of the entry that series->next names, which was taken.  -1 and *e. */
int statement_series_keep(struct flow *flow, const struct billing *billing,
                          const struct statement_series *series, struct err *e);
/* Says at a key, once for all, in which series and year a document takes its numbers: two closes of
 * it in two years, or in two series, would else both get a range.  What holds, this or what was
 * said before: {"series", "year"}, new reference; NULL and *e. */
json_t *statement_series_bind(struct flow *flow, const struct billing *billing, const char *key,
                              struct statement_series_of of, struct err *e);

/* A range as a manifest has it. */
struct statement_taken {
    const char *series;
    int year;
    int64_t first;
    const char *manifest; /* SHA-256 */
};
/* Whether that manifest took it: 1, 0; -1 and *e. */
int statement_series_has(struct flow *flow, const struct billing *billing,
                         const struct statement_taken *taken, struct err *e);

#endif
