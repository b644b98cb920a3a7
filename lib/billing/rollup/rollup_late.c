/* rollup_late.c -- late days: do their new objects hold anything of theirs?
 *
 * The window of a day is open for days, and most of what arrives in it belongs to other days.  So
 * one query over the hours that changed tells which days their events are of; the others only get
 * the new fingerprint. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/rollup/rollup_objects.h"
#include "billing/rollup/rollup_private.h"
#include "billing/store/athena_query.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_LENGTH = 8, SLOT_S = 900, PARALLEL = 4 };

/* ---- are the objects of the present build still there? ---- */

struct loss {
    const struct billing *billing;
    struct rollup_need *needs;
    struct err *e;
};

/* First hour of arrival of the window a build was made with; -1 when it does not say. */
static int64_t built_from(const json_t *build)
{
    const char *window = json_text(build, "window");
    long long from_s;

    return window && sscanf(window, "%*d-%*d %lld-", &from_s) == 1 ? from_s : -1;
}

/* Of the hour's objects those that were there when the build looked, if nothing of them is gone or
 * changed.  S3 tells times in seconds: what came in the very second of the newest object then may
 * be older or newer than the look, so both are tried. */
static bool is_hour_whole(const json_t *hours, int64_t hour_s, double newest, const char *token)
{
    const double seconds[] = {newest, newest - 1};
    char name[16], hex[65];

    (void)snprintf(name, sizeof name, "%02d", (int)(hour_s % ROLLUP_DAY_S / ROLLUP_HOUR_S));
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        rollup_objects_hash(json_object_get(hours, name), seconds[i], hex);
        if (!strncmp(hex, token, TOKEN_LENGTH))
            return true;
    }
    return false;
}

/* The token of the hour in what is known now; NULL: not in the window any more. */
static const char *token_now(const struct rollup_need *need, int64_t hour_s)
{
    const char *token = need->print.hours;

    if (hour_s < need->window.from_s || hour_s >= need->window.to_s)
        return NULL;
    for (int64_t at_s = need->window.from_s; at_s < hour_s; at_s += ROLLUP_HOUR_S) {
        token += strcspn(token, " ");
        token += strspn(token, " ");
    }
    return token;
}

static int find_loss(struct flow *flow, const struct billing *billing, struct rollup_need *need,
                     struct err *e)
{
    const char *token = json_text(need->day->build, "hours");
    const char *newest_text = json_text(need->day->build, "newest");
    double newest = newest_text ? strtod(newest_text, NULL) : 0;
    int64_t hour_s = built_from(need->day->build), listed_s = -1;
    json_auto_t *hours = NULL;

    need->lost = hour_s < 0 || !token; /* cannot be told: be careful */
    for (; !need->lost && *token; hour_s += ROLLUP_HOUR_S) {
        size_t n = strcspn(token, " ");
        const char *now = token_now(need, hour_s);
        int64_t day_s = hour_s - hour_s % ROLLUP_DAY_S;

        if (now && n >= TOKEN_LENGTH && strncmp(now, token, n)) {
            if (day_s != listed_s) {
                json_decref(hours);
                hours = NULL;
                if (rollup_objects_list(flow, billing, &(struct rollup_objects){day_s, 1, &hours},
                                        e))
                    return -1;
                listed_s = day_s;
            }
            need->lost = !is_hour_whole(hours, hour_s, newest, token);
        }
        token += n;
        token += strspn(token, " ");
    }
    return 0;
}

static void find_loss_item(struct flow *flow, void *arg, size_t index)
{
    const struct loss *loss = arg;
    struct rollup_need *need = &loss->needs[index];
    struct err e = {0};

    rollup_print_make(loss->billing, &need->window, &need->print);
    if (!json_text(need->day->build, "run") || loss->e->kind)
        return;
    if (find_loss(flow, loss->billing, need, &e))
        err_set(loss->e, e.kind, "%s", e.text);
}

/* ---- whose are the new events? ---- */

static bool is_candidate(const struct rollup_need *need)
{
    return need->day->state == ROLLUP_LATE && !need->lost;
}

