#include "daemon/upkeep/audit_watch.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "billing/audit/audit.h"
#include "billing/store/athena_query.h"
#include "billing/store/legacy.h"
#include "daemon/health/service_metrics.h"

#include <string.h>

struct audit_watch {
    json_t *counted; /* pipeline -> end of the hours that are in the counters */
    json_t *told;    /* pipeline -> the verdict and hop last told */
    json_t *damaged; /* pipeline -> {key: true}: objects that no query can read, told */
};

struct audit_watch *audit_watch_new(void)
{
    struct audit_watch *watch = mem_new(sizeof *watch);

    *watch = (struct audit_watch){json_object(), json_object(), json_object()};
    return watch;
}

void audit_watch_free(struct audit_watch *watch)
{
    if (!watch)
        return;
    json_decref(watch->counted);
    json_decref(watch->told);
    json_decref(watch->damaged);
    free(watch);
}

/* Nobody counted anything: gateway, log group and bucket agree that nothing came.  That proves
 * nothing, and it is no reason to wake anybody: what is set up wrong shows as drift. */
static bool is_silent(const json_t *audit)
{
    const json_t *reasons = json_object_get(audit, "reasons");
    const char *reason = json_text(json_array_get(reasons, 0), "reason");

    return json_array_size(reasons) == 1 && reason && !strcmp(reason, "silent");
}

/* A word that is none of ours is no reason to be content. */
static enum health_verdict verdict_of(const json_t *audit)
{
    const char *verdict = json_text(audit, "verdict");

