/* service_events.c -- what who runs billingd by hand may ask the daemon: its last events, how its
 * looks go, and since when something differs. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/health/event_ring.h"
#include "daemon/health/steady_looks.h"
#include "daemon/service/service_private.h"
#include "daemon/views/json_view.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int answer(json_t *json, struct web_exchange *exchange)
{
    cleanup_free char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

    str_add(&exchange->body, text ? text : "{}");
    str_add_char(&exchange->body, '\n');
    json_decref(json);
    return 200;
}

/* "after=17", the only parameter; -1 when it is something else. */
static int64_t parse_after(const char *query)
{
    const char *digits = query + strlen("after=");

    if (!*query)
        return 0;
    if (strncmp(query, "after=", strlen("after=")) != 0 || !*digits || strlen(digits) > 15 ||
        strspn(digits, "0123456789") != strlen(digits))
        return -1;
    return strtoll(digits, NULL, 10);
}

json_t *service_events_list(int64_t after)
{
    json_auto_t *json = event_ring_json(after);

    return json_share(json_object_get(json, "events"));
}

int service_events_answer(void *arg, struct web_exchange *exchange)
{
    int64_t after = parse_after(exchange->query);
    json_t *json;

    (void)arg;
    if (after < 0) {
        exchange->type = "text/plain; charset=utf-8";
        str_add(&exchange->body, "400 Bad Request: the only parameter is after=NUMBER\n");
        return 400;
    }
    json = event_ring_json(after);
    json_object_set_new(json, "format_version", json_string(JSON_FORMAT_VERSION));
    return answer(json, exchange);
}

/* ---- looks ---- */

void service_events_ask(struct service *service)
{
    service->looks.asked++;
}

void service_events_begin(struct service *service)
{
    steady_looks_begin(&(struct steady_looks_start){upkeep_refreshes(service->upkeep),
                                                    service->view.looked && !service->failures &&
                                                        !json_array_size(service->view.unread) &&
                                                        !upkeep_failed(service->upkeep),
                                                    upkeep_is_running(service->upkeep)});
    service->looks.serving = service->looks.asked;
}

void service_events_looked(struct service *service)
{
    service->looks.looked = service->looks.serving;
    if (!upkeep_is_running(service->upkeep))
        service->looks.done = service->looks.looked;
}

void service_events_kept_up(struct service *service)
{
    if (!upkeep_is_running(service->upkeep))
        service->looks.done = service->looks.looked;
}

/* When the kernel started us, as /proc/PID/stat says it (proc(5), starttime): with it a process
 * cannot be taken for another that has our number elsewhere or later. */
static json_int_t start_ticks(void)
{
    FILE *file = fopen("/proc/self/stat", "re");
    char line[1024] = "";
    const char *rest;
    long long ticks = 0;

    if (!file)
        return 0;
    if (!fgets(line, sizeof line, file))
        *line = '\0';
    (void)fclose(file);
    rest = strrchr(line, ')');
    for (int field = 2; rest && field < 22; field++)
        rest = strchr(rest + 1, ' ');
    if (rest)
        (void)sscanf(rest, "%lld", &ticks);
    return ticks;
}

/* To those who are not trusted, nothing of fields whose name may hold a key that AWS told. */
static json_t *told_differences(const json_t *differs, bool trusted)
{
    json_t *all = json_deep_copy(differs), *one, *since;
    const char *address, *field;
    void *next;

    json_object_foreach(all, address, one) {
        json_t *fields = json_object_get(one, "fields");

        json_object_foreach_safe(fields, next, field, since)
            if (!trusted && strpbrk(field, ".["))
                json_object_del(fields, field);
    }
    return all;
}

int service_events_look(void *arg, struct web_exchange *exchange)
{
    const struct service *service = arg;
    json_auto_t *reasons = service_ready_reasons(service);
    const struct service_view *view = &service->view;
    cleanup_free char *summary = mem_printf("%s%s", view->summary ? view->summary : "",
                                            view->quotas && exchange->trusted ? view->quotas : "");

    return answer(
        json_pack("{s:s, s:I, s:I, s:b, s:b, s:b, s:I, s:I, s:b, s:s, s:O, s:o?, s:f}",
                  "format_version", JSON_FORMAT_VERSION, "pid", (json_int_t)getpid(), "start_ticks",
                  start_ticks(), "has_spec", service->manifest != NULL, "looking",
                  service->pass != NULL, "working", upkeep_is_running(service->upkeep), "asked",
                  (json_int_t)service->looks.asked, "done", (json_int_t)service->looks.done,
                  "ready", !json_array_size(reasons), "summary", summary, "reasons", reasons,
                  "differs", told_differences(view->differs, exchange->trusted), "known_since",
                  (double)service->started_ms / 1000),
        exchange);
}

/* ---- since when something differs ---- */

/* The fields of a plan with the times from which they are known to differ. */
static json_t *fields_of(const struct task *task, const json_t *before, bool first)
{
    const json_t *differences = task_last_plan(task)->differences, *difference;
    json_t *fields = json_object();
    size_t i;

    json_array_foreach((json_t *)differences, i, difference) {
        const char *field = json_text(difference, "field");
        const json_t *known = json_object_get(before, field);

        json_object_set_new(fields, field,
                            known ? json_share(known)
                                  : json_pack("{s:f, s:b}", "since", (double)clock_now_ms() / 1000,
                                              "or_longer", first));
    }
    return fields;
}

void service_events_differ(struct service *service, const struct pass *pass)
{
    struct service_view *view = &service->view;
    json_t *all = json_object();

    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        const char *address = task_address(task);
        const json_t *before = json_object_get(view->differs, address);
        enum task_verdict verdict = task_verdict(task);
        json_t *fields;

        if (service_ready_is_unread(task)) { /* as it was known */
            if (before)
                json_object_set(all, address, (json_t *)before);
            continue;
        }
        if (verdict == VERDICT_SYNCED || verdict == VERDICT_REPAIRED)
            continue;
        fields = fields_of(task, json_object_get(before, "fields"), !view->looked);
        json_object_set_new(
            all, address,
            json_pack("{s:s, s:o}", "verdict", task_verdict_name(verdict), "fields", fields));
    }
    json_decref(view->differs);
    view->differs = all;
}
