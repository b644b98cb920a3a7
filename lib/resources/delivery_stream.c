/* delivery_stream -- a Firehose stream that delivers to S3.
 *
 * UpdateDestination merges: what is not sent stays.  It wants the version that
 * DescribeDeliveryStream told a moment ago; the version is never wanted state.  A stream is never
 * deleted and made again: CloudWatch Logs does not deliver again what it could not deliver in
 * between. */
#include "base/firehose_prefix.h"
#include "base/mem.h"
#include "resources/delivery_stream_members.h"
#include "resources/kind.h"
#include "resources/kms_key.h"
#include "resources/name.h"
#include "resources/tag_list.h"

#include <string.h>

/* The description's one destination, laid flat. */
static json_t *parse(const struct scope *scope, const json_t *reply)
{
    const json_t *description = json_object_get(reply, "DeliveryStreamDescription");
    const json_t *destination = json_array_get(json_object_get(description, "Destinations"), 0);
    json_t *document = json_copy((json_t *)description);

    (void)scope;
    if (!document)
        return NULL;
    json_object_set(document, "DestinationId", json_object_get(destination, "DestinationId"));
    if (json_object_get(destination, "ExtendedS3DestinationDescription"))
        json_object_update_missing(
            document, json_object_get(destination, "ExtendedS3DestinationDescription"));
    return document;
}

static const struct call read = {
    .op = "DescribeDeliveryStream",
    .send = "DeliveryStreamName=name",
    .absent = "ResourceNotFoundException",
    .parse = parse,
    .lift = "DeliveryStreamDescription.Destinations[].ExtendedS3DestinationDescription "
            "DeliveryStreamDescription",
};
static const struct call read_tags = {
    .op = "ListTagsForDeliveryStream",
    .send = "DeliveryStreamName=name Limit='50'",
    .page = "ExclusiveStartTagKey=Tags[last].Key?HasMoreTags",
    .absent = "ResourceNotFoundException",
    .wide = &tag_list_stream,
};

/* A role made a moment ago cannot be assumed yet.  The same texts appear for a role that is really
 * wrong, so after the window they are told as real. */
static const struct settle role_made[] = {
    {"InvalidArgumentException", "Firehose is unable to assume role", 120,
     "the IAM role to propagate"},
    {"InvalidArgumentException", "is not authorized to", 120, "the IAM role to propagate"},
    {"InvalidArgumentException", "Access was denied", 120, "the IAM role to propagate"},
    {"InvalidArgumentException", "Verify that the IAM role has access", 120,
     "the IAM role to propagate"},
    {0},
};

#define DESTINATION(root)                                                                          \
    root ".RoleARN=role " root ".BucketARN=bucket " root ".Prefix=prefix " root                    \
         ".ErrorOutputPrefix=error_prefix " root ".BufferingHints.SizeInMBs=buffer_mib " root      \
         ".BufferingHints.IntervalInSeconds=buffer_seconds " root                                  \
         ".CompressionFormat=compression " root ".FileExtension=file_extension " root              \
         ".CustomTimeZone=time_zone " root                                                         \
         ".EncryptionConfiguration.KMSEncryptionConfig.AWSKMSKeyARN=kms_key " root                 \
         ".ProcessingConfiguration.Enabled=processing " root                                       \
         ".ProcessingConfiguration.Processors=processors " root                                    \
         ".CloudWatchLoggingOptions.Enabled=error_logging " root                                   \
         ".CloudWatchLoggingOptions.LogGroupName=error_log_group " root                            \
         ".CloudWatchLoggingOptions.LogStreamName=error_log_stream "

static const struct call create = {
    .op = "CreateDeliveryStream",
    .send = "DeliveryStreamName=name DeliveryStreamType=type Tags=tags " //
    DESTINATION("ExtendedS3DestinationConfiguration"),
    .already = "ResourceInUseException",
    .settle = role_made,
};
static const struct call update = {
    .op = "UpdateDestination",
    .send = "DeliveryStreamName=name CurrentDeliveryStreamVersionId=version "
            "DestinationId=destination_id " //
    DESTINATION("ExtendedS3DestinationUpdate"),
    .settle = role_made,
};
static const struct call put_tags = {
    .op = "TagDeliveryStream",
    .send = "DeliveryStreamName=name Tags=tags",
};

