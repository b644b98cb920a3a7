/* athena_query_private.h -- the parts of a query: what its failure means, and where its rows are.
 */
#ifndef BILLING_STORE_ATHENA_QUERY_PRIVATE_H
#define BILLING_STORE_ATHENA_QUERY_PRIVATE_H

#include "billing/store/athena_query.h"

#include <stdbool.h>

/* What to do about a query that did not succeed, from GetQueryExecution's Status. */
enum athena_failure {
    ATHENA_AGAIN,     /* Athena says it may work when run again, or the fault was its own */
    ATHENA_WRONG,     /* the query's */
    ATHENA_CANCELLED, /* somebody stopped it */
};
enum athena_failure athena_query_judge(const json_t *status);
/* The engine's own words about it; borrowed. */
const char *athena_query_reason(const json_t *status);
/* UNLOAD, INSERT, CREATE, ...: yields no rows and must not be run twice. */
bool athena_query_writes(const char *text);

struct athena_answered {
    const json_t *execution;          /* GetQueryExecution's */
    const struct athena_taker *taker; /* NULL: into the result */
};
/* Fills columns and rows of a query that succeeded. */
int athena_query_rows(struct flow *flow, const struct billing *billing,
                      const struct athena_answered *answered, struct athena_result *result,
                      struct err *e);

#endif
