#include "reconcile/iam_policy.h"

#include "aws/partition.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/table.h"

#include <string.h>

/* action -> {resource: true}, gathered over all resources of the spec. */
static void allow(json_t *grants, const char *action, const char *resource)
{
    json_t *resources = json_object_get(grants, action);

    if (!resources) {
        resources = json_object();
        json_object_set_new(grants, action, resources);
    }
    json_object_set_new(resources, resource, json_true());
    /* CloudWatch Logs knows a group's streams, and some actions the group, as "name:*". */
    if (strstr(resource, ":log-group:") && resource[strlen(resource) - 1] != '*') {
        cleanup_free char *below = mem_printf("%s:*", resource);

        json_object_set_new(resources, below, json_true());
    }
}

/* Calls each for every word of a blank-separated list. */
static void each_word(const char *words, void (*each)(void *, const char *), void *arg)
{
    while (words && *words) {
        size_t n = strcspn(words, " ");
        cleanup_free char *word = mem_text_n(words, n);

        each(arg, word);
        words += n;
        words += strspn(words, " ");
    }
}

struct grant {
    json_t *grants;
    const struct scope *scope;
    const struct call *call;
    const char *action;
};

static void grant_resource(void *arg, const char *template)
{
    struct grant *grant = arg;
    cleanup_free char *resource = table_fill(grant->scope, template, "*");

    allow(grant->grants, grant->action, resource);
}

static void grant_action(void *arg, const char *action)
{
    struct grant *grant = arg;
    const char *resources = grant->call->resource ? grant->call->resource : grant->scope->kind->arn;

    grant->action = action;
    each_word(resources ? resources : "*", grant_resource, grant);
}

static void grant_anywhere(void *arg, const char *action)
{
    allow(((struct grant *)arg)->grants, action, "*");
}

static void grant_call(json_t *grants, const struct scope *scope, const struct call *call)
{
    struct grant grant = {grants, scope, call, NULL};
    cleanup_free char *usual = NULL;

    if (!call)
        return;
    usual = mem_printf("%s:%s", scope->kind->service, call->op);
    each_word(call->action ? call->action : usual, grant_action, &grant);
    each_word(call->also, grant_anywhere, &grant);
}

static void grant_resource_calls(json_t *grants, const struct manifest_resource *resource,
                                 const struct scope *scope)
{
    const struct kind *kind = resource->kind;

    grant_call(grants, scope, kind->read);
    grant_call(grants, scope, resource->absent ? kind->remove : kind->create);
    for (const struct field *f = kind->fields; f->name; f++) {
        if (f->read && kind_reads(f, scope->desired, resource->absent))
            grant_call(grants, scope, f->read);
        if (json_object_get(scope->desired, f->name) && !resource->absent &&
            !(f->flags & (FIELD_KEY | FIELD_FIXED | FIELD_LOCAL | FIELD_REPORTED)))
            grant_call(grants, scope, f->set ? f->set : kind->update);
    }
}

static void add_statement(json_t *policy, json_t *actions, json_t *resources, json_t *condition)
{
    json_t *statement =
        json_pack("{s:s, s:o, s:o}", "Effect", "Allow", "Action", actions, "Resource", resources);

    if (condition)
        json_object_set_new(statement, "Condition", condition);
    json_array_append_new(json_object_get(policy, "Statement"), statement);
}

/* What a service is called when a role is passed to it: with the region too, for CloudWatch Logs.
 */
static json_t *passed_to(const struct field *field, const json_t *facts)
{
    size_t n = strcspn(field->passes, ".");
    cleanup_free char *regional = mem_printf("%.*s.%s%s", (int)n, field->passes,
                                             json_text(facts, "region"), field->passes + n);

    return json_pack("{s:{s:[s, s]}}", "StringEqualsIfExists", "iam:PassedToService", field->passes,
                     regional);
}

static void grant_passing(json_t *policy, const struct scope *scope)
{
    for (const struct field *f = scope->kind->fields; f->name; f++)
        if (f->passes && json_object_get(scope->desired, f->name))
            add_statement(policy, json_string("iam:PassRole"),
                          json_share(json_object_get(scope->desired, f->name)),
                          passed_to(f, scope->facts));
}

static json_t *keys_of(const json_t *object)
{
    json_t *keys, *value;
    const char *key;

    if (json_object_get(object, "*"))
        return json_pack("[s]", "*");
    keys = json_array();
    json_object_foreach((json_t *)object, key, value)
        json_array_append_new(keys, json_string(key));
    return keys;
}

/* Actions on the same resources share a statement. */
static void add_grants(json_t *policy, json_t *grants)
{
    void *first;

    while ((first = json_object_iter(grants))) {
        json_auto_t *resources = json_share(json_object_iter_value(first));
        json_t *actions = json_array();
        const char *action;
        json_t *other;
        void *next;

        json_object_foreach_safe(grants, next, action, other) {
            if (!json_equal(other, resources))
                continue;
            json_array_append_new(actions, json_string(action));
            json_object_del(grants, action);
        }
        add_statement(policy, actions, keys_of(resources), NULL);
    }
}

/* The pass-role check asks about the caller. */
static void grant_checks(json_t *grants, const json_t *facts)
{
    const struct scope scope = {.facts = facts};
    cleanup_free char *roles = table_fill(&scope, "arn:{partition}:iam::{account}:role/*", "*");
    cleanup_free char *users = table_fill(&scope, "arn:{partition}:iam::{account}:user/*", "*");

    allow(grants, "iam:GetRole", roles);
    allow(grants, "iam:SimulatePrincipalPolicy", roles);
    allow(grants, "iam:SimulatePrincipalPolicy", users);
}

