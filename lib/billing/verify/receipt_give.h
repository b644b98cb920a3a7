/* receipt_give.h -- one customer's receipt of a closed document, put together from the archive: it
 * reads the manifest, the records and leaves of all (which name nobody), that customer's statement
 * and lists, and nothing of anybody else. */
#ifndef BILLING_VERIFY_RECEIPT_GIVE_H
#define BILLING_VERIFY_RECEIPT_GIVE_H

#include "billing/close/numbers.h"

struct receipt_give {
    const struct billing *billing; /* borrowed, as all of it */
    struct number number;
    const char *customer;
    const struct signature_key *key; /* the archive's manifest must be signed by it */
    /* The receipt's next bytes, off the loop; false: that is enough. */
    bool (*take)(void *arg, const void *bytes, size_t length);
    void *arg;
};
/* Gives all of it.  -1 and *e: ERR_ABSENT where the month is not closed, has no receipts, or none
 * of the customer; ERR_EVIDENCE where something of it is not as it was signed. */
int receipt_give(struct flow *flow, const struct receipt_give *give, struct err *e);

#endif
