/* service_reload.c -- SIGHUP: the new spec is read and checked as a whole before anything of the
 * old one is touched; with an error in it the old one stays. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/service/notify.h"
#include "daemon/service/service_metrics.h"
#include "daemon/service/service_private.h"

#include <string.h>

static void log_problem(void *arg, const struct problem *p, const char *rest)
{
    (void)arg;
    if (p->severity == PROBLEM_ERROR)
        log_error("spec_error", "{s:s, s:i, s:i, s:s, s:s, s:s*}", "file", p->file, "line", p->line,
                  "column", p->column, "path", p->path, "error", p->text, "more", rest);
    else
        log_warning("spec_warning", "{s:s, s:i, s:i, s:s, s:s, s:s, s:s*}", "file", p->file, "line",
                    p->line, "column", p->column, "path", p->path, "code", p->code, "error",
                    p->text, "more", rest);
}

static struct manifest *load(const struct service *service)
{
    struct problems problems = {0};
    struct manifest *manifest = manifest_load(service->path, &problems);

    problems_sort(&problems);
    problems_each(&problems, log_problem, NULL);
    problems_fini(&problems);
    return manifest;
}

void service_reload_swap(struct service *service)
{
    upkeep_cancel(service->upkeep); /* what follows the next pass goes by the new spec */
    upkeep_refresh(service->upkeep);
    engine_free(service->engine);
    manifest_free(service->manifest);
    service->manifest = service->next;
    service->next = NULL;
    /* A new engine: who edits the spec gets another chance for every field that was given up. */
    service->engine = engine_new(&service->loop, service->client, service->manifest);
    engine_skip_pass_role_check(service->engine, service->skip_pass_role_check);
    aws_client_refresh(service->client);
    service->generation++;
    service->failures = 0;
    service->reload_failed = false;
    service_metrics_count_reload(true, clock_now_ms());
    service_view_forget(service);
    log_info("reloaded", "{s:s, s:i}", "spec", service->path, "generation",
             (int)service->generation);
    notify_ready();
}

bool service_reload(struct service *service)
{
    struct manifest *manifest;

    notify_reloading();
    manifest = load(service);
    if (manifest && service_web_move(service, manifest)) {
        manifest_free(manifest);
        manifest = NULL;
    }
    if (!manifest) {
        service->reload_failed = true;
        service_metrics_count_reload(false, clock_now_ms());
        log_error("reload_failed", "{s:s, s:s}", "spec", service->path, "error",
                  "the spec before it stays in use");
        service_view_status(service);
        if (!service->next)
            notify_ready();
        return false;
    }
    manifest_free(service->next); /* an earlier reload that still waited */
    service->next = manifest;
    return true;
}
