/* service_reload.c -- SIGHUP: the new spec is read and checked as a whole before anything of the
 * old one is touched; with an error in it the old one stays.  How it takes over: service_swap.c. */
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/health/notify.h"
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
        service_swap_drop(service, manifest);
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

/* Whether it waits in service->next. */
static bool take_read(struct service *service, struct manifest *manifest)
{
    if (manifest && (service_reload_connect(service) || service_web_move(service, manifest))) {
        service_swap_drop(service, manifest);
        manifest = NULL;
    }
    if (!manifest) {
        log_error("reload_failed", "{s:s, s:s}", "spec", service->orders.path, "error",
                  service->manifest ? "the spec before it stays in use"
                                    : "there is no spec to go by");
        service_ready_status(service);
        if (!service->next && !service->swap)
            notify_ready();
        return false;
    }
    free(service->rejected);
    service->rejected = NULL;
    service_swap_drop(service, service->next); /* an earlier reload that still waited */
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
        service_swap_drop(service, reading->manifest);
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
