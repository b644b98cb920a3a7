/* service_pass.c -- one pass after the other: start, apply, end, and when the next one is due. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "daemon/health/service_time.h"
#include "daemon/service/service_private.h"
#include "daemon/views/exit_code.h"

#include <malloc.h>

enum {
    NEXT_ROUND_MS = 1, /* a timer of 0 that a timer starts would run in the same round */
    UPKEEP_MARGIN_MS = 1000,
};

static void on_timer(uv_timer_t *timer)
{
    service_pass_look(timer->data);
}

static void look_in(struct service *service, int64_t delay_ms)
{
    int64_t jitter_most_ms = (int64_t)service->manifest->jitter_s * 1000;

    /* Many daemons must not call AWS at the same second. */
    delay_ms += random_jitter(jitter_most_ms < delay_ms ? jitter_most_ms : delay_ms);
    service->due_ms = clock_monotonic_ms() + delay_ms;
    uv_update_time(&service->loop);
    (void)uv_timer_start(&service->look, on_timer, (uint64_t)delay_ms, 0);
    service_ready_status(service);
}

/* What failed of the upkeep goes on after a look, and has a patience of its own. */
static int64_t upkeep_delay_ms(const struct service *service)
{
    int64_t wait_ms = upkeep_wait_ms(service->upkeep);

    return wait_ms < 0 ? INT64_MAX : wait_ms + UPKEEP_MARGIN_MS;
}

static void schedule(struct service *service)
{
    int64_t delay_ms = service_time_delay_ms(service->manifest->interval_s, service->failures);
    int64_t upkeep_ms = upkeep_is_running(service->upkeep) ? INT64_MAX : upkeep_delay_ms(service);

    look_in(service, upkeep_ms < delay_ms ? upkeep_ms : delay_ms);
}

/* A run of the upkeep is over: what failed of it may want a look before the interval is over. */
static void on_kept_up(struct service *service)
{
    int64_t delay_ms = upkeep_delay_ms(service);

    if (!service->pass && !service->stopping && uv_is_active((uv_handle_t *)&service->look) &&
        delay_ms < service->due_ms - clock_monotonic_ms())
        look_in(service, delay_ms);
}

static void trim(uv_work_t *work)
{
    (void)work;
    (void)malloc_trim(0);
}

static void on_trimmed(uv_work_t *work, int status)
{
    (void)status; /* nobody cancels it */
    free(work);
}

/* What a pass held is free now; give it back rather than keep the peak for ever.  Of 256 MiB of
 * small pieces that takes 60 ms; the loop's own small ones come from its thread's cache meanwhile.
 */
static void give_back(struct service *service)
{
    uv_work_t *work = mem_new(sizeof *work);

    if (uv_queue_work(&service->loop, work, trim, on_trimmed))
        abort(); /* only without a function */
}

/* The pass is over and forgotten: what next? */
static void go_on(struct service *service)
{
    (void)uv_timer_stop(&service->give_up);
    if (!service->stopping && !service->orders.once)
        give_back(service);
    if (service->stopping || service->orders.once) {
        service_end(service);
    } else if (service->next) {
        service_swap_begin(service, service_pass_look);
    } else if (service->again) {
        service_pass_look(service);
    } else {
        schedule(service);
    }
}

static void on_task(void *arg, const struct pass *pass, const struct task *task)
{
    struct service *service = arg;

    (void)pass;
    service->progress_ms = clock_monotonic_ms();
    if (task_state(task) == TASK_DONE)
        service_news_task(service, task);
}

static void apply(struct service *service, struct pass *pass)
{
    service_lease_replace(service, pass);
    pass_apply(pass);
}

/* It writes only when it is known who leads. */
static void on_planned(void *arg, struct pass *pass)
{
    struct service *service = arg;

    service_lease_meet(service, pass);
    if (service_lease_is_decided(service))
        apply(service, pass);
    else
        service->planned = pass;
}

void service_pass_led(struct service *service, bool other)
{
    struct pass *planned = service->planned;

    service_ready_status(service);
    if (planned && service_lease_is_decided(service)) {
        service->planned = NULL;
        apply(service, planned);
    } else if (other && !service->orders.once && service->pass) {
        service->again = true;
    } else if (other && !service->orders.once) {
        service_pass_look(service);
    }
}

/* What is told of a pass that has ended, and then to forget it: each in a round of the loop of its
 * own, and what grows with the resources in many. */
static void on_told(uv_timer_t *timer)
{
    struct service *service = timer->data;
    struct pass *pass = service->pass;
    bool tells = !service->stopping && !service->next; /* else somebody else's soon */

    if (loop_watch_puts_off(timer, on_told))
        return;
    switch (tells && service->told < SERVICE_TOLD_ALL ? service->told++ : SERVICE_TOLD_ALL) {
    case SERVICE_TOLD_NOTHING:
        if (service_news_part(service, pass, &service->part))
            service->told = SERVICE_TOLD_NOTHING;
        break;
    case SERVICE_TOLD_NEWS:
        if (service_view_part(service, pass, &service->part))
            service->told = SERVICE_TOLD_NEWS;
        break;
    case SERVICE_TOLD_VIEW:
        if (upkeep_start_part(service->upkeep, service->manifest, pass, &service->part.upkeep))
            service->told = SERVICE_TOLD_VIEW;
        else
            service_events_looked(service);
        break;
    case SERVICE_TOLD_ALL:
        service->told =
            SERVICE_TOLD_ALL; /* it is not to be asked again, even if it is stopped now */
        if (!engine_forget_part(service->engine, pass))
            break;
        service->pass = NULL;
        go_on(service);
        return;
    }
    (void)uv_timer_start(&service->look, on_told, NEXT_ROUND_MS, 0);
}

static void on_done(void *arg, struct pass *pass)
{
    struct service *service = arg;

    if (service->orders.once)
        service->code = exit_code_of_pass(pass, service->manifest);
    if (!service->stopping && !service->next) {
        if (service_view_wants_retry(pass, service->manifest))
            service->failures++;
        else
            service->failures = 0;
    }
    service->told = SERVICE_TOLD_NOTHING;
    service->part = (struct service_view_part){0};
    (void)uv_timer_start(&service->look, on_told, NEXT_ROUND_MS, 0);
}

void service_pass_look(struct service *service)
{
    const struct pass_events events = {on_task, NULL, NULL, on_planned, on_done, service};

    if (service->swap)
        return; /* one follows that */
    (void)uv_timer_stop(&service->look);
    service->kept_up = on_kept_up;
    service->again = false;
    service_events_begin(service);
    service->progress_ms = clock_monotonic_ms();
    service->pass = engine_start(service->engine, &events);
    service_ready_status(service);
}

/* A lost write does no harm: the next look sees what became of it. */
static void on_give_up(uv_timer_t *timer)
{
    struct service *service = timer->data;
    struct pass *pass = service->pass;

    log_warning("gave_up", "{s:s}", "error", "a request under way did not end in 25 s");
    service->pass = NULL;
    if (service->orders.once)
        service->code = EXIT_FAILED;
    engine_forget(service->engine, pass);
    go_on(service);
}

void service_pass_stop(struct service *service)
{
    if (uv_is_active((uv_handle_t *)&service->give_up))
        return; /* already on its way */
    (void)uv_timer_start(&service->give_up, on_give_up, SERVICE_STOP_MS, 0);
    service->planned = NULL;
    aws_client_pace(service->client, 0); /* who stops waits for nothing */
    pass_stop(service->pass);
}
