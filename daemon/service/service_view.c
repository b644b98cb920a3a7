/* service_view.c -- a finished pass as metrics. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/health/service_metrics.h"
#include "daemon/service/service_private.h"
#include "resources/members.h"

#include <string.h>

static bool was_refused(const struct pass *pass, const struct manifest *manifest,
                        enum err_kind wanted)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        enum err_kind kind;

        if (pass_refused(pass, i, &kind) && kind == wanted)
            return true;
    }
    return false;
}

bool service_view_wants_retry(const struct pass *pass, const struct manifest *manifest)
{
    struct pass_summary summary;

    pass_summarize(pass, &summary);
    return summary.retry || summary.settling || was_refused(pass, manifest, ERR_RETRY);
}

/* ---- metrics ---- */

/* Measured in one round of the loop: a resource has some series, each of which is put between all
 * others. */
enum { MOST_TASKS = 128 };

static const char *const *conditions_of(const struct task *task)
{
    static const char *const synced[] = {"Ready", "Synced", NULL};
    static const char *const held[] = {"Ready", "NonConverging", NULL};
    static const char *const observed[] = {"Ready", "Observed", NULL};
    static const char *const observed_absent[] = {"Observed", NULL};
    static const char *const later[] = {"Recoverable", NULL};
    static const char *const never[] = {"Terminal", NULL};
    static const char *const unread_later[] = {"Unchecked", "Recoverable", NULL};
    static const char *const unread_never[] = {"Unchecked", "Terminal", NULL};

    switch (task_verdict(task)) {
    case VERDICT_SYNCED:
    case VERDICT_REPAIRED:
        return synced;
    case VERDICT_HELD:
        return held;
    case VERDICT_OBSERVED:
        return task_plan(task)->action == PLAN_UPDATE ? observed : observed_absent;
    case VERDICT_RETRY:
    case VERDICT_DENIED: /* ends when somebody gives the permission */
        return service_ready_is_unread(task) ? unread_later : later;
    case VERDICT_BLOCKED: /* by another resource, or for good */
        return task_plan(task)->action == PLAN_BLOCKED ? never : later;
    case VERDICT_FAILED:
        return service_ready_is_unread(task) ? unread_never : never;
    case VERDICT_NONE:
    case VERDICT_DRIFTED:
    case VERDICT_SETTLING:
        break;
    }
    return later;
}

static const struct manifest_resource *find_resource(const struct manifest *manifest,
                                                     const char *address)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        for (size_t j = 0; j < manifest->pipelines[i].resource_count; j++)
            if (!strcmp(manifest->pipelines[i].resources[j].address, address))
                return &manifest->pipelines[i].resources[j];
    return NULL;
}

/* One of the differences is in a field that AWS cannot change. */
static bool hits_immutable(const struct task *task)
{
    const struct plan *plan = task_plan(task);
    const struct kind *kind = task_kind(task);
    size_t i;
    json_t *difference;

    json_array_foreach(plan->differences, i, difference) {
        const char *name = json_text(difference, "field");
        cleanup_free char *plain = mem_text_n(name, strcspn(name, ".["));
        const struct field *field = kind_field(kind, plain);

        if (field && ((field->flags & FIELD_FIXED) || !(field->set || kind->update)))
            return true;
    }
    return false;
}

static void count_guards(const struct service *service, const struct task *task)
{
    const struct plan *plan = task_plan(task);
    const struct manifest_resource *resource;
    size_t i;
    json_t *difference;

    json_array_foreach(plan->differences, i, difference)
        if (json_object_get(difference, "held"))
            metric_add(&service_metrics.guard_blocked_total, 1, "breaker", NULL);
    if (task_is_over_quota(task))
        metric_add(&service_metrics.guard_blocked_total, 1, "quota", NULL);
    if (plan->kept)
        metric_add(&service_metrics.guard_blocked_total, 1, "protect", NULL);
    if (plan->action != PLAN_BLOCKED || plan->kept)
        return;
    resource = find_resource(service->manifest, task_address(task));
    if (plan->guarded)
        metric_add(&service_metrics.guard_blocked_total, 1, "policy", NULL);
    else if (resource && resource->absent)
        metric_add(&service_metrics.guard_blocked_total, 1, "ownership", NULL);
    else if (hits_immutable(task))
        metric_add(&service_metrics.guard_blocked_total, 1, "immutable", NULL);
}

static void measure_loss(const struct service *service, const struct task *task)
{
    enum loss worst = task_loss(task, task_last_plan(task));

    service_metrics_set_loss(task_address(task), worst);
    if (worst == LOSS_NONE)
        (void)json_object_del(service->view.losses, task_address(task));
    else
        (void)json_object_set_new(service->view.losses, task_address(task), json_integer(worst));
}

