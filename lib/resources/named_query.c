/* named_query -- a saved query of an Athena workgroup.
 *
 * Queries have ids, names are not unique, and creating twice makes two.  The id is found by listing
 * the workgroup; two creates at once have the same token and make one.  There is no place for our
 * mark on it (a name, a text and a description can all be others'), so it is never deleted, and
 * copies are told with their ids. */
#include "base/json.h"
#include "base/str.h"
#include "resources/kind.h"
#include "resources/name.h"

#include <string.h>

static const struct call list = {
    .op = "ListNamedQueries",
    .send = "WorkGroup=workgroup MaxResults='50'",
    .page = "NextToken=NextToken",
    .absent = "InvalidRequestException:is not found",
};
static json_t *as_queries(const struct wide_found *found)
{
    return json_pack("{s:O}", "NamedQueries", found->items);
}
/* Of several workgroups together: 50 ids in one call (BatchGetNamedQuery, API reference). */
static const struct wide_read read_many = {
    .call = {.op = "BatchGetNamedQuery", .send = ""},
    .list = "NamedQueries",
    .key = "NamedQueryId",
    .by = "NamedQueryIds",
    .gather = "NamedQueryIds",
    .most = 50,
    .after = "ListNamedQueries",
    .least = 2,
    .answer = as_queries,
};
static const struct call read = {
    .op = "BatchGetNamedQuery",
    .send = "NamedQueryIds=ids",
    .take = "NamedQueries",
    .find = "Name=name Database=database",
    .chunk = 50,
    .wide = &read_many,
};
static const struct call create = {
    .op = "CreateNamedQuery",
    .send = "WorkGroup=workgroup Database=database Name=name Description=summary QueryString=sql",
    .token = "ClientRequestToken=NamedQueryId",
};
static const struct call update = {
    .op = "UpdateNamedQuery",
    .send = "NamedQueryId=id Name=name Description=summary QueryString=sql",
};

static const struct field fields[] = {
    {.name = "workgroup", .flags = FIELD_KEY, .summary = "Athena workgroup."},
    {.name = "database", .flags = FIELD_KEY, .summary = "Glue database the query runs in."},
    {.name = "name", .flags = FIELD_KEY, .summary = "Name shown in the console."},
    {.name = "ids",
     .member = "NamedQueryIds",
     .type = FIELD_SET,
     .flags = FIELD_REPORTED,
     .read = &list},
    {.name = "id", .member = "NamedQueryId", .flags = FIELD_REPORTED},
    {.name = "summary", .member = "Description", .summary = "What the query tells."},
    {.name = "sql",
     .member = "QueryString",
     .type = FIELD_SQL,
     .flags = FIELD_REQUIRED,
     .loss = LOSS_MISREAD,
     .summary = "Text of the query."},
    {0},
};

static const struct member members[] = {
    {"Name", MEMBER_IGNORED, .why = WHY_ECHO},
    {"Database", MEMBER_IGNORED, .why = WHY_ECHO},
    {"WorkGroup", MEMBER_IGNORED, .why = WHY_ECHO},
    {"/UnprocessedNamedQueryIds", MEMBER_TOLD,
     .why = "saved queries that AWS did not return: what they hold is unknown"},
    {0},
};

/* Which of them is kept as the spec says: the first that is listed. */
static void note(const struct scope *scope, json_t *notes)
{
    const json_t *queries =
        json_object_get(json_object_get(scope->replies, read.op), "NamedQueries");
    const char *kept = json_text(scope->document, "NamedQueryId");
    cleanup_str struct str others = {0};
    size_t i, count = 0;
    json_t *query;

    json_array_foreach((json_t *)queries, i, query) {
        const char *id = json_text(query, "NamedQueryId");

        if (!kept || !id || !strcmp(id, kept) ||
            !json_equal(json_object_get(query, "Name"), json_object_get(scope->desired, "name")) ||
            !json_equal(json_object_get(query, "Database"),
                        json_object_get(scope->desired, "database")))
            continue;
        str_addf(&others, "%s%s", count++ ? ", " : "", id);
    }
    if (count)
        json_array_append_new(
            notes,
            json_sprintf("%zu more saved queries have this name and database: %s. billingd keeps "
                         "%s as the spec says; nothing tells copies of ours from others', so they "
                         "stay: remove each with `aws athena delete-named-query --named-query-id "
                         "ID`",
                         count, str_text(&others), kept));
}

static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    name_check_catalog(scope, "database", problem, arg);
}

const struct kind named_query_kind = {
    .name = "named_query",
    .title = "saved query",
    .service = "athena",
    .arn = "arn:{partition}:athena:{region}:{account}:workgroup/{workgroup}",
    .summary = "Saved Athena query.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .update = &update,
    .note = note,
    .check = check,
};
