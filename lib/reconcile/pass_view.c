/* pass_view.c -- looking at a pass: what commands, metrics and the web page show. */
#include "base/clock.h"
#include "reconcile/engine_private.h"

size_t pass_task_count(const struct pass *pass)
{
    return pass->shown_count;
}

const struct task *pass_task(const struct pass *pass, size_t index)
{
    return pass->shown[index]->task;
}

size_t pass_task_pipeline(const struct pass *pass, size_t index)
{
    return pass->shown[index]->pipeline;
}

const char *pass_refused(const struct pass *pass, size_t pipeline, enum err_kind *kind)
{
    *kind = pass->pipelines[pipeline].refused_kind;
    return pass->pipelines[pipeline].refused;
}

const json_t *pass_warnings(const struct pass *pass)
{
    return pass->warnings;
}

const char *pass_account(const struct pass *pass, size_t pipeline)
{
    return pass->pipelines[pipeline].account;
}

struct aws_session *pass_session(const struct pass *pass, size_t pipeline)
{
    return pass->pipelines[pipeline].session;
}

static void count_task(const struct task *task, struct pass_summary *summary)
{
    switch (task_verdict(task)) {
    case VERDICT_NONE:
        break;
    case VERDICT_SYNCED:
        summary->synced++;
        break;
    case VERDICT_DRIFTED:
        summary->drifted++;
        break;
    case VERDICT_REPAIRED:
        summary->repaired++;
        break;
    case VERDICT_SETTLING:
        summary->settling++;
        break;
    case VERDICT_HELD:
        summary->held++;
        break;
    case VERDICT_RETRY:
        summary->retry++;
        break;
    case VERDICT_BLOCKED:
        summary->blocked++;
        break;
    case VERDICT_DENIED:
        summary->denied++;
        break;
    case VERDICT_FAILED:
        summary->failed++;
    }
}

void pass_summarize(const struct pass *pass, struct pass_summary *summary)
{
    *summary = (struct pass_summary){
        .reads = read_cache_calls(pass->cache) - pass->identity_calls,
        .writes = pass->writes,
        .elapsed_ms = (pass->ended_ms ? pass->ended_ms : clock_monotonic_ms()) - pass->started_ms,
    };
    for (size_t i = 0; i < pass->item_count; i++) {
        const struct item *item = &pass->items[i];

        if (!item->task)
            continue;
        count_task(item->task, summary);
        if (item->depth > summary->round_trips)
            summary->round_trips = item->depth;
    }
    for (size_t i = 0; i < pass->pipeline_count; i++)
        summary->refused += pass->pipelines[i].refused != NULL;
}
