/* rollup_walk.h -- every object of days of arrival, one by one: memory for the pages under way,
 * however many objects there are.
 *
 * Keys sort as their hours do, so any span of hours is a list of its own.  Days are listed in spans
 * side by side; where the first page shows that a span is long, what is left of it is cut again. */
#ifndef BILLING_ROLLUP_ROLLUP_WALK_H
#define BILLING_ROLLUP_ROLLUP_WALK_H

#include "billing/store/billing.h"
#include "billing/store/object_list.h"

struct rollup_arrival {
    size_t day;   /* from the first */
    char hour[3]; /* as the folder is called: "07" */
    const struct object_entry *entry;
};
/* UTC days of arrival, one after the other. */
struct rollup_walk {
    int64_t first_s; /* the beginning of the first */
    size_t days;
    /* On the loop.  Of an hour first the stream's own objects, then those of the side prefixes,
     * each in the order of their keys; the hours in any order.  Not: what no query reads, objects
     * beside the hours' folders and archived ones. */
    void (*take)(void *arg, const struct rollup_arrival *arrival);
    void *arg;
};
/* -1 and *e; take was then given some. */
int rollup_walk(struct flow *flow, const struct billing *billing, const struct rollup_walk *walk,
                struct err *e);

#endif
