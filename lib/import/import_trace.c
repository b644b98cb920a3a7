#include "import/import_trace.h"

#include "base/json.h"
#include "base/mem.h"
#include "import/import_tables.h"

#include <ctype.h>
#include <string.h>

struct tracing {
    struct import_look *look;
    const struct import_trace *trace;
    struct import_draft *draft;
    const json_t *s3; /* the stream's destination */
};

static const char *candidate_text(const struct tracing *t, const char *member)
{
    return json_text(t->trace->candidate, member);
}

/* ---- the pipeline's name, and the parameters that the way itself tells ---- */

/* Lower-case letters, digits and single hyphens: "/aws/apigw/My API" -> "my-api"; new text. */
static char *pipeline_name(const char *text)
{
    const char *slash = strrchr(text, '/');
    char *name = mem_text(slash && slash[1] ? slash + 1 : text), *out = name;

    for (const char *at = name; *at; at++) {
        char c = (char)tolower((unsigned char)*at);

        if (isascii(c) && isalnum((unsigned char)c))
            *out++ = c;
        else if (out > name && out[-1] != '-')
            *out++ = '-';
    }
    while (out > name && out[-1] == '-')
        out--;
    *out = '\0';
    if (out > name + 63)
        name[63] = '\0';
    if (*name)
        return name;
    free(name);
    return mem_text("pipeline");
}

static void choose_name(const struct tracing *t)
{
    static const char *const from[] = {"api", "log_group", "stream"};

    for (size_t i = 0; !t->draft->pipeline && i < sizeof from / sizeof *from; i++)
        if (candidate_text(t, from[i]))
            t->draft->pipeline = pipeline_name(candidate_text(t, from[i]));
}

static void name_api(const struct tracing *t)
{
    const char *api = candidate_text(t, "api"), *id = candidate_text(t, "api_id");
    const char *env = json_text(t->trace->env, "BILLING_API_NAME");

    import_draft_parameter(t->draft, "api_name", api ? api : env ? env : t->draft->pipeline);
    if (id && json_whole(t->trace->candidate, "same_name") > 1)
        import_draft_parameter(t->draft, "api_id", id);
    if (candidate_text(t, "stage"))
        import_draft_parameter(t->draft, "stage", candidate_text(t, "stage"));
    if (id && !api)
        import_draft_unknown(t->draft, "stage_logging",
                             "the API has no name, and billingd finds APIs by name: give it one");
    else if (!id)
        import_draft_unknown(t->draft, "stage_logging",
                             "no stage of an HTTP API of this region was found that logs here; "
                             "REST and WebSocket APIs are not kept by billingd");
}

static void name_parameters(const struct tracing *t)
{
    const char *group = candidate_text(t, "log_group");

    name_api(t);
    import_draft_parameter(t->draft, "bucket", candidate_text(t, "bucket"));
    import_draft_parameter(t->draft, "firehose", candidate_text(t, "stream"));
    import_draft_parameter(t->draft, "log_group", group ? group : t->draft->pipeline);
    if (!group)
        import_draft_unknown(t->draft, "access_logs subscription",
                             "no log group was found that is sent to the stream");
}

/* ---- roles ---- */

/* "path" and name of a role's ARN; false when it is none. */
static bool role_parts(const char *arn, char **path, char **name)
{
    const char *role = arn ? strstr(arn, ":role/") : NULL;
    const char *slash = role ? strrchr(role, '/') : NULL;

    if (!role || !slash[1])
        return false;
    *path = mem_text_n(role + 5, (size_t)(slash - role) - 4);
    *name = mem_text(slash + 1);
    return true;
}

