/* glue_table -- an external table of the Glue catalog.
 *
 * UpdateTable replaces the whole input, so what AWS has is read, overlaid and written back, without
 * archiving a table version each time.  Names and types fold to lower case.  A table only describes
 * data: dropping it leaves the objects in S3. */
#include "resources/glue_list.h"
#include "resources/glue_table_members.h"
#include "resources/kind.h"
#include "resources/name.h"

#include <string.h>

#define CATALOG                                                                                    \
    "arn:{partition}:glue:{region}:{account}:catalog "                                             \
    "arn:{partition}:glue:{region}:{account}:database/{database} "
#define TABLE "arn:{partition}:glue:{region}:{account}:table/{database}/{name}"

static const struct call read = {
    .op = "GetTable",
    .send = "DatabaseName=database Name=name",
    .take = "Table",
    .absent = "EntityNotFoundException",
    .wide = &glue_list_tables,
    .resource = CATALOG TABLE,
};
#define STORAGE "TableInput.StorageDescriptor."
#define INPUT                                                                                      \
    "DatabaseName=database TableInput.Name=name TableInput.TableType=type "                        \
    "TableInput.Description=description TableInput.PartitionKeys=partition_keys "                  \
    "TableInput.Parameters=+parameters " STORAGE "Location=location " STORAGE                      \
    "InputFormat=input_format " STORAGE "OutputFormat=output_format " STORAGE                      \
    "Columns=columns " STORAGE "SerdeInfo.SerializationLibrary=serde " STORAGE                     \
    "SerdeInfo.Parameters=+serde_parameters "

static const struct call create = {
    .op = "CreateTable",
    .send = INPUT,
    .already = "AlreadyExistsException",
    .resource = CATALOG TABLE,
};
static const struct call update = {
    .op = "UpdateTable",
    .send = "SkipArchive='true' " INPUT,
    .overlay = "TableInput",
    .resource = CATALOG TABLE,
};

static const struct field fields[] = {
    {.name = "database", .type = FIELD_LOWER, .flags = FIELD_KEY, .summary = "Glue database."},
    {.name = "name", .type = FIELD_LOWER, .flags = FIELD_KEY, .summary = "Name of the table."},
    {.name = "type",
     .member = "TableType",
     .otherwise = "EXTERNAL_TABLE", /* and no absent_is: a table may well be of no type */
     .harm = "Another type is another thing to Athena: a view, a governed or an Iceberg table.",
     .usual = "EXTERNAL_TABLE",
     .loss = LOSS_MISREAD,
     .summary = "Table type; without it DDL on the table fails."},
    {.name = "description",
     .member = "Description",
     .harm = "Text for people.",
     .summary = "Text about the table."},
    {.name = "location",
     .member = "StorageDescriptor.Location",
     .type = FIELD_LOCATION,
     .flags = FIELD_REQUIRED | FIELD_NAMES,
     .harm = "Other objects are read than Firehose delivers: requests are not billed.",
     .loss = LOSS_DROPPED,
     .summary = "Where its objects lie: s3://bucket/prefix/."},
    {.name = "input_format",
     .member = "StorageDescriptor.InputFormat",
     .harm = "Objects are read in another form: no request in them counts, or queries fail.",
     .loss = LOSS_MISREAD,
     .summary = "Hadoop input format class."},
    {.name = "output_format",
     .member = "StorageDescriptor.OutputFormat",
     .harm = "Used when a table is written by Athena; ours are not.",
     .usual = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
     .summary = "Hadoop output format class."},
    {.name = "serde",
     .member = "StorageDescriptor.SerdeInfo.SerializationLibrary",
     .harm = "Lines are read by another parser: values are NULL, or queries fail.",
     .loss = LOSS_MISREAD,
     .summary = "SerDe class."},
    {.name = "serde_parameters",
     .member = "StorageDescriptor.SerdeInfo.Parameters",
     .type = FIELD_MAP,
     .flags = FIELD_TRUTHS,
     .loss = LOSS_MISREAD,
     .summary = "SerDe parameters; others are left alone."},
    {.name = "columns",
     .member = "StorageDescriptor.Columns",
     .type = FIELD_COLUMNS,
     .flags = FIELD_REQUIRED,
     .loss = LOSS_MISREAD,
     .summary = "Columns in order, name: Hive type."},
    {.name = "partition_keys",
     .member = "PartitionKeys",
     .type = FIELD_COLUMNS,
     .loss = LOSS_DROPPED,
     .summary = "Partition columns in order, name: Hive type."},
    {.name = "parameters",
     .member = "Parameters",
     .type = FIELD_MAP,
     .flags = FIELD_OWNER | FIELD_TRUTHS | FIELD_NAMES,
     .loss = LOSS_DROPPED,
     .summary = "Table parameters (partition projection); others are left alone."},
    {0},
};

static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const char *location = json_string_value(json_object_get(scope->desired, "location"));
    const char *key;
    json_t *type;

    name_check_catalog(scope, "name", problem, arg);
    name_check_catalog(scope, "database", problem, arg);
    name_check_key(scope, "location", problem, arg);
    if (location && *location && location[strlen(location) - 1] != '/')
        problem(arg, "location", "must end with a slash, or objects of neighbours are read too");
    json_object_foreach(json_object_get(scope->desired, "partition_keys"), key, type) {
        if (json_object_get(json_object_get(scope->desired, "columns"), key))
            problem(arg, "partition_keys", "a partition column cannot be a column too");
        if (!strcasecmp(json_string_value(type), "bigint"))
            problem(arg, "partition_keys", "Athena does not accept bigint here: use int or string");
    }
}

const struct kind glue_table_kind = {
    .name = "glue_table",
    .title = "Glue table",
    .service = "glue",
    .arn = TABLE,
    .summary = "External table in the Glue catalog, with partition projection.",
    .fields = fields,
    .members = glue_table_members,
    .read = &read,
    .create = &create,
    .update = &update,
    .check = check,
    .part = PART_TABLE,
    .for_billing = true,
    .absent_loss = LOSS_DELAYED,
    .absent_harm = "no bill, rollup or audit can be made before it is there again",
};
