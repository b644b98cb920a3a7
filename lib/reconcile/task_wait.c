/* task_wait.c -- waiting for AWS: looking again after a pause, within a window. */
#include "base/clock.h"
#include "reconcile/task_private.h"

bool task_wait_more(struct task *task, int64_t delay_ms, int window_s, enum task_state resume)
{
    int64_t now = clock_monotonic_ms();

    if (!task->wait_until_ms) {
        if (window_s > task->options.settle_timeout_s)
            window_s = task->options.settle_timeout_s;
        task->wait_from_ms = now;
        task->wait_until_ms = now + (int64_t)window_s * 1000;
    }
    if (now >= task->wait_until_ms)
        return false;
    task->wake_ms = now + delay_ms;
    if (task->wake_ms > task->wait_until_ms)
        task->wake_ms = task->wait_until_ms;
    task->resume = resume;
    task->state = TASK_WAITING;
    return true;
}

void task_wait_end(struct task *task)
{
    task->wait_from_ms = task->wait_until_ms = 0;
}

int64_t task_wait_delay_ms(const struct task *task)
{
    int64_t waited = task->wait_until_ms ? clock_monotonic_ms() - task->wait_from_ms : 0;

    return waited < 2000 ? 500 : waited < 10000 ? 2000 : 5000;
}

int64_t task_wait_ms(const struct task *task)
{
    int64_t left = task->wake_ms - clock_monotonic_ms();

    return left > 0 ? left : 0;
}
