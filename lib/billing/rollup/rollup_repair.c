/* rollup_repair.c -- all days that need it, a few at a time, within the budget. */
#include "base/mem.h"
#include "billing/rollup/rollup_private.h"
#include "billing/store/athena_query.h"

#include <stdio.h>

struct repair {
    struct rollup_job job;
    struct rollup_need *needs;
    size_t count;
    const struct rollup_work *work;
    struct rollup_report *report;
    int64_t scanned_before;
    uint64_t untold_before; /* as the first day begins */
    bool stop;              /* the rest would fail the same way */
};

static void tell(const struct repair *repair, size_t index, const char *what)
{
    if (repair->work->progress)
        repair->work->progress(repair->work->arg, repair->needs[index].day->day, what);
}

static bool is_over_budget(const struct repair *repair)
{
    int64_t budget = repair->job.billing->settings.scan_budget_bytes;

    /* What is not told may be all of it: the rest follows in another run. */
    return budget > 0 && (athena_query_scanned() - repair->scanned_before >= budget ||
                          athena_query_untold() != repair->untold_before);
}

static void count_failure(struct repair *repair, size_t index, const struct err *e)
{
    struct rollup_report *report = repair->report;
    char day[16];

    report->failed++;
    calendar_day_text(repair->needs[index].day->day, day);
    if (!*report->text) {
        report->kind = e->kind;
        (void)snprintf(report->text, sizeof report->text, "%s: %.450s", day, e->text);
    }
    /* A wrong query or a missing permission is so for every day. */
    if (e->kind == ERR_INVALID || e->kind == ERR_DENIED || e->kind == ERR_CANCELLED)
        repair->stop = true;
}

static void repair_day(struct flow *flow, void *arg, size_t index)
{
    struct repair *repair = arg;
    struct rollup_report *report = repair->report;
    struct err e = {0};

    if (repair->stop || flow_is_cancelled(flow))
        return;
    if (is_over_budget(repair)) {
        report->over_budget = true;
        return;
    }
    tell(repair, index, "building");
    switch (rollup_build_day(flow, &repair->job, &repair->needs[index], &e)) {
    case ROLLUP_BUILT:
        report->built++;
        tell(repair, index, "built");
        return;
    case ROLLUP_NOTED:
        report->noted++;
        tell(repair, index, "noted");
        return;
    case ROLLUP_WOULD_LOSE:
        report->kept++;
        tell(repair, index, "kept");
        return;
    case ROLLUP_FAILED:
        break;
    }
    count_failure(repair, index, &e);
    tell(repair, index, "failed");
}

static int prepare(struct flow *flow, struct repair *repair, struct err *e)
{
    const struct billing *billing = repair->job.billing;
    const struct rollup_status *status = repair->work->status;

    for (size_t i = 0; i < status->count; i++) {
        if (!rollup_is_wanted(status->days[i].state, repair->work->rebuild))
            continue;
        repair->needs = mem_resize(repair->needs, repair->count + 1, sizeof *repair->needs);
        repair->needs[repair->count++] =
            (struct rollup_need){.day = &status->days[i],
                                 .window = rollup_window_of(billing, status->days[i].day),
                                 .rest = status->days[i].state == ROLLUP_LOST};
    }
    if (!repair->count)
        return 0;
    repair->job.storage = rollup_partition_storage(flow, billing, billing->names.rollup_table, e);
    if (!repair->job.storage)
        return -1;
    repair->job.run_storage = rollup_partition_storage(flow, billing, billing->names.runs_table, e);
    if (!repair->job.run_storage || rollup_build_hash(flow, billing, repair->job.sql_hash, e))
        return -1;
    return rollup_late_judge(flow, &repair->job, repair->needs, repair->count, e);
}

static void repair_fini(struct repair *repair)
{
    for (size_t i = 0; i < repair->count; i++)
        rollup_print_fini(&repair->needs[i].print);
    free(repair->needs);
    json_decref(repair->job.storage);
    json_decref(repair->job.run_storage);
}

int rollup_repair(struct flow *flow, const struct billing *billing, const struct rollup_work *work,
                  struct rollup_report *report, struct err *e)
{
    struct repair repair = {.job = {.billing = billing},
                            .work = work,
                            .report = report,
                            .scanned_before = athena_query_scanned()};
    int parallel = billing->settings.parallel_queries, failed;
    uint64_t untold = athena_query_untold();

    *report = (struct rollup_report){0};
    failed = prepare(flow, &repair, e);
    repair.untold_before = athena_query_untold();
    if (!failed) {
        flow_each(flow, repair.count, parallel > 0 ? (size_t)parallel : 1, repair_day, &repair);
        failed = flow_is_cancelled(flow)
                     ? err_set(e, ERR_CANCELLED, "stopped before all days were built")
                     : rollup_collect(flow, billing, &report->collected, e);
    }
    report->scanned_bytes = athena_query_scanned() - repair.scanned_before;
    report->untold = athena_query_untold() != untold;
    repair_fini(&repair);
    return failed;
}
