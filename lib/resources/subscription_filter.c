/* subscription_filter -- what sends a log group's events to the stream.
 *
 * PutSubscriptionFilter creates or updates by name.  It is never deleted first: events that arrive
 * while there is no filter are not forwarded, ever.  A log group has few places (two, five: AWS
 * raises such numbers, so it is asked); filters of others in them are told, not removed. */
#include "base/json.h"
#include "base/str.h"
#include "resources/kind.h"

#include <string.h>

static const struct call read = {
    .op = "DescribeSubscriptionFilters",
    .send = "logGroupName=log_group",
    .take = "subscriptionFilters",
    .find = "filterName=name",
    .page = "nextToken=nextToken",
    .absent = "ResourceNotFoundException",
};
static const struct call read_filters = {
    .op = "DescribeAccountPolicies",
    .send = "policyType='SUBSCRIPTION_FILTER_POLICY'",
    .page = "nextToken=nextToken",
    .account_wide = true,
    .resource = "*",
    .why = "whether the account forwards events elsewhere as well",
};
static const struct call read_transformers = {
    .op = "DescribeAccountPolicies",
    .send = "policyType='TRANSFORMER_POLICY'",
    .page = "nextToken=nextToken",
    .account_wide = true,
    .resource = "*",
    .why = "whether the account rewrites events as they come in",
};
/* Put sends a test message, so the stream must be active and the role assumable. */
static const struct settle role_made[] = {
    {"InvalidParameterException", "Could not deliver test message to specified", 300,
     "the stream to take a test message"},
    {"OperationAbortedException", "Please try again", 300,
     "another change of the log group to end"},
    {"ValidationException", "permission to assume the provided role", 300,
     "the IAM role to propagate"},
    {0},
};
static const struct call put = {
    .op = "PutSubscriptionFilter",
    .send = "logGroupName=log_group filterName=name filterPattern=pattern "
            "destinationArn=destination roleArn=role distribution=distribution",
    .settle = role_made,
    .why = "updated in place: deleting it first would lose the events in between for ever",
};

static const struct field fields[] = {
    {.name = "log_group", .flags = FIELD_KEY, .summary = "Log group whose events are sent."},
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the filter."},
    {.name = "pattern",
     .member = "filterPattern",
     .otherwise = "",
     .harm = "Events that do not match are not forwarded, ever.",
     .loss = LOSS_DROPPED,
     .summary = "Which events; empty sends all."},
    {.name = "destination",
     .member = "destinationArn",
     .type = FIELD_ARN,
     .flags = FIELD_REQUIRED,
     .harm = "Events go elsewhere and do not reach the bucket.",
     .loss = LOSS_DROPPED,
     .summary = "ARN of the delivery stream."},
    {.name = "role",
     .member = "roleArn",
     .type = FIELD_ARN,
     .flags = FIELD_REQUIRED,
     .passes = "logs.amazonaws.com",
     .harm = "With a role that may not write to the stream events are skipped, and for up to 10 "
             "minutes after the repair.",
     .loss = LOSS_DROPPED,
     .summary = "ARN of the role CloudWatch Logs sends with."},
    {.name = "distribution",
     .member = "distribution",
     .harm = "Matters for Kinesis data streams only.",
     .usual = "ByLogStream",
     .summary = "ByLogStream or Random; matters for Kinesis data streams only."},
    {0},
};

static const json_t *filters_of(const struct scope *scope)
{
    return json_object_get(json_object_get(scope->replies, read.op), "subscriptionFilters");
}

/* Source: "CloudWatch Logs quotas"; how many is AWS's to say. */
static char *explain(const struct scope *scope, const char *code, const char *message)
{
    struct str text = {0};
    size_t i;
    json_t *filter;

    (void)message;
    if (strcmp(code, "LimitExceededException") != 0)
        return NULL;
    if (!json_array_size(filters_of(scope)))
        return NULL; /* nobody is seen to hold one: AWS's words must do */
    json_array_foreach((json_t *)filters_of(scope), i, filter)
        str_addf(&text, "%s%s", i ? ", " : "the log group's places are taken by ",
                 json_text(filter, "filterName"));
    str_add(&text,
            ", which are not ours and stay: remove one by hand, have AWS raise the quota, or "
            "name ours like the one it should replace");
    return str_take(&text);
}

