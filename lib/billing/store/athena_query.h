/* athena_query.h -- one query on Athena from its name to rows, inside a flow. */
#ifndef BILLING_STORE_ATHENA_QUERY_H
#define BILLING_STORE_ATHENA_QUERY_H

#include "aws/flow.h"
#include "billing/store/billing.h"

#include <stdbool.h>

struct athena_question {
    const char *name;     /* of a query of the spec */
    const json_t *values; /* of its placeholders: athena_query_text.h */
    /* What is asked and when: Athena answers the same seed and text with the run it made before, so
     * a seed that is used again gets the old rows again.  NULL: a random one. */
    const char *seed;
};

struct athena_result {
    json_t *rows;    /* [[text or null]] without the header; NULL for statements without rows */
    json_t *columns; /* [name] */
    int64_t scanned_bytes;
    bool untold; /* of a run Athena does not say what it scanned: that is not in scanned_bytes */
    int64_t engine_ms; /* time Athena says it took */
    char id[64];       /* query execution id */
};

/* Runs it in the pipeline's workgroup and waits (polling, backing off).  Throttling is waited for.
 * What Athena calls retryable is run again with a new token, but not a statement that writes
 * (UNLOAD): its target may hold files now, so that is ERR_RETRY at once, as is a query that
 * somebody cancelled.  A cancelled flow stops the query.  -1 and *e with the engine's own message
 * (ERR_INVALID: the query is wrong, or there is none of this name).  Rows are read from the result
 * object in S3 when there are many. */
int athena_query_run(struct flow *flow, const struct billing *billing,
                     const struct athena_question *question, struct athena_result *result,
                     struct err *e);
/* The same, for answers too large to keep. */
struct athena_taker {
    /* Given each row (borrowed); false: that is enough, the rest is not read.  NULL for a row: a
     * reading begins, forget what came before.  On another thread (flow_work), or a thousand rows
     * at a time. */
    bool (*row)(void *arg, const json_t *row);
    void *arg;
    /* What is known of the run, columns when the first row comes; to be given back with
     * athena_query_result_fini.  NULL: nobody asks. */
    struct athena_result *result;
};
int athena_query_each(struct flow *flow, const struct billing *billing,
                      const struct athena_question *question, const struct athena_taker *taker,
                      struct err *e);
void athena_query_result_fini(struct athena_result *result);
/* What it scanned, for documents: null where that is not told.  New reference. */
json_t *athena_query_result_scanned(const struct athena_result *result);
/* Bytes scanned by all queries of this process, for the budget. */
int64_t athena_query_scanned(void);
/* How many runs there were of which Athena did not say what they scanned. */
uint64_t athena_query_untold(void);
/* Tests: milliseconds before the first look at a running query, and the most between two. */
void athena_query_pace(int64_t first_ms, int64_t most_ms);

#endif
