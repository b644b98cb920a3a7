#include "daemon/service/audit_watch.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "billing/audit/audit.h"
#include "billing/store/athena_query.h"
#include "daemon/service/service_metrics.h"

#include <string.h>

struct audit_watch {
    json_t *counted; /* pipeline -> end of the hours that are in the counters */
    json_t *told;    /* pipeline -> the verdict and hop last told */
};

struct audit_watch *audit_watch_new(void)
{
    struct audit_watch *watch = mem_new(sizeof *watch);

    *watch = (struct audit_watch){json_object(), json_object()};
    return watch;
}

void audit_watch_free(struct audit_watch *watch)
{
    if (!watch)
        return;
    json_decref(watch->counted);
    json_decref(watch->told);
    free(watch);
}

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static double share_missing(const json_t *audit, const char *hop)
{
    double share = 0;
    size_t i;
    json_t *gap;

    json_array_foreach(json_object_get(audit, "gaps"), i, gap)
        if (!strcmp(json_text(gap, "hop"), hop))
            share += json_number_value(json_object_get(gap, "share"));
    return share < 1 ? share : 1;
}

static void set_gauges(const char *pipeline, const json_t *audit)
{
    const json_t *totals = json_object_get(audit, "totals"), *value;
    size_t i;
    json_t *hop;
    const char *name;

    json_array_foreach(json_object_get(audit, "hops"), i, hop) {
        name = json_string_value(hop);
        value = json_object_get(totals, name);
        if (json_is_integer(value))
            metric_set(&service_metrics.audit_events, (double)json_integer_value(value), pipeline,
                       name, NULL);
        if (i) /* nothing is before the first */
            metric_set(&service_metrics.audit_gap_ratio, share_missing(audit, name), pipeline, name,
                       NULL);
    }
    json_object_foreach(json_object_get(audit, "excluded"), name, hop)
        if (json_is_integer(hop))
            metric_set(&service_metrics.audit_excluded_events, (double)json_integer_value(hop),
                       pipeline, name, NULL);
    json_object_foreach(json_object_get(audit, "freshness_seconds"), name, hop)
        if (json_is_integer(hop))
            metric_set(&service_metrics.pipeline_freshness, (double)json_integer_value(hop),
                       pipeline, name, NULL);
}

/* Hours that were counted before are not counted again. */
static void add_counters(struct audit_watch *watch, const char *pipeline, const json_t *audit)
{
    const json_t *before = json_object_get(watch->counted, pipeline);
    size_t i;
    json_t *hour;

    metric_add(&service_metrics.duplicate_events_total, 0, pipeline, NULL);
    metric_add(&service_metrics.late_events_total, 0, pipeline, NULL);
    metric_add(&service_metrics.unattributed_requests_total, 0, pipeline, NULL);
    json_array_foreach(json_object_get(audit, "hours"), i, hour) {
        if (before && number(hour, "hour") < json_integer_value(before))
            continue;
        metric_add(&service_metrics.duplicate_events_total,
                   (double)(number(hour, "lines") - number(hour, "delivered")), pipeline, NULL);
        metric_add(&service_metrics.late_events_total, (double)number(hour, "late"), pipeline,
                   NULL);
        metric_add(&service_metrics.unattributed_requests_total,
                   (double)number(hour, "unattributed"), pipeline, NULL);
    }
    json_object_set(watch->counted, pipeline, json_object_get(audit, "to"));
}

/* The largest gap, once; and once more when all is well again. */
static void tell(struct audit_watch *watch, const char *pipeline, const json_t *audit)
{
    const json_t *gap = json_array_get(json_object_get(audit, "gaps"), 0);
    const char *before = json_text(watch->told, pipeline);
    bool has_gap = audit_has_gap(audit);
    cleanup_free char *now =
        has_gap ? mem_printf("%s %lld", json_text(gap, "hop"), (long long)number(gap, "from"))
                : NULL;

    if (has_gap && (!before || strcmp(before, now) != 0)) {
        json_object_set_new(watch->told, pipeline, json_string(now));
        log_warning("audit_gap", "{s:s, s:s, s:I, s:I, s:I, s:s}", "pipeline", pipeline, "hop",
                    json_text(gap, "hop"), "from", number(gap, "from"), "to", number(gap, "to"),
                    "events", number(gap, "events"), "explanation", json_text(gap, "explanation"));
    } else if (!has_gap && before) {
        json_object_del(watch->told, pipeline);
        log_info("audit_complete", "{s:s}", "pipeline", pipeline);
    }
}

int audit_watch_look(struct flow *flow, struct audit_watch *watch, const struct billing *billing,
                     struct err *e)
{
    int64_t now_s = clock_now_ms() / 1000, scanned = athena_query_scanned();
    json_auto_t *audit = audit_run(flow, billing, now_s - AUDIT_WATCH_S, now_s, e);

    metric_add(&service_metrics.self_athena_scanned_bytes_total,
               (double)(athena_query_scanned() - scanned), NULL);
    if (!audit)
        return -1;
    set_gauges(billing->pipeline, audit);
    add_counters(watch, billing->pipeline, audit);
    tell(watch, billing->pipeline, audit);
    return 0;
}
