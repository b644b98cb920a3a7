/* service_conflict.c -- pipelines for which another spec than ours is in force: somebody put it in
 * force after ours was read, or who leads goes by it.  For the log, readiness and metrics. */
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/health/service_metrics.h"
#include "daemon/service/service_private.h"

/* A sentence, new text; NULL: ours is in force, or alone. */
static char *conflict_of(const struct service *service, const struct pass *pass, size_t pipeline)
{
    const char *conflict = pass_conflict(pass, pipeline);
    const char *theirs = service_lease_other_spec(service, pipeline);

    if (conflict)
        return mem_text(conflict);
    return *theirs ? mem_printf("who leads goes by another spec (%s): what differs is as that one "
                                "wants it, and changes when this one leads; reload both with one "
                                "spec",
                                theirs)
                   : NULL;
}

static void tell(struct service *service, const char *pipeline, const char *conflict)
{
    cleanup_free char *name = mem_printf("%s conflict", pipeline);

    if (!service_news_is(service, name, conflict))
        return;
    if (conflict)
        log_warning("conflict", "{s:s, s:s}", "pipeline", pipeline, "error", conflict);
    else
        log_info("conflict_ended", "{s:s}", "pipeline", pipeline);
}

void service_conflict_take(struct service *service, const struct pass *pass)
{
    const struct manifest *manifest = service->manifest;

    json_decref(service->view.conflicts);
    service->view.conflicts = json_object();
    metric_clear(&service_metrics.spec_conflict);
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        const char *name = manifest->pipelines[i].name;
        cleanup_free char *conflict = conflict_of(service, pass, i);

        if (conflict)
            json_object_set_new(service->view.conflicts, name, json_string(conflict));
        metric_set(&service_metrics.spec_conflict, conflict != NULL, name, NULL);
        tell(service, name, conflict);
    }
}

void service_conflict_add(const struct service *service, struct str *body)
{
    const char *pipeline;
    json_t *conflict;

    json_object_foreach(service->view.conflicts, pipeline, conflict)
        str_addf(body, "%s: %s\n", pipeline, json_string_value(conflict));
}
