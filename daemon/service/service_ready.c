/* service_ready.c -- whether all is well, and if not, why: for /-/ready, as a metric, and as one
 * line for systemctl. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/health/notify.h"
#include "daemon/health/service_metrics.h"
#include "daemon/health/service_time.h"
#include "daemon/service/service_private.h"
#include "resources/members.h"

#include <string.h>

enum { UNREAD_LINES = 10, STATUS_REASONS = 3, PART_REASONS = 100 };

/* ---- readiness ---- */

bool service_ready_is_unread(const struct task *task)
{
    enum task_verdict verdict = task_verdict(task);

    return (verdict == VERDICT_RETRY || verdict == VERDICT_DENIED || verdict == VERDICT_FAILED) &&
           !task_plan(task)->differences;
}

static const char *refusal_word(enum err_kind kind)
{
    return kind == ERR_INVALID ? "the credentials are another account's" : health_word(kind);
}

/* Names of ours and words of ours: who may ask /-/ready need not be who may read the log. */
json_t *service_ready_unread(const struct service *service, const struct pass *pass)
{
    json_t *texts = json_array();
    unsigned unread = 0;

    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        enum err_kind kind;

        if (pass_refused(pass, i, &kind))
            json_array_append_new(texts, json_sprintf("%s: not looked at: %s",
                                                      service->manifest->pipelines[i].name,
                                                      refusal_word(kind)));
    }
    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        const char *why;
        enum err_kind kind;

        if (!pass_paused(pass, i, &why, &kind) && why)
            json_array_append_new(
                texts, json_sprintf("%s: what is paused was not read, so nothing is written: %s",
                                    service->manifest->pipelines[i].name, health_word(kind)));
    }
    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        enum task_verdict verdict = task_verdict(task);

        if (service_ready_is_unread(task) && unread++ < UNREAD_LINES)
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

/* What differs and costs usage, as the last pass that could tell left it: "shop/subscription:
 * events are being lost".  What a pass repaired is none of it any more. */
static json_t *losses_of(const struct service *service, enum loss least, enum loss most)
{
    json_t *texts = json_array(), *each;
    const char *address;

    json_object_foreach(service->view.losses, address, each) {
        enum loss loss = (enum loss)json_integer_value(each);

        if (loss >= least && loss <= most)
            json_array_append_new(texts, json_sprintf("%s: %s", address, members_loss_text(loss)));
    }
    return texts;
}

/* Events that are lost now can never be had again: whoever decided to leave it so, all is not well.
 */
static void add_lost(const struct service *service, json_t *reasons)
{
    json_auto_t *lost = losses_of(service, LOSS_DROPPED, LOSS_DROPPED);
    json_t *each;
    size_t i;

    json_array_foreach(lost, i, each)
        if (i < UNREAD_LINES)
            json_array_append(reasons, each);
    if (i > UNREAD_LINES)
        json_array_append_new(
            reasons, json_sprintf("%zu more where events are being lost", i - UNREAD_LINES));
}

/* A look that does not end (calls that wait, a machine that slept) leaves what the one before it
 * found; NULL: it is new enough. */
static json_t *old_look(const struct service *service)
{
    int64_t now_ms = clock_boot_ms(), looked_ms = service->view.looked_ms;

    if (!service->manifest || !service->view.looked ||
        !service_time_is_old(looked_ms, service->manifest->interval_s, now_ms))
        return NULL;
    return json_sprintf("the last look at AWS ended %lld min ago, and what is told is as old",
                        (long long)((now_ms - looked_ms) / 60000));
}

/* What the spec before was found to be says nothing of this one. */
static void add_not_looked(const struct service *service, json_t *reasons)
{
    const struct service_view *view = &service->view;

    if (!view->looked)
        json_array_append_new(reasons, json_string("the first look at AWS has not ended"));
    else if (view->generation != service->generation)
        json_array_append_new(
            reasons, json_string("the spec was reloaded, and the first look by it has not ended"));
}

json_t *service_ready_reasons(const struct service *service)
{
    const struct service_view *view = &service->view;
    json_t *reasons = json_array();
    json_auto_t *parts = NULL;
    size_t more;

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
    add_not_looked(service, reasons);
    (void)json_array_append_new(reasons, old_look(service)); /* NULL adds nothing */
    if (json_array_size(view->unread)) {
        json_array_append_new(reasons, json_string("the last look at AWS was not whole"));
        (void)json_array_extend(reasons, view->unread);
    }
    add_lost(service, reasons);
    if (view->too_many)
        json_array_append_new(reasons,
                              json_sprintf("nothing is written: %zu resources that are in place "
                                           "would be changed, more than reconcile.max_changes",
                                           view->too_many));
    service_lease_reasons(service, reasons);
    parts = health_reasons(service->health, PART_REASONS, &more);
    (void)json_array_extend(reasons, parts);
    if (more)
        json_array_append_new(reasons, json_sprintf("and %zu more of the pipelines", more));
    return reasons;
}

