/* service_reload.c -- SIGHUP: the new spec is read and checked as a whole before anything of the
 * old one is touched; with an error in it the old one stays. */
#include "aws/local/background.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/health/notify.h"
#include "daemon/health/service_metrics.h"
#include "daemon/health/steady_looks.h"
#include "daemon/service/service_private.h"

#include <string.h>

/* ---- what is wrong ---- */

/* "error in billing.yaml:14:3 and 2 more".  Where, and no word of what stands there: that may be
 * what nobody should see. */
static char *describe(const struct problems *problems, enum problem_severity severity)
{
    size_t count = severity == PROBLEM_ERROR ? problems->errors : problems->warnings;
    struct str text = {0};
    const char *word = severity == PROBLEM_ERROR ? "error" : "warning (--strict)";

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        const char *slash = p->file ? strrchr(p->file, '/') : NULL;
        const char *file = slash ? slash + 1 : p->file ? p->file : "the spec";

        if (p->severity != severity)
            continue;
        str_addf(&text, "%s in %s", word, file);
        if (p->line)
            str_addf(&text, ":%d:%d", p->line, p->column);
        if (count > 1)
            str_addf(&text, " and %zu more", count - 1);
        return str_take(&text);
    }
    return mem_text("it cannot be read");
}

/* Tells the problems; the manifest, or NULL when it is not to be used. */
static struct manifest *judge(struct service *service, struct manifest *manifest,
                              struct problems *problems)
{
    bool strictly = manifest && service->orders.strict && problems->warnings;

    problems_sort(problems);
    problems_log(problems);
    if (!manifest || strictly) {
        cleanup_free char *why = describe(problems, strictly ? PROBLEM_WARNING : PROBLEM_ERROR);

        service_ready_reject(service, why);
        manifest_free(manifest);
        manifest = NULL;
    }
    problems_fini(problems);
    return manifest;
}

struct manifest *service_reload_read(struct service *service)
{
    struct problems problems = {0};
    struct manifest *manifest = manifest_load(service->orders.path, &problems);

    return judge(service, manifest, &problems);
}

/* ---- a spec that is right ---- */

static void on_attempt(void *arg, const struct aws_attempt *attempt)
{
    struct service *service = arg;

    service->progress_ms = clock_monotonic_ms();
    service_metrics_count_request(attempt);
    steady_looks_count(attempt->service, attempt->op);
}

int service_reload_connect(struct service *service)
{
    struct err e = {0};

    if (service->client)
        return 0;
    service->client = aws_client_new(&service->loop, &e);
    if (service->client)
        return 0;
    log_error("aws_configuration", "{s:s}", "error", e.text);
    service_ready_reject(service, "the AWS configuration is wrong; the log tells where");
    return -1;
}

/* The first one: what is made once and then serves every spec. */
static void begin(struct service *service)
{
    aws_client_observe(service->client, on_attempt, service);
    service->upkeep =
        upkeep_new(&(struct upkeep_setup){&service->loop, service->client, service->health,
                                          service->board, service_end_upkeep, service});
}

static void free_manifest(void *manifest)
{
    manifest_free(manifest);
}

/* Of many pipelines that takes longer than the loop has, and nobody else knows it any more.  What
 * of its documents others hold has atomic counts. */
static void drop_manifest(struct service *service, struct manifest *manifest)
{
    if (manifest)
        background_free(&service->loop, free_manifest, manifest);
}

static void take(struct service *service)
{
    struct engine *fresh;

    if (service->pausing) /* who asked is told; nothing of the spec is used by it any more */
        flow_cancel(service->pausing);
    if (service->upkeep) {
        upkeep_cancel(service->upkeep); /* what follows the next pass goes by the new spec */
        upkeep_refresh(service->upkeep);
        aws_client_refresh(service->client);
    } else {
        begin(service);
    }
    /* A new breaker, too: who reloads has looked, and wants another try at every field that was
     * given up. */
    fresh = engine_new(&service->loop, service->client, service->next);
    engine_inherit(fresh, service->engine);
    engine_free(service->engine);
    drop_manifest(service, service->manifest);
    service->manifest = service->next;
    service->next = NULL;
    service->engine = fresh;
    engine_skip_pass_role_check(service->engine, service->orders.skip_pass_role_check);
    engine_expect_apply(service->engine, true);
    aws_client_pace(service->client, (size_t)service->manifest->calls_per_minute);
    service_lease_take(service);
    service->failures = 0;
    service_metrics_count_reload(true, clock_now_ms());
    metric_set(&service_metrics.reconcile_interval, service->manifest->interval_s, NULL);
    service_view_forget(service);
}

