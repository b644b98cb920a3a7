/* athena_query.h -- one query on Athena from text to rows, inside a flow. */
#ifndef BILLING_STORE_ATHENA_QUERY_H
#define BILLING_STORE_ATHENA_QUERY_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* The query of that name with every ${placeholder} replaced; values: name -> text.  New text; NULL
 * and *e when the query or a value is missing.  Values must be numbers, dates or names we made:
 * nothing from outside is ever put into SQL. */
char *athena_query_text(const struct billing *billing, const char *name, const json_t *values,
                        struct err *e);
/* SHA-256 (hex, new text) of a query's text before values are put in: what was asked, not when. */
char *athena_query_hash(const struct billing *billing, const char *name);

struct athena_result {
    json_t *rows;    /* [[text or null]] without the header; NULL for statements without rows */
    json_t *columns; /* [name] */
    int64_t scanned_bytes;
    int64_t engine_ms; /* time Athena says it took */
    char id[64];       /* query execution id */
};

/* Runs text in the pipeline's workgroup and waits (polling, backing off).  token_seed names what is
 * asked and when: Athena answers the same seed and text with the run it made before, so a seed that
 * is used again gets the old rows again.  NULL: a random one.  Throttling is waited for.  What
 * Athena calls retryable is run again with a new token, but not a statement that writes (UNLOAD):
 * its target may hold files now, so that is ERR_RETRY at once, as is a query that somebody
 * cancelled.  A cancelled flow stops the query.  -1 and *e with the engine's own message
 * (ERR_INVALID: the query is wrong).  Rows are read from the result object in S3 when there are
 * many. */
int athena_query_run(struct flow *flow, const struct billing *billing, const char *text,
                     const char *token_seed, struct athena_result *result, struct err *e);
void athena_result_fini(struct athena_result *result);
/* Bytes scanned by all queries of this process since the last reset, for the budget. */
int64_t athena_query_scanned(void);
void athena_query_reset_scanned(void);
/* Tests: milliseconds before the first look at a running query, and the most between two. */
void athena_query_pace(int64_t first_ms, int64_t most_ms);

#endif
