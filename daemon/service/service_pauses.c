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

static void tell(struct service *service, const json_t *pause)
{
    const char *address = json_text(pause, "address");
    cleanup_free char *name = mem_printf("%s pause", address), *how = NULL;
    char until[TIMESTAMP_ROOM];
    bool holds = pause_is_in_force(pause, clock_agreed_ms() / 1000);

    timestamp_text(json_integer_value(json_object_get(pause, "until")), until);
    how = holds ? pause_text(pause) : NULL;
    if (!service_news_is(service, name, how))
        return;
    if (holds)
        log_warning("paused", "{s:s, s:s, s:s, s:s}", "resource", address, "until", until, "by",
                    json_text(pause, "by"), "reason", json_text(pause, "reason"));
    else
        log_warning("pause_ended", "{s:s, s:s}", "resource", address, "until", until);
}

/* Those that are in the list, then those that are not any more. */
static void tell_all(struct service *service, const json_t *before, const json_t *now)
{
    const json_t *pause;
    size_t i;

    json_array_foreach((json_t *)now, i, pause)
        tell(service, pause);
    json_array_foreach((json_t *)before, i, pause) {
        const char *address = json_text(pause, "address");
        cleanup_free char *name = mem_printf("%s pause", address);

        if (!find(now, address) && service_news_is(service, name, NULL))
            log_info("resumed", "{s:s}", "resource", address);
    }
}

void service_pauses_take(struct service *service, const struct pass *pass)
{
    json_t *all = json_object();

    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        const char *name = service->manifest->pipelines[i].name, *why;
        const json_t *before = json_object_get(service->view.pauses, name);
        enum err_kind kind;
        const json_t *now = pass_paused(pass, i, &why, &kind);

        if (now)
            tell_all(service, before, now);
        else
            now = before;
        if (now)
            json_object_set(all, name, (json_t *)now);
    }
    json_decref(service->view.pauses);
    service->view.pauses = all;
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
            str_addf(text, ", %s paused until %s", json_text(pause, "address"), until);
        }
    if (count > STATUS_PAUSES)
        str_addf(text, ", %zu more paused", count - STATUS_PAUSES);
}
