/* packed_text.h -- a text that is made piece by piece: plain while it is small, from then on gzip,
 * so that memory is for what is packed. */
#ifndef BILLING_BULK_PACKED_TEXT_H
#define BILLING_BULK_PACKED_TEXT_H

#include "base/str.h"

#include <stdbool.h>

/* A text that has more bytes is kept as gzip. */
enum { PACKED_TEXT_PLAIN = 1 << 20 };

/* {0} to begin. */
struct packed_text {
    struct str text; /* what is added goes here */
    struct str gzip; /* what was packed of it: members */
};
/* After something was added: packs it, when it has become large. */
void packed_text_more(struct packed_text *packed);
/* The end: the bytes, gzip or plain, into *out, which is empty; true when they are gzip.  *packed
 * is empty again. */
bool packed_text_end(struct packed_text *packed, struct str *out);

#endif
