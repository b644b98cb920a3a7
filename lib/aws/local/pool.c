#include "aws/local/pool.h"

#include "base/mem.h"

#include <signal.h>
#include <stdbool.h>

/* libuv makes all threads at the first work, and aborts, saying nothing, where one is refused:
 * there is no memory for its stack, or there are as many tasks as there may be. */
static void on_abort(int number)
{
    (void)number;
    mem_give_up("no threads: there is no memory for their stacks, or their number is limited "
                "(ulimit -v, -u, -s; TasksMax=)");
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

void pool_begin(uv_loop_t *loop)
{
    const struct sigaction told = {.sa_handler = on_abort};
    struct sigaction before;
    static bool begun;
    uv_work_t first;

    if (begun)
        return;
    begun = true;
    (void)sigaction(SIGABRT, &told, &before);
    if (!uv_queue_work(loop, &first, do_nothing, NULL))
        (void)uv_run(loop, UV_RUN_DEFAULT);
    (void)sigaction(SIGABRT, &before, NULL);
}
