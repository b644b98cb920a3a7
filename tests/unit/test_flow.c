/* Flows: order, parallel limits, cancelling from outside, at every wait. Timers only: what a call
 * does differs in nothing but the callback that resumes it, which system tests exercise. */
#include "aws/flow.h"
#include "base/mem.h"
#include "check.h"

struct seen {
    int started, finished, active, most, cancelled, ended;
    struct flow *flow;
};

static void sleeper(struct flow *flow, void *arg, size_t index)
{
    struct seen *seen = arg;
    struct err e = {0};

    seen->started++;
    if (++seen->active > seen->most)
        seen->most = seen->active;
    if (flow_sleep(flow, (int64_t)(index % 3), &e))
        seen->cancelled++;
    else
        seen->finished++;
    seen->active--;
}

static void many(struct flow *flow, void *arg)
{
    flow_each(flow, 25, 4, sleeper, arg);
    flow_each(flow, 0, 4, sleeper, arg);
}

static void no_wait(struct flow *flow, void *arg, size_t index)
{
    (void)flow;
    ((struct seen *)arg)->finished += (int)index;
}

static void nested(struct flow *flow, void *arg, size_t index)
{
    (void)index;
    flow_each(flow, 3, 2, no_wait, arg);
    flow_each(flow, 2, 1, sleeper, arg);
}

static void deep(struct flow *flow, void *arg)
{
    flow_each(flow, 5, 2, nested, arg);
}

static void on_end(void *arg)
{
    ((struct seen *)arg)->ended++;
}

static void on_cancel(uv_timer_t *timer)
{
    struct seen *seen = timer->data;

    flow_cancel(seen->flow);
    uv_close((uv_handle_t *)timer, NULL);
}

static void endless(struct flow *flow, void *arg)
{
    struct seen *seen = arg;
    struct err e = {0};

    while (!flow_sleep(flow, 1, &e))
        seen->finished++;
    CHECK_INT(e.kind, ERR_CANCELLED);
    flow_each(flow, 3, 1, sleeper, arg);
}

static struct seen run_flow(flow_fn *fn)
{
    struct seen seen = {0};
    uv_loop_t loop;

    uv_loop_init(&loop);
    seen.flow = flow_start(&loop, NULL, fn, on_end, &seen);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK_INT(seen.ended, 1);
    return seen;
}

static void cancel_after(flow_fn *fn, uint64_t milliseconds, int want_started)
{
    struct seen seen = {0};
    uv_loop_t loop;
    uv_timer_t timer;

    uv_loop_init(&loop);
    uv_timer_init(&loop, &timer);
    timer.data = &seen;
    uv_timer_start(&timer, on_cancel, milliseconds, 0);
    seen.flow = flow_start(&loop, NULL, fn, on_end, &seen);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK_INT(seen.ended, 1);
    CHECK_INT(seen.started, want_started);
    CHECK_INT(seen.cancelled, want_started);
}

static void long_sleeper(struct flow *flow, void *arg, size_t index)
{
    struct seen *seen = arg;
    struct err e = {0};

    (void)index;
    seen->started++;
    if (flow_sleep(flow, 1000 * 1000, &e))
        seen->cancelled++;
}

static void many_long(struct flow *flow, void *arg)
{
    flow_each(flow, 6, 2, long_sleeper, arg);
}

int main(void)
{
    struct seen seen = run_flow(many);

    CHECK_INT(seen.started, 25);
    CHECK_INT(seen.finished, 25);
    CHECK_INT(seen.most, 4);
    seen = run_flow(deep);
    CHECK_INT(seen.started, 10);
    CHECK_INT(seen.finished, 5 * (0 + 1 + 2) + 10);
    cancel_after(endless, 5, 3);
    cancel_after(many_long, 0, 6);
    return check_done();
}
