/* log_stream -- a log stream that must exist before somebody writes to it.
 *
 * Firehose's error logging through the API needs its stream created beforehand. */
#include "resources/kind.h"

static const struct call read = {
    .op = "DescribeLogStreams",
    .send = "logGroupName=log_group logStreamNamePrefix=name",
    .take = "logStreams",
    .find = "logStreamName=name",
    .page = "nextToken=nextToken",
    .absent = "ResourceNotFoundException",
    /* Describing streams is allowed on the group. */
    .resource = "arn:{partition}:logs:{region}:{account}:log-group:{log_group}",
};
static const struct call create = {
    .op = "CreateLogStream",
    .send = "logGroupName=log_group logStreamName=name",
    .already = "ResourceAlreadyExistsException",
};

static const struct field fields[] = {
    {.name = "log_group", .flags = FIELD_KEY, .summary = "Log group the stream belongs to."},
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the log stream."},
    {0},
};

static const struct member members[] = {
    {"logStreamName", MEMBER_IGNORED, .why = WHY_ECHO},
    {"creationTime", MEMBER_IGNORED, .why = WHY_TIME},
    {"firstEventTimestamp", MEMBER_IGNORED, .why = WHY_TIME},
    {"lastEventTimestamp", MEMBER_IGNORED, .why = WHY_TIME},
    {"lastIngestionTime", MEMBER_IGNORED,
     .why = "When somebody last wrote into it; the error log is read and told by status."},
    {"uploadSequenceToken", MEMBER_IGNORED, .why = "No longer used by AWS."},
    {"arn", MEMBER_IGNORED, .why = WHY_ECHO},
    {"storedBytes", MEMBER_IGNORED, .why = "Always 0 for log streams."},
    {0},
};

const struct kind log_stream_kind = {
    .name = "log_stream",
    .title = "log stream",
    .service = "logs",
    .arn = "arn:{partition}:logs:{region}:{account}:log-group:{log_group}:log-stream:{name}",
    .summary = "Log stream that must exist before it is written to.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .holds_data = true,
    .part = PART_LOG_STREAM,
    .absent_loss = LOSS_DELAYED,
    .absent_harm = "a loss is noticed late: delivery errors show nowhere",
};
