/* audit_counts.c -- what CloudWatch counted, hour by hour: gateway, log group, subscription filter.
 *
 * Metrics and dimensions: API Gateway, "Working with metrics for HTTP APIs"; CloudWatch Logs,
 * "Monitoring with CloudWatch metrics". */
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_operations.h"
#include "billing/audit/audit_private.h"

#include <string.h>

/* The gateway's, then those of a log group, again for each further one. */
enum { COUNT, INCOMING, FORWARDED, ERRORS, THROTTLING, METRICS, OF_GROUP = METRICS - INCOMING };

static bool is_named(const json_t *api, const char *wanted)
{
    const char *name = json_text(api, "Name"), *protocol = json_text(api, "ProtocolType");

    return name && !strcmp(name, wanted) && protocol && !strcmp(protocol, "HTTP");
}

/* The id of the API that has the name; "" when not exactly one has: then nobody tells its count. */
static char *find_api(struct flow *flow, struct audit *audit, struct err *e)
{
    const struct billing *billing = audit->billing;
    const struct billing_names *names = &billing->names;
    json_auto_t *apis = NULL;
    const char *found = NULL;
    size_t i;
    json_t *api;

    if (*names->api_id || !*names->api_name)
        return mem_text(names->api_id);
    apis = operation_list(flow, billing, &audit_operations[AUDIT_GET_APIS], NULL, e);
    if (!apis)
        return NULL;
    audit->apis = 0;
    json_array_foreach(apis, i, api) {
        const char *id = json_text(api, "ApiId");

        if (!is_named(api, names->api_name) || (found && id && !strcmp(found, id)))
            continue;
        audit->apis++;
        found = id;
    }
    audit->no_api = audit->apis != 1;
    return mem_text(audit->no_api || !found ? "" : found);
}

/* What the pipeline's log groups counted together; of most hours only one says anything. */
static int64_t add_known(int64_t a, int64_t b)
{
    return a == METRICS_UNKNOWN ? b : b == METRICS_UNKNOWN ? a : a + b;
}

/* A metric of all groups: theirs stand OF_GROUP apart. */
static int64_t sum_of(const struct audit *audit, const int64_t *values, size_t metric, size_t hour)
{
    int64_t sum = METRICS_UNKNOWN;

    for (size_t group = 0; billing_log_group(audit->billing, group); group++)
        sum = add_known(sum, values[(metric + group * OF_GROUP) * audit->count + hour]);
    return sum;
}

static void fill_hours(struct audit *audit, const int64_t *values)
{
    for (size_t i = 0; i < audit->count; i++) {
        struct audit_hour *hour = &audit->hours[i];

        hour->hops[AUDIT_GATEWAY] = values[COUNT * audit->count + i];
        hour->hops[AUDIT_INGESTED] = sum_of(audit, values, INCOMING, i);
        hour->hops[AUDIT_FORWARDED] = sum_of(audit, values, FORWARDED, i);
        hour->errors = sum_of(audit, values, ERRORS, i);
        hour->throttled = sum_of(audit, values, THROTTLING, i);
    }
}

/* What the gateway counted of all of the API's stages, less what it counted of ours. */
static void fill_elsewhere(struct audit *audit, const int64_t *all)
{
    audit->elsewhere = METRICS_UNKNOWN;
    for (size_t i = audit->first; i < audit->last; i++) {
        int64_t ours = audit->hours[i].hops[AUDIT_GATEWAY];

        if (all[i] == METRICS_UNKNOWN)
            continue;
        ours = ours == METRICS_UNKNOWN ? 0 : ours;
        audit->elsewhere = add_known(audit->elsewhere, all[i] > ours ? all[i] - ours : 0);
    }
}

/* A former group is taken to have had the filter's name. */
static void want_group(struct metrics_wanted *wanted, const char *group, const char *filter)
{
    static const char *const names[] = {
        [INCOMING] = "IncomingLogEvents",
        [FORWARDED] = "ForwardedLogEvents",
        [ERRORS] = "DeliveryErrors",
        [THROTTLING] = "DeliveryThrottling",
    };

    for (size_t i = INCOMING; i < METRICS; i++) {
        wanted[i - INCOMING] = (struct metrics_wanted){
            "AWS/Logs",
            names[i],
            "Sum",
            {{"LogGroupName", group}, {"DestinationType", "Firehose"}, {"FilterName", filter}}};
        if (i == INCOMING)
            wanted[0].dimensions[1].name = wanted[0].dimensions[2].name = NULL;
    }
}

int audit_counts_read(struct flow *flow, struct audit *audit, struct err *e)
{
    const struct billing_names *names = &audit->billing->names;
    cleanup_free char *api = find_api(flow, audit, e);
    cleanup_free struct metrics_wanted *wanted = NULL;
    cleanup_free int64_t *values = NULL;
    int64_t to_s = audit->wide_s + (int64_t)audit->count * AUDIT_HOUR_S;
    size_t groups = 0, all; /* the metric behind those of the groups */

    if (!api)
        return -1;
    wanted = mem_new((METRICS + 1 + audit->billing->settings.log_group_count * OF_GROUP) *
                     sizeof *wanted);
    wanted[COUNT] = (struct metrics_wanted){
        "AWS/ApiGateway", "Count", "Sum", {{"ApiId", api}, {"Stage", names->stage}}};
    for (; billing_log_group(audit->billing, groups); groups++)
        want_group(&wanted[INCOMING + groups * OF_GROUP], billing_log_group(audit->billing, groups),
                   names->filter);
    all = COUNT + 1 + groups * OF_GROUP;
    wanted[all] = (struct metrics_wanted){"AWS/ApiGateway", "Count", "Sum", {{"ApiId", api}}};
    values = metrics_read(
        flow, audit->billing,
        &(struct metrics_question){wanted, all + 1, audit->wide_s, to_s, AUDIT_HOUR_S}, e);
    if (!values)
        return -1;
    fill_hours(audit, values);
    fill_elsewhere(audit, values + all * audit->count);
    return 0;
}
