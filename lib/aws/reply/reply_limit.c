/* reply_limit.c -- the table of limits: where AWS can send more than REPLY_LIMIT_BYTES, how much.
 */
#include "aws/reply/reply_limit.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { MIB = 1 << 20, ERROR_BYTES = 64 << 10 };

/* The largest reply that the API reference and the service's quotas allow, with what escaping adds,
 * rounded up.  All others (one thing by its name, ids, tags, policies of 20 KB) stay far below
 * REPLY_LIMIT_BYTES. */
static const struct {
    const char *service, *op;
    size_t bytes;
    const char *why;
} limits[] = {
    {"apigatewayv2", "GetApis", 8 * MIB, "500 a page; 1,024 characters of description, 50 tags"},
    {"apigatewayv2", "GetStages", 8 * MIB, "10 stages; settings of each of 300 routes and more"},
    {"athena", "BatchGetNamedQuery", 16 * MIB, "50 queries of 262,144 bytes"},
    {"athena", "BatchGetQueryExecution", 16 * MIB, "50 queries of 262,144 bytes"},
    {"athena", "GetQueryResults", 16 * MIB, "1,000 rows; texts as long as the query makes them"},
    {"cloudwatch", "DescribeAlarms", 4 * MIB, "100 a page; 30 dimensions or 500 metrics of math"},
    {"cloudwatch", "GetMetricData", 8 * MIB, "100,800 values with their times"},
    {"glue", "GetDatabases", 4 * MIB, "100 a page; descriptions of 2,048 bytes, parameters"},
    {"glue", "GetPartitions", 16 * MIB, "1,000 a page, each with all its columns"},
    {"glue", "GetTable", 4 * MIB, "a view's text twice, 409,600 characters each; columns"},
    {"glue", "GetTables", 16 * MIB, "100 a page, each with its columns and its view's text"},
    {"iam", "GetAccountAuthorizationDetails", 16 * MIB, "300 roles, each with 20 KB of policies"},
    {"iam", "SimulatePrincipalPolicy", 4 * MIB, "1,000 results with the statements that matched"},
    {"logs", "DescribeAccountPolicies", 4 * MIB, "policies of 30,720 characters, escaped"},
    {"logs", "FilterLogEvents", 16 * MIB, "1 MiB of text or 10,000 events; ids, names, escapes"},
    {"logs", "GetLogEvents", 16 * MIB, "1 MiB of text or 10,000 events; escapes"},
    {"resourcegroupstaggingapi", "GetResources", 4 * MIB, "100 resources of 50 tags"},
    {"s3", "DeleteObjects", 8 * MIB, "1,000 keys of 1,024 bytes, escaped, each with its error"},
    {"s3", "GetBucketLifecycleConfiguration", 4 * MIB, "1,000 rules"},
    {"s3", "GetObject", 16 * MIB, "documents of ours; what may be larger is read in ranges"},
    {"s3", "ListObjectsV2", 4 * MIB,
     "1,000 keys of 1,024 bytes, escaped: 3 KiB and a few words each"},
};

/* Bytes of the range that was asked for, else 0. */
static size_t range_bytes(const json_t *params)
{
    const char *range = json_text(params, "Range");
    unsigned long long from, to;

    return range && sscanf(range, "bytes=%llu-%llu", &from, &to) == 2 && to >= from &&
                   to - from < REPLY_LIMIT_MOST
               ? (size_t)(to - from) + 1
               : 0;
}

size_t reply_limit_bytes(const struct aws_operation *operation, const json_t *params)
{
    size_t range = range_bytes(params);

    if (range)
        return range > ERROR_BYTES ? range : ERROR_BYTES; /* S3 may answer with an error */
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (strcmp(limits[i].service, operation->model->name) == 0 &&
            strcmp(limits[i].op, operation->name) == 0)
            return limits[i].bytes;
    return REPLY_LIMIT_BYTES;
}
