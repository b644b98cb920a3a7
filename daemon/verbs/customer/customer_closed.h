/* customer_closed.h -- what was signed of a month, for one customer: where a month is closed, that
 * is the line, whatever the rollups say since. */
#ifndef DAEMON_VERBS_CUSTOMER_CUSTOMER_CLOSED_H
#define DAEMON_VERBS_CUSTOMER_CUSTOMER_CLOSED_H

#include "billing/close/closed.h"
#include "billing/prices/money.h"
#include "billing/prices/volume.h"
#include "billing/requests/requests.h"

struct customer_closed {
    struct day month;                         /* asked: its first day, */
    const struct requests_question *question; /* and of whom; borrowed */
    struct closed closed;
    char *wrong;          /* why its documents are not there as they were signed, or NULL */
    char *names;          /* "shop-2025-10 and 1 correction"; NULL: the month is not closed */
    struct volume volume; /* of the customer's line, invoice and corrections together */
    struct money total;   /* likewise */
};

/* Fills in all but what is asked.  0; 1: the month was closed, and *closed says what is wrong with
 * its documents; -1 and *e.  Give back with customer_closed_fini, in any case.  closed.billing has
 * the prices and customers that it was closed with. */
int customer_closed_read(struct flow *flow, const struct billing *billing,
                         struct customer_closed *closed, struct err *e);
void customer_closed_fini(struct flow *flow, struct customer_closed *closed);
/* {"documents", "calls", "bytes", "total"}, or null; new reference. */
json_t *customer_closed_json(const struct customer_closed *closed);

#endif