static const struct field fields[] = {
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the delivery stream."},
    {.name = "type",
     .member = "DeliveryStreamType",
     .flags = FIELD_FIXED,
     .otherwise = "DirectPut",
     .absent_is = "DirectPut",
     .harm = "A stream with another source refuses what CloudWatch Logs puts.",
     .usual = "DirectPut",
     .loss = LOSS_DROPPED,
     .summary = "Where records come from; DirectPut for CloudWatch Logs."},
    {.name = "status", .member = "DeliveryStreamStatus", .flags = FIELD_REPORTED},
    {.name = "version", .member = "VersionId", .flags = FIELD_REPORTED},
    {.name = "destination_id", .member = "DestinationId", .flags = FIELD_REPORTED},
    {.name = "role",
     .member = "RoleARN",
     .type = FIELD_ARN,
     .flags = FIELD_REQUIRED,
     .passes = "firehose.amazonaws.com",
     .harm = "Firehose delivers with another role; if it may not write, events are dropped after "
             "24 hours.",
     .loss = LOSS_DROPPED,
     .summary = "ARN of the role Firehose delivers with."},
    {.name = "bucket",
     .member = "BucketARN",
     .type = FIELD_ARN,
     .flags = FIELD_REQUIRED,
     .harm = "Events go to another bucket, where billing does not look.",
     .loss = LOSS_DROPPED,
     .summary = "ARN of the bucket."},
    {.name = "prefix",
     .member = "Prefix",
     .harm = "Objects land where the raw table does not look.",
     .loss = LOSS_DROPPED,
     .summary = "Key prefix of delivered objects."},
    {.name = "error_prefix",
     .member = "ErrorOutputPrefix",
     .harm = "Failed records are unbilled usage; inside a table they break its queries.",
     .loss = LOSS_MISREAD,
     .summary = "Key prefix of what could not be delivered; holds unbilled usage."},
    {.name = "buffer_mib",
     .member = "BufferingHints.SizeInMBs",
     .type = FIELD_INT,
     .harm = "Small buffers make many small objects: more cost and slower queries, no loss.",
     .usual = "5",
     .summary = "Deliver when this much has come in, MiB."},
    {.name = "buffer_seconds",
     .member = "BufferingHints.IntervalInSeconds",
     .type = FIELD_INT,
     .harm = "Events arrive up to this much later; 900 seconds at most.",
     .usual = "300",
     .loss = LOSS_DELAYED,
     .summary = "Deliver after this time, seconds."},
    {.name = "compression",
     .member = "CompressionFormat",
     .absent_is = "UNCOMPRESSED",
     .harm = "Athena picks the codec by the name: content of another form is unreadable or counted "
             "short.",
     .usual = "UNCOMPRESSED",
     .loss = LOSS_MISREAD,
     .summary = "Compression of delivered objects."},
    {.name = "file_extension",
     .member = "FileExtension",
     .harm = "Athena picks the codec by the end of the name: with the wrong one objects are "
             "unreadable.",
     .loss = LOSS_MISREAD,
     .summary = "End of object names; Athena picks the codec by it."},
    {.name = "time_zone",
     .member = "CustomTimeZone",
     .otherwise = "UTC",
     .absent_is = "UTC",
     .harm = "Partitions are in another zone than the windows that queries read: hours at the "
             "edges are not billed.",
     .usual = "UTC",
     .loss = LOSS_DROPPED,
     .summary = "Time zone of the prefix."},
    {.name = "kms_key",
     .member = "EncryptionConfiguration.KMSEncryptionConfig.AWSKMSKeyARN",
     .type = FIELD_ARN,
     .harm = "Without permission for this key Firehose cannot write: events are dropped after 24 "
             "hours. Readers need it as well.",
     .loss = LOSS_DROPPED,
     .summary = "KMS key objects are encrypted with."},
    {.name = "processing",
     .member = "ProcessingConfiguration.Enabled",
     .type = FIELD_BOOL,
     .harm = "Without its processors an object holds one readable document at best; the other "
             "events are not billed.",
     .usual = "false",
     .loss = LOSS_DROPPED,
     .summary = "Whether the processors run."},
    {.name = "processors",
     .member = "ProcessingConfiguration.Processors",
     .type = FIELD_LIST,
     .harm = "A missing, added or moved processor changes or drops records; a Lambda may drop any.",
     .loss = LOSS_DROPPED,
     .summary = "Processors in order, in AWS's form."},
    {.name = "error_logging",
     .member = "CloudWatchLoggingOptions.Enabled",
     .type = FIELD_BOOL,
     .harm = "Delivery errors show nowhere: a loss is found late.",
     .usual = "false",
     .summary = "Whether delivery errors are logged."},
    {.name = "error_log_group",
     .member = "CloudWatchLoggingOptions.LogGroupName",
     .flags = FIELD_NAMES,
     .harm = "Where delivery errors are told; a group that does not exist hides them.",
     .summary = "Log group for delivery errors; must exist."},
    {.name = "error_log_stream",
     .member = "CloudWatchLoggingOptions.LogStreamName",
     .flags = FIELD_NAMES,
     .harm = "Where delivery errors are told; a stream that does not exist hides them.",
     .summary = "Log stream for delivery errors; must exist."},
    FIELD_TAGS("Tags", &read_tags, &put_tags),
    {0},
};

