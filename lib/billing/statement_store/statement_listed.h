/* statement_listed.h -- whether the documents that an index names lie in the bucket, as far as a
 * list tells: in memory for a page of it, however many they are. */
#ifndef BILLING_STATEMENT_STORE_STATEMENT_LISTED_H
#define BILLING_STATEMENT_STORE_STATEMENT_LISTED_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* Whether just the objects that the index (an object as statement_index_each takes it; NULL: it is
 * not there) names lie below the folder, each in its size: "", or what is wrong; new text, or NULL
 * and *e. */
char *statement_listed_wrong(struct flow *flow, const struct billing *billing, const char *folder,
                             const json_t *object, struct err *e);

#endif
