/* service_pauses.c -- what somebody paused, for the log, the metrics and the status line. */
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "daemon/health/service_metrics.h"
#include "daemon/service/service_private.h"
#include "state/pause.h"

#include <string.h>

enum { STATUS_PAUSES = 3 };

static double moment(const json_t *pause, const char *member)
{
    return (double)json_integer_value(json_object_get(pause, member));
}

/* The pipeline of the spec that has the name; the view has pauses of others only until the next
 * look. */
static const struct manifest_pipeline *pipeline_of(const struct service *service, const char *name)
{
    for (size_t i = 0; i < service->manifest->pipeline_count; i++)
        if (!strcmp(service->manifest->pipelines[i].name, name))
            return &service->manifest->pipelines[i];
    return NULL;
}

static bool binds(const struct service *service, const char *name, const json_t *pause)
{
    const struct manifest_pipeline *pipeline = pipeline_of(service, name);

    return pipeline && pause_binds(pause, pipeline);
}

static void measure(const struct service *service)
{
    const char *name;
    json_t *pauses, *pause;
    size_t i;

    metric_clear(&service_metrics.paused_since);
    metric_clear(&service_metrics.paused_until);
    json_object_foreach(service->view.pauses, name, pauses)
        json_array_foreach(pauses, i, pause) {
            const char *address = json_text(pause, "address");

            if (!binds(service, name, pause))
                continue;
            if (pause_is_in_force(pause, clock_agreed_ms() / 1000))
                metric_set(&service_metrics.paused_since, moment(pause, "since"), address, NULL);
            metric_set(&service_metrics.paused_until, moment(pause, "until"), address, NULL);
        }
}

static const json_t *find(const json_t *pauses, const char *address)
{
    const json_t *pause;
    size_t i;

    json_array_foreach((json_t *)pauses, i, pause)
        if (!strcmp(json_text(pause, "address"), address))
            return pause;
    return NULL;
}

static void tell(struct service *service, const struct manifest_pipeline *pipeline,
                 const json_t *pause)
{
    const char *address = json_text(pause, "address");
    cleanup_free char *name = mem_printf("%s pause", address), *how = NULL;
    char until[TIMESTAMP_ROOM];
    bool holds = pause_is_in_force(pause, clock_agreed_ms() / 1000);

    timestamp_text(json_integer_value(json_object_get(pause, "until")), until);
    how = holds ? pause_told(pause, pipeline) : NULL;
    if (!service_news_is(service, name, how))
        return;
    if (holds)
        log_warning("paused", "{s:s, s:s, s:s, s:s, s:s*}", "resource", address, "until", until,
                    "by", json_text(pause, "by"), "reason", json_text(pause, "reason"), "error",
                    pause_binds(pause, pipeline)
                        ? NULL
                        : "the spec does not have it, so nothing is left alone: `billingd resume` "
                          "takes it off the list");
    else
        log_warning("pause_ended", "{s:s, s:s}", "resource", address, "until", until);
}

/* Those that are in the list, then those that are not any more. */
static void tell_all(struct service *service, const struct manifest_pipeline *pipeline,
                     const json_t *before, const json_t *now)
{
    const json_t *pause;
    size_t i;

    json_array_foreach((json_t *)now, i, pause)
        tell(service, pipeline, pause);
    json_array_foreach((json_t *)before, i, pause) {
        const char *address = json_text(pause, "address");
        cleanup_free char *name = mem_printf("%s pause", address);

        if (!find(now, address) && service_news_is(service, name, NULL))
            log_info("resumed", "{s:s}", "resource", address);
    }
}

void service_pauses_take(struct service *service, const struct pass *pass)
{
    json_t *all = json_object(), *unread = json_object();

    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        const char *name = service->manifest->pipelines[i].name, *why;
        const json_t *before = json_object_get(service->view.pauses, name);
        enum err_kind kind;
        const json_t *now = pass_paused(pass, i, &why, &kind);

        if (now)
            tell_all(service, &service->manifest->pipelines[i], before, now);
        else
            now = before;
        if (why)
            json_object_set_new(unread, name, json_true());
        if (now)
            json_object_set(all, name, (json_t *)now);
    }
    json_decref(service->view.pauses);
    service->view.pauses = all;
    json_decref(service->view.pauses_unread);
    service->view.pauses_unread = unread;
    measure(service);
}

void service_pauses_add(const struct service *service, struct str *text)
{
    const char *name;
    json_t *pauses, *pause;
    size_t i, count = 0;

    json_object_foreach(service->view.pauses, name, pauses)
        json_array_foreach(pauses, i, pause) {
            char until[TIMESTAMP_ROOM];

            if (!pause_is_in_force(pause, clock_agreed_ms() / 1000) || count++ >= STATUS_PAUSES)
                continue;
            timestamp_minute(json_integer_value(json_object_get(pause, "until")), until);
            str_addf(text, ", %s paused until %s%s", json_text(pause, "address"), until,
                     binds(service, name, pause) ? "" : " though the spec does not have it");
        }
    if (count > STATUS_PAUSES)
        str_addf(text, ", %zu more paused", count - STATUS_PAUSES);
}

/* To those who are not trusted neither who paused it nor why: the one is AWS's, the other
 * somebody's own words. */
static json_t *document_of(const json_t *pause, const struct manifest_pipeline *pipeline,
                           bool trusted)
{
    char since[TIMESTAMP_ROOM], until[TIMESTAMP_ROOM];
    json_t *told;

    timestamp_text(json_integer_value(json_object_get(pause, "since")), since);
    timestamp_text(json_integer_value(json_object_get(pause, "until")), until);
    told = json_pack("{s:s, s:s, s:s, s:b}", "address", json_text(pause, "address"), "since", since,
                     "until", until, "binds", pause_binds(pause, pipeline));
    if (trusted) {
        json_object_set(told, "reason", json_object_get(pause, "reason"));
        json_object_set(told, "by", json_object_get(pause, "by"));
    }
    return told;
}

json_t *service_pauses_list(const struct service *service, const char *name, bool trusted)
{
    const struct manifest_pipeline *pipeline = pipeline_of(service, name);
    json_t *pauses = json_object_get(service->view.pauses, name), *list, *pause;
    size_t i;

    if (!pipeline || !pauses || json_object_get(service->view.pauses_unread, name))
        return json_null();
    list = json_array();
    json_array_foreach(pauses, i, pause)
        if (pause_is_in_force(pause, clock_agreed_ms() / 1000))
            json_array_append_new(list, document_of(pause, pipeline, trusted));
    return list;
}