    if (audit_has_gap(audit))
        return HEALTH_GAP;
    if (is_silent(audit))
        return HEALTH_SILENT;
    if (verdict && !strcmp(verdict, "accepted"))
        return HEALTH_ACCEPTED;
    return verdict && !strcmp(verdict, "complete") ? HEALTH_COMPLETE : HEALTH_UNKNOWN;
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

/* The hop was counted, and one before it, or what is missing is known all the same.  Else a share
 * of 0 would be a guess. */
static void set_ratios(const char *pipeline, const json_t *audit)
{
    const json_t *totals = json_object_get(audit, "totals");
    bool counted_before = false;
    size_t i;
    json_t *hop;

    json_array_foreach(json_object_get(audit, "hops"), i, hop) {
        const char *name = json_string_value(hop);
        double share = share_missing(audit, name);
        bool counted = json_is_integer(json_object_get(totals, name));

        if (share > 0 || (counted && counted_before))
            metric_set(&service_metrics.audit_gap_ratio, share, pipeline, name, NULL);
        counted_before = counted_before || counted;
    }
}

static void set_moment(struct metric *metric, const char *pipeline, const json_t *moment)
{
    metric_forget(metric, pipeline);
    if (json_is_integer(moment))
        metric_set(metric, (double)json_integer_value(moment), pipeline, NULL);
}

/* What was not counted is null, and no sample. */
static void set_classes(struct metric *metric, const char *pipeline, json_t *counts)
{
    const char *name;
    json_t *value;

    json_object_foreach(counts, name, value)
        if (json_is_integer(value))
            metric_set(metric, (double)json_integer_value(value), pipeline, name, NULL);
}

static void set_gauges(const char *pipeline, const json_t *audit, enum health_verdict verdict)
{
    static const char *const verdicts[] = {[HEALTH_COMPLETE] = "complete",
                                           [HEALTH_GAP] = "gap",
                                           [HEALTH_UNKNOWN] = "unknown",
                                           [HEALTH_SILENT] = "silent",
                                           [HEALTH_ACCEPTED] = "accepted"};
    const json_t *at = json_object_get(json_object_get(audit, "freshness_seconds"), "at");
    const char *name;
    json_t *value;

    service_metrics_forget_audit(pipeline);
    json_object_foreach(json_object_get(audit, "totals"), name, value)
        if (json_is_integer(value))
            metric_set(&service_metrics.audit_events, (double)json_integer_value(value), pipeline,
                       name, NULL);
    set_ratios(pipeline, audit);
    set_classes(&service_metrics.audit_excluded_events, pipeline,
                json_object_get(audit, "excluded"));
    set_classes(&service_metrics.audit_included_events, pipeline,
                json_object_get(audit, "included"));
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
        metric_set(&service_metrics.audit_verdict, i == verdict, pipeline, verdicts[i], NULL);
    set_moment(&service_metrics.newest_object, pipeline, json_object_get(at, "object"));
    set_moment(&service_metrics.newest_event, pipeline, json_object_get(at, "event"));
    set_moment(&service_metrics.delivered_until, pipeline, json_object_get(at, "delivery"));
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
        if (before && json_whole(hour, "hour") < json_integer_value(before))
            continue;
        metric_add(&service_metrics.duplicate_events_total,
                   (double)(json_whole(hour, "lines") - json_whole(hour, "delivered")), pipeline,
                   NULL);
        metric_add(&service_metrics.late_events_total, (double)json_whole(hour, "late"), pipeline,
                   NULL);
        metric_add(&service_metrics.unattributed_requests_total,
                   (double)json_whole(hour, "unattributed"), pipeline, NULL);
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
        has_gap ? mem_printf("%s %lld", json_text(gap, "hop"), (long long)json_whole(gap, "from"))
                : NULL;

    if (has_gap && (!before || strcmp(before, now) != 0)) {
        json_object_set_new(watch->told, pipeline, json_string(now));
        log_warning("audit_gap", "{s:s, s:s, s:I, s:I, s:I, s:s}", "pipeline", pipeline, "hop",
                    json_text(gap, "hop"), "from", json_whole(gap, "from"), "to",
                    json_whole(gap, "to"), "events", json_whole(gap, "events"), "explanation",
                    json_text(gap, "explanation"));
    } else if (!has_gap && before) {
        json_object_del(watch->told, pipeline);
        log_info("audit_complete", "{s:s}", "pipeline", pipeline);
    }
}

/* What lies in the audit's hours and was not found again is mended; of older objects nothing is
 * known anew. */
static void drop_mended(json_t *known, const json_t *audit)
{
    const char *key;
    void *next;
    json_t *value;

    json_object_foreach_safe(known, next, key, value)
        if (legacy_arrival(key) >= json_whole(audit, "from"))
            (void)json_object_del(known, key);
}

static void tell_damaged(struct audit_watch *watch, const char *pipeline, const json_t *audit)
{
    json_t *known = json_object_get(watch->damaged, pipeline), *object;
    json_auto_t *before = known ? json_copy(known) : json_object();
    size_t i;

    if (!known) {
        known = json_object();
        json_object_set_new(watch->damaged, pipeline, known);
    }
    drop_mended(known, audit);
    json_array_foreach(json_object_get(audit, "damaged"), i, object) {
        const char *key = json_text(object, "key");

        if (!json_object_get(before, key))
            log_warning("damaged_object", "{s:s, s:s, s:s}", "pipeline", pipeline, "key", key,
                        "problem", json_text(object, "problem"));
        json_object_set_new(known, key, json_true());
    }
    metric_set(&service_metrics.damaged_objects, (double)json_object_size(known), pipeline, NULL);
}

json_t *audit_watch_look(struct flow *flow, struct audit_watch *watch,
                         const struct billing *billing, enum health_verdict *verdict, struct err *e)
{
    int64_t now_s = clock_now_ms() / 1000, scanned = athena_query_scanned();
    json_t *audit =
        audit_run(flow, billing, audit_days_reach(billing, now_s - AUDIT_WATCH_S), now_s, e);

    metric_add(&service_metrics.self_athena_scanned_bytes_total,
               (double)(athena_query_scanned() - scanned), NULL);
    if (!audit) {
        if (e->kind != ERR_CANCELLED && !json_object_get(watch->told, billing->pipeline))
            service_metrics_forget_audit(billing->pipeline);
        return NULL;
    }
    *verdict = verdict_of(audit);
    set_gauges(billing->pipeline, audit, *verdict);
    add_counters(watch, billing->pipeline, audit);
    tell(watch, billing->pipeline, audit);
    tell_damaged(watch, billing->pipeline, audit);
    return audit;
}