/* Who is asked tells of the spec from now on. */
static void expect(struct service *service)
{
    service->generation++;
    health_expect(service->health, service->manifest);
    board_expect(service->board, service->manifest);
    if (service->rejected) /* another file was read while this one waited */
        metric_set(&service_metrics.config_reload_successful, 0, NULL);
    else
        health_done(service->health, HEALTH_RELOAD, "");
}

void service_reload_take(struct service *service)
{
    take(service);
    expect(service);
}

void service_reload_settle(struct service *service)
{
    if (service->next) {
        take(service);
        service->taken = true;
    }
    if (!service->taken)
        return;
    service->taken = false;
    expect(service);
    log_info("reloaded", "{s:s, s:i}", "spec", service->orders.path, "generation",
             (int)service->generation);
    notify_ready();
}

static void on_settled(uv_timer_t *timer)
{
    struct service *service = timer->data;

    if (!service->stopping && !loop_watch_puts_off(timer, on_settled))
        service->swapped(service);
}

static void on_taken(uv_timer_t *timer)
{
    struct service *service = timer->data;

    if (service->stopping || loop_watch_puts_off(timer, on_taken))
        return;
    service_reload_settle(service); /* also what was read meanwhile */
    (void)uv_timer_start(timer, on_settled, 1, 0);
}

static void on_swap(uv_timer_t *timer)
{
    struct service *service = timer->data;

    if (service->stopping || loop_watch_puts_off(timer, on_swap))
        return;
    take(service);
    service->taken = true;
    (void)uv_timer_start(timer, on_taken, 1, 0);
}

/* In three rounds of the loop, for there may be many pipelines: among its timers, since one that is
 * started by a socket may fire in the same round. */
void service_reload_swap(struct service *service, service_reload_fn *then)
{
    service->swapped = then;
    service->due_ms = clock_monotonic_ms();
    (void)uv_timer_start(&service->look, on_swap, 1, 0);
}

/* Whether it waits in service->next. */
static bool take_read(struct service *service, struct manifest *manifest)
{
    if (manifest && (service_reload_connect(service) || service_web_move(service, manifest))) {
        manifest_free(manifest);
        manifest = NULL;
    }
    if (!manifest) {
        log_error("reload_failed", "{s:s, s:s}", "spec", service->orders.path, "error",
                  service->manifest ? "the spec before it stays in use"
                                    : "there is no spec to go by");
        service_ready_status(service);
        if (!service->next)
            notify_ready();
        return false;
    }
    free(service->rejected);
    service->rejected = NULL;
    drop_manifest(service, service->next); /* an earlier reload that still waited */
    service->next = manifest;
    return true;
}

static void on_work(uv_work_t *work)
{
    struct service *service = work->data;

    service->reading.manifest = manifest_load(service->orders.path, &service->reading.problems);
}

static void on_worked(uv_work_t *work, int status)
{
    struct service *service = work->data;
    struct service_reading *reading = &service->reading;
    bool useless = service->stopping || reading->again;

    (void)status; /* nobody cancels it */
    reading->under_way = false;
    if (useless) {
        drop_manifest(service, reading->manifest);
        problems_fini(&reading->problems);
        if (!service->stopping)
            service_reload(service, reading->ready);
    } else if (take_read(service, judge(service, reading->manifest, &reading->problems))) {
        reading->ready(service);
    }
}

/* Some ten milliseconds for each pipeline, and a disk may hang. */
void service_reload(struct service *service, service_reload_fn *ready)
{
    struct service_reading *reading = &service->reading;

    reading->again = reading->under_way;
    if (reading->again)
        return;
    notify_reloading();
    *reading = (struct service_reading){.ready = ready, .under_way = true};
    reading->work.data = service;
    if (uv_queue_work(&service->loop, &reading->work, on_work, on_worked))
        abort(); /* only without a function */
}
