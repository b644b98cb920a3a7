/* reply_rule.c -- the table.
 *
 * Lists: these services send an empty list as [] (JSON) or as an empty element (XML) and leave out
 * only what has no value, so that a reply without its list is no reply.  Seen so for each list
 * named here in replies of AWS's own (CLI examples of the reference, issues of the SDKs).
 * Tables, databases and roles come back in the case they are kept in. */
#include "aws/reply/reply_rule.h"

#include "aws/reply/reply_content.h"

#include <string.h>

#define LIST "API reference; the list is sent empty, not left out"
#define NAMED "API reference; the thing asked for comes back with its name"
#define MODEL "required in the service's model"

static const struct reply_rule apigatewayv2[] = {
    {.op = "GetApi", .echo = "ApiId=ApiId", .why = NAMED},
    /* Imported APIs are seen without a Name. */
    {.op = "GetApis", .always = "Items Items[].ApiId!", .why = LIST},
    {.op = "GetStages", .always = "Items Items[].StageName!", .why = LIST},
    {.op = "GetStage", .echo = "StageName=StageName", .why = NAMED},
    {.op = "GetTags", .why = "whether no tags are {} or nothing is not documented"},
    {.op = "UpdateStage", .echo = "StageName=StageName", .why = NAMED},
    {0},
};

static const struct reply_rule athena[] = {
    /* "If information could not be retrieved for a submitted query ID, information about the query
     * ID submitted is listed under UnprocessedNamedQueryId." */
    {.op = "BatchGetNamedQuery",
     .always = "NamedQueries NamedQueries[].Name NamedQueries[].Database",
     .echo = "NamedQueries[].NamedQueryId@NamedQueryIds",
     .why = "API reference: each id asked for is in one of the two lists"},
    {.op = "BatchGetQueryExecution",
     .always = "QueryExecutions",
     .echo = "QueryExecutions[].QueryExecutionId@QueryExecutionIds",
     .why = "API reference: each id asked for is in one of the two lists"},
    {.op = "CreateNamedQuery", .always = "NamedQueryId+", .why = "API reference"},
    {.op = "GetQueryExecution",
     .always = "QueryExecution.Status.State",
     .echo = "QueryExecution.QueryExecutionId=QueryExecutionId",
     .why = NAMED},
    {.op = "GetQueryResults",
     .always = "ResultSet.Rows ResultSet.ResultSetMetadata.ColumnInfo",
     .any_text = true,
     .why = "API reference; a result without rows has both lists, empty or not"},
    {.op = "GetWorkGroup",
     .always = "WorkGroup.Configuration",
     .echo = "WorkGroup.Name=WorkGroup",
     .why = NAMED},
    {.op = "ListNamedQueries", .always = "NamedQueryIds", .why = LIST},
    {.op = "ListQueryExecutions", .always = "QueryExecutionIds", .why = LIST},
    {.op = "ListTagsForResource", .always = "Tags Tags[].Key!", .why = LIST},
    {.op = "ListWorkGroups",
     .always = "WorkGroups+ WorkGroups[].Name!",
     .why = "API reference; the workgroup primary cannot be deleted"},
    {.op = "StartQueryExecution", .always = "QueryExecutionId+", .why = "API reference"},
    {0},
};

static const struct reply_rule cloudwatch[] = {
    {.op = "DescribeAlarms",
     .always = "MetricAlarms MetricAlarms[].AlarmName!",
     .echo = "MetricAlarms[].AlarmName<AlarmNames MetricAlarms[].AlarmName^AlarmNamePrefix",
     .owner = "MetricAlarms[].AlarmArn",
     .why = LIST},
    {.op = "GetMetricData", .always = "MetricDataResults MetricDataResults[].Id!", .why = LIST},
    {.op = "ListTagsForResource", .always = "Tags Tags[].Key!", .why = LIST},
    {0},
};