static const char *text(const struct scope *scope, const char *field)
{
    return json_string_value(json_object_get(scope->desired, field));
}

/* Source: "Custom prefixes for Amazon S3 objects", Firehose developer guide. */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const char *prefix = text(scope, "prefix"), *error_prefix = text(scope, "error_prefix");

    name_check_key(scope, "prefix", problem, arg);
    name_check_key(scope, "error_prefix", problem, arg);
    if (prefix && strstr(prefix, "firehose:error-output-type"))
        problem(arg, "prefix", "!{firehose:error-output-type} belongs in error_prefix only");
    if (prefix && strstr(prefix, "!{") && (!error_prefix || !*error_prefix))
        problem(arg, "error_prefix", "required when prefix has expressions");
    if (!json_object_get(scope->desired, "buffer_mib") !=
        !json_object_get(scope->desired, "buffer_seconds"))
        problem(arg,
                json_object_get(scope->desired, "buffer_mib") ? "buffer_mib" : "buffer_seconds",
                "give both buffer_mib and buffer_seconds, or neither");
}

/* data_location: where the objects lie, up to the first partition key ("s3://b/logs/" for the
 * prefix "logs/year=!{timestamp:yyyy}/..."). */
static char *attribute(const struct scope *scope, const char *name)
{
    const char *bucket = text(scope, "bucket"), *prefix = text(scope, "prefix");
    cleanup_free char *folder = NULL;

    if (strcmp(name, "data_location") || !bucket || !prefix || !strrchr(bucket, ':'))
        return NULL;
    folder = firehose_prefix_folder(prefix);
    return mem_printf("s3://%s/%s", strrchr(bucket, ':') + 1, folder);
}

static bool has_processor(const json_t *resource, const char *type)
{
    const json_t *processor;
    size_t i;

    json_array_foreach(json_object_get(resource, "processors"), i, processor) {
        const char *name = json_string_value(json_object_get(processor, "Type"));

        if (name && !strcmp(name, type))
            return true;
    }
    return false;
}

/* CloudWatch Logs sends gzip without newlines.  Delivered as it comes, Athena finds one document
 * per object at best. */
static void note(const struct scope *scope, json_t *notes)
{
    static const char *const types[] = {"Decompression", "AppendDelimiterToRecord"};
    const char *prefix = json_string_value(json_object_get(scope->observed, "prefix"));

    kms_key_note(scope, "kms_key",
                 "the stream's role (kms:GenerateDataKey, kms:Decrypt) and who runs queries "
                 "(kms:Decrypt)",
                 notes);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!scope->observed || !has_processor(scope->desired, types[i]) ||
            has_processor(scope->observed, types[i]))
            continue;
        json_array_append_new(
            notes,
            json_sprintf("without %s Athena reads the first record of an object below %s, or none: "
                         "the other events there are not billed. `billingd audit` counts them; "
                         "after apply, `billingd backfill --legacy PREFIX` recovers them",
                         types[i], prefix ? prefix : "its prefix"));
        return;
    }
}

/* Source: DescribeDeliveryStream and DeleteDeliveryStream, Firehose API reference. */
static const struct kind_state states[] = {
    {"CREATING_FAILED",
     "it was never made whole, this never changes, and it takes no records; when "
     "the cause is gone, delete it by hand and apply again"},
    {"DELETING", "somebody deletes it, and it promises no delivery any more; in some minutes its "
                 "name is free again"},
    {"DELETING_FAILED", "somebody deleted it, AWS could not end that, and it promises no delivery; "
                        "delete it by hand, with --allow-force-delete"},
    {0},
};

const struct kind delivery_stream_kind = {
    .name = "delivery_stream",
    .title = "delivery stream",
    .service = "firehose",
    .arn = "arn:{partition}:firehose:{region}:{account}:deliverystream/{name}",
    .summary = "Firehose delivery stream to S3.",
    .fields = fields,
    .members = delivery_stream_members,
    .read = &read,
    .create = &create,
    .update = &update,
    .ready = "ACTIVE",
    .pending = "CREATING",
    .failure = "FailureDescription",
    .states = states,
    .holds_data = true,
    .check = check,
    .note = note,
    .attribute = attribute,
    .part = PART_DELIVERY,
    .absent_loss = LOSS_DROPPED,
    .absent_harm = "events that the filter sends reach no bucket",
    .passed = "name",
};
