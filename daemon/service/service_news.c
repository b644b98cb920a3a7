/* service_news.c -- the log of the daemon: what changed, what is wrong, and what is right again.
 *
 * What was told stays untold until it is different, so a pass that finds nothing new is silent. */
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/health/service_metrics.h"
#include "daemon/service/service_private.h"
#include "daemon/views/json_view.h"
#include "resources/members.h"

#include <string.h>

enum {
    VALUE_COLUMNS = 160,
    MOST_TASKS = 384, /* in a round of the loop: at worst a line each */
};

bool service_news_is(struct service *service, const char *name, const char *how)
{
    struct service_view *view = &service->view;
    const char *before;

    if (!view->told)
        view->told = json_object();
    before = json_text(view->told, name);
    if (how && before ? !strcmp(before, how) : how == before) /* both NULL */
        return false;
    if (how)
        json_object_set_new(view->told, name, json_string(how));
    else
        json_object_del(view->told, name);
    return true;
}

static void log_differences(const struct task *task)
{
    const struct plan *plan = task_plan(task);
    size_t i;
    json_t *difference;

    if (plan->action == PLAN_CREATE)
        return; /* all of it: "created" says enough */
    json_array_foreach(plan->differences, i, difference) {
        cleanup_free char *want =
            json_view_line(json_object_get(difference, "want"), "(nothing)", VALUE_COLUMNS);
        cleanup_free char *have =
            json_view_line(json_object_get(difference, "have"), "(nothing)", VALUE_COLUMNS);

        log_info("drift", "{s:s, s:s, s:s, s:s, s:s}", "resource", task_address(task), "kind",
                 task_kind(task)->name, "field", json_text(difference, "field"), "want", want,
                 "have", have);
    }
}

static const char *event_of(const struct task *task)
{
    static const char *const events[] = {
        [PLAN_CREATE] = "created", [PLAN_UPDATE] = "repaired", [PLAN_REMOVE] = "deleted"};
    enum plan_action action = task_plan(task)->action;

    return action <= PLAN_REMOVE && events[action] ? events[action] : "repaired";
}

static void log_written(const struct task *task, const char *event, unsigned writes)
{
    log_info(event, "{s:s, s:s, s:i}", "resource", task_address(task), "kind",
             task_kind(task)->name, "writes", (int)writes);
    metric_add(&service_metrics.repairs_total, writes, task_kind(task)->name, NULL);
}

static void log_repair(const struct task *task)
{
    log_differences(task);
    log_written(task, event_of(task), task_writes(task));
}

/* What was written, and no look has shown yet: the pass failed after it, AWS was still at work, or
 * the answer was lost.  A create stays one, whatever is written to it later. */
static void keep_unseen(struct service_view *view, const struct task *task)
{
    unsigned writes = task_writes(task) + task_lost_writes(task);
    const json_t *before = json_object_get(view->unseen, task_address(task));

    if (!writes)
        return;
    if (!view->unseen)
        view->unseen = json_object();
    json_object_set_new(view->unseen, task_address(task),
                        json_pack("{s:s, s:I}", "event",
                                  before ? json_text(before, "event") : event_of(task), "writes",
                                  (json_int_t)writes + json_whole(before, "writes")));
}

/* All that was written was seen; other fields may stay as they are. */
static bool is_repaired(const struct task *task)
{
    enum task_verdict verdict = task_verdict(task);

    return verdict == VERDICT_REPAIRED ||
           (verdict == VERDICT_HELD && task_writes(task) && plan_is_stuck(task_last_plan(task)));
}

/* It is as wanted now: each change stands in the log once it is seen. */
static void log_unseen(struct service_view *view, const struct task *task)
{
    json_auto_t *unseen = json_share(json_object_get(view->unseen, task_address(task)));
    bool again = is_repaired(task) && unseen && !strcmp(json_text(unseen, "event"), event_of(task));

    if (!unseen)
        return;
    if (!again)
        log_written(task, json_text(unseen, "event"), (unsigned)json_whole(unseen, "writes"));
    (void)json_object_del(view->unseen, task_address(task));
}

