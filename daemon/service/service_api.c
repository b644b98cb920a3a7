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
static json_t *told_pipelines(const struct service *service, int64_t now_ms, bool trusted)
{
    json_t *list = board_document_pipelines(service->board, now_ms), *each;
    size_t i;

    json_array_foreach(list, i, each) {
        add_next(service, json_object_get(each, "stations"), now_ms);
        json_object_set_new(each, "leader",
                            service_lease_document(service, json_text(each, "pipeline")));
        json_object_set_new(each, "parts",
                            health_parts(service->health, json_text(each, "pipeline"), now_ms));
        json_object_set_new(each, "pauses",
                            service_pauses_list(service, json_text(each, "pipeline"), trusted));
    }
    return list;
}

static json_t *status_document(const struct service *service, int64_t now_ms, bool trusted)
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
    json_object_set_new(document, "pipelines", told_pipelines(service, now_ms, trusted));
    return document;
}

static json_t *list_document(const char *name, json_t *list)
{
    return json_pack("{s:s, s:o}", "format_version", JSON_FORMAT_VERSION, name, list);
}

static json_t *plan_document(const struct service *service, int64_t now_ms, bool trusted)
{
    json_t *document =
        list_document("resources", board_document_plan(service->board, now_ms, trusted));

    json_object_set_new(document, "values", json_string(trusted ? "all" : "numbers"));
    return document;
}

static int tell(struct web_exchange *exchange, json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT);

    str_add(&exchange->body, text);
    str_add_char(&exchange->body, '\n');
    free(text);
    json_decref(document);
    return 200;
}

int service_api_status(void *arg, struct web_exchange *exchange)
{
    return tell(exchange, status_document(arg, clock_now_ms(), exchange->trusted));
}

int service_api_resources(void *arg, struct web_exchange *exchange)
{
    const struct service *service = arg;

    return tell(exchange, list_document("resources",
                                        board_document_resources(service->board, clock_now_ms())));
}

int service_api_plan(void *arg, struct web_exchange *exchange)
{
    return tell(exchange, plan_document(arg, clock_now_ms(), exchange->trusted));
}

int service_api_audit(void *arg, struct web_exchange *exchange)
{
    const struct service *service = arg;

    return tell(exchange, list_document("pipelines", board_usage_audit(service->board)));
}

int service_api_periods(void *arg, struct web_exchange *exchange)
{
    const struct service *service = arg;

    return tell(exchange,
                list_document("pipelines", board_months_document(service->board, clock_now_ms())));
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
    json_auto_t *plan = board_document_plan(service->board, clock_now_ms(), false);
    bool drift = false, looked = service->manifest && board_document_looked(service->board);
    size_t i;
    json_t *each;

    json_array_foreach(plan, i, each) {
        drift = drift || strcmp(json_text(each, "state"), "unknown") != 0;
        str_addf(&exchange->body, "%s: %s\n", json_text(each, "address"), json_text(each, "state"));
    }
    if (!looked) {
        str_fini(&exchange->body);
        exchange->body = (struct str){0};
        str_add(&exchange->body, "unknown: no look at AWS has ended\n");
        return 503;
    }
    if (!i)
        str_add(&exchange->body, "no drift\n");
    return drift ? 409 : i ? 503 : 200;
}

/* ---- the page ---- */

json_t *service_api_documents(const struct service *service, bool trusted)
{
    int64_t now_ms = clock_now_ms();

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "status",
                     status_document(service, now_ms, trusted), "resources",
                     board_document_resources(service->board, now_ms), "plan",
                     board_document_plan(service->board, now_ms, trusted), "events",
                     service_events_list(0), "audit", board_usage_audit(service->board), "periods",
                     board_months_document(service->board, now_ms), "trusted", trusted, "has_token",
                     service->manifest && service->manifest->web.token_file);
}
