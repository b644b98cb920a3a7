/* reply_page.c -- the table of lists that come in pages; a test holds it against the models. */
#include "aws/reply/reply_page.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define NEXT "NextToken=NextToken"
#define LOGS "nextToken=nextToken"
#define IAM "Marker=Marker?IsTruncated"

/* (GetLogEvents is none of them: its token comes back at the end, and a list it is not.) */
const struct reply_page_rule reply_page_rules[] = {
    {"apigatewayv2", "GetApis", NEXT, "Items[].ApiId", false},
    {"apigatewayv2", "GetStages", NEXT, "Items[].StageName", false},
    {"athena", "GetQueryResults", NEXT, "ResultSet.Rows[]", true},
    {"athena", "ListNamedQueries", NEXT, "NamedQueryIds[]", false},
    {"athena", "ListQueryExecutions", NEXT, "QueryExecutionIds[]", false},
    {"athena", "ListTagsForResource", NEXT, "Tags[].Key", false},
    {"athena", "ListWorkGroups", NEXT, "WorkGroups[].Name", false},
    {"cloudwatch", "DescribeAlarms", NEXT, "MetricAlarms[].AlarmName CompositeAlarms[].AlarmName",
     false},
    {"cloudwatch", "GetMetricData", NEXT, "MetricDataResults[].Values[]", true},
    {"firehose", "ListDeliveryStreams",
     "ExclusiveStartDeliveryStreamName=DeliveryStreamNames[last]?HasMoreDeliveryStreams",
     "DeliveryStreamNames[]", false},
    {"firehose", "ListTagsForDeliveryStream", "ExclusiveStartTagKey=Tags[last].Key?HasMoreTags",
     "Tags[].Key", false},
    {"glue", "GetDatabases", NEXT, "DatabaseList[].Name", false},
    {"glue", "GetPartitions", NEXT, "Partitions[].Values", false},
    {"glue", "GetTables", NEXT, "TableList[].Name", false},
    {"iam", "GetAccountAuthorizationDetails", IAM, "RoleDetailList[].RoleName", false},
    {"iam", "ListAccountAliases", IAM, "AccountAliases[]", false},
    {"iam", "ListAttachedRolePolicies", IAM, "AttachedPolicies[].PolicyArn", false},
    {"iam", "ListRolePolicies", IAM, "PolicyNames[]", false},
    {"iam", "SimulatePrincipalPolicy", IAM, "EvaluationResults[]", true},
    {"logs", "DescribeAccountPolicies", LOGS, "accountPolicies[].policyName", true},
    {"logs", "DescribeLogGroups", LOGS, "logGroups[].logGroupName", false},
    {"logs", "DescribeLogStreams", LOGS, "logStreams[].logStreamName", false},
    {"logs", "DescribeResourcePolicies", LOGS, "resourcePolicies[].policyName", false},
    {"logs", "DescribeSubscriptionFilters", LOGS, "subscriptionFilters[].filterName", false},
    {"logs", "FilterLogEvents", LOGS, "events[].eventId", false},
    {"resourcegroupstaggingapi", "GetResources", "PaginationToken=PaginationToken",
     "ResourceTagMappingList[].ResourceARN", false},
    {"s3", "ListObjectsV2", "ContinuationToken=NextContinuationToken?IsTruncated",
     "Contents[].Key CommonPrefixes[].Prefix", false},
    {0},
};

const struct reply_page_rule *reply_page_find(const char *service, const char *op)
{
    for (const struct reply_page_rule *rule = reply_page_rules; rule->op; rule++)
        if (strcmp(rule->service, service) == 0 && strcmp(rule->op, op) == 0)
            return rule;
    return NULL;
}

bool reply_page_has_more(const struct reply_page_rule *rule, const json_t *result)
{
    char path[64], flag[64] = "";

    if (sscanf(rule->pages, "%*[^=]=%63[^?]?%63s", path, flag) < 1)
        return false;
    if (flag[0])
        return json_is_true(json_object_get(result, flag));
    return json_string_length(json_at(result, path)) > 0;
}

const json_t *reply_page_first(const struct reply_page_rule *rule, const json_t *result)
{
    const json_t *found = NULL;
    char path[64];
    int used;

    for (const char *at = rule->first; !found && sscanf(at, "%63s%n", path, &used) == 1; at += used)
        found = json_at(result, path);
    return found;
}
