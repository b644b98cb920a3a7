#include "permissions/iam_policy.h"

#include "aws/partition.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/audit/audit_operations.h"
#include "billing/cost/cost_operations.h"
#include "billing/events/events_operations.h"
#include "billing/prices/settings.h"
#include "billing/rollup/rollup_operations.h"
#include "billing/store/store_operations.h"
#include "permissions/iam_policy_archive.h"
#include "permissions/iam_policy_keys.h"
#include "permissions/iam_policy_short.h"
#include "resources/call_needs.h"
#include "resources/table.h"
#include "state/state_object.h"

#include <fnmatch.h>
#include <string.h>

/* Among grants, which are by action: boundary -> grants that hold below it only. */
#define BOUNDED "below"

/* What a policy is made for, and what it is made of so far. */
struct gathering {
    const struct manifest *manifest;
    const struct manifest_pipeline *pipeline;
    unsigned uses; /* enum iam_policy_use */
    json_t *policy, *grants;
};

static bool is_word(const char *const *words, const char *word)
{
    for (; *words; words++)
        if (!strcmp(*words, word))
            return true;
    return false;
}

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
    if (strstr(resource, ":log-group:") && !strstr(resource, ":log-stream:") &&
        resource[strlen(resource) - 1] != '*') {
        cleanup_free char *below = mem_printf("%s:*", resource);

        json_object_set_new(resources, below, json_true());
    }
}

struct grant {
    json_t *grants, *anywhere;
    const struct scope *scope;
};

static void grant_need(void *arg, const char *action, const char *template, bool also)
{
    const struct grant *grant = arg;
    cleanup_free char *resource = table_fill_pattern(grant->scope, template, "*");

    allow(also ? grant->anywhere : grant->grants, action, resource);
}

/* A role is made, and given permissions, only below the boundary.  Grants of such calls are
 * gathered under its ARN.  Source: "Permissions boundaries for IAM entities", "Delegating
 * responsibility to others using permissions boundaries" (IAM user guide). */
static json_t *grants_below(json_t *grants, const struct scope *scope, const struct call *call)
{
    static const char *const bounded[] = {"CreateRole", "PutRolePolicy",
                                          "PutRolePermissionsBoundary", NULL};
    const char *boundary = json_text(scope->desired, "boundary");
    json_t *below = json_object_get(grants, BOUNDED), *own;

    if (!boundary || !is_word(bounded, call->op) || strcmp(scope->kind->service, "iam") != 0)
        return grants;
    if (!below) {
        below = json_object();
        json_object_set_new(grants, BOUNDED, below);
    }
    own = json_object_get(below, boundary);
    if (!own) {
        own = json_object();
        json_object_set_new(below, boundary, own);
    }
    return own;
}

static void grant_call(json_t *grants, const struct scope *scope, const struct call *call)
{
    struct grant grant = {NULL, grants, scope};

    if (!call)
        return;
    grant.grants = grants_below(grants, scope, call);
    call_needs_each(scope, call, grant_need, &grant);
}

/* Whether the spec has so many resources of the kind that a wide read spares calls. */
static bool has_enough(const struct manifest *manifest, const struct kind *kind, int least)
{
    int count = 0;

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        for (size_t j = 0; j < manifest->pipelines[i].resource_count; j++)
            count += manifest->pipelines[i].resources[j].kind == kind;
    return count >= least;
}

static void grant_read(const struct gathering *gathering, const struct scope *scope,
                       const struct call *call)
{
    grant_call(gathering->grants, scope, call);
    if (call && call->wide && gathering->manifest->wide_reads &&
        has_enough(gathering->manifest, scope->kind, call->wide->least))
        grant_call(gathering->grants, scope, &call->wide->call);
}

static void grant_reads(const struct gathering *gathering, const struct manifest_resource *resource,
                        const struct scope *scope)
{
    const struct kind *kind = resource->kind;

    grant_read(gathering, scope, kind->read);
    for (const struct member *m = kind_member(kind->members); m && !resource->absent;
         m = kind_member(m + 1))
        if (m->read && m->read->account_wide)
            grant_read(gathering, scope, m->read);
    for (const struct field *f = kind->fields; f->name; f++) {
        if (!kind_reads(f, scope->desired, resource->absent))
            continue;
        grant_read(gathering, scope, f->read);
        grant_read(gathering, scope, f->fallback);
    }
}

/* Who may give a role permissions that nothing bounds may become anything. */
static bool is_a_way_up(const struct gathering *gathering, const struct scope *scope)
{
    return !strcmp(scope->kind->service, "iam") && !json_text(scope->desired, "boundary") &&
           !(gathering->uses & IAM_POLICY_UNBOUNDED);
}