/* Nobody may take "ready" for "as wanted". */
static void tell_observed(const struct service *service, struct str *body)
{
    if (service->manifest && service->view.observed)
        str_addf(body, "%u of the spec's resources are only observed and not as it says\n",
                 service->view.observed);
    if (service->manifest && service->view.stuck)
        str_addf(body, "%u of the spec's resources are not as it says until somebody acts\n",
                 service->view.stuck);
}

/* The other losses: usage is late, or misread, and not gone. */
static void tell_losses(const struct service *service, struct str *body)
{
    json_auto_t *losses = losses_of(service, LOSS_DELAYED, LOSS_DROPPED - 1);
    json_t *loss;
    size_t i;

    json_array_foreach(losses, i, loss)
        str_addf(body, "%s\n", json_string_value(loss));
}

int service_ready_answer(void *arg, struct web_exchange *exchange)
{
    json_auto_t *reasons = service_ready_reasons(arg);
    struct str *body = &exchange->body;
    size_t i;
    json_t *reason;

    json_array_foreach(reasons, i, reason)
        str_addf(body, "%s%s\n", i ? "" : "not ready: ", json_string_value(reason));
    if (!i)
        str_add(body, "billingd is ready\n");
    service_lease_add(arg, "", "\n", body);
    service_conflict_add(arg, body);
    tell_observed(arg, body);
    tell_losses(arg, body);
    return i ? 503 : 200;
}

bool service_ready_metrics(const struct service *service, struct metric_part *part,
                           struct str *text)
{
    json_auto_t *reasons = part->next ? NULL : service_ready_reasons(service);

    if (reasons) {
        service_lease_measure(service);
        metric_set(&service_metrics.ready, !json_array_size(reasons), NULL);
        service_metrics_set_client(service->client);
        service_metrics_count_handles((uv_loop_t *)&service->loop);
    }
    return service_metrics_write(service->started_ms, part, text);
}

void service_ready_reject(struct service *service, const char *why)
{
    free(service->rejected);
    service->rejected = mem_text(why);
    service_metrics_count_reload(false, clock_now_ms());
    health_failed(service->health, HEALTH_RELOAD, "", ERR_INVALID);
}

/* ---- the status line ---- */

/* What of a pass is not as it should be, by how many resources. */
static void add_counts(const struct pass_summary *s, struct str *text)
{
    const struct {
        unsigned count;
        const char *word;
    } parts[] = {{s->held, "held"},         {s->observed, "observed and not as wanted"},
                 {s->settling, "settling"}, {s->retry, "to try again"},
                 {s->blocked, "blocked"},   {s->denied, "denied"},
                 {s->failed, "failed"}};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count)
            str_addf(text, ", %u %s", parts[i].count, parts[i].word);
}

char *service_ready_summary(const struct service *service, const struct pass *pass)
{
    struct pass_summary summary;
    struct str text = {0};
    size_t total = 0;

    pass_summarize(pass, &summary);
    for (size_t i = 0; i < service->manifest->pipeline_count; i++)
        total += service->manifest->pipelines[i].resource_count;
    str_addf(&text, "%u/%zu in sync", summary.synced + summary.repaired, total);
    add_counts(&summary, &text);
    service_pauses_add(service, &text);
    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        enum err_kind kind;

        if (pass_refused(pass, i, &kind))
            str_addf(&text, ", %s: not looked at: %s", service->manifest->pipelines[i].name,
                     refusal_word(kind));
    }
    return str_take(&text);
}

char *service_ready_quotas(const struct pass *pass)
{
    struct str text = {0};

    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (task_is_over_quota(pass_task(pass, i)))
            str_addf(&text, ", %s: %s", task_address(pass_task(pass, i)),
                     task_summary(pass_task(pass, i)));
    return str_take(&text);
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
    size_t i, more;
    json_auto_t *parts = json_array();
    json_auto_t *of_parts = health_reasons(service->health, STATUS_REASONS, &more);
    json_t *part;

    (void)json_array_append_new(parts, old_look(service));
    if (service->manifest)
        add_lost(service, parts);
    (void)json_array_extend(parts, of_parts);
    if (service->view.too_many)
        str_addf(text, "; %zu changes are more than reconcile.max_changes, nothing is written",
                 service->view.too_many);
    if (service->rejected)
        str_addf(text, "; %s has errors, the spec before it is in use: %s", service->orders.path,
                 service->rejected);
    json_array_foreach(parts, i, part)
        if (i < STATUS_REASONS)
            str_addf(text, "; %s", json_string_value(part));
    if (i + more > STATUS_REASONS)
        str_addf(text, "; and %zu more", i + more - STATUS_REASONS);
}

void service_ready_status(struct service *service)
{
    struct service_view *view = &service->view;
    struct str text = {0};

    if (service->manifest) {
        str_addf(&text, "%s%s, ", view->summary  ? view->summary
                                     : view->looked ? "reloaded"
                                                    : "started",
                 view->quotas ? view->quotas : "");
        service_lease_add(service, "", ", ", &text);
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
