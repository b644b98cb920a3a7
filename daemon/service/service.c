#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/service/metrics.h"
#include "daemon/service/notify.h"
#include "daemon/service/service_private.h"
#include "daemon/service/service_time.h"
#include "daemon/verbs/spec.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct web_route routes[] = {
    {"/-/ready", "text/plain; charset=utf-8", service_view_ready},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", service_view_metrics},
    {0},
};

int service_listen(struct service *service, const char *listen, struct err *e)
{
    if (!listen)
        return 0;
    service->web = web_start(&service->loop, listen, routes, service, e);
    return service->web ? 0 : -1;
}

/* ---- signals ---- */

static void stop(struct service *service, int number)
{
    if (service->stopping)
        _exit(128 + number); /* the second one means it */
    service->stopping = true;
    log_info("stopping", "{s:s}", "signal", number == SIGINT ? "SIGINT" : "SIGTERM");
    notify_stopping();
    if (service->pass)
        service_stop_pass(service);
    else
        service_end(service);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct service *service = handle->data;

    if (number == SIGTERM || number == SIGINT) {
        stop(service, number);
        return;
    }
    if (service->stopping || service->options->once)
        return; /* nothing will look again */
    upkeep_refresh(service->upkeep);
    if (number == SIGHUP) {
        service_reload(service);
    } else if (service->pass) {
        service->again = true;
    } else {
        service_look(service);
    }
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
    metrics_count_request(attempt);
}

/* A query is stopped before we go: that takes a call. */
static bool ends_later(struct service *service)
{
    service->ending = true;
    if (!upkeep_is_running(service->upkeep))
        return false;
    if (service->stopping) {
        (void)uv_timer_start(&service->give_up, service_on_give_up, SERVICE_STOP_MS, 0);
        upkeep_cancel(service->upkeep);
    }
    return true;
}

static void on_upkeep(void *arg)
{
    struct service *service = arg;

    if (!service->ending)
        return;
    if (service->options->once && upkeep_failed(service->upkeep) && !service->code)
        service->code = EXIT_FAILED;
    service_end(service);
}

void service_end(struct service *service)
{
    if (ends_later(service))
        return;
    upkeep_free(service->upkeep);
    engine_free(service->engine);
    aws_client_free(service->client);
    web_stop(service->web);
    uv_close((uv_handle_t *)&service->look, NULL);
    uv_close((uv_handle_t *)&service->feed, NULL);
    uv_close((uv_handle_t *)&service->give_up, NULL);
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&service->signals[i], NULL);
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
    if (!service->options->once && service_listen(service, service->manifest->listen, &e)) {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        aws_client_free(service->client);
        return e.kind == ERR_INVALID ? EXIT_BAD_CONFIG : EXIT_FAILED;
    }
    aws_client_observe(service->client, on_attempt, service);
    start_signals(service);
    start_timers(service);
    metrics_start(BILLINGD_VERSION);
    metrics_count_reload(true, clock_now_ms());
    service->generation = 1;
    service->engine = engine_new(&service->loop, service->client, service->manifest);
    service->upkeep = upkeep_new(&service->loop, service->client, on_upkeep, service);
    tell_start(service);
    notify_ready();
    service_look(service);
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

int service_run(const struct options *options)
{
    struct service service = {.options = options, .started_ms = clock_now_ms()};
    size_t warnings;
    int code;

    /* libcurl resolves names in threads; an arena for each would stay with us for ever. */
    (void)mallopt(M_ARENA_MAX, 1);
    service.manifest = spec_load(options, &code, &warnings);
    if (!service.manifest)
        return code;
    service.path = options->file ? options->file : manifest_default_path();
    run(&service);
    return service.code;
}