static void log_problem(const struct task *task)
{
    enum task_verdict verdict = task_verdict(task);
    enum loss loss = task_loss(task, task_last_plan(task));
    const char *text = task_text(task), *lost = loss ? members_loss_name(loss) : NULL;

    log_differences(task);
    if (verdict == VERDICT_HELD && !plan_is_stuck(task_last_plan(task)))
        text = "it does not stay repaired, so it is not written any more; find out who changes it, "
               "then reload";
    if (verdict == VERDICT_SETTLING || verdict == VERDICT_RETRY || verdict == VERDICT_OBSERVED)
        log_warning(task_verdict_name(verdict), "{s:s, s:s, s:s*, s:s}", "resource",
                    task_address(task), "kind", task_kind(task)->name, "loss", lost, "error", text);
    else
        log_error(task_verdict_name(verdict), "{s:s, s:s, s:s*, s:s}", "resource",
                  task_address(task), "kind", task_kind(task)->name, "loss", lost, "error", text);
}

static char *signature(const struct task *task)
{
    /* Of what is only observed the differences are the news: nothing else tells of them. */
    cleanup_free char *observed = task_verdict(task) == VERDICT_OBSERVED
                                      ? json_canonical(task_plan(task)->differences)
                                      : mem_text("");

    return mem_printf("%s: %s%s", task_verdict_name(task_verdict(task)), task_summary(task),
                      observed);
}

void service_news_task(struct service *service, const struct task *task)
{
    enum task_verdict verdict = task_verdict(task);
    cleanup_free char *how = NULL;

    if (verdict == VERDICT_SYNCED || is_repaired(task))
        log_unseen(&service->view, task);
    else
        keep_unseen(&service->view, task);
    if (is_repaired(task))
        log_repair(task);
    if (service->stopping || service->next)
        return; /* "stopped before it was done" is what we did ourselves */
    if (verdict == VERDICT_SYNCED || verdict == VERDICT_REPAIRED) {
        if (service_news_is(service, task_address(task), NULL))
            log_info("recovered", "{s:s, s:s}", "resource", task_address(task), "kind",
                     task_kind(task)->name);
        return;
    }
    how = signature(task);
    if (service_news_is(service, task_address(task), how))
        log_problem(task);
}

static void news_refused(struct service *service, const struct pass *pass)
{
    for (size_t i = 0; i < service->manifest->pipeline_count; i++) {
        const char *name = service->manifest->pipelines[i].name;
        enum err_kind kind;
        const char *refused = pass_refused(pass, i, &kind);

        if (!service_news_is(service, name, refused))
            continue;
        if (refused)
            log_error("refused", "{s:s, s:s}", "pipeline", name, "error", refused);
        else
            log_info("recovered", "{s:s}", "pipeline", name);
    }
}

static void news_notes(struct service *service, const struct pass *pass, size_t from, size_t end)
{
    for (size_t i = from; i < end && i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        cleanup_free char *name = mem_printf("%s notes", task_address(task));
        cleanup_free char *how =
            json_array_size(task_notes(task)) ? json_canonical(task_notes(task)) : NULL;
        size_t j;
        json_t *note;

        if (!service_news_is(service, name, how))
            continue;
        json_array_foreach(task_notes(task), j, note)
            log_warning("note", "{s:s, s:s}", "resource", task_address(task), "error",
                        json_string_value(note));
    }
}

static bool contains(const json_t *list, const json_t *text)
{
    size_t i;
    json_t *each;

    json_array_foreach(list, i, each)
        if (json_equal(each, text))
            return true;
    return false;
}

static void news_warnings(struct service *service, const struct pass *pass)
{
    size_t i;
    json_t *text;

    json_array_foreach(pass_warnings(pass), i, text)
        if (!contains(service->view.warnings, text))
            log_warning("warning", "{s:s}", "error", json_string_value(text));
    json_decref(service->view.warnings);
    service->view.warnings = json_copy((json_t *)pass_warnings(pass));
}

bool service_news_part(struct service *service, const struct pass *pass,
                       struct service_view_part *part)
{
    size_t from = part->news;

    if (!from)
        news_refused(service, pass);
    part->news += MOST_TASKS;
    news_notes(service, pass, from, part->news);
    if (part->news < pass_task_count(pass))
        return true;
    news_warnings(service, pass);
    return false;
}
