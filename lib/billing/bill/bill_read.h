/* bill_read.h -- a bill out of the bytes of its document, plain or gzip, piece by piece: memory for
 * the packed one. */
#ifndef BILLING_BILL_BILL_READ_H
#define BILLING_BILL_BILL_READ_H

#include "billing/bill/bill_packed.h"
#include "billing/store/object_content.h"

struct bill_read;
struct bill_read *bill_read_new(void);
/* Takes the document's bytes, cut anywhere, off the loop. */
void bill_read_feed(struct bill_read *reader, const void *bytes, size_t length);
/* The same, for object_content_walk; borrowed. */
const struct object_walk *bill_read_walk(struct bill_read *reader);
/* The end, frees the reader: the bill, or NULL when it is none. */
struct bill_packed *bill_read_end(struct flow *flow, struct bill_read *reader);

#endif