static const struct reply_rule firehose[] = {
    {.op = "CreateDeliveryStream",
     .always = "DeliveryStreamARN+",
     .owner = "DeliveryStreamARN",
     .why = "API reference"},
    {.op = "DescribeDeliveryStream",
     .always = "DeliveryStreamDescription.DeliveryStreamStatus "
               "DeliveryStreamDescription.VersionId DeliveryStreamDescription.Destinations",
     .echo = "DeliveryStreamDescription.DeliveryStreamName=DeliveryStreamName",
     .owner = "DeliveryStreamDescription.DeliveryStreamARN",
     .why = MODEL},
    {.op = "ListDeliveryStreams",
     .always = "DeliveryStreamNames HasMoreDeliveryStreams",
     .why = MODEL},
    {.op = "ListTagsForDeliveryStream", .always = "Tags Tags[].Key! HasMoreTags", .why = MODEL},
    {0},
};

static const struct reply_rule glue[] = {
    {.op = "BatchCreatePartition", .why = "Errors alone, which may be left out"},
    {.op = "BatchDeletePartition", .why = "Errors alone, which may be left out"},
    {.op = "BatchUpdatePartition", .why = "Errors alone, which may be left out"},
    {.op = "GetDatabase",
     .echo = "Database.Name~Name",
     .owner = "Database.CatalogId",
     .why = NAMED ", in lower case"},
    {.op = "GetDatabases",
     .always = "DatabaseList DatabaseList[].Name!",
     .owner = "DatabaseList[].CatalogId",
     .why = MODEL},
    {.op = "GetPartition", .always = "Partition.Values", .why = "API reference"},
    {.op = "GetPartitions", .always = "Partitions Partitions[].Values!", .why = LIST},
    {.op = "GetTable",
     .echo = "Table.Name~Name Table.DatabaseName~DatabaseName",
     .owner = "Table.CatalogId",
     .why = NAMED ", in lower case"},
    {.op = "GetTables",
     .always = "TableList TableList[].Name!",
     .echo = "TableList[].DatabaseName~DatabaseName",
     .owner = "TableList[].CatalogId",
     .why = LIST},
    {0},
};

static const struct reply_rule iam[] = {
    {.op = "CreateRole",
     .always = "Role.Arn",
     .echo = "Role.RoleName~RoleName",
     .owner = "Role.Arn",
     .why = MODEL},
    {.op = "GetAccountAuthorizationDetails",
     .always = "RoleDetailList RoleDetailList[].RoleName!",
     .owner = "RoleDetailList[].Arn",
     .more = "IsTruncated=Marker",
     .why = MODEL "; asked for roles, their list is there, empty or not"},
    {.op = "GetRole",
     .always = "Role.Arn Role.Path Role.AssumeRolePolicyDocument",
     .echo = "Role.RoleName~RoleName",
     .owner = "Role.Arn",
     .policy = "Role.AssumeRolePolicyDocument",
     .why = MODEL "; a role cannot be without a trust policy"},
    {.op = "GetRolePolicy",
     .always = "PolicyDocument",
     .echo = "RoleName~RoleName PolicyName~PolicyName",
     .policy = "PolicyDocument",
     .why = MODEL},
    {.op = "ListAttachedRolePolicies",
     .always = "AttachedPolicies AttachedPolicies[].PolicyArn!",
     .owner = "AttachedPolicies[].PolicyArn", /* AWS's own have no account */
     .more = "IsTruncated=Marker",
     .why = LIST},
    {.op = "ListRolePolicies", .always = "PolicyNames", .more = "IsTruncated=Marker", .why = MODEL},
    {.op = "ListAccountAliases",
     .always = "AccountAliases",
     .more = "IsTruncated=Marker",
     .why = MODEL},
    {.op = "SimulatePrincipalPolicy",
     .always = "EvaluationResults+ EvaluationResults[].EvalDecision",
     .owner = "EvaluationResults[].EvalResourceName", /* asked of our own resources only */
     .more = "IsTruncated=Marker",
     .why = "API reference: a result for each action simulated"},
    {0},
};