/* Copies with one event id are billed once; another form of the event is not the same copy. */
static const char *changes_events(const json_t *filter)
{
    return json_is_true(json_object_get(filter, "applyOnTransformedLogs")) ||
                   json_array_size(json_object_get(filter, "emitSystemFields"))
               ? "events may be misread: "
               : "";
}

static json_t *about_other(const json_t *filter, bool same_stream, bool ours_is_there)
{
    const char *name = json_text(filter, "filterName"), *misread = changes_events(filter);

    if (!same_stream)
        return json_sprintf("filter of others: %s", name);
    return json_sprintf(
        "%sfilter %s sends the same events to the same stream: %s%s", misread, name,
        ours_is_there ? "everything is delivered twice"
                      : "with ours everything will be delivered twice; remove it by hand, or name "
                        "ours like it",
        *misread ? ", in two forms with one id, and the wrong one may be billed" : "");
}

static void note(const struct scope *scope, json_t *notes)
{
    const json_t *name = json_object_get(scope->desired, "name");
    size_t i;
    json_t *filter;

    json_array_foreach((json_t *)filters_of(scope), i, filter) {
        bool same = json_equal(json_object_get(filter, "destinationArn"),
                               json_object_get(scope->desired, "destination"));

        if (!json_equal(json_object_get(filter, "filterName"), name))
            json_array_append_new(notes, about_other(filter, same, scope->observed != NULL));
    }
}

static const struct member members[] = {
    {"filterName", MEMBER_IGNORED, .why = WHY_ECHO},
    {"logGroupName", MEMBER_IGNORED, .why = WHY_ECHO},
    {"creationTime", MEMBER_IGNORED, .why = WHY_TIME},
    {"fieldSelectionCriteria", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "events whose account or region does not fit are not forwarded, ever", .reset = ""},
    {"applyOnTransformedLogs", MEMBER_DRIFT, LOSS_MISREAD, .usual = "false|",
     .why = "the transformed text is forwarded instead of the access log line: keys may be renamed "
            "or gone",
     .reset = ""},
    {"emitSystemFields", MEMBER_DRIFT, LOSS_MISREAD,
     .why = "account and region are added to what is forwarded: it may not parse as an access log "
            "line",
     .reset = ""},
    {"accountPolicies[].policyName", MEMBER_TOLD,
     .why = "an account-wide subscription filter forwards the events of log groups to its own "
            "destination as well; ours goes on",
     .read = &read_filters},
    {"accountPolicies[].policyDocument", MEMBER_TOLD,
     .why = "where the account-wide filter forwards to: when that is our stream, everything is "
            "delivered twice",
     .read = &read_filters},
    {"accountPolicies[].selectionCriteria", MEMBER_TOLD,
     .why = "which log groups the account-wide filter leaves out", .read = &read_filters},
    {"accountPolicies", MEMBER_IGNORED, .why = "The policy is told by its name.",
     .read = &read_filters},
    {"accountPolicies[].policyName", MEMBER_TOLD,
     .why = "an account-wide transformer rewrites events as they come in; ours forwards the "
            "original line while applyOnTransformedLogs is off",
     .read = &read_transformers},
    {"accountPolicies[].selectionCriteria", MEMBER_TOLD,
     .why = "which log groups the account-wide transformer leaves out", .read = &read_transformers},
    {"accountPolicies", MEMBER_IGNORED, .why = "The policy is told by its name.",
     .read = &read_transformers},
    {0},
};

const struct kind subscription_filter_kind = {
    .name = "subscription_filter",
    .title = "subscription filter",
    .service = "logs",
    .arn = "arn:{partition}:logs:{region}:{account}:log-group:{log_group}",
    .summary = "Subscription filter from a log group to the stream.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &put,
    .update = &put,
    .explain = explain,
    .note = note,
    .part = PART_FORWARDER,
    .opens = true,
    .absent_loss = LOSS_DROPPED,
    .absent_harm = "no event leaves the log group, which forgets it after its retention",
    .passed = "name",
};
