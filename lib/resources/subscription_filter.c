/* subscription_filter -- what sends a log group's events to the stream.
 *
 * PutSubscriptionFilter creates or updates by name.  It is never deleted first: events that arrive
 * while there is no filter are not forwarded, ever.  A log group has two places; a filter of
 * somebody else in one of them is told, not removed. */
#include "base/str.h"
#include "resources/kind.h"

static const struct call read = {
    .op = "DescribeSubscriptionFilters",
    .send = "logGroupName=log_group",
    .take = "subscriptionFilters",
    .find = "filterName=name",
    .page = "nextToken=nextToken",
    .absent = "ResourceNotFoundException",
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
     .summary = "Which events; empty sends all."},
    {.name = "destination",
     .member = "destinationArn",
     .type = FIELD_ARN,
     .flags = FIELD_REQUIRED,
     .summary = "ARN of the delivery stream."},
    {.name = "role",
     .member = "roleArn",
     .type = FIELD_ARN,
     .flags = FIELD_REQUIRED,
     .passes = "logs.amazonaws.com",
     .summary = "ARN of the role CloudWatch Logs sends with."},
    {.name = "distribution",
     .member = "distribution",
     .summary = "ByLogStream or Random; matters for Kinesis data streams only."},
    {0},
};

enum { PLACES = 2 }; /* Source: "CloudWatch Logs quotas": two filters per log group, fixed. */

static char *refuse(const struct scope *scope)
{
    const json_t *filters =
        json_object_get(json_object_get(scope->replies, read.op), "subscriptionFilters");
    struct str names = {0};
    size_t i;
    json_t *filter;

    if (scope->observed || json_array_size(filters) < PLACES)
        return NULL;
    json_array_foreach((json_t *)filters, i, filter)
        str_addf(&names, "%s%s", i ? ", " : "",
                 json_string_value(json_object_get(filter, "filterName")));
    str_add(&names, " take both places of the log group; they are not ours and stay. Remove one by "
                    "hand, or name ours like the one it should replace");
    return str_take(&names);
}

static void note(const struct scope *scope, json_t *notes)
{
    const json_t *filters =
        json_object_get(json_object_get(scope->replies, read.op), "subscriptionFilters");
    const json_t *name = json_object_get(scope->desired, "name");
    size_t i;
    json_t *filter;

    json_array_foreach((json_t *)filters, i, filter) {
        const char *other = json_string_value(json_object_get(filter, "filterName"));

        if (json_equal(json_object_get(filter, "filterName"), name))
            continue;
        if (json_equal(json_object_get(filter, "destinationArn"),
                       json_object_get(scope->desired, "destination")))
            json_array_append_new(notes, json_sprintf("filter %s sends the same events to the same "
                                                      "stream: everything is delivered twice",
                                                      other));
        else
            json_array_append_new(notes, json_sprintf("filter of others: %s", other));
    }
}

const struct kind subscription_filter_kind = {
    .name = "subscription_filter",
    .title = "subscription filter",
    .service = "logs",
    .arn = "arn:{partition}:logs:{region}:{account}:log-group:{log_group}",
    .summary = "Subscription filter from a log group to the stream.",
    .fields = fields,
    .read = &read,
    .create = &put,
    .update = &put,
    .refuse = refuse,
    .note = note,
    .part = PART_FORWARDER,
};