/* Nobody knows what differs there.  A loss that was seen is told until it is seen to be over. */
static void measure_unread(const char *address)
{
    bool lost = false;

    for (enum loss loss = LOSS_DELAYED; loss <= LOSS_DROPPED; loss++)
        lost = lost || metric_value(&service_metrics.resource_loss, 0, address,
                                    members_loss_name(loss), NULL) > 0;
    metric_forget(&service_metrics.resource_drift_fields, address);
    if (!lost)
        metric_forget(&service_metrics.resource_loss, address);
}

static void measure_task(const struct service *service, const struct task *task)
{
    service_metrics_set_conditions(task_address(task), task_kind(task)->name, conditions_of(task));
    if (service_ready_is_unread(task)) {
        measure_unread(task_address(task));
        return;
    }
    measure_loss(service, task);
    metric_set(&service_metrics.resource_drift_fields,
               (double)json_array_size(task_plan(task)->differences), task_address(task), NULL);
    count_guards(service, task);
}

/* Nothing is known about the resources of a pipeline that was not even read. */
static void measure_refused(const struct service *service, const struct pass *pass)
{
    static const char *const unknown[] = {"Unchecked", "Recoverable", NULL};

    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        const struct manifest_pipeline *pipeline = &service->manifest->pipelines[i];
        enum err_kind kind;

        if (!pass_refused(pass, i, &kind))
            continue;
        if (kind == ERR_INVALID)
            metric_add(&service_metrics.guard_blocked_total, 1, "account", NULL);
        for (size_t j = 0; j < pipeline->resource_count; j++) {
            service_metrics_set_conditions(pipeline->resources[j].address,
                                           pipeline->resources[j].kind->name, unknown);
            measure_unread(pipeline->resources[j].address);
        }
    }
}

static size_t state_of(const struct task *task)
{
    switch (task_verdict(task)) {
    case VERDICT_SYNCED:
    case VERDICT_REPAIRED:
        return 0;
    case VERDICT_OBSERVED:
        return 1;
    case VERDICT_HELD:
        return 2;
    case VERDICT_SETTLING:
    case VERDICT_DRIFTED:
    case VERDICT_NONE:
        return 3;
    case VERDICT_BLOCKED:
        return 4;
    case VERDICT_RETRY:
    case VERDICT_DENIED:
    case VERDICT_FAILED:
        break;
    }
    return service_ready_is_unread(task) ? 6 : 5;
}

/* All resources of a spec are in one of these; in the order of state_of. */
static void measure_states(const struct service *service, const struct pass *pass)
{
    static const char *const states[] = {"in_sync", "observed", "held",  "settling",
                                         "blocked", "failed",   "unread"};
    enum { STATES = sizeof states / sizeof *states };
    size_t pipelines = service->manifest->pipeline_count;
    size_t(*counts)[STATES] = mem_new(pipelines * sizeof *counts);

    for (size_t i = 0; i < pipelines; i++)
        counts[i][STATES - 1] = service->manifest->pipelines[i].resource_count;
    for (size_t i = 0; i < pass_task_count(pass); i++) {
        size_t *of = counts[pass_task_pipeline(pass, i)];

        of[STATES - 1]--; /* the others were not even begun */
        of[state_of(pass_task(pass, i))]++;
    }
    for (size_t i = 0; i < pipelines; i++)
        for (size_t state = 0; state < STATES; state++)
            metric_set(&service_metrics.resources, (double)counts[i][state],
                       service->manifest->pipelines[i].name, states[state], NULL);
    free(counts);
}

static const char *result_of(const struct service *service, const struct pass *pass,
                             const struct pass_summary *s)
{
    bool account = was_refused(pass, service->manifest, ERR_INVALID);

    if (s->failed || s->denied || s->retry || (s->refused && !account))
        return "failed";
    if (s->blocked || account)
        return "blocked";
    return s->held || s->observed || s->settling || s->drifted ? "drifted" : "converged";
}

/* Held back as a whole: see guard/blast_radius.h. */
static void measure_radius(struct service *service, const struct pass *pass)
{
    size_t most;

    service->view.too_many = pass_was_applied(pass) ? pass_too_many(pass, &most) : 0;
    if (service->view.too_many)
        metric_add(&service_metrics.guard_blocked_total, 1, "max_changes", NULL);
}