static void grant_writes(const struct gathering *gathering,
                         const struct manifest_resource *resource, const struct scope *scope)
{
    const struct kind *kind = resource->kind;
    json_t *grants = gathering->grants;

    if (is_a_way_up(gathering, scope))
        return;
    grant_call(grants, scope, resource->absent ? kind->remove : kind->create);
    for (const struct field *f = kind->fields; f->name; f++)
        if (json_object_get(scope->desired, f->name) && !resource->absent &&
            !(f->flags & (FIELD_KEY | FIELD_FIXED | FIELD_LOCAL | FIELD_REPORTED)))
            grant_call(grants, scope, f->set ? f->set : kind->update);
}

/* A list of one as its text: IAM counts each character. */
static json_t *short_of(json_t *list)
{
    json_t *only = json_array_size(list) == 1 ? json_share(json_array_get(list, 0)) : NULL;

    if (only)
        json_decref(list);
    return only ? only : list;
}

static void add_statement(json_t *policy, json_t *actions, json_t *resources, json_t *condition)
{
    json_t *statement = json_pack("{s:s, s:o, s:o}", "Effect", "Allow", "Action", short_of(actions),
                                  "Resource", short_of(resources));

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

    /* Firehose tells its name; that CloudWatch Logs does is written nowhere. */
    return strncmp(field->passes, "logs.", 5) != 0
               ? json_pack("{s:{s:s}}", "StringEquals", "iam:PassedToService", field->passes)
               : json_pack("{s:{s:[s, s]}}", "StringEqualsIfExists", "iam:PassedToService",
                           field->passes, regional);
}

/* The text of a field as a resource, where a wildcard in it is none. */
static json_t *literal(const struct scope *scope, const char *field)
{
    cleanup_free char *template = mem_printf("{%s}", field);
    cleanup_free char *resource = table_fill_pattern(scope, template, "*");

    return json_string(resource);
}