/* Status reads what a delivery complains about. */
static void grant_error_log(json_t *grants, const struct scope *scope)
{
    cleanup_free char *arn = table_fill(
        scope, "arn:{partition}:logs:{region}:{account}:log-group:{error_log_group}", "*");

    if (scope->kind->part == PART_DELIVERY && json_object_get(scope->desired, "error_log_group"))
        allow(grants, "logs:FilterLogEvents", arn);
}

/* What rollups, bills, audits and closes call: on the resource of that id, its ARN then the ending.
 */
static const struct {
    const char *id, *ending, *actions;
} billing_grants[] = {
    {"workgroup", "",
     "athena:StartQueryExecution athena:GetQueryExecution athena:GetQueryResults "
     "athena:StopQueryExecution"},
    {"bucket", "", "s3:ListBucket s3:GetBucketLocation s3:ListBucketMultipartUploads"},
    {"bucket", "/*",
     "s3:GetObject s3:PutObject s3:AbortMultipartUpload s3:ListMultipartUploadParts"},
    {"access_logs", "", "logs:FilterLogEvents logs:DescribeLogGroups"},
};

static const struct manifest_resource *resource_of(const struct manifest_pipeline *pipeline,
                                                   const char *id, size_t *index)
{
    for (*index = 0; *index < pipeline->resource_count; (*index)++)
        if (!strcmp(pipeline->resources[*index].id, id))
            return &pipeline->resources[*index];
    return NULL;
}

static struct scope scope_of(const struct manifest_pipeline *pipeline, size_t index,
                             const json_t *desired, const json_t *facts)
{
    return (struct scope){.kind = pipeline->resources[index].kind,
                          .desired = json_array_get(desired, index),
                          .facts = facts};
}

struct grant_list {
    json_t *grants;
    const char *resource;
};

static void grant_listed(void *arg, const char *action)
{
    const struct grant_list *list = arg;

    allow(list->grants, action, list->resource);
}

static void grant_billing_tables(json_t *grants, const struct scope *database)
{
    static const char actions[] =
        "glue:GetDatabase glue:GetTable glue:GetTables glue:GetPartition glue:GetPartitions "
        "glue:BatchGetPartition glue:CreatePartition glue:UpdatePartition "
        "glue:BatchCreatePartition "
        "glue:BatchDeletePartition";
    static const char *const templates[] = {
        "arn:{partition}:glue:{region}:{account}:catalog",
        "arn:{partition}:glue:{region}:{account}:database/{name}",
        "arn:{partition}:glue:{region}:{account}:table/{name}/*",
    };

    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
        cleanup_free char *resource = table_fill(database, templates[i], "*");
        struct grant_list list = {grants, resource};

        each_word(actions, grant_listed, &list);
    }
}

/* Replaced builds are deleted, and nothing else. */
static void grant_collecting(json_t *grants, const struct scope *table, const json_t *facts)
{
    const char *location = json_text(table->desired, "location");
    cleanup_free char *arn = NULL;

    if (!location || strncmp(location, "s3://", 5))
        return;
    arn = mem_printf("arn:%s:s3:::%s*", json_text(facts, "partition"), location + 5);
    allow(grants, "s3:DeleteObject", arn);
}

static void grant_billing(json_t *grants, const struct manifest_pipeline *pipeline,
                          const json_t *desired, const json_t *facts)
{
    size_t index;

    for (size_t i = 0; i < sizeof billing_grants / sizeof *billing_grants; i++) {
        cleanup_free char *arn = NULL, *resource = NULL;
        struct scope scope;

        if (!resource_of(pipeline, billing_grants[i].id, &index))
            continue;
        scope = scope_of(pipeline, index, desired, facts);
        arn = table_arn(&scope);
        resource = mem_printf("%s%s", arn ? arn : "", billing_grants[i].ending);
        each_word(billing_grants[i].actions, grant_listed, &(struct grant_list){grants, resource});
    }
    if (resource_of(pipeline, "database", &index)) {
        const struct scope scope = scope_of(pipeline, index, desired, facts);

        grant_billing_tables(grants, &scope);
    }
    if (resource_of(pipeline, "rollup_table", &index)) {
        const struct scope scope = scope_of(pipeline, index, desired, facts);

        grant_collecting(grants, &scope, facts);
    }
    allow(grants, "cloudwatch:GetMetricData", "*");
}

static void grant_pipeline(json_t *policy, json_t *grants, const struct manifest *manifest,
                           const struct manifest_pipeline *pipeline)
{
    json_auto_t *facts =
        json_pack("{s:s, s:s, s:s, s:s}", "account", manifest->account ? manifest->account : "*",
                  "region", pipeline->region, "partition", aws_partition_of(pipeline->region)->name,
                  "pipeline", pipeline->name);
    json_auto_t *desired = manifest_resolve(pipeline, facts);

    for (size_t i = 0; i < pipeline->resource_count; i++) {
        struct scope scope = {.kind = pipeline->resources[i].kind,
                              .desired = json_array_get(desired, i),
                              .facts = facts};

        grant_resource_calls(grants, &pipeline->resources[i], &scope);
        grant_passing(policy, &scope);
        grant_error_log(grants, &scope);
    }
    grant_checks(grants, facts);
    if (json_object_size(pipeline->billing))
        grant_billing(grants, pipeline, desired, facts);
    if (pipeline->role_arn)
        add_statement(policy, json_string("sts:AssumeRole"), json_string(pipeline->role_arn), NULL);
}

json_t *iam_policy(const struct manifest *manifest)
{
    json_t *policy = json_pack("{s:s, s:[]}", "Version", "2012-10-17", "Statement");
    json_auto_t *grants = json_object();

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        grant_pipeline(policy, grants, manifest, &manifest->pipelines[i]);
    add_grants(policy, grants);
    return policy;
}
