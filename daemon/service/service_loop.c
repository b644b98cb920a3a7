/* service_loop.c -- how long each turn of the event loop works: while it does, nothing else is
 * done.
 *
 * From one wait to the next, less the wait itself, which libuv counts (callbacks of sockets run
 * inside what uv_check_t and uv_prepare_t frame, so those cannot tell). */
#include "daemon/service/service_metrics.h"
#include "daemon/service/service_private.h"

static const double second = 1e9; /* in ns */

static void on_prepare(uv_prepare_t *prepare)
{
    struct service *service = prepare->data;
    uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(&service->loop);
    uint64_t waited = idle - service->turn_idle, passed = now - service->turn_began;

    metric_observe(&service_metrics.loop_busy,
                   passed > waited ? (double)(passed - waited) / second : 0, NULL);
    service->turn_began = now;
    service->turn_idle = idle;
}

void service_loop_start(struct service *service)
{
    (void)uv_loop_configure(&service->loop, UV_METRICS_IDLE_TIME);
    (void)uv_prepare_init(&service->loop, &service->turn);
    service->turn.data = service;
    service->turn_began = uv_hrtime();
    (void)uv_prepare_start(&service->turn, on_prepare);
}

void service_loop_end(struct service *service)
{
    uv_close((uv_handle_t *)&service->turn, NULL);
}
