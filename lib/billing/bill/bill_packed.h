/* bill_packed.h -- a bill with its lines packed: some 150 bytes for each customer, where the
 * document as a whole takes kilobytes.
 *
 * Lines come back one at a time, fastest in their order.  One thread at a time. */
#ifndef BILLING_BILL_BILL_PACKED_H
#define BILLING_BILL_BILL_PACKED_H

#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct bill_packed;

struct bill_packed *bill_packed_new(void);
/* The same document packed; bill stays the caller's. */
struct bill_packed *bill_packed_of(const json_t *bill);
/* For another owner; NULL for NULL. */
struct bill_packed *bill_packed_share(struct bill_packed *bill);
void bill_packed_free(struct bill_packed *bill);

/* Its next line, borrowed; they come sorted by customer. */
void bill_packed_add(struct bill_packed *bill, const json_t *line);
/* All but the lines (taken over): a bill whose "lines" are empty, which is where they belong. */
void bill_packed_set_head(struct bill_packed *bill, json_t *head);

/* Borrowed, and may be changed; its "lines" are empty.  NULL for NULL. */
json_t *bill_packed_head(const struct bill_packed *bill);
size_t bill_packed_count(const struct bill_packed *bill);
/* Of a line; "" where it has none.  Lives as long as the bill. */
const char *bill_packed_customer(const struct bill_packed *bill, size_t index);
/* A new reference. */
json_t *bill_packed_line(const struct bill_packed *bill, size_t index);
/* Where the customer's line is; SIZE_MAX: nowhere. */
size_t bill_packed_find(const struct bill_packed *bill, const char *customer);
/* The whole as one document: kilobytes for each line; new reference. */
json_t *bill_packed_whole(const struct bill_packed *bill);

/* Who takes a text while it is made: may empty `text`, which grows until then.  NULL: it is kept.
 */
struct bill_text {
    struct str *text;
    void (*more)(void *arg);
    void *arg;
};
void bill_packed_more(const struct bill_text *out);
/* Appends the document as JSON text, two blanks deep, with a newline; that one alone is still in
 * `text` at the end. */
void bill_packed_json(const struct bill_packed *bill, const struct bill_text *out);
/* Appends json_canonical's. */
void bill_packed_canonical(const struct bill_packed *bill, const struct bill_text *out);
/* SHA-256 (hex, new text) over the latter: what documents call the bill by. */
char *bill_packed_hash(const struct bill_packed *bill);

#endif