/* Of the role's inline policies the one that billingd would have named so, else the first. */
static void name_policy(struct flow *flow, const struct tracing *t, const char *id,
                        const char *role, const char *usual)
{
    cleanup_free char *unknown = mem_printf("which inline policies the role %s has", role);
    const struct import_read read = {.service = "iam",
                                     .op = "ListRolePolicies",
                                     .params = json_pack("{s:s}", "RoleName", role),
                                     .token = "Marker",
                                     .next_token = "Marker",
                                     .items = "PolicyNames",
                                     .absent = "NoSuchEntity",
                                     .unknown = unknown};
    json_auto_t *policies = import_look_read(flow, t->look, &read, NULL);
    const char *chosen = json_string_value(json_array_get(policies, 0));
    size_t i;
    json_t *policy;

    json_array_foreach(policies, i, policy)
        if (!strcmp(json_string_value(policy), usual))
            chosen = usual;
    import_draft_set_text(t->draft, id, "policy_name", chosen);
}

static void name_role(struct flow *flow, const struct tracing *t, const char *id, const char *arn,
                      const char *usual_policy)
{
    cleanup_free char *path = NULL, *name = NULL;

    if (!role_parts(arn, &path, &name))
        return;
    import_draft_set_text(t->draft, id, "name", name);
    import_draft_set_text(t->draft, id, "path", path);
    name_policy(flow, t, id, name, usual_policy);
}

static void name_roles(struct flow *flow, const struct tracing *t)
{
    const char *stream = candidate_text(t, "stream");
    const char *role = json_text(t->s3, "RoleARN"), *other = candidate_text(t, "filter_role");
    cleanup_free char *first = mem_printf("%s-policy", stream);
    cleanup_free char *second = mem_printf("%s-logs-to-fh-policy", stream);

    name_role(flow, t, "firehose_role", role, first);
    if (role && other && !strcmp(role, other)) {
        import_draft_off(t->draft, "logs_role",
                         "Firehose and CloudWatch Logs have one role: see firehose_role");
        import_draft_set(t->draft, "subscription", "role", json_string("${firehose_role.arn}"),
                         "the role is shared");
        return;
    }
    name_role(flow, t, "logs_role", other, second);
}

/* ---- names beside the way ---- */

static void name_logs(const struct tracing *t)
{
    const json_t *options = json_object_get(t->s3, "CloudWatchLoggingOptions");

    if (!json_is_true(json_object_get(options, "Enabled")))
        return;
    import_draft_set_text(t->draft, "firehose_logs", "name", json_text(options, "LogGroupName"));
    import_draft_set_text(t->draft, "firehose_log_stream", "name",
                          json_text(options, "LogStreamName"));
}

/* The template's alarms are there only with somebody to tell. */
static void name_alarms(struct flow *flow, const struct tracing *t)
{
    const char *stream = candidate_text(t, "stream");
    cleanup_free char *late = mem_printf("%s-late", stream);
    cleanup_free char *undelivered = mem_printf("%s-undelivered", stream);
    const struct import_read read = {.service = "cloudwatch",
                                     .op = "DescribeAlarms",
                                     .params =
                                         json_pack("{s:[s, s]}", "AlarmNames", late, undelivered),
                                     .token = "NextToken",
                                     .next_token = "NextToken",
                                     .items = "MetricAlarms",
                                     .unknown = "whether alarms watch the stream"};
    json_auto_t *alarms = import_look_read(flow, t->look, &read, NULL);
    const char *action = json_string_value(json_at(json_array_get(alarms, 0), "AlarmActions[]"));

    if (action)
        import_draft_parameter(t->draft, "alarm_actions", action);
}

void import_trace(struct flow *flow, struct import_look *look, const struct import_trace *trace,
                  struct import_draft *draft)
{
    struct tracing t = {look, trace, draft,
                        json_at(trace->stream, "Destinations[].ExtendedS3DestinationDescription")};
    const char *prefix =
        t.s3 ? json_text(t.s3, "Prefix") : json_text(trace->env, "BILLING_S3_PREFIX");
    const struct import_place place = {candidate_text(&t, "bucket"), prefix ? prefix : "",
                                       trace->env};

    choose_name(&t);
    name_parameters(&t);
    import_draft_set_text(draft, "subscription", "name", candidate_text(&t, "filter"));
    name_roles(flow, &t);
    name_logs(&t);
    import_tables(flow, look, &place, draft);
    name_alarms(flow, &t);
}
