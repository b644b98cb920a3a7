/* service_api.c -- what the daemon tells over HTTP beside readiness and metrics: documents and the
 * page. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/board/board_document.h"
#include "daemon/board/board_months.h"
#include "daemon/board/board_usage.h"
#include "daemon/page/page.h"
#include "daemon/service/service_private.h"
#include "daemon/upkeep/audit_watch.h"

#include <string.h>

/* In a round of the loop: some milliseconds. */
enum { RESOURCES = 256, PIPELINES = 8 };

/* ---- documents ---- */

/* When the next look is due, wall clock; 0: nobody knows. */
static int64_t next_look_ms(const struct service *service, int64_t now_ms)
{
    if (!service->manifest || service->pass || service->stopping)
        return 0;
    return now_ms + service->due_ms - clock_monotonic_ms();
}

/* When each station is looked at next: the bill with the audit, the others with the next look. */
static void add_next(const struct service *service, json_t *stations, int64_t now_ms)
{
    int64_t look_ms = next_look_ms(service, now_ms), next_ms;
    json_t *station;
    size_t i;

    json_array_foreach(stations, i, station) {
        next_ms = look_ms;
        if (look_ms && !strcmp(json_text(station, "station"), "bill")) {
            int64_t audit_ms = board_document_ms(json_object_get(station, "checked"));

            if (audit_ms + AUDIT_WATCH_MS > look_ms)
                next_ms = audit_ms + AUDIT_WATCH_MS;
        }
        json_object_set_new(station, "next", board_document_time(next_ms));
    }
}

/* How the daemon's own work for a pipeline goes is told beside its stations. */
static void tell_pipeline(const struct service *service, json_t *each, int64_t now_ms, bool trusted)
{
    const char *name = json_text(each, "pipeline");

    add_next(service, json_object_get(each, "stations"), now_ms);
    json_object_set_new(each, "leader", service_lease_document(service, name));
    json_object_set_new(each, "parts", health_parts(service->health, name, now_ms));
    json_object_set_new(each, "pauses", service_pauses_list(service, name, trusted));
}

/* All but the pipelines. */
static json_t *status_document(const struct service *service, int64_t now_ms)
{
    json_t *reasons = service_ready_reasons(service);
    json_t *document = json_pack(
        "{s:s, s:s, s:o, s:o, s:b, s:o, s:i, s:b, s:b, s:b, s:o, s:o, s:i}", "format_version",
        JSON_FORMAT_VERSION, "version", BILLINGD_VERSION, "now", board_document_time(now_ms),
        "started", board_document_time(service->started_ms), "ready", !json_array_size(reasons),
        "reasons", reasons, "generation", (int)service->generation, "looking",
        service->pass != NULL, "rejected", service->rejected != NULL, "stale",
        board_document_is_stale(service->board, now_ms), "last_look",
        board_document_time(board_document_looked(service->board)), "next_look",
        board_document_time(next_look_ms(service, now_ms)), "interval_seconds",
        service->manifest ? service->manifest->interval_s : 0);

    json_object_set_new(document, "resources", board_document_counts(service->board, now_ms));
    return document;
}

json_t *service_api_begin(const struct service *service, enum service_document which, bool trusted)
{
    static const char *const rows[] = {[SERVICE_STATUS] = "pipelines",
                                       [SERVICE_RESOURCES] = "resources",
                                       [SERVICE_PLAN] = "resources",
                                       [SERVICE_AUDIT] = "pipelines",
                                       [SERVICE_PERIODS] = "pipelines"};
    json_t *document = which == SERVICE_STATUS
                           ? status_document(service, clock_now_ms())
                           : json_pack("{s:s}", "format_version", JSON_FORMAT_VERSION);

    json_object_set_new(document, rows[which], json_array());
    if (which == SERVICE_PLAN)
        json_object_set_new(document, "values", json_string(trusted ? "all" : "numbers"));
    return document;
}

bool service_api_add(const struct service *service, enum service_document which, bool trusted,
                     struct board_part *part, json_t *document)
{
    json_t *resources = json_object_get(document, "resources");
    json_t *pipelines = json_object_get(document, "pipelines");
    int64_t now_ms = clock_now_ms();
    size_t before = json_array_size(pipelines);
    bool more;

    part->most = which == SERVICE_RESOURCES || which == SERVICE_PLAN ? RESOURCES : PIPELINES;
    switch (which) {
    case SERVICE_RESOURCES:
        return board_document_resources(service->board, now_ms, part, resources);
    case SERVICE_PLAN:
        return board_document_plan(service->board, now_ms, trusted, part, resources);
    case SERVICE_AUDIT:
        return board_usage_audit(service->board, part, pipelines);
    case SERVICE_PERIODS:
        return board_months_document(service->board, now_ms, trusted, part, pipelines);
    case SERVICE_STATUS:
        break;
    }
    more = board_document_pipelines(service->board, now_ms, part, pipelines);
    for (size_t i = before; i < json_array_size(pipelines); i++)
        tell_pipeline(service, json_array_get(pipelines, i), now_ms, trusted);
    return more;
}

int service_api_openapi(void *arg, struct web_exchange *exchange)
{
    (void)arg;
    page_openapi(&exchange->body);
    return 200;
}

/* Unknown is not the absence of drift. */
int service_api_drift(void *arg, struct web_exchange *exchange)
{
    const struct service *service = arg;
    bool drift, looked = service->manifest && board_document_looked(service->board);
    size_t count = board_document_drift(service->board, clock_now_ms(), &exchange->body, &drift);

    if (!looked) {
        str_fini(&exchange->body);
        exchange->body = (struct str){0};
        str_add(&exchange->body, "unknown: no look at AWS has ended\n");
        return 503;
    }
    if (!count)
        str_add(&exchange->body, "no drift\n");
    return drift ? 409 : count ? 503 : 200;
}
