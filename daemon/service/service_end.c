/* service_end.c -- the end of the daemon: the upkeep under way first, then the lead, then all else.
 */
#include "daemon/service/service_private.h"
#include "daemon/views/exit_code.h"

static void on_give_up(uv_timer_t *timer)
{
    struct service *service = timer->data;

    upkeep_cancel(service->upkeep); /* the second time: even its last call */
}

/* A query is stopped before we go: that takes a call. */
static bool ends_later(struct service *service)
{
    service->ending = true;
    if (service->pausing) { /* its end comes back here */
        flow_cancel(service->pausing);
        return true;
    }
    if (!upkeep_is_running(service->upkeep))
        return false;
    if (service->stopping) {
        (void)uv_timer_start(&service->give_up, on_give_up, SERVICE_STOP_MS, 0);
        upkeep_cancel(service->upkeep);
    }
    return true;
}

void service_end(struct service *service)
{
    if (ends_later(service) || !service_lease_end(service, service_end))
        return;
    upkeep_free(service->upkeep);
    engine_free(service->engine);
    aws_client_free(service->client);
    service_gather_end(service);
    web_stop(service->web);
    service_log_end(service);
    loop_watch_end(&service->watch);
    uv_close((uv_handle_t *)&service->look, NULL);
    uv_close((uv_handle_t *)&service->feed, NULL);
    uv_close((uv_handle_t *)&service->give_up, NULL);
    uv_close((uv_handle_t *)&service->leases.timer, NULL);
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&service->signals[i], NULL);
}

void service_end_upkeep(void *arg)
{
    struct service *service = arg;

    service_events_kept_up(service);
    if (!service->ending) {
        service_ready_status(service);
        service->kept_up(service);
        return;
    }
    if (service->orders.once && upkeep_failed(service->upkeep) && !service->code)
        service->code = EXIT_FAILED;
    service_end(service);
}
