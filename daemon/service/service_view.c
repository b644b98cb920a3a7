/* service_view.c -- a finished pass as metrics, as readiness, and as one line for systemctl. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/service/notify.h"
#include "daemon/service/service_metrics.h"
#include "daemon/service/service_private.h"
#include "resources/members.h"

#include <string.h>

enum { UNREAD_LINES = 10, STATUS_REASONS = 3 };

/* Its state in AWS could not be read, so nothing was compared. */
static bool is_unread(const struct task *task)
{
    enum task_verdict verdict = task_verdict(task);

    return (verdict == VERDICT_RETRY || verdict == VERDICT_DENIED || verdict == VERDICT_FAILED) &&
           !task_plan(task)->differences;
}

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

static const char *const *conditions_of(const struct task *task)
{
    static const char *const synced[] = {"Ready", "Synced", NULL};
    static const char *const held[] = {"Ready", "NonConverging", NULL};
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
    case VERDICT_RETRY:
    case VERDICT_DENIED: /* ends when somebody gives the permission */
        return is_unread(task) ? unread_later : later;
    case VERDICT_BLOCKED: /* by another resource, or for good */
        return task_plan(task)->action == PLAN_BLOCKED ? never : later;
    case VERDICT_FAILED:
        return is_unread(task) ? unread_never : never;
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
    const struct manifest_resource *resource = find_resource(service->manifest, task_address(task));
    size_t i;
    json_t *difference;

    json_array_foreach(plan->differences, i, difference)
        if (json_object_get(difference, "held"))
            metric_add(&service_metrics.guard_blocked_total, 1, "breaker", NULL);
    if (plan->action != PLAN_BLOCKED)
        return;
    if (resource && resource->absent)
        metric_add(&service_metrics.guard_blocked_total, 1, "ownership", NULL);
    else if (hits_immutable(task))
        metric_add(&service_metrics.guard_blocked_total, 1, "immutable", NULL);
}

static void measure_loss(const struct task *task)
{
    enum loss worst = plan_loss(task_last_plan(task));

    for (enum loss loss = LOSS_DELAYED; loss <= LOSS_DROPPED; loss++)
        metric_set(&service_metrics.resource_loss, loss == worst, task_address(task),
                   members_loss_name(loss), NULL);
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
    if (is_unread(task)) {
        measure_unread(task_address(task));
        return;
    }
    measure_loss(task);
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

static const char *result_of(const struct service *service, const struct pass *pass,
                             const struct pass_summary *s)
{
    bool account = was_refused(pass, service->manifest, ERR_INVALID);

    if (s->failed || s->denied || s->retry || (s->refused && !account))
        return "failed";
    if (s->blocked || account)
        return "blocked";
    return s->held || s->settling || s->drifted ? "drifted" : "converged";
}

static void measure(const struct service *service, const struct pass *pass,
                    const struct pass_summary *summary)
{
    const char *result = result_of(service, pass, summary);

    for (size_t i = 0; i < pass_task_count(pass); i++)
        measure_task(service, pass_task(pass, i));
    measure_refused(service, pass);
    metric_add(&service_metrics.reconcile_total, 1, result, NULL);
    metric_set(&service_metrics.reconcile_last_finished, (double)clock_now_ms() / 1000, NULL);
    metric_observe(&service_metrics.reconcile_duration, (double)summary->elapsed_ms / 1000, NULL);
    metric_set(&service_metrics.observed_generation, service->generation, NULL);
    if (!strcmp(result, "converged"))
        metric_set(&service_metrics.reconcile_last_success, (double)clock_now_ms() / 1000, NULL);
}

/* ---- readiness ---- */

/* Names of ours and words of ours: who may ask /-/ready need not be who may read the log. */
static json_t *find_unread(const struct service *service, const struct pass *pass)
{
    json_t *texts = json_array();
    unsigned unread = 0;

    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        enum err_kind kind;

        if (pass_refused(pass, i, &kind))
            json_array_append_new(
                texts, json_sprintf("%s: not looked at: %s", service->manifest->pipelines[i].name,
                                    kind == ERR_INVALID ? "the credentials are another account's"
                                                        : health_word(kind)));
    }
    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        enum task_verdict verdict = task_verdict(task);

        if (is_unread(task) && unread++ < UNREAD_LINES)
            json_array_append_new(texts,
                                  json_sprintf("%s: not read: %s", task_address(task),
                                               health_word(verdict == VERDICT_DENIED  ? ERR_DENIED
                                                           : verdict == VERDICT_RETRY ? ERR_RETRY
                                                                                      : ERR_NONE)));
    }
    if (unread > UNREAD_LINES)
        json_array_append_new(texts, json_sprintf("and %u more", unread - UNREAD_LINES));
    return texts;
}

/* Why /-/ready does not say that all is well, a line each, the most important first; new
 * reference. */
