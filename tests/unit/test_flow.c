/* Flows: order, parallel limits, cancelling from outside, at every wait; the guard below a stack.
 * Timers only: what calls add is in test_flow_pages.c and in the system tests. */
#include "aws/flow.h"
#include "base/mem.h"
#include "check.h"

#include <alloca.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* ---- work on another thread ---- */

struct working {
    struct seen seen;
    uv_sem_t turned;
    uv_thread_t loops;
    bool cancel;
};

/* The loop goes on meanwhile, or this never ends. */
static void work(void *arg)
{
    struct working *working = arg;
    uv_thread_t self = uv_thread_self();

    uv_sem_wait(&working->turned);
    working->seen.started++;
    CHECK(!uv_thread_equal(&self, &working->loops));
}

static void on_turn(uv_timer_t *timer)
{
    struct working *working = timer->data;

    CHECK_INT(working->seen.started, 0);
    if (working->cancel)
        flow_cancel(working->seen.flow);
    uv_sem_post(&working->turned);
    uv_close((uv_handle_t *)timer, NULL);
}

/* It is done to its end also in a flow that is cancelled, whose next wait fails. */
static void worker(struct flow *flow, void *arg)
{
    struct working *working = arg;
    struct err e = {0};

    flow_work(flow, work, arg);
    CHECK_INT(working->seen.started, 1);
    working->seen.cancelled = flow_sleep(flow, 0, &e) != 0;
    uv_sem_post(&working->turned);
    flow_work(flow, work, arg);
    flow_drop(flow, json_pack("[s]", "text"));
    flow_drop(flow, NULL);
}

static void works(bool cancel)
{
    struct working working = {.loops = uv_thread_self(), .cancel = cancel};
    uv_loop_t loop;
    uv_timer_t timer;

    uv_loop_init(&loop);
    uv_sem_init(&working.turned, 0);
    uv_timer_init(&loop, &timer);
    timer.data = &working;
    uv_timer_start(&timer, on_turn, 5, 0);
    working.seen.flow = flow_start(&loop, NULL, worker, on_end, &working);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK_INT(working.seen.ended, 1);
    CHECK_INT(working.seen.started, 2);
    CHECK_INT(working.seen.cancelled, cancel);
    uv_sem_destroy(&working.turned);
}

/* ---- flows that are over at once ---- */

static void nothing(struct flow *flow, void *arg)
{
    struct seen *seen = arg;

    seen->started++;
    seen->cancelled = flow_is_cancelled(flow);
}

/* It has not begun when flow_start returns, so it can be cancelled, and is still run to its end. */
static void over_at_once(bool cancel)
{
    struct seen seen = {0};
    uv_loop_t loop;

    uv_loop_init(&loop);
    seen.flow = flow_start(&loop, NULL, nothing, on_end, &seen);
    CHECK_INT(seen.started, 0);
    CHECK_INT(seen.ended, 0);
    CHECK(!flow_is_cancelled(seen.flow));
    if (cancel)
        flow_cancel(seen.flow);
    CHECK_INT(flow_is_cancelled(seen.flow), cancel);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK_INT(seen.started, 1);
    CHECK_INT(seen.ended, 1);
    CHECK_INT(seen.cancelled, cancel);
}

/* Waits fail from the first on when it was cancelled before it began. */
static void cancelled_before(void)
{
    struct seen seen = {0};
    uv_loop_t loop;

    uv_loop_init(&loop);
    seen.flow = flow_start(&loop, NULL, many_long, on_end, &seen);
    flow_cancel(seen.flow);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK_INT(seen.ended, 1);
    CHECK_INT(seen.cancelled, 6);
}

/* ---- unlike things side by side ---- */

static void quick(struct flow *flow, void *arg)
{
    (void)flow;
    *(int *)arg += 1;
}

static void slow(struct flow *flow, void *arg)
{
    struct err e = {0};

    if (!flow_sleep(flow, 2, &e))
        *(int *)arg += 10;
}

static void side_by_side(struct flow *flow, void *arg)
{
    struct seen *seen = arg;
    int first = 0, second = 0;
    const struct flow_part parts[] = {{quick, &first}, {slow, &second}, {slow, &first}};

    flow_all(flow, parts, 3);
    CHECK_INT(first, 11);
    CHECK_INT(second, 10);
    flow_all(flow, parts, 0);
    CHECK_INT(first, 11);
    flow_each(flow, 3, 0, sleeper, seen); /* at most none: one after the other */
}

/* ---- overflow ---- */

/* A frame far larger than a page that touches only its far end, as one that nobody probes would. */
__attribute__((noinline)) static int large_frame(size_t size)
{
    volatile char *room = alloca(size);

    room[0] = 1;
    return room[0];
}

static void overflow(struct flow *flow, void *arg)
{
    (void)flow;
    *(int *)arg = large_frame(1024 * 1024 + 512 * 1024);
}

/* In a process of its own, which must not get to its end; want_signal 0: it ends itself. */
static void check_dies(int most_bytes, int want_signal, const char *want_text)
{
    char told[512] = "";
    int ends[2];
    const struct rlimit limit = {(rlim_t)most_bytes, RLIM_INFINITY};
    int status = 0;
    pid_t child;

    CHECK(pipe(ends) == 0);
    child = fork();
    if (!child) {
        uv_loop_t loop;
        int reached = 0;

        (void)dup2(ends[1], 2);
        uv_loop_init(&loop);
        if (most_bytes)
            (void)setrlimit(RLIMIT_AS, &limit);
        (void)flow_start(&loop, NULL, overflow, NULL, &reached);
        uv_run(&loop, UV_RUN_DEFAULT);
        _exit(0);
    }
    (void)close(ends[1]);
    (void)!read(ends[0], told, sizeof told - 1);
    CHECK(waitpid(child, &status, 0) == child);
    (void)close(ends[0]);
#ifdef __SANITIZE_ADDRESS__ /* which has handlers of its own */
    (void)want_signal, (void)want_text;
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
#else
    CHECK_INT(want_signal ? (WIFSIGNALED(status) ? WTERMSIG(status) : 0) : WEXITSTATUS(status),
              want_signal ? want_signal : MEM_EXIT);
    CHECK(strstr(told, want_text) != NULL);
#endif
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
    works(false);
    works(true);
    over_at_once(false);
    over_at_once(true);
    cancelled_before();
    seen = run_flow(side_by_side);
    CHECK_INT(seen.most, 1);
    CHECK_INT(seen.finished, 3);
    check_dies(0, SIGSEGV, "the stack of a flow overflowed"); /* the guard is touched */
    check_dies(4096, 0, "out of memory: there is none for a stack");
    return check_done();
}
