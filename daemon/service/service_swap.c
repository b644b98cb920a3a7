/* service_swap.c -- a spec that was read takes over from the one before.
 *
 * There may be thousands of pipelines, and the loop has 50 ms.  So all that is made for each of them
 * is made on another thread, beside what is in use; the new spec then takes over in one round, which
 * only exchanges, so that nobody who asks sees half of it; and what was before is given up on
 * another thread.  What pipelines measured that are gone is forgotten in rounds of its own: what
 * tells of it (service_gather.c) waits so long. */
#include "aws/local/background.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/health/notify.h"
#include "daemon/health/service_metrics.h"
#include "daemon/health/steady_looks.h"
#include "daemon/service/service_private.h"

/* The other thread's until it is made, and then the loop's.  What takes over, and, when it has,
 * what was before it. */
struct service_swap {
    const struct board *now_board;
    const struct health *now_health;
    struct manifest *manifest;
    struct board *board;
    struct health_next *health;
    struct service_lease_places *leases;
    struct service_view_past past;
    struct engine *engine; /* the one before */
};

/* ---- what is made, and given up, on another thread ---- */

static void make(void *job)
{
    struct service_swap *swap = job;

    swap->board = board_prepare(swap->now_board, swap->manifest);
    swap->health = health_prepare(swap->now_health, swap->manifest);
    swap->leases = service_lease_prepare(swap->manifest);
}

static void give_up(void *job)
{
    struct service_swap *swap = job;

    engine_free(swap->engine); /* it has no pass */
    board_free(swap->board);
    health_next_free(swap->health);
    service_lease_drop(swap->leases);
    service_view_drop(&swap->past);
    manifest_free(swap->manifest);
    free(swap);
}

static void free_manifest(void *manifest)
{
    manifest_free(manifest);
}

/* What of its documents others hold has atomic counts. */
void service_swap_drop(struct service *service, struct manifest *manifest)
{
    if (manifest)
        background_free(&service->loop, free_manifest, manifest);
}

/* Of the spec that waits. */
static struct service_swap *begin_swap(struct service *service)
{
    struct service_swap *swap = mem_new(sizeof *swap);

    *swap = (struct service_swap){.now_board = service->board,
                                  .now_health = service->health,
                                  .manifest = service->next};
    service->next = NULL;
    return swap;
}

/* ---- the round in which it takes over ---- */

/* What does not hold a pass, or what follows it, for long: both go by the new spec next time. */
static void stop_others(struct service *service)
{
    if (service->pausing) /* who asked is told; nothing of the spec is used by it any more */
        flow_cancel(service->pausing);
    upkeep_cancel(service->upkeep);
    upkeep_refresh(service->upkeep);
    aws_client_refresh(service->client);
}

static void on_attempt(void *arg, const struct aws_attempt *attempt)
{
    struct service *service = arg;

    service->progress_ms = clock_monotonic_ms();
    service_metrics_count_request(attempt);
    steady_looks_count(attempt->service, attempt->op);
}

/* The first one: what is made once and then serves every spec. */
static void begin(struct service *service)
{
    aws_client_observe(service->client, on_attempt, service);
    service->upkeep =
        upkeep_new(&(struct upkeep_setup){&service->loop, service->client, service->health,
                                          service->board, service_end_upkeep, service});
}

/* A new breaker, too: who reloads has looked, and wants another try at every field that was given
 * up. */
static void exchange_engine(struct service *service, struct service_swap *swap)
{
    struct engine *fresh = engine_new(&service->loop, service->client, swap->manifest);
    struct manifest *before = service->manifest;

    engine_inherit(fresh, service->engine);
    engine_skip_pass_role_check(fresh, service->orders.skip_pass_role_check);
    engine_expect_apply(fresh, true);
    swap->engine = service->engine;
    service->engine = fresh;
    service->manifest = swap->manifest;
    swap->manifest = before;
}

static void take(struct service *service, struct service_swap *swap)
{
    if (service->upkeep)
        stop_others(service);
    else
        begin(service);
    exchange_engine(service, swap);
    aws_client_pace(service->client, (size_t)service->manifest->calls_per_minute);
    service_lease_take(service, swap->leases);
    board_take(service->board, swap->board);
    health_take(service->health, swap->health);
    service_view_forget(service, &swap->past);
    service->failures = 0;
    service->generation++;
    service_metrics_count_reload(true, clock_now_ms());
    metric_set(&service_metrics.reconcile_interval, service->manifest->interval_s, NULL);
    if (service->rejected) /* another file was read while this one waited */
        metric_set(&service_metrics.config_reload_successful, 0, NULL);
    else
        health_done(service->health, HEALTH_RELOAD, "");
    service->forgets = true;
}

void service_swap_take(struct service *service)
{
    struct service_swap *swap = begin_swap(service);

    make(swap);
    take(service, swap);
    while (health_forget_part(swap->health))
        ;
    service->forgets = false;
    give_up(swap);
}

/* ---- rounds ---- */

static void prepare(struct service *service);

static void end(struct service *service)
{
    struct service_swap *swap = service->swap;

    service->swap = NULL;
    service->forgets = false;
    background_free(&service->loop, give_up, swap);
    log_info("reloaded", "{s:s, s:i}", "spec", service->orders.path, "generation",
             (int)service->generation);
    if (service->next) { /* read meanwhile */
        prepare(service);
        return;
    }
    notify_ready();
    service->swapped(service);
}

/* In a round after that in which it took over. */
static void on_taken(uv_timer_t *timer)
{
    struct service *service = timer->data;

    if (service->stopping || loop_watch_puts_off(timer, on_taken))
        return;
    if (health_forget_part(service->swap->health))
        (void)uv_timer_start(timer, on_taken, 1, 0);
    else
        end(service);
}

static void on_swap(uv_timer_t *timer)
{
    struct service *service = timer->data;

    if (service->stopping || loop_watch_puts_off(timer, on_swap))
        return;
    if (service->next) { /* nobody needs what was read before */
        background_free(&service->loop, give_up, service->swap);
        prepare(service);
        return;
    }
    take(service, service->swap);
    (void)uv_timer_start(timer, on_taken, 1, 0);
}

/* Among the timers of the loop: a socket's part of its rounds may be full. */
static void on_made(void *arg, void *job)
{
    struct service *service = arg;

    (void)job;
    if (!service->stopping)
        (void)uv_timer_start(&service->look, on_swap, 1, 0);
}

static void prepare(struct service *service)
{
    service->swap = begin_swap(service);
    (void)background_start(
        &service->loop,
        &(struct background_work){.work = make, .done = on_made, .job = service->swap, .arg = service});
}

void service_swap_begin(struct service *service, service_reload_fn *then)
{
    service->swapped = then;
    service->due_ms = clock_monotonic_ms();
    if (service->swap)
        return; /* it is seen before that one ends */
    (void)uv_timer_stop(&service->look);
    prepare(service);
}

void service_swap_fini(struct service *service)
{
    if (service->swap)
        give_up(service->swap);
    service->swap = NULL;
}
