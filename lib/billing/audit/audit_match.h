/* audit_match.h -- shortages of hours paid by surpluses of hours near them.  No I/O; what it costs
 * depends on the number of hours, never on the number of events. */
#ifndef BILLING_AUDIT_AUDIT_MATCH_H
#define BILLING_AUDIT_AUDIT_MATCH_H

#include <stddef.h>
#include <stdint.h>

struct audit_match {
    size_t count;         /* hours */
    size_t before, after; /* hour i is paid by the surpluses of [i - before, i + after] */
    const int64_t *whole; /* what each hour should have */
    int64_t *shortage;    /* of each hour; what is left of it */
    int64_t *surplus;     /* likewise */
    size_t *first, *last; /* of hours with a shortage left: any hour of this interval may be the
                             one that lost it, counts do not tell which; may be NULL */
    size_t steps;         /* work done; for tests */
};

/* Pays as many events as can be, hours that lack a small share of their whole before others: so
 * what stays unpaid stays in hours that lost most.  (Hours that can be paid together are a
 * polymatroid: the greedy order takes nothing from the sum.)  O(count log count). */
void audit_match_pay(struct audit_match *match);

#endif
