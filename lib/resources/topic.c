/* topic -- an SNS topic, which alarms tell people through.
 *
 * Its attributes are a map of texts, each set by a call of its own.  CreateTopic finds a topic that
 * is there already, but not one with other tags. */
#include "resources/kind.h"

#include <string.h>

static const struct call read = {
    .op = "GetTopicAttributes",
    .send = "TopicArn=@arn",
    .take = "Attributes",
};
static const struct call read_tags = {.op = "ListTagsForResource", .send = "ResourceArn=@arn"};
/* Source: CreateTopic, SNS API reference: a topic of that name is answered as if it was made. */
static bool is_quiet(const struct scope *scope)
{
    (void)scope;
    return true;
}

static const struct call create = {
    .op = "CreateTopic",
    .quiet = is_quiet,
    .send = "Name=name Attributes.DisplayName=display_name Attributes.Policy=policy "
            "Attributes.KmsMasterKeyId=kms_key Tags=tags",
};
#define SET(attribute, field)                                                                      \
    {                                                                                              \
        .op = "SetTopicAttributes",                                                                \
        .send = "TopicArn=@arn AttributeName='" attribute "' AttributeValue=" field                \
    }
static const struct call set_display_name = SET("DisplayName", "display_name");
static const struct call set_policy = SET("Policy", "policy");
static const struct call set_key = SET("KmsMasterKeyId", "kms_key");
static const struct call put_tags = {.op = "TagResource", .send = "ResourceArn=@arn Tags=tags"};
static const struct call remove_topic = {
    .op = "DeleteTopic",
    .send = "TopicArn=@arn",
    .why = "its subscriptions go with it",
};

static const struct field fields[] = {
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the topic."},
    {.name = "display_name",
     .member = "DisplayName",
     .set = &set_display_name,
     .summary = "Sender's name in mails and text messages."},
    {.name = "policy",
     .member = "Policy",
     .type = FIELD_POLICY,
     .set = &set_policy,
     .summary = "Who may publish and subscribe, as a whole; silence: the account, its alarms too."},
    {.name = "kms_key",
     .member = "KmsMasterKeyId",
     .set = &set_key,
     .summary = "Key that messages are encrypted with; alarms must be allowed to use it."},
    FIELD_TAGS("Tags", &read_tags, &put_tags),
    {0},
};

/* Source: CreateTopic, SNS API reference.  A name that ends in .fifo is a queue's, not for alarms.
 */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const char *name = json_string_value(json_object_get(scope->desired, "name"));
    size_t n = name ? strlen(name) : 0;

    if (n < 1 || n > 256)
        problem(arg, "name", "a topic's name has 1 to 256 characters");
    else if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != n)
        problem(arg, "name", "a topic's name has only letters, digits, _ and -");
}

static bool is_zero(const struct scope *scope, const json_t *document, const json_t *value)
{
    (void)scope;
    (void)document;
    return json_string_value(value) && !strcmp(json_string_value(value), "0");
}

static const struct member members[] = {
    {"TopicArn", MEMBER_IGNORED, .why = WHY_ECHO},
    {"Owner", MEMBER_IGNORED, .why = WHY_ECHO},
    {"DeliveryPolicy", MEMBER_TOLD, .why = "how often HTTP receivers are tried again"},
    {"EffectiveDeliveryPolicy", MEMBER_IGNORED, .why = "DeliveryPolicy with AWS's defaults."},
    {"SubscriptionsConfirmed", MEMBER_TOLD, LOSS_DELAYED, .usual = "*", .absent = "0",
     .why = "a loss is noticed late: nobody hears the alarm", .harms = is_zero},
    {"SubscriptionsPending", MEMBER_TOLD, LOSS_DELAYED, .usual = "0|",
     .why = "a loss is noticed late: somebody has not confirmed and hears nothing"},
    {"SubscriptionsDeleted", MEMBER_IGNORED, .why = "A counter of the past."},
    {"FifoTopic", MEMBER_TOLD, LOSS_DELAYED, .usual = "false|",
     .why = "a loss is noticed late: alarms are not proved to reach a FIFO topic"},
    {"ContentBasedDeduplication", MEMBER_TOLD, .usual = "false|", .why = "for FIFO topics only"},
    {"FifoThroughputScope", MEMBER_IGNORED, .why = "For FIFO topics only."},
    {"ArchivePolicy", MEMBER_IGNORED, .why = "For FIFO topics only."},
    {"BeginningArchiveTime", MEMBER_IGNORED, .why = "For FIFO topics only."},
    {"MaximumMessageSize", MEMBER_TOLD, LOSS_DELAYED, .usual = "262144|",
     .why = "a loss is noticed late: messages larger than this are refused"},
    {"SignatureVersion", MEMBER_IGNORED, .why = "How HTTP receivers check messages."},
    {"TracingConfig", MEMBER_IGNORED, .why = "Whether X-Ray sees messages."},
    {"*Feedback*", MEMBER_IGNORED, .why = "Whether deliveries are logged."},
    {"*", MEMBER_TOLD, .why = "a key nobody knows"},
    {0},
};

const struct kind topic_kind = {
    .name = "topic",
    .title = "SNS topic",
    .service = "sns",
    .arn = "arn:{partition}:sns:{region}:{account}:{name}",
    .summary = "SNS topic, with its policy and tags.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .remove = &remove_topic,
    .gone = "NotFound ResourceNotFound",
    .check = check,
    .absent_loss = LOSS_DELAYED,
    .absent_harm = "a loss is noticed late: nobody hears the alarm",
};