/* One flag per hour of need's window; new memory. */
static bool *changed_hours(const struct rollup_need *need)
{
    size_t count = rollup_window_hours(&need->window);
    bool *changed = mem_new(count * sizeof *changed + 1);

    (void)rollup_print_compare(json_text(need->day->build, "hours"), need->print.hours, changed,
                               count);
    return changed;
}

/* The hours that changed in any late day's window, from from_s on; new memory. */
static bool *all_changed(const struct rollup_need *needs, size_t count, int64_t from_s,
                         size_t hours)
{
    bool *all = mem_new(hours * sizeof *all + 1);

    for (size_t i = 0; i < count; i++) {
        size_t offset = (size_t)((needs[i].window.from_s - from_s) / ROLLUP_HOUR_S);
        cleanup_free bool *changed = NULL;

        if (!is_candidate(&needs[i]))
            continue;
        changed = changed_hours(&needs[i]);
        for (size_t j = 0; j < rollup_window_hours(&needs[i].window); j++)
            all[offset + j] = all[offset + j] || changed[j];
    }
    return all;
}

static int64_t number(const json_t *row, size_t index)
{
    const char *text = json_string_value(json_array_get(row, index));

    return text ? strtoll(text, NULL, 10) : -1;
}

/* Hour of arrival of a row year, month, day, hour, slot. */
static int64_t arrival_of(const json_t *row)
{
    struct day day = {(int)number(row, 0), (int)number(row, 1), (int)number(row, 2)};

    return calendar_day_start("UTC", day) + number(row, 3) * ROLLUP_HOUR_S;
}

static void judge(struct rollup_need *need, const json_t *rows)
{
    cleanup_free bool *changed = changed_hours(need);
    const struct rollup_window *window = &need->window;
    bool late = false, maybe = false;
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row) {
        int64_t hour_s = arrival_of(row), event_s = number(row, 4) * SLOT_S;

        if (hour_s < window->from_s || hour_s >= window->to_s ||
            !changed[(hour_s - window->from_s) / ROLLUP_HOUR_S])
            continue;
        if (event_s + SLOT_S <= window->event_from_s - ROLLUP_COPY_S ||
            event_s >= window->event_to_s)
            continue;
        if (event_s + SLOT_S > window->event_from_s && hour_s >= window->event_to_s + ROLLUP_HOUR_S)
            late = true;
        else
            maybe = true;
    }
    need->untouched = !late && !maybe;
    need->recount = !late && maybe;
}

static int find_touched(struct flow *flow, const struct rollup_job *job, struct rollup_need *needs,
                        size_t count, struct err *e)
{
    int64_t from_s = INT64_MAX, to_s = 0;
    struct athena_result result;
    json_auto_t *values = NULL;
    cleanup_free bool *changed = NULL;
    cleanup_free char *filter = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!is_candidate(&needs[i]))
            continue;
        from_s = needs[i].window.from_s < from_s ? needs[i].window.from_s : from_s;
        to_s = needs[i].window.to_s > to_s ? needs[i].window.to_s : to_s;
    }
    if (to_s <= from_s || !json_text(job->billing->queries, "rollup_touched"))
        return 0;
    changed = all_changed(needs, count, from_s, (size_t)((to_s - from_s) / ROLLUP_HOUR_S));
    filter = rollup_window_filter_flags(from_s, changed, (size_t)((to_s - from_s) / ROLLUP_HOUR_S));
    if (!*filter)
        return 0;
    values = json_pack("{s:s}", "partition_filter", filter);
    if (athena_query_run(flow, job->billing,
                         &(struct athena_question){"rollup_touched", values, NULL}, &result, e))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (is_candidate(&needs[i]))
            judge(&needs[i], result.rows);
    athena_query_result_fini(&result);
    return 0;
}

int rollup_late_judge(struct flow *flow, const struct rollup_job *job, struct rollup_need *needs,
                      size_t count, struct err *e)
{
    struct err failed = {0};
    struct loss loss = {job->billing, needs, &failed};

    flow_each(flow, count, PARALLEL, find_loss_item, &loss);
    if (failed.kind)
        return err_set(e, failed.kind, "%s", failed.text);
    return find_touched(flow, job, needs, count, e);
}
