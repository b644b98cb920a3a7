/* delivery_stream_members -- what a delivery stream tells beside its fields. */
#include "resources/delivery_stream_members.h"

#include <string.h>

/* What a processor may have without being declared.  Source: ProcessorParameter, Firehose API
 * reference; the values are AWS's own defaults. */
static bool is_default(const json_t *parameter)
{
    static const char *const defaults[][2] = {{"Delimiter", "\\n"},
                                              {"NumberOfRetries", "3"},
                                              {"BufferSizeInMBs", "1"},
                                              {"BufferIntervalInSeconds", "60"},
                                              {"CompressionFormat", "GZIP"}};
    const char *name = json_string_value(json_object_get(parameter, "ParameterName"));
    const char *value = json_string_value(json_object_get(parameter, "ParameterValue"));

    for (size_t i = 0; name && value && i < sizeof defaults / sizeof *defaults; i++)
        if (!strcmp(name, defaults[i][0]) && !strcmp(value, defaults[i][1]))
            return true;
    return name && (!strcmp(name, "RoleArn") || !strcmp(name, "LambdaArn"));
}

static bool is_unusual_processing(const struct scope *scope, const json_t *document,
                                  const json_t *value)
{
    json_t *parameter;
    size_t i;

    (void)document;
    json_array_foreach((json_t *)value, i, parameter)
        if (!is_default(parameter))
            return json_object_get(scope->desired, "processors");
    return false;
}

static bool keeps_backup(const struct scope *scope, const json_t *document, const json_t *value)
{
    const char *mode = json_string_value(json_object_get(document, "S3BackupMode"));

    (void)scope;
    (void)value;
    return mode && !strcmp(mode, "Enabled");
}

const struct member delivery_stream_members[] = {
    {"DeliveryStreamName", MEMBER_IGNORED, .why = WHY_ECHO},
    {"DeliveryStreamARN", MEMBER_IGNORED, .why = WHY_ECHO},
    {"CreateTimestamp", MEMBER_IGNORED, .why = WHY_TIME},
    {"LastUpdateTimestamp", MEMBER_IGNORED, .why = WHY_TIME},
    {"FailureDescription", MEMBER_TOLD, LOSS_DROPPED,
     .why = "making or deleting the stream failed: it takes no records"},
    {"DeliveryStreamEncryptionConfiguration.KeyARN", MEMBER_TOLD, LOSS_DROPPED,
     .why = "records in the stream depend on this key: while it is disabled they wait 24 hours and "
            "are lost"},
    {"DeliveryStreamEncryptionConfiguration.KeyType", MEMBER_TOLD, LOSS_DROPPED,
     .usual = "AWS_OWNED_CMK|",
     .why = "records in the stream depend on a key of the customer: while it is disabled they wait "
            "24 hours and are lost"},
    {"DeliveryStreamEncryptionConfiguration.Status", MEMBER_TOLD, .usual = "DISABLED|",
     .why = "records are encrypted, or a change of that is under way"},
    {"DeliveryStreamEncryptionConfiguration.FailureDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why =
         "Firehose cannot use the key of the stream: records wait up to 24 hours and are then lost",
     .end =
         "open the key to Firehose, or StartDeliveryStreamEncryption with AWS_OWNED_CMK by hand"},
    {"Source.DirectPutSourceDescription", MEMBER_IGNORED,
     .why = "A hint for AWS that changes no limit."},
    {"Source.KinesisStreamSourceDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream reads from Kinesis: CloudWatch Logs cannot put into it",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Source.MSKSourceDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream reads from Kafka: CloudWatch Logs cannot put into it",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Source.DatabaseSourceDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream reads from a database: CloudWatch Logs cannot put into it",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Destinations[].DestinationId", MEMBER_IGNORED, .why = "Names the destination in an update."},
    {"Destinations[].S3DestinationDescription", MEMBER_IGNORED,
     .why = "The same destination told a second time."},
    {"Destinations[].ExtendedS3DestinationDescription", MEMBER_IGNORED,
     .why = "Compared as the stream's own members."},
    {"Destinations[].RedshiftDestinationDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream delivers elsewhere than to our bucket",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Destinations[].ElasticsearchDestinationDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream delivers elsewhere than to our bucket",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Destinations[].AmazonopensearchserviceDestinationDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream delivers elsewhere than to our bucket",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Destinations[].SplunkDestinationDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream delivers elsewhere than to our bucket",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Destinations[].HttpEndpointDestinationDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream delivers elsewhere than to our bucket",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Destinations[].SnowflakeDestinationDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream delivers elsewhere than to our bucket",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Destinations[].AmazonOpenSearchServerlessDestinationDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream delivers elsewhere than to our bucket",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"Destinations[].IcebergDestinationDescription", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "the stream delivers elsewhere than to our bucket",
     .end = "make a stream of another name with billingd, and delete this one when it is empty"},
    {"HasMoreDestinations", MEMBER_TOLD, LOSS_MISREAD, .usual = "false|",
     .why = "there is a second destination that nobody can see"},
    {"EncryptionConfiguration.NoEncryptionConfig", MEMBER_IGNORED,
     .why = "Says only that there is no key beside it."},
    {"ProcessingConfiguration.Processors[].Parameters", MEMBER_DRIFT, LOSS_MISREAD,
     .why = "a processor changes the records: lines are joined or cut elsewhere, and Athena does "
            "not find them",
     .reset = "", .harms = is_unusual_processing},
    {"S3BackupMode", MEMBER_TOLD, .usual = "Disabled|",
     .why = "the records are kept a second time; it cannot be switched off again"},
    {"S3BackupDescription", MEMBER_TOLD, LOSS_MISREAD,
     .why = "the second copy of the records: within a table's place it is read as requests",
     .harms = keeps_backup},
    {"DataFormatConversionConfiguration.Enabled", MEMBER_DRIFT, LOSS_MISREAD, .usual = "false",
     .absent = "true",
     .why = "records are converted to another format: the raw table cannot read the objects",
     .reset = "ExtendedS3DestinationUpdate."},
    {"DataFormatConversionConfiguration", MEMBER_IGNORED,
     .why = "Says how records are converted; Enabled is judged."},
    {"DynamicPartitioningConfiguration.Enabled", MEMBER_DRIFT, LOSS_DROPPED, .usual = "false|",
     .why = "records without the partition keys go to the error prefix and are not billed",
     .end = "it cannot be switched off: make a stream of another name with billingd, and delete "
            "this one when it is empty"},
    {"DynamicPartitioningConfiguration", MEMBER_IGNORED,
     .why = "Says how long is tried; Enabled is judged."},
    {0},
};