static const struct reply_rule logs[] = {
    {.op = "DescribeLogGroups",
     .always = "logGroups logGroups[].logGroupName!",
     .echo = "logGroups[].logGroupName^logGroupNamePrefix",
     .owner = "logGroups[].arn",
     .why = LIST},
    {.op = "DescribeLogStreams",
     .always = "logStreams logStreams[].logStreamName!",
     .echo = "logStreams[].logStreamName^logStreamNamePrefix",
     .owner = "logStreams[].arn",
     .why = LIST},
    {.op = "DescribeAccountPolicies",
     .always = "accountPolicies accountPolicies[].policyName",
     .why = LIST},
    {.op = "DescribeResourcePolicies",
     .always = "resourcePolicies resourcePolicies[].policyName! resourcePolicies[].policyDocument",
     .policy = "resourcePolicies[].policyDocument",
     .why = LIST},
    {.op = "DescribeSubscriptionFilters",
     .always = "subscriptionFilters subscriptionFilters[].filterName!",
     .echo = "subscriptionFilters[].logGroupName=logGroupName",
     .why = LIST},
    {.op = "FilterLogEvents", .always = "events", .any_text = true, .why = LIST},
    {.op = "GetLogEvents", .always = "events nextForwardToken", .any_text = true, .why = LIST},
    {.op = "ListTagsForResource", .always = "tags", .why = "API reference; no tags are {}"},
    {.op = "PutLogEvents", .why = "the sequence token is no longer meant to be used"},
    {.op = "PutResourcePolicy", .why = "what comes back grew with the years"},
    {0},
};

static const struct reply_rule resourcegroupstaggingapi[] = {
    {.op = "GetResources",
     .always = "ResourceTagMappingList ResourceTagMappingList[].ResourceARN!",
     .owner = "ResourceTagMappingList[].ResourceARN",
     .why = LIST},
    {0},
};

static const struct reply_rule s3[] = {
    {.op = "DeleteObjects",
     .root = "DeleteResult",
     .why = "asked to be quiet, it names only what failed"},
    {.op = "GetBucketEncryption",
     .root = "ServerSideEncryptionConfiguration",
     .always = "ServerSideEncryptionConfiguration.Rules+",
     .why = "API reference: none is ServerSideEncryptionConfigurationNotFoundError"},
    {.op = "GetBucketLifecycleConfiguration",
     .root = "LifecycleConfiguration",
     .always = "Rules+ Rules[].Status",
     .why = "API reference: none is NoSuchLifecycleConfiguration"},
    {.op = "GetBucketLocation",
     .root = "LocationConstraint",
     .why = "us-east-1 is named by silence"},
    {.op = "GetBucketOwnershipControls",
     .root = "OwnershipControls",
     .always = "OwnershipControls.Rules+ OwnershipControls.Rules[].ObjectOwnership",
     .why = "API reference: none is OwnershipControlsNotFoundError"},
    {.op = "GetBucketPolicy",
     .always = "Policy+",
     .policy = "Policy",
     .check = reply_content_bucket_policy,
     .why = "API reference: none is NoSuchBucketPolicy"},
    {.op = "GetBucketTagging",
     .root = "Tagging",
     .always = "TagSet TagSet[].Key!",
     .why = MODEL "; none is NoSuchTagSet"},
    {.op = "GetBucketVersioning",
     .root = "VersioningConfiguration",
     .why = "API reference: empty for a bucket that never had it"},
    {.op = "GetObject",
     .always = "ETag+",
     .any_type = true,
     .any_text = true,
     .why = "API reference; each object has one"},
    {.op = "GetObjectLockConfiguration",
     .root = "ObjectLockConfiguration",
     .always = "ObjectLockConfiguration.ObjectLockEnabled",
     .why = "API reference: none is ObjectLockConfigurationNotFoundError"},
    {.op = "GetPublicAccessBlock",
     .root = "PublicAccessBlockConfiguration",
     .always = "PublicAccessBlockConfiguration+",
     .why = "API reference: none is NoSuchPublicAccessBlockConfiguration"},
    {.op = "HeadBucket", .why = "all of it is in headers; that they are there is not documented"},
    {.op = "HeadObject",
     .always = "ETag+",
     .any_type = true,
     .why = "API reference; each object has one"},
    {.op = "ListObjectsV2",
     .root = "ListBucketResult",
     .always = "IsTruncated Contents[].Key! CommonPrefixes[].Prefix!",
     .echo = "Name=Bucket",
     .more = "IsTruncated=NextContinuationToken",
     .check = reply_content_object_list,
     .why = NAMED},
    {.op = "PutObject", .always = "ETag+", .why = "API reference; each object has one"},
    {0},
};