static json_t *find_reasons(const struct service *service)
{
    const struct service_view *view = &service->view;
    json_t *reasons = json_array();
    json_auto_t *parts = NULL;

    if (service->stopping) {
        json_array_append_new(reasons, json_string("stopping"));
        return reasons;
    }
    if (service->rejected)
        json_array_append_new(
            reasons, json_sprintf("spec rejected: %s; %s", service->rejected,
                                  service->manifest
                                      ? "the one before it is in use"
                                      : "nothing is looked at until it is mended and reloaded"));
    if (!service->manifest)
        return reasons;
    if (!view->looked)
        json_array_append_new(reasons, json_string("the first look at AWS has not ended"));
    if (json_array_size(view->unread)) {
        json_array_append_new(reasons, json_string("the last look at AWS was not whole"));
        (void)json_array_extend(reasons, view->unread);
    }
    parts = health_reasons(service->health);
    (void)json_array_extend(reasons, parts);
    return reasons;
}

int service_view_ready(void *arg, struct str *body)
{
    json_auto_t *reasons = find_reasons(arg);
    size_t i;
    json_t *reason;

    json_array_foreach(reasons, i, reason)
        str_addf(body, "%s%s\n", i ? "" : "not ready: ", json_string_value(reason));
    if (!i)
        str_add(body, "billingd is ready\n");
    return i ? 503 : 200;
}

int service_view_metrics(void *arg, struct str *body)
{
    const struct service *service = arg;
    json_auto_t *reasons = find_reasons(service);

    metric_set(&service_metrics.ready, !json_array_size(reasons), NULL);
    service_metrics_write(service->started_ms, body);
    return 200;
}

void service_view_reject(struct service *service, const char *why)
{
    free(service->rejected);
    service->rejected = mem_text(why);
    service_metrics_count_reload(false, clock_now_ms());
    health_failed(service->health, HEALTH_RELOAD, "", ERR_INVALID);
}

/* ---- the status line ---- */

static char *summary_text(const struct service *service, const struct pass *pass,
                          const struct pass_summary *s)
{
    const struct {
        unsigned count;
        const char *word;
    } parts[] = {{s->held, "held"},       {s->settling, "settling"}, {s->retry, "to try again"},
                 {s->blocked, "blocked"}, {s->denied, "denied"},     {s->failed, "failed"}};
    struct str text = {0};
    size_t total = 0;

    for (size_t i = 0; i < service->manifest->pipeline_count; i++)
        total += service->manifest->pipelines[i].resource_count;
    str_addf(&text, "%u/%zu in sync", s->synced + s->repaired, total);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count)
            str_addf(&text, ", %u %s", parts[i].count, parts[i].word);
    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        enum err_kind kind;
        const char *refused = pass_refused(pass, i, &kind);

        if (refused)
            str_addf(&text, ", %s: %s", service->manifest->pipelines[i].name, refused);
    }
    return str_take(&text);
}

void service_view_pass(struct service *service, const struct pass *pass)
{
    struct service_view *view = &service->view;
    struct pass_summary summary;

    pass_summarize(pass, &summary);
    measure(service, pass, &summary);
    view->looked = true;
    json_decref(view->unread);
    view->unread = find_unread(service, pass);
    if (json_array_size(view->unread))
        health_failed(service->health, HEALTH_PASS, "",
                      service_view_wants_retry(pass, service->manifest) ? ERR_RETRY : ERR_NONE);
    else
        health_done(service->health, HEALTH_PASS, "");
    free(view->summary);
    view->summary = summary_text(service, pass, &summary);
}

static void add_when(const struct service *service, struct str *text)
{
    int64_t left_s = (service->due_ms - clock_monotonic_ms() + 999) / 1000;

    if (service->pass)
        str_add(text, "looking now");
    else if (left_s < 60)
        str_addf(text, "next look in %d s", (int)(left_s > 0 ? left_s : 0));
    else
        str_addf(text, "next look in %d min", (int)((left_s + 30) / 60));
}

/* What else is wrong, as far as a line holds it. */
static void add_reasons(const struct service *service, struct str *text)
{
    json_auto_t *parts = health_reasons(service->health);
    size_t i;
    json_t *part;

    if (service->rejected)
        str_addf(text, "; %s has errors, the spec before it is in use: %s", service->orders.path,
                 service->rejected);
    json_array_foreach(parts, i, part)
        if (i < STATUS_REASONS)
            str_addf(text, "; %s", json_string_value(part));
    if (i > STATUS_REASONS)
        str_addf(text, "; and %zu more", i - STATUS_REASONS);
}

void service_view_status(struct service *service)
{
    struct service_view *view = &service->view;
    struct str text = {0};

    if (service->manifest) {
        str_addf(&text, "%s, ", view->summary ? view->summary : "started");
        add_when(service, &text);
        add_reasons(service, &text);
    } else {
        str_addf(&text, "%s is wrong: %s; nothing is looked at until it is mended and reloaded",
                 service->orders.path, service->rejected ? service->rejected : "");
    }
    if (!view->status || strcmp(view->status, str_text(&text)) != 0)
        notify_status("%s", str_text(&text));
    free(view->status);
    view->status = str_take(&text);
}

void service_view_forget(struct service *service)
{
    service_metrics_forget_measured();
    json_decref(service->view.told);
    service->view.told = NULL;
}

void service_view_fini(struct service *service)
{
    struct service_view *view = &service->view;

    json_decref(view->told);
    json_decref(view->warnings);
    json_decref(view->unread);
    free(view->summary);
    free(view->status);
}
