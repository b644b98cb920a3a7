/* athena_query_rows.h -- values in the rows of a result. */
#ifndef BILLING_STORE_ATHENA_QUERY_ROWS_H
#define BILLING_STORE_ATHENA_QUERY_ROWS_H

#include "billing/store/athena_query.h"

/* The number in that column of a row, 0 where it is NULL or none; `otherwise` when the result has
 * no such column. */
int64_t athena_query_rows_number(const struct athena_result *result, size_t row, const char *column,
                                 int64_t otherwise);
/* The same for many rows: where the column is (SIZE_MAX: there is none), and the number there. */
size_t athena_query_rows_column(const struct athena_result *result, const char *column);
int64_t athena_query_rows_at(const struct athena_result *result, size_t row, size_t column);
/* A number that must be there, and is not negative: of one row, by its place.  -1 and *e
 * (ERR_INVALID) else. */
int athena_query_rows_whole(const json_t *row, size_t column, int64_t *number, struct err *e);

#endif
