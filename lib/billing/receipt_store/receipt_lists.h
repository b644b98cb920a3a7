/* receipt_lists.h -- the requests of a month's customers as lists in the bucket: brought together
 * through a temporary file, in memory for some parts of a list, however many there are.
 *
 * Below a folder lies for each customer "HASH-0000-DIGEST.json.gz", gzip of its requests as they
 * stand in a receipt (receipt.h) with commas between, and more of them where they are many.  HASH
 * is SHA-256 of the customer's id, DIGEST begins that of the object: what is written twice is the
 * same.
 */
#ifndef BILLING_RECEIPT_STORE_RECEIPT_LISTS_H
#define BILLING_RECEIPT_STORE_RECEIPT_LISTS_H

#include "billing/prices/calendar.h"
#include "billing/receipt/receipt_set.h"
#include "billing/store/billing.h"

#include "aws/flow.h"

struct receipt_lists {
    const struct billing *billing; /* its book says whose a call is */
    struct day_span days;
    const char *folder;                            /* ends with "/" */
    struct receipt_set *set;                       /* gets each customer's items */
    void (*progress)(void *arg, const char *what); /* may be NULL */
    void *arg;
};
/* Asks for all requests of the days by one query (requests.h), and writes the lists.  -1 and *e. */
int receipt_lists_write(struct flow *flow, const struct receipt_lists *lists, struct err *e);

struct receipt_lists_reading {
    const char *folder;
    const json_t *record; /* of the customer (receipt_set.h) */
    /* The requests as they stand in its receipt, in pieces, off the loop; false ends the reading.
     */
    bool (*take)(void *arg, const void *bytes, size_t length);
    void *arg;
};
/* Reads the objects that the record names, and no others.  -1 and *e, ERR_EVIDENCE where one is
 * gone or changed. */
int receipt_lists_read(struct flow *flow, const struct billing *billing,
                       const struct receipt_lists_reading *reading, struct err *e);

#endif
