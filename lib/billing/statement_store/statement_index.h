/* statement_index.h -- which documents a month has, with their hashes: gzip of a line of JSON each,
 * in the order of the customers' hashes, nobody's last. */
#ifndef BILLING_STATEMENT_STORE_STATEMENT_INDEX_H
#define BILLING_STATEMENT_STORE_STATEMENT_INDEX_H

#include "aws/flow.h"
#include "base/str.h"
#include "billing/store/billing.h"

#define STATEMENT_INDEX "statements.jsonl.gz"

/* {"customer" (null: nobody), "hash" (null), "number" (null), "kind", "net", "total", "json":
 * {"sha256", "size"}, "html": {...}, "xml": {...}} (no xml: it is no
 * electronic invoice). */
json_t *statement_index_entry(const json_t *document, const char *hash, const char *json,
                              const char *html, const char *xml);
/* Where its documents lie, without ".json", ".html" and ".xml"; new text. */
char *statement_index_key(const char *folder, const json_t *entry);

/* What is done with entries: some at a time, in their order, in the flow.  -1 and *e end it. */
typedef int statement_index_fn(struct flow *flow, void *arg, json_t *const *entries, size_t count,
                               struct err *e);
struct statement_index_taker {
    statement_index_fn *take;
    void *arg;
};
/* Reads an index object ({"key", "size"}) in parts.  -1 and *e, ERR_EVIDENCE where it is none. */
int statement_index_each(struct flow *flow, const struct billing *billing, const json_t *object,
                         const struct statement_index_taker *taker, struct err *e);

#endif
