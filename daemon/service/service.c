#include "base/clock.h"
#include "base/log.h"
#include "daemon/health/event_ring.h"
#include "daemon/health/notify.h"
#include "daemon/health/service_metrics.h"
#include "daemon/health/service_time.h"
#include "daemon/service/service_private.h"
#include "daemon/views/exit_code.h"

#include <signal.h>
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

static void on_reloaded(struct service *service)
{
    if (service->pass) { /* its end lets the new spec take over */
        log_info("reload_waits", "{s:s}", "spec", service->orders.path);
        service_pass_stop(service);
    } else {
        service_swap_begin(service, service_pass_look);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct service *service = handle->data;

    if (number == SIGTERM || number == SIGINT) {
        stop(service, number);
        return;
    }
    if (service->stopping || service->orders.once)
        return; /* nothing will look again */
    service_events_ask(service);
    upkeep_refresh(service->upkeep);
    if (number == SIGHUP || !service->manifest)
        service_reload(service, on_reloaded);
    else if (service->pass)
        service->again = true;
    else
        service_pass_look(service);
}

/* What asks for a look. */
static sigset_t asking(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR1);
    return set;
}

/* Signals that mean nothing to us and would end a process that says nothing about them. */
static void ignore_others(void)
{
    static const int others[] = {SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,  SIGIO,
                                 SIGPWR,  SIGXFSZ, SIGXCPU,   SIGSTKFLT};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        (void)signal(others[i], SIG_IGN);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        (void)signal(number, SIG_IGN);
}

void service_hold_signals(void)
{
    const sigset_t set = asking();

    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    ignore_others();
}

static void start_signals(struct service *service)
{
    static const int numbers[SIGNALS] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};
    const sigset_t set = asking();

    for (int i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(&service->loop, &service->signals[i]);
        service->signals[i].data = service;
        (void)uv_signal_start(&service->signals[i], on_signal, numbers[i]);
    }
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- watchdog ---- */

static void on_feed(uv_timer_t *timer)
{
    struct service *service = timer->data;
    bool alive =
        !service->manifest || service_time_is_alive(service->pass != NULL, service->progress_ms,
                                                    service->due_ms, clock_monotonic_ms());

    if (!alive && !service->stalled)
        log_error("stalled", "{s:s}", "error",
                  "no reply and no progress for 15 min: the watchdog is not fed any more");
    service->stalled = !alive;
    if (alive)
        notify_watchdog();
    if (!service->stopping)
        service_ready_status(service);
}

static void start_timers(struct service *service)
{
    int64_t period_ms = notify_watchdog_interval_ms();

    (void)uv_timer_init(&service->loop, &service->look);
    (void)uv_timer_init(&service->loop, &service->feed);
    (void)uv_timer_init(&service->loop, &service->give_up);
    service_gather_start(service);
    service_lease_start(service, service_pass_led);
    service->look.data = service->feed.data = service->give_up.data = service;
    if (!period_ms || period_ms > SERVICE_FEED_MS)
        period_ms = SERVICE_FEED_MS;
    (void)uv_timer_start(&service->feed, on_feed, (uint64_t)period_ms, (uint64_t)period_ms);
}

/* ---- from start to end ---- */

static void run(struct service *service)
{
    loop_watch_open(&service->loop);
    event_ring_start(service->started_ms);
    loop_watch_start(&service->watch, &service->loop, service_metrics_count_round, NULL);
    service_log_start(service);
    start_signals(service);
    start_timers(service);
    service->code = service_start(service);
    if (service->code != EXIT_DONE)
        service_end(service);
    (void)uv_run(&service->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&service->loop))
        log_error("loop", "{s:s}", "error", "a handle was left open");
    log_drain(SERVICE_DRAIN_MS);
    event_ring_end();
    service_view_fini(service);
    service_lease_fini(service);
    service_swap_fini(service);
    manifest_free(service->next);
    manifest_free(service->manifest);
    health_free(service->health);
    board_free(service->board);
    free(service->rejected);
    free(service->listen);
}

int service_run(struct manifest *manifest, const struct service_orders *orders)
{
    struct service service = {.next = manifest,
                              .orders = *orders,
                              .health = health_new(),
                              .board = board_new(),
                              .started_ms = clock_now_ms()};

    run(&service);
    return service.code;
}
