/* glue_database -- a database of the Glue catalog.
 *
 * UpdateDatabase replaces the whole input, so what AWS has is read, overlaid and written back. */
#include "resources/glue_list.h"
#include "resources/kind.h"
#include "resources/name.h"

/* Glue checks the catalog, the database and (for tables) the table. */
#define CATALOG "arn:{partition}:glue:{region}:{account}:catalog"
#define DATABASE "arn:{partition}:glue:{region}:{account}:database/{name}"

static const struct call read = {
    .op = "GetDatabase",
    .send = "Name=name",
    .take = "Database",
    .absent = "EntityNotFoundException",
    .wide = &glue_list_databases,
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
    {.name = "description",
     .member = "Description",
     .harm = "Text for people.",
     .summary = "Text about the database."},
    {.name = "location",
     .member = "LocationUri",
     .type = FIELD_LOCATION,
     .harm = "Where tables without a location lie; ours have one each.",
     .summary = "Default location of its tables."},
    {.name = "parameters",
     .member = "Parameters",
     .type = FIELD_MAP,
     .flags = FIELD_OWNER,
     .summary = "Parameters; others are left alone."},
    {0},
};

static const struct member members[] = {
    {"Name", MEMBER_IGNORED, .why = WHY_ECHO},
    {"CreateTime", MEMBER_IGNORED, .why = WHY_TIME},
    {"CatalogId", MEMBER_IGNORED, .why = WHY_ECHO},
    {"CreateTableDefaultPermissions[].Principal.DataLakePrincipalIdentifier", MEMBER_TOLD,
     LOSS_DELAYED, .usual = "IAM_ALLOWED_PRINCIPALS|EVERYONE|",
     .why = "new tables are under Lake Formation: without a grant our queries on them are refused"},
    {"CreateTableDefaultPermissions[].Permissions", MEMBER_TOLD, LOSS_DELAYED,
     .usual = "[\"ALL\"]|",
     .why = "new tables are under Lake Formation: without a grant our queries on them are refused"},
    {"TargetDatabase", MEMBER_DRIFT, LOSS_MISREAD,
     .why = "the name is a link: tables are read from, and written to, another database",
     .end = "remove it by hand: billingd deletes no database"},
    {"FederatedDatabase", MEMBER_DRIFT, LOSS_DELAYED,
     .why = "the database is one of another metastore: our tables cannot be kept in it",
     .end = "remove it by hand: billingd deletes no database"},
    {0},
};

static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    name_check_catalog(scope, "name", problem, arg);
    name_check_key(scope, "location", problem, arg);
}

const struct kind glue_database_kind = {
    .name = "glue_database",
    .title = "Glue database",
    .service = "glue",
    .arn = DATABASE,
    .summary = "Glue database.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .update = &update,
    .check = check,
    .for_billing = true,
    .absent_loss = LOSS_DELAYED,
    .absent_harm = "no bill, rollup or audit can be made before it is there again",
};
