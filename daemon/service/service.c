#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/service/notify.h"
#include "daemon/service/service_metrics.h"
#include "daemon/service/service_private.h"
#include "daemon/service/service_time.h"
#include "daemon/views/exit_code.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- signals ---- */

static void stop(struct service *service, int number)
{
    if (service->stopping)
        _exit(128 + number); /* the second one means it */
    service->stopping = true;
    log_info("stopping", "{s:s}", "signal", number == SIGINT ? "SIGINT" : "SIGTERM");
    notify_stopping();
    if (service->pass)
        service_pass_stop(service);
    else
        service_end(service);
}

static void reload(struct service *service)
{
    if (!service_reload(service))
        return;
    if (service->pass) { /* its end lets the new spec take over */
        service_pass_stop(service);
    } else {
        service_reload_swap(service);
        service_pass_look(service);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct service *service = handle->data;

    if (number == SIGTERM || number == SIGINT) {
        stop(service, number);
        return;
    }
    if (service->stopping || service->once)
        return; /* nothing will look again */
    upkeep_refresh(service->upkeep);
    if (number == SIGHUP)
        reload(service);
    else if (service->pass)
        service->again = true;
    else
        service_pass_look(service);
}

static void start_signals(struct service *service)
{
    static const int numbers[SIGNALS] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};

    for (int i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(&service->loop, &service->signals[i]);
        service->signals[i].data = service;
        (void)uv_signal_start(&service->signals[i], on_signal, numbers[i]);
    }
}

/* ---- watchdog ---- */

static void on_feed(uv_timer_t *timer)
{
    struct service *service = timer->data;
    bool alive = service_time_is_alive(service->pass != NULL, service->progress_ms, service->due_ms,
                                       clock_monotonic_ms());

    if (!alive && !service->stalled)
        log_error("stalled", "{s:s}", "error",
                  "no reply and no progress for 15 min: the watchdog is not fed any more");
    service->stalled = !alive;
    if (alive)
        notify_watchdog();
    if (!service->stopping)
        service_view_status(service);
}

static void start_timers(struct service *service)
{
    int64_t period_ms = notify_watchdog_interval_ms();

    (void)uv_timer_init(&service->loop, &service->look);
    (void)uv_timer_init(&service->loop, &service->feed);
    (void)uv_timer_init(&service->loop, &service->give_up);
    service->look.data = service->feed.data = service->give_up.data = service;
    if (!period_ms || period_ms > SERVICE_FEED_MS)
        period_ms = SERVICE_FEED_MS;
    (void)uv_timer_start(&service->feed, on_feed, (uint64_t)period_ms, (uint64_t)period_ms);
}

/* ---- start and end ---- */

static void on_attempt(void *arg, const struct aws_attempt *attempt)
{
    struct service *service = arg;

    service->progress_ms = clock_monotonic_ms();
    service_metrics_count_request(attempt);
}

static void tell_start(const struct service *service)
{
    size_t resources = 0;

    for (size_t i = 0; i < service->manifest->pipeline_count; i++)
        resources += service->manifest->pipelines[i].resource_count;
    log_info("started", "{s:s, s:s, s:I, s:I, s:i, s:s*}", "version", BILLINGD_VERSION, "spec",
             service->path, "pipelines", (json_int_t)service->manifest->pipeline_count, "resources",
             (json_int_t)resources, "interval_s", service->manifest->interval_s, "listen",
             service->web ? web_address(service->web) : NULL);
}

/* One pass of a timer or a shell needs no web server, which could be in the daemon's way. */
static int start(struct service *service)
{
    struct err e = {0};

    service->client = aws_client_new(&service->loop, &e);
    if (!service->client) {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        return EXIT_BAD_CONFIG;
    }
    if (!service->once && service_web_listen(service, service->manifest->listen, &e)) {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        aws_client_free(service->client);
        return e.kind == ERR_INVALID ? EXIT_BAD_CONFIG : EXIT_FAILED;
    }
    aws_client_observe(service->client, on_attempt, service);
    start_signals(service);
    start_timers(service);
    service_metrics_start(BILLINGD_VERSION);
    service_metrics_count_reload(true, clock_now_ms());
    service->generation = 1;
    service->engine = engine_new(&service->loop, service->client, service->manifest);
    engine_skip_pass_role_check(service->engine, service->skip_pass_role_check);
    service->upkeep = upkeep_new(&service->loop, service->client, service_end_upkeep, service);
    tell_start(service);
    notify_ready();
    service_pass_look(service);
    return EXIT_DONE;
}

static void run(struct service *service)
{
    (void)uv_loop_init(&service->loop);
    service->code = start(service);
    (void)uv_run(&service->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&service->loop))
        log_error("loop", "{s:s}", "error", "a handle was left open");
    service_view_fini(service);
    manifest_free(service->next);
    manifest_free(service->manifest);
}

int service_run(struct manifest *manifest, bool once, bool skip_pass_role_check)
{
    struct service service = {.manifest = manifest,
                              .once = once,
                              .skip_pass_role_check = skip_pass_role_check,
                              .path = mem_text(manifest->path),
                              .started_ms = clock_now_ms()};

    /* libcurl resolves names in threads; an arena for each would stay with us for ever. */
    (void)mallopt(M_ARENA_MAX, 1);
    run(&service);
    free(service.path);
    return service.code;
}