static const struct reply_rule sns[] = {
    {.op = "CreateTopic", .always = "TopicArn+", .owner = "TopicArn", .why = "API reference"},
    {.op = "GetTopicAttributes",
     .echo = "Attributes.TopicArn=TopicArn",
     .owner = "Attributes.Owner",
     .policy = "Attributes.Policy",
     .why = NAMED},
    {.op = "ListTagsForResource", .always = "Tags Tags[].Key!", .why = LIST},
    {0},
};

static const struct reply_rule sso[] = {
    {.op = "GetRoleCredentials",
     .always = "roleCredentials.accessKeyId+ roleCredentials.secretAccessKey+ "
               "roleCredentials.sessionToken+ roleCredentials.expiration",
     .why = "API reference"},
    {0},
};

static const struct reply_rule ssooidc[] = {
    {.op = "CreateToken", .always = "accessToken+ expiresIn", .why = "API reference"},
    {0},
};

static const struct reply_rule sts[] = {
    {.op = "AssumeRole",
     .always = "Credentials.AccessKeyId+ Credentials.SecretAccessKey+ Credentials.SessionToken+ "
               "Credentials.Expiration",
     .why = MODEL},
    {.op = "AssumeRoleWithWebIdentity",
     .always = "Credentials.AccessKeyId+ Credentials.SecretAccessKey+ Credentials.SessionToken+ "
               "Credentials.Expiration",
     .why = MODEL},
    {.op = "GetCallerIdentity",
     .always = "Arn+ UserId+",
     .check = reply_content_caller,
     .why = "API reference"},
    {0},
};

static const struct {
    const char *name;
    const struct reply_rule *rules;
    const char *empty; /* operations whose reply holds nothing: an empty body, {} or, for query and
                          some JSON services, a document without members */
} services[] = {
    {"apigatewayv2", apigatewayv2, "TagResource"},
    {"athena", athena,
     "CreateWorkGroup DeleteNamedQuery DeleteWorkGroup StopQueryExecution TagResource "
     "UntagResource UpdateNamedQuery UpdateWorkGroup"},
    {"cloudwatch", cloudwatch, "DeleteAlarms PutMetricAlarm TagResource"},
    {"firehose", firehose,
     "StartDeliveryStreamEncryption TagDeliveryStream UntagDeliveryStream UpdateDestination"},
    {"glue", glue,
     "CreateDatabase CreatePartition CreateTable DeleteDatabase DeleteTable UpdateDatabase "
     "UpdatePartition UpdateTable"},
    {"iam", iam,
     "DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy PutRolePermissionsBoundary "
     "PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole"},
    {"logs", logs,
     "AssociateKmsKey CreateLogGroup CreateLogStream DeleteLogGroup DeleteResourcePolicy "
     "DeleteRetentionPolicy DeleteSubscriptionFilter DisassociateKmsKey PutRetentionPolicy "
     "PutSubscriptionFilter TagResource UntagResource"},
    {"resourcegroupstaggingapi", resourcegroupstaggingapi, ""},
    /* Those that answer in headers alone, too. */
    {"s3", s3,
     "CreateBucket DeleteObject PutBucketEncryption PutBucketLifecycleConfiguration "
     "PutBucketOwnershipControls PutBucketPolicy PutBucketTagging PutBucketVersioning "
     "PutObjectLockConfiguration PutPublicAccessBlock"},
    {"sns", sns, "DeleteTopic SetTopicAttributes TagResource"},
    {"sso", sso, ""},
    {"ssooidc", ssooidc, ""},
    {"sts", sts, ""},
};
static const struct reply_rule empty = {.op = ""};

#define STREAM "DeliveryStreamDescription."

