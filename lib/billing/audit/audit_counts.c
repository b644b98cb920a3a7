/* audit_counts.c -- what CloudWatch counted, hour by hour: gateway, log group, subscription filter.
 *
 * Metrics and dimensions: API Gateway, "Working with metrics for HTTP APIs"; CloudWatch Logs,
 * "Monitoring with CloudWatch metrics". */
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_operations.h"
#include "billing/audit/audit_private.h"

#include <string.h>

enum { COUNT, INCOMING, FORWARDED, ERRORS, THROTTLING, METRICS };

/* The id of the API that has the name; "" when not exactly one has: then nobody tells its count. */
static char *find_api(struct flow *flow, const struct billing *billing, struct err *e)
{
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
    json_array_foreach(apis, i, api) {
        const char *name = json_text(api, "Name");

        if (!name || strcmp(name, names->api_name) != 0)
            continue;
        if (found)
            return mem_text("");
        found = json_text(api, "ApiId");
    }
    return mem_text(found ? found : "");
}

static void fill_hours(struct audit *audit, const int64_t *values)
{
    for (size_t i = 0; i < audit->count; i++) {
        struct audit_hour *hour = &audit->hours[i];

        hour->hops[AUDIT_GATEWAY] = values[COUNT * audit->count + i];
        hour->hops[AUDIT_INGESTED] = values[INCOMING * audit->count + i];
        hour->hops[AUDIT_FORWARDED] = values[FORWARDED * audit->count + i];
        hour->errors = values[ERRORS * audit->count + i];
        hour->throttled = values[THROTTLING * audit->count + i];
    }
}

int audit_counts_read(struct flow *flow, struct audit *audit, struct err *e)
{
    const struct billing_names *names = &audit->billing->names;
    cleanup_free char *api = find_api(flow, audit->billing, e);
    cleanup_free int64_t *values = NULL;
    int64_t to_s = audit->wide_s + (int64_t)audit->count * AUDIT_HOUR_S;

    if (!api)
        return -1;

#define FILTER                                                                                     \
    {                                                                                              \
        {"LogGroupName", names->log_group}, {"DestinationType", "Firehose"},                       \
        {                                                                                          \
            "FilterName", names->filter                                                            \
        }                                                                                          \
    }
    const struct metrics_wanted wanted[METRICS] = {
        [COUNT] = {"AWS/ApiGateway", "Count", "Sum", {{"ApiId", api}, {"Stage", names->stage}}},
        [INCOMING] = {"AWS/Logs", "IncomingLogEvents", "Sum", {{"LogGroupName", names->log_group}}},
        [FORWARDED] = {"AWS/Logs", "ForwardedLogEvents", "Sum", FILTER},
        [ERRORS] = {"AWS/Logs", "DeliveryErrors", "Sum", FILTER},
        [THROTTLING] = {"AWS/Logs", "DeliveryThrottling", "Sum", FILTER},
    };
#undef FILTER
    values = metrics_read(
        flow, audit->billing,
        &(struct metrics_question){wanted, METRICS, audit->wide_s, to_s, AUDIT_HOUR_S}, e);
    if (!values)
        return -1;
    fill_hours(audit, values);
    return 0;
}
