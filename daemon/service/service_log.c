/* service_log.c -- log lines that standard error did not take at once are handed on between events.
 */
#include "base/log.h"
#include "daemon/service/service_private.h"

enum { AGAIN_MS = 100 };

static void on_time(uv_timer_t *timer)
{
    (void)timer; /* the loop turns, and that is all */
}

/* Before each wait of the loop.  A pipe could be polled, but who made it may share it with us. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct service *service = prepare->data;

    if (log_flush())
        (void)uv_timer_start(&service->hand_on_again, on_time, AGAIN_MS, 0);
}

void service_log_start(struct service *service)
{
    log_never_wait();
    (void)uv_prepare_init(&service->loop, &service->hand_on);
    (void)uv_timer_init(&service->loop, &service->hand_on_again);
    service->hand_on.data = service;
    (void)uv_prepare_start(&service->hand_on, on_prepare);
}

void service_log_end(struct service *service)
{
    uv_close((uv_handle_t *)&service->hand_on, NULL);
    uv_close((uv_handle_t *)&service->hand_on_again, NULL);
}