const struct reply_partial reply_rule_partials[] = {
    {"apigatewayv2", "GetApi", "Warnings", REPLY_PARTIAL_STATE, "the API's last import"},
    {"apigatewayv2", "GetApis", "Items[].Warnings", REPLY_PARTIAL_STATE, "the API's last import"},
    {"athena", "BatchGetNamedQuery", "UnprocessedNamedQueryIds", REPLY_PARTIAL_REFUSED, NULL},
    {"athena", "BatchGetQueryExecution", "UnprocessedQueryExecutionIds", REPLY_PARTIAL_REFUSED,
     NULL},
    {"athena", "BatchGetQueryExecution", "QueryExecutions[].Status.AthenaError",
     REPLY_PARTIAL_STATE, "the query"},
    {"athena", "GetQueryExecution", "QueryExecution.Status.AthenaError", REPLY_PARTIAL_STATE,
     "the query"},
    {"cloudwatch", "GetMetricData", "MetricDataResults[].StatusCode", REPLY_PARTIAL_CALLER,
     "lib/billing/store/metrics_read.c"},
    {"cloudwatch", "GetMetricData", "MetricDataResults[].Messages", REPLY_PARTIAL_STATE,
     "the metric; its StatusCode is what counts"},
    {"cloudwatch", "GetMetricData", "Messages", REPLY_PARTIAL_CALLER,
     "lib/billing/store/metrics_read.c"},
    {"firehose", "DescribeDeliveryStream", STREAM "FailureDescription", REPLY_PARTIAL_STATE,
     "the stream"},
    {"firehose", "DescribeDeliveryStream",
     STREAM "DeliveryStreamEncryptionConfiguration.FailureDescription", REPLY_PARTIAL_STATE,
     "the stream's encryption"},
    {"firehose", "DescribeDeliveryStream",
     STREAM "Source.DatabaseSourceDescription.SnapshotInfo[].FailureDescription",
     REPLY_PARTIAL_STATE, "a snapshot"},
    {"glue", "BatchCreatePartition", "Errors", REPLY_PARTIAL_CALLER,
     "lib/billing/rollup/partition.c"},
    {"glue", "BatchDeletePartition", "Errors", REPLY_PARTIAL_CALLER,
     "lib/billing/rollup/rollup_collect.c"},
    {"glue", "BatchUpdatePartition", "Errors", REPLY_PARTIAL_UNUSED, NULL},
    {"glue", "GetTables", "TableList[].Status.Error", REPLY_PARTIAL_STATE,
     "the last change of a view"},
    {"glue", "GetTables", "TableList[].Status.Details.ViewValidations[].Error", REPLY_PARTIAL_STATE,
     "the last change of a view"},
    {"glue", "GetTable", "Table.Status.Error", REPLY_PARTIAL_STATE, "the last change of a view"},
    {"glue", "GetTable", "Table.Status.Details.ViewValidations[].Error", REPLY_PARTIAL_STATE,
     "the last change of a view"},
    {"iam", "SimulatePrincipalPolicy", "EvaluationResults[].MissingContextValues",
     REPLY_PARTIAL_CALLER, "lib/resources/simulation.c"},
    {"iam", "SimulatePrincipalPolicy",
     "EvaluationResults[].ResourceSpecificResults[].MissingContextValues", REPLY_PARTIAL_STATE,
     "one resource, where several were asked about"},
    {"resourcegroupstaggingapi", "GetResources",
     "ResourceTagMappingList[].ComplianceDetails.MissingTagKeys", REPLY_PARTIAL_STATE,
     "a tag policy, which is not asked about"},
    {"logs", "FilterLogEvents", "searchedLogStreams", REPLY_PARTIAL_STATE,
     "nothing: always empty since 2021"},
    {"logs", "PutLogEvents", "rejectedLogEventsInfo", REPLY_PARTIAL_UNUSED, NULL},
    {"logs", "PutLogEvents", "rejectedEntityInfo", REPLY_PARTIAL_UNUSED, NULL},
    {"s3", "DeleteObjects", "Errors", REPLY_PARTIAL_CALLER, "lib/billing/rollup/rollup_collect.c"},
    {"s3", "GetObject", "MissingMeta", REPLY_PARTIAL_STATE, "metadata that we do not read"},
    {"s3", "HeadObject", "MissingMeta", REPLY_PARTIAL_STATE, "metadata that we do not read"},
    {0},
};

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' '))
            return true;
    return false;
}

const struct reply_rule *reply_rule_find(const char *service, const char *op)
{
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (strcmp(services[i].name, service) != 0)
            continue;
        for (const struct reply_rule *rule = services[i].rules; rule->op; rule++)
            if (strcmp(rule->op, op) == 0)
                return rule;
        return has_word(services[i].empty, op) ? &empty : NULL;
    }
    return NULL;
}

bool reply_rule_is_empty(const struct reply_rule *rule)
{
    return rule == &empty;
}