static void grant_passing(json_t *policy, const struct scope *scope)
{
    for (const struct field *f = scope->kind->fields; f->name; f++)
        if (f->passes && json_object_get(scope->desired, f->name))
            add_statement(policy, json_string("iam:PassRole"), literal(scope, f->name),
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

static bool is_covered(json_t *resources, const char *resource)
{
    const char *pattern;
    json_t *value;

    json_object_foreach(resources, pattern, value)
        if (strcmp(pattern, resource) != 0 && !fnmatch(pattern, resource, FNM_NOESCAPE))
            return true;
    return false;
}

/* A resource that another one's * takes in is named by it. */
static void drop_covered(json_t *resources)
{
    const char *resource;
    json_t *value;
    void *next;

    json_object_foreach_safe(resources, next, resource, value) {
        if (is_covered(resources, resource))
            json_object_del(resources, resource);
    }
}

/* Actions on the same resources as one group; grants are used up. */
static json_t *groups_of(json_t *grants)
{
    json_t *groups = json_array();
    void *first;

    while ((first = json_object_iter(grants))) {
        json_t *resources = json_copy(json_object_iter_value(first)), *actions = json_object();
        const char *action;
        json_t *other;
        void *next;

        json_object_foreach_safe(grants, next, action, other) {
            if (!json_equal(other, resources))
                continue;
            json_object_set_new(actions, action, json_true());
            json_object_del(grants, action);
        }
        json_array_append_new(groups,
                              json_pack("{s:o, s:o}", "actions", actions, "resources", resources));
    }
    return groups;
}

/* condition: of them all, NULL: none. */
static void add_grants(json_t *policy, json_t *grants, json_t *condition)
{
    json_auto_t *groups = NULL;
    const char *name;
    json_t *each;
    size_t i;

    json_object_foreach(grants, name, each)
        drop_covered(each);
    groups = groups_of(grants);
    iam_policy_short(groups);
    json_array_foreach(groups, i, each)
        add_statement(policy, keys_of(json_object_get(each, "actions")),
                      keys_of(json_object_get(each, "resources")), json_share(condition));
}

static void add_bounded(json_t *policy, json_t *grants)
{
    json_auto_t *below = json_share(json_object_get(grants, BOUNDED));
    const char *boundary;
    json_t *own;

    (void)json_object_del(grants, BOUNDED);
    json_object_foreach(below, boundary, own) {
        json_auto_t *condition =
            json_pack("{s:{s:s}}", "StringEquals", "iam:PermissionsBoundary", boundary);

        add_grants(policy, own, condition);
    }
}

/* The pass-role check asks about the caller. */
static void grant_checks(json_t *grants, const json_t *facts)
{
    const struct scope scope = {.facts = facts};
    cleanup_free char *roles =
        table_fill_pattern(&scope, "arn:{partition}:iam::{account}:role/*", "*");
    cleanup_free char *users =
        table_fill_pattern(&scope, "arn:{partition}:iam::{account}:user/*", "*");

    allow(grants, "iam:GetRole", roles);
    allow(grants, "iam:GetRole", users); /* which have none: one statement instead of two */
    allow(grants, "iam:SimulatePrincipalPolicy", roles);
    allow(grants, "iam:SimulatePrincipalPolicy", users);
}

/* Status reads what a delivery complains about. */
static void grant_error_log(json_t *grants, const struct scope *scope)
{
    cleanup_free char *arn = table_fill_pattern(
        scope, "arn:{partition}:logs:{region}:{account}:log-group:{error_log_group}", "*");

    if (scope->kind->part == PART_DELIVERY && json_object_get(scope->desired, "error_log_group"))
        allow(grants, "logs:FilterLogEvents", arn);
}

/* ---- billing: the operations its rooms declare ---- */

static const struct {
    const struct operation *list;
    size_t count;
} billing_operations[] = {
    {store_operations, STORE_OPERATIONS}, {rollup_operations, ROLLUP_OPERATIONS},
    {audit_operations, AUDIT_OPERATIONS}, {events_operations, EVENTS_OPERATIONS},
    {cost_operations, COST_OPERATIONS},
};

static const struct manifest_resource *resource_of(const struct manifest_pipeline *pipeline,
                                                   const char *id, size_t *index)
{
    for (*index = 0; *index < pipeline->resource_count; (*index)++)
        if (!strcmp(pipeline->resources[*index].id, id))
            return &pipeline->resources[*index];
    return NULL;
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

static void grant_operation(const struct operation *operation, enum operation_place place,
                            struct grant_list *list)
{
    for (size_t i = 0; i < OPERATION_GRANTS; i++)
        if (operation->grants[i].on == place)
            call_needs_each_word(operation->grants[i].actions, grant_listed, list);
}

struct placed {
    json_t *grants;
    unsigned verbs; /* enum operation_verbs */
    enum operation_place place;
    const struct scope *scope;
};

static void grant_on(void *arg, const char *template)
{
    const struct placed *placed = arg;
    cleanup_free char *resource = table_fill_pattern(placed->scope, template, "*");
    struct grant_list list = {placed->grants, resource};

    for (size_t i = 0; i < sizeof billing_operations / sizeof *billing_operations; i++)
        for (size_t j = 0; j < billing_operations[i].count; j++)
            if (billing_operations[i].list[j].verbs & placed->verbs)
                grant_operation(&billing_operations[i].list[j], placed->place, &list);
}

/* What templates of billing may name beside facts and fields: operation.h. */
static json_t *facts_of(const struct scope *scope)
{
    json_t *facts = json_copy((json_t *)scope->facts);
    const char *location = json_text(scope->desired, "location");
    cleanup_free char *arn = table_arn(scope);

    if (arn)
        json_object_set_new(facts, "arn", json_string(arn));
    if (location && !strncmp(location, "s3://", 5))
        json_object_set_new(facts, "location", json_string(location + 5));
    return facts;
}

/* Who reads and writes what lies in the bucket. */
enum { OBJECTS = OPERATION_RUN | OPERATION_BILL | OPERATION_CLOSE };

static unsigned verbs_of(unsigned uses)
{
    return (uses & (IAM_POLICY_PLAN | IAM_POLICY_APPLY) ? OPERATION_STATUS : 0U) |
           (uses & IAM_POLICY_RUN ? OPERATION_RUN : 0U) |
           (uses & IAM_POLICY_BILL ? OPERATION_BILL : 0U) |
           (uses & IAM_POLICY_CLOSE ? OPERATION_CLOSE : 0U) |
           (uses & IAM_POLICY_COST ? OPERATION_COST : 0U);
}

/* A former log group is read like the present one. */
static void grant_log_groups(struct placed *placed, const json_t *section)
{
    const char *account = json_text(placed->scope->facts, "account");
    struct section_reader reader = {0};
    struct billing_settings settings;

    settings_from_section(&(struct section_value){&reader, section, ""}, &settings);
    for (size_t i = 0; i < settings.log_group_count; i++) {
        const struct billing_log_group *group = &settings.log_groups[i];
        cleanup_free char *arn =
            mem_printf("arn:{partition}:logs:{region}:{account}:log-group:%s:*", group->name);

        if (*group->name && (!group->account || (account && !strcmp(group->account, account))))
            grant_on(placed, arn);
    }
    settings_free(&settings);
}

/* Nothing for a resource that the spec has not, or builds that lie nowhere. */
static void grant_place(const struct gathering *gathering, enum operation_place place,
                        const json_t *desired, const json_t *facts)
{
    const struct operation_target *target = &operation_targets[place];
    struct scope scope = {.facts = facts};
    struct placed placed = {gathering->grants, verbs_of(gathering->uses), place, &scope};
    json_auto_t *own = NULL;
    size_t index;

    if (target->id) {
        if (!resource_of(gathering->pipeline, target->id, &index))
            return;
        scope.kind = gathering->pipeline->resources[index].kind;
        scope.desired = json_array_get(desired, index);
        own = facts_of(&scope);
        scope.facts = own;
    }
    if (!strstr(target->arns, "{location}") || json_object_get(own, "location"))
        call_needs_each_word(target->arns, grant_on, &placed);
    if (place == OPERATION_ON_LOG_GROUP)
        grant_log_groups(&placed, gathering->pipeline->billing);
}

static void grant_resources(const struct gathering *gathering, const json_t *desired,
                            const json_t *facts)
{
    const struct manifest_pipeline *pipeline = gathering->pipeline;

    for (size_t i = 0; i < pipeline->resource_count; i++) {
        struct scope scope = {.kind = pipeline->resources[i].kind,
                              .desired = json_array_get(desired, i),
                              .facts = facts};

        grant_reads(gathering, &pipeline->resources[i], &scope);
        grant_error_log(gathering->grants, &scope);
        if (gathering->uses & (IAM_POLICY_APPLY | IAM_POLICY_RUN)) {
            grant_writes(gathering, &pipeline->resources[i], &scope);
            grant_passing(gathering->policy, &scope);
        }
    }
    grant_checks(gathering->grants, facts);
}

/* What billingd remembers in the bucket: every pass reads it; `pause`, `resume` and the
 * daemon that leads write it. */
static void grant_state(const struct gathering *gathering, const json_t *desired,
                        const json_t *facts)
{
    const char *bucket = state_object_bucket(gathering->pipeline, desired);
    cleanup_free char *arn =
        mem_printf("arn:%s:s3:::%s", json_text(facts, "partition"), bucket ? bucket : "");
    cleanup_free char *objects =
        mem_printf("%s/" STATE_PREFIX "%s/*", arn, gathering->pipeline->name);

    if (!bucket)
        return;
    allow(gathering->grants, "s3:GetObject", objects);
    allow(gathering->grants, "s3:ListBucket", arn); /* else what is not there is a denial */
    if (gathering->uses & (IAM_POLICY_APPLY | IAM_POLICY_RUN))
        allow(gathering->grants, "s3:PutObject", objects);
}

static void grant_pipeline(const struct gathering *gathering)
{
    const struct manifest_pipeline *pipeline = gathering->pipeline;
    const char *account = gathering->manifest->account;
    json_auto_t *facts = json_pack(
        "{s:s, s:s, s:s, s:s}", "account", account ? account : "*", "region", pipeline->region,
        "partition", aws_partition_of(pipeline->region)->name, "pipeline", pipeline->name);
    json_auto_t *desired = manifest_resolve(pipeline, facts);

    if (gathering->uses & (IAM_POLICY_PLAN | IAM_POLICY_APPLY)) /* what they begin with */
        allow(gathering->grants, "iam:ListAccountAliases", "*");
    if (gathering->uses & (IAM_POLICY_PLAN | IAM_POLICY_APPLY | IAM_POLICY_RUN))
        grant_resources(gathering, desired, facts);
    for (int place = OPERATION_NOWHERE + 1;
         json_object_size(pipeline->billing) && place < OPERATION_PLACES; place++)
        grant_place(gathering, (enum operation_place)place, desired, facts);
    grant_state(gathering, desired, facts);
    if (gathering->uses & ~(unsigned)(IAM_POLICY_PLAN | IAM_POLICY_UNBOUNDED))
        iam_policy_archive_keep(json_object_get(gathering->policy, "Statement"), pipeline, desired,
                                facts);
    if ((verbs_of(gathering->uses) & OBJECTS) && json_object_size(pipeline->billing))
        iam_policy_keys(json_object_get(gathering->policy, "Statement"), pipeline, desired, facts);
    if (pipeline->role_arn)
        add_statement(gathering->policy, json_string("sts:AssumeRole"),
                      json_string(pipeline->role_arn), NULL);
}

json_t *iam_policy(const struct manifest *manifest, unsigned uses)
{
    json_t *policy = json_pack("{s:s, s:[]}", "Version", "2012-10-17", "Statement");
    json_auto_t *grants = json_object();
    struct gathering gathering = {manifest, NULL, uses, policy, grants};

    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        gathering.pipeline = &manifest->pipelines[i];
        grant_pipeline(&gathering);
    }
    add_bounded(policy, grants);
    add_grants(policy, grants, NULL);
    return policy;
}
