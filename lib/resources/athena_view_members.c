/* athena_view_members -- what the Glue table of a view tells beside its fields. */
#include "resources/athena_view_members.h"

#include "base/json.h"
#include "resources/glue_members.h"

#include <strings.h>

static bool is_elsewhere(const struct scope *scope, const json_t *document, const json_t *value)
{
    const char *schema = json_string_value(value), *database = json_text(document, "DatabaseName");

    (void)scope;
    return schema && database && strcasecmp(schema, database) != 0;
}

const struct member athena_view_members[] = {
    {"StorageDescriptor.Location", MEMBER_IGNORED, .why = "A view has no objects of its own."},
    {"StorageDescriptor.AdditionalLocations", MEMBER_IGNORED,
     .why = "A view has no objects of its own."},
    {"StorageDescriptor.InputFormat", MEMBER_IGNORED, .why = "A view has no objects of its own."},
    {"StorageDescriptor.OutputFormat", MEMBER_IGNORED, .why = "A view has no objects of its own."},
    {"StorageDescriptor.NumberOfBuckets", MEMBER_IGNORED,
     .why = "A view has no objects of its own."},
    {"StorageDescriptor.SerdeInfo", MEMBER_IGNORED, .why = "A view has no objects of its own."},
    {"StorageDescriptor.BucketColumns", MEMBER_IGNORED, .why = "A view has no objects of its own."},
    {"StorageDescriptor.SchemaReference", MEMBER_IGNORED,
     .why = "A view has no objects of its own."},
    {"StorageDescriptor.Columns", MEMBER_IGNORED,
     .why = "Compared with the columns in the view's text."},
    {"Description", MEMBER_TOLD, LOSS_DELAYED, .why = "Trino takes it for the view's mark"},
    {"PartitionKeys", MEMBER_DRIFT, LOSS_DELAYED,
     .why = "a view with partition keys is refused by queries", .reset = ""},
    {"ViewOriginalText", MEMBER_IGNORED, .why = "Compared as its SQL and columns."},
    {"OriginalSql", MEMBER_IGNORED, .why = "Taken from ViewOriginalText."},
    {"ViewColumns", MEMBER_IGNORED, .why = "Taken from ViewOriginalText."},
    {"ViewSchema", MEMBER_DRIFT, LOSS_MISREAD,
     .why = "the view's text looks for tables without a database in another one: other data is "
            "read, or none",
     .reset = "", .harms = is_elsewhere},
    {"ViewCatalog", MEMBER_DRIFT, LOSS_MISREAD, .usual = "awsdatacatalog|AwsDataCatalog|",
     .why = "the view's text looks for tables in another catalog: other data is read, or none",
     .reset = ""},
    {"ViewExpandedText", MEMBER_TOLD, .usual = "/* Presto View */|",
     .why = "Athena takes the view from ViewOriginalText"},
    {"Parameters.presto_view", MEMBER_DRIFT, LOSS_DELAYED, .usual = "true", .absent = "",
     .why = "Athena does not take it for a view of its own: every query fails", .reset = ""},
    {"Parameters.comment", MEMBER_DRIFT, LOSS_DELAYED, .usual = "Presto View", .absent = "",
     .why = "Trino knows its views by this text: with another one queries fail", .reset = ""},
    {"Parameters.transient_lastDdlTime", MEMBER_IGNORED,
     .why = "A note of engines; no result depends on it."},
    {"Parameters.last_modified_by", MEMBER_IGNORED,
     .why = "A note of engines; no result depends on it."},
    {"Parameters.last_modified_time", MEMBER_IGNORED,
     .why = "A note of engines; no result depends on it."},
    {"Parameters.EXTERNAL", MEMBER_IGNORED, .why = "A note of engines; no result depends on it."},
    {"Parameters.classification", MEMBER_IGNORED,
     .why = "A note of engines; no result depends on it."},
    {"Parameters.*", MEMBER_TOLD, .why = "a key nobody knows; what a view shows is in its text"},
    {.more = glue_members},
};
