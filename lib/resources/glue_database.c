/* glue_database -- a database of the Glue catalog.
 *
 * UpdateDatabase replaces the whole input, so what AWS has is read, overlaid and written back. */
#include "resources/kind.h"

/* Glue checks the catalog, the database and (for tables) the table. */
#define CATALOG "arn:{partition}:glue:{region}:{account}:catalog"
#define DATABASE "arn:{partition}:glue:{region}:{account}:database/{name}"

static const struct call read = {
    .op = "GetDatabase",
    .send = "Name=name",
    .take = "Database",
    .absent = "EntityNotFoundException",
    .resource = CATALOG " " DATABASE,
};
#define INPUT                                                                                      \
    "DatabaseInput.Name=name DatabaseInput.Description=description "                               \
    "DatabaseInput.LocationUri=location DatabaseInput.Parameters=+parameters "

static const struct call create = {
    .op = "CreateDatabase",
    .send = INPUT,
    .already = "AlreadyExistsException",
    .resource = CATALOG " " DATABASE,
};
static const struct call update = {
    .op = "UpdateDatabase",
    .send = "Name=name " INPUT,
    .overlay = "DatabaseInput",
    .resource = CATALOG " " DATABASE,
};

static const struct field fields[] = {
    {.name = "name",
     .type = FIELD_LOWER,
     .flags = FIELD_KEY,
     .summary = "Name of the database, lower case."},
    {.name = "description", .member = "Description", .summary = "Text about the database."},
    {.name = "location",
     .member = "LocationUri",
     .type = FIELD_LOCATION,
     .summary = "Default location of its tables."},
    {.name = "parameters",
     .member = "Parameters",
     .type = FIELD_MAP,
     .flags = FIELD_OWNER,
     .summary = "Parameters; others are left alone."},
    {0},
};

const struct kind glue_database_kind = {
    .name = "glue_database",
    .title = "Glue database",
    .service = "glue",
    .arn = DATABASE,
    .summary = "Glue database.",
    .fields = fields,
    .read = &read,
    .create = &create,
    .update = &update,
    .for_billing = true,
};
