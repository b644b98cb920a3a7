/* alarm -- a CloudWatch metric alarm: AWS itself watches one metric, also while nobody else does.
 *
 * PutMetricAlarm creates and replaces alike: what is not declared goes along as AWS has it.  It
 * takes tags only when it creates. */
#include "resources/kind.h"

static const struct call read = {
    .op = "DescribeAlarms",
    .send = "AlarmNames[]=name",
    .take = "MetricAlarms",
    .find = "AlarmName=name",
    .page = "NextToken=NextToken",
    .resource = "arn:{partition}:cloudwatch:{region}:{account}:alarm:*",
};
static const struct call read_tags = {.op = "ListTagsForResource", .send = "ResourceARN=@arn"};
#define ALARM "AlarmName=name * Statistic=!statistic ExtendedStatistic=!percentile "

/* It writes over one that is there. */
static bool is_quiet(const struct scope *scope)
{
    (void)scope;
    return true;
}

static const struct call create = {
    .op = "PutMetricAlarm", .send = ALARM "Tags=tags", .quiet = is_quiet};
static const struct call update = {.op = "PutMetricAlarm", .send = ALARM, .overlay = ""};
static const struct call put_tags = {.op = "TagResource", .send = "ResourceARN=@arn Tags=tags"};
static const struct call remove_alarm = {.op = "DeleteAlarms", .send = "AlarmNames[]=name"};

static const struct field fields[] = {
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the alarm."},
    FIELD("description", "AlarmDescription", FIELD_TEXT, 0, "Text about the alarm."),
    FIELD("namespace", "Namespace", FIELD_TEXT, FIELD_REQUIRED, "Whose metric: AWS/Firehose."),
    FIELD("metric", "MetricName", FIELD_TEXT, FIELD_REQUIRED, "Name of the metric."),
    FIELD("dimensions", "Dimensions", FIELD_SET, 0,
          "Which of the metrics of that name: Name and Value of each of its dimensions."),
    FIELD("statistic", "Statistic", FIELD_TEXT, 0, "What is made of the values of a period."),
    FIELD("percentile", "ExtendedStatistic", FIELD_TEXT, 0, "Instead of it: p99, tm90."),
    FIELD("unit", "Unit", FIELD_TEXT, 0, "Only values of this unit."),
    FIELD("period_seconds", "Period", FIELD_INT, FIELD_REQUIRED,
          "Length of a period: 10, 20, 30 or whole minutes."),
    FIELD("periods", "EvaluationPeriods", FIELD_INT, FIELD_REQUIRED,
          "How many of the latest periods are looked at."),
    FIELD("breaching_periods", "DatapointsToAlarm", FIELD_INT, 0,
          "How many of them must be beyond the threshold; AWS makes it all."),
    FIELD("comparison", "ComparisonOperator", FIELD_TEXT, FIELD_REQUIRED,
          "When a value is beyond the threshold."),
    FIELD("threshold", "Threshold", FIELD_NUMBER, FIELD_REQUIRED, "What it is compared with."),
    {.name = "missing_data",
     .member = "TreatMissingData",
     .absent_is = "missing",
     .summary = "What a period without values is: missing, breaching, notBreaching or ignore."},
    {.name = "actions_enabled",
     .member = "ActionsEnabled",
     .type = FIELD_BOOL,
     .absent_is = "true", /* Source: PutMetricAlarm, CloudWatch API reference. */
     .summary = "Whether anybody is told."},
    FIELD("alarm_actions", "AlarmActions", FIELD_SET, 0, "ARNs told of it: topics."),
    FIELD("ok_actions", "OKActions", FIELD_SET, 0, "ARNs told when it is over."),
    FIELD("no_data_actions", "InsufficientDataActions", FIELD_SET, 0,
          "ARNs told when there are too few values to tell."),
    FIELD_TAGS("Tags", &read_tags, &put_tags),
    {0},
};

/* Source: PutMetricAlarm, CloudWatch API reference. */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const json_t *want = scope->desired;
    json_int_t seconds = json_integer_value(json_object_get(want, "period_seconds"));
    json_int_t periods = json_integer_value(json_object_get(want, "periods"));

    if (!json_object_get(want, "statistic") == !json_object_get(want, "percentile"))
        problem(arg, "statistic", "one of statistic and percentile is needed");
    if (seconds % 60 && seconds != 10 && seconds != 20 && seconds != 30)
        problem(arg, "period_seconds", "must be 10, 20, 30 or a multiple of 60");
    if (json_integer_value(json_object_get(want, "breaching_periods")) > periods)
        problem(arg, "breaching_periods", "are more than periods");
    if (seconds * periods > (seconds < 3600 ? 86400 : 7 * 86400))
        problem(arg, "periods",
                "all together are longer than AWS looks back: a day, or a week when "
                "each is an hour or more");
}

static const struct member members[] = {
    {"AlarmArn", MEMBER_IGNORED, .why = WHY_ECHO},
    {"StateValue", MEMBER_TOLD, LOSS_DELAYED, .usual = "OK|INSUFFICIENT_DATA|",
     .why = "events are late or not delivered now"},
    {"StateReason", MEMBER_IGNORED, .why = "Told by its state."},
    {"StateReasonData", MEMBER_IGNORED, .why = "The same for machines."},
    {"EvaluateLowSampleCountPercentile", MEMBER_TOLD, LOSS_DELAYED, .usual = "evaluate|",
     .why = "a loss is noticed late: few samples do not count"},
    {"ThresholdMetricId", MEMBER_TOLD, LOSS_DELAYED,
     .why = "a loss is noticed late: the threshold is an estimated band, not the declared number"},
    {"EvaluationState", MEMBER_TOLD, LOSS_DELAYED,
     .why = "a loss is noticed late: the alarm cannot be evaluated"},
    {"EvaluationWindow.WallClockWindow", MEMBER_TOLD, LOSS_DELAYED,
     .why = "a loss is noticed late: it looks at whole hours or days of the clock"},
    {"EvaluationWindow", MEMBER_IGNORED, .why = "The usual window."},
    {"WarmUpConfiguration", MEMBER_TOLD, LOSS_DELAYED,
     .why = "a loss is noticed late: it is silent for a time after each change"},
    {"EvaluationCriteria", MEMBER_TOLD, LOSS_DELAYED,
     .why = "a loss is noticed late: a query is watched instead of the declared metric"},
    {"EvaluationInterval", MEMBER_TOLD, .why = "how often a query is looked at"},
    {"Metrics", MEMBER_TOLD, LOSS_DELAYED,
     .why = "a loss is noticed late: a calculation is watched"},
    {"ActionConfiguration", MEMBER_IGNORED, .why = "Which tags a message carries."},
    {"/CompositeAlarms", MEMBER_IGNORED, .why = "Alarms of another type come only when asked for."},
    {"/LogAlarms", MEMBER_IGNORED, .why = "Alarms of another type come only when asked for."},
    {0},
};

const struct kind alarm_kind = {
    .name = "alarm",
    .title = "CloudWatch alarm",
    .service = "cloudwatch",
    .arn = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}",
    .summary = "CloudWatch alarm on one metric.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .update = &update,
    .remove = &remove_alarm,
    .gone = "ResourceNotFound ResourceNotFoundException",
    .check = check,
    .absent_loss = LOSS_DELAYED,
    .absent_harm = "a loss is noticed late: nobody is told",
};