static void measure(const struct service *service, const struct pass *pass,
                    const struct pass_summary *summary)
{
    const char *result = result_of(service, pass, summary);

    measure_refused(service, pass);
    measure_states(service, pass);
    metric_add(&service_metrics.reconcile_total, 1, result, NULL);
    metric_set(&service_metrics.reconcile_last_finished, (double)clock_now_ms() / 1000, NULL);
    metric_observe(&service_metrics.reconcile_duration, (double)summary->elapsed_ms / 1000, NULL);
    metric_set(&service_metrics.observed_generation, service->generation, NULL);
    if (!strcmp(result, "converged"))
        metric_set(&service_metrics.reconcile_last_success, (double)clock_now_ms() / 1000, NULL);
}

/* What follows from all of it. */
static void take(struct service *service, const struct pass *pass)
{
    struct service_view *view = &service->view;
    struct pass_summary summary;

    pass_summarize(pass, &summary);
    view->looked = true;
    view->generation = service->generation;
    view->looked_ms = clock_boot_ms();
    view->observed = summary.observed;
    view->stuck = summary.held + summary.blocked + summary.denied + summary.failed;
    json_decref(view->unread);
    view->unread = service_ready_unread(service, pass);
    if (json_array_size(view->unread))
        health_failed(service->health, HEALTH_PASS, "",
                      service_view_wants_retry(pass, service->manifest) ? ERR_RETRY : ERR_NONE);
    else
        health_done(service->health, HEALTH_PASS, "");
    free(view->summary);
    view->summary = service_ready_summary(service, pass);
    free(view->quotas);
    view->quotas = service_ready_quotas(pass);
}

static void measure_all(struct service *service, const struct pass *pass)
{
    struct pass_summary summary;

    pass_summarize(pass, &summary);
    measure(service, pass, &summary);
    measure_radius(service, pass);
}

static void differ(struct service *service, const struct pass *pass)
{
    service_pauses_take(service, pass);
    service_conflict_take(service, pass);
    service_events_differ(service, pass);
}

bool service_view_part(struct service *service, const struct pass *pass,
                       struct service_view_part *part)
{
    static void (*const rest[])(struct service *, const struct pass *) = {measure_all, differ,
                                                                          take};
    size_t count = pass_task_count(pass), end = part->task + MOST_TASKS;

    if (part->task < count) {
        for (; part->task < count && part->task < end; part->task++) {
            measure_task(service, pass_task(pass, part->task));
            board_task(service->board, pass_task(pass, part->task), &part->board, clock_now_ms());
        }
        return true;
    }
    if (!part->rest)
        board_looked(service->board, service->manifest, pass, clock_now_ms());
    rest[part->rest++](service, pass);
    return part->rest < sizeof rest / sizeof *rest;
}

static size_t count_resources(const struct manifest *manifest)
{
    size_t count = 0;

    for (size_t i = 0; manifest && i < manifest->pipeline_count; i++)
        count += manifest->pipelines[i].resource_count;
    return count;
}

/* That it was not whole stays true; its pipelines may be gone. */
static json_t *forget_unread(struct service_view *view)
{
    json_t *before = view->unread;

    if (json_array_size(before))
        view->unread = json_pack("[s]", "another spec was in use then, and the next look tells");
    else
        view->unread = NULL;
    return before;
}

/* What was counted by the spec before says nothing of this one. */
static void forget_counts(struct service_view *view)
{
    view->observed = view->stuck = 0;
    view->too_many = 0;
    free(view->summary);
    view->summary = NULL;
    free(view->quotas);
    view->quotas = NULL;
}

void service_view_forget(struct service *service, struct service_view_past *past)
{
    past->measured = service_metrics_forget_measured();
    service_metrics_expect(count_resources(service->manifest));
    past->losses = service->view.losses;
    service->view.losses = json_object();
    past->told = service->view.told;
    service->view.told = NULL;
    past->unread = forget_unread(&service->view);
    past->conflicts = service->view.conflicts;
    service->view.conflicts = NULL;
    forget_counts(&service->view);
}

void service_view_drop(struct service_view_past *past)
{
    service_metrics_drop(past->measured);
    json_decref(past->losses);
    json_decref(past->told);
    json_decref(past->unread);
    json_decref(past->conflicts);
}

void service_view_fini(struct service *service)
{
    struct service_view *view = &service->view;

    json_decref(view->told);
    json_decref(view->losses);
    json_decref(view->warnings);
    json_decref(view->pauses);
    json_decref(view->pauses_unread);
    json_decref(view->conflicts);
    json_decref(view->differs);
    json_decref(view->unread);
    free(view->quotas);
    free(view->summary);
    free(view->status);
    json_decref(view->unseen);
}
