/* glue_list.c -- the lists hold the same documents as the single reads. */
#include "resources/glue_list.h"

#define HEAD "arn:{partition}:glue:{region}:{account}:"

static json_t *as_table(const struct wide_found *found)
{
    return json_pack("{s:O}", "Table", json_array_get(found->items, 0));
}

static json_t *as_database(const struct wide_found *found)
{
    return json_pack("{s:O}", "Database", json_array_get(found->items, 0));
}

const struct wide_read glue_list_tables = {
    .service = "glue",
    .call = {.op = "GetTables",
             .send = "DatabaseName=database",
             .page = "NextToken=NextToken",
             .resource = HEAD "catalog " HEAD "database/{database} " HEAD "table/{database}/*"},
    .list = "TableList",
    .key = "Name",
    .by = "Name",
    .fold = true,
    .within = true,
    .least = 2,
    .tells_absence = true,
    .answer = as_table,
};

const struct wide_read glue_list_databases = {
    .service = "glue",
    .call = {.op = "GetDatabases",
             .send = "",
             .page = "NextToken=NextToken",
             .resource = HEAD "catalog " HEAD "database/*"},
    .list = "DatabaseList",
    .key = "Name",
    .by = "Name",
    .fold = true,
    .least = 2,
    .tells_absence = true,
    .answer = as_database,
};
