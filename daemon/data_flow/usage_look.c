#include "daemon/data_flow/usage_look.h"

#include "base/clock.h"
#include "base/json.h"
#include "billing/bill/bill_days.h"
#include "billing/close/close_months.h"
#include "billing/prices/price_book.h"
#include "spec/billing_setup.h"

#include <stdlib.h>

/* Nothing that billing reads is absent as a whole. */
static bool is_there(const struct pass *pass, size_t pipeline)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (pass_task_pipeline(pass, i) == pipeline && task_kind(pass_task(pass, i))->for_billing &&
            task_plan(pass_task(pass, i))->action == PLAN_CREATE)
            return false;
    return true;
}

/* This month and the one before, as far as there is data.  0; 1: none; -1 and *e. */
static int find_days(struct flow *flow, const struct billing *billing, struct day_span *days,
                     struct err *e)
{
    int64_t now_s = clock_now_ms() / 1000;
    struct day today = calendar_day_of(price_book_zone(billing->book), now_s), first;
    int found = rollup_first_day(flow, billing, &first, e);

    if (found > 0)
        err_clear(e);
    if (found)
        return found;
    days->first = calendar_month(calendar_add_days(calendar_month(today).first, -1)).first;
    if (calendar_compare(days->first, first) < 0)
        days->first = first;
    days->last = rollup_last_closed(billing, now_s);
    return calendar_compare(days->first, days->last) > 0;
}

static json_t *count_states(const struct rollup_status *status)
{
    json_t *counts = json_object();

    for (size_t i = 0; i < status->count; i++) {
        const char *name = rollup_state_name(status->days[i].state);

        json_object_set_new(counts, name, json_integer(json_whole(counts, name) + 1));
    }
    return counts;
}

/* The newest object that is in a build; 0: there is none. */
static double newest_built(const struct rollup_status *status)
{
    double newest = 0;

    for (size_t i = 0; i < status->count; i++) {
        const char *text = json_text(status->days[i].build, "newest");
        double own = text ? strtod(text, NULL) : 0;

        newest = own > newest ? own : newest;
    }
    return newest;
}

/* How long its buffer keeps a record; null: that was not read. */
static json_t *buffer_of(const struct pass *pass, size_t pipeline)
{
    for (size_t i = 0; i < pass_task_count(pass); i++) {
        struct scope scope;

        if (pass_task_pipeline(pass, i) != pipeline ||
            task_kind(pass_task(pass, i))->part != PART_DELIVERY)
            continue;
        task_scope(pass_task(pass, i), &scope);
        if (json_is_integer(json_object_get(scope.observed, "buffer_seconds")))
            return json_integer(json_whole(scope.observed, "buffer_seconds"));
    }
    return json_null();
}

static json_t *freshness(const struct manifest *manifest, const struct billing *billing,
                         const struct rollup_status *status, json_t *buffer)
{
    double newest = newest_built(status);

    return json_pack("{s:o, s:o, s:i, s:i, s:i}", "rolled_up_until",
                     newest > 0 ? json_integer((json_int_t)newest) : json_null(), "buffer_seconds",
                     buffer, "closed_after_seconds", billing->settings.closed_after_hours * 3600,
                     "interval_seconds", manifest->interval_s, "jitter_seconds",
                     manifest->jitter_s);
}

static json_t *document(struct flow *flow, const struct billing *billing, struct day_span days,
                        struct rollup_status *looked, struct err *e)
{
    json_auto_t *builds = json_array(), *reasons = json_array();
    json_t *months = NULL, *found = NULL;
    char from[16], to[16];

    calendar_day_text(days.first, from);
    calendar_day_text(days.last, to);
    if (!rollup_look(flow, billing, days, looked, e))
        months = close_months(flow, billing, looked, e);
    if (months) {
        bill_days_add(builds, looked->days, looked->count);
        bill_days_reasons(builds, reasons);
        found = json_pack("{s:s, s:s, s:o, s:O, s:o}", "from", from, "to", to, "days",
                          count_states(looked), "reasons", reasons, "months", months);
    }
    return found;
}

json_t *usage_look(struct flow *flow, const struct manifest *manifest, const struct pass *pass,
                   size_t pipeline)
{
    struct err e = {0};
    struct rollup_status status = {0};
    struct billing *billing;
    struct day_span days;
    json_t *found = NULL;

    if (!manifest->pipelines[pipeline].billing || !pass_account(pass, pipeline) ||
        !is_there(pass, pipeline))
        return json_null();
    billing = billing_setup(manifest, pipeline, pass_session(pass, pipeline),
                            pass_account(pass, pipeline), &e);
    if (billing && !find_days(flow, billing, &days, &e))
        found = document(flow, billing, days, &status, &e);
    if (found)
        json_object_set_new(found, "freshness",
                            freshness(manifest, billing, &status, buffer_of(pass, pipeline)));
    rollup_status_fini(&status);
    billing_free(billing);
    if (e.kind != ERR_NONE)
        return json_pack("{s:s, s:b}", "error", e.text, "denied", e.kind == ERR_DENIED);
    return found ? found : json_null();
}
