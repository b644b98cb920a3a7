/* background.c -- one piece of work in libuv's thread pool, and whether anybody still waits. */
#include "aws/local/background.h"

#include "base/mem.h"

#include <stdbool.h>

struct background {
    uv_work_t request;
    struct background_work work;
    bool cancelled;
};

static void on_work(uv_work_t *request)
{
    struct background *background = request->data;

    background->work.work(background->work.job);
}

static void on_end(uv_work_t *request, int status)
{
    struct background *background = request->data;

    (void)status;
    if (background->work.done && !background->cancelled)
        background->work.done(background->work.arg, background->work.job);
    if (background->work.release)
        background->work.release(background->work.job);
    free(background);
}

struct background *background_start(uv_loop_t *loop, const struct background_work *work)
{
    struct background *background = mem_new(sizeof *background);

    background->work = *work;
    background->request.data = background;
    if (uv_queue_work(loop, &background->request, on_work, on_end))
        abort(); /* only without a function to call */
    return background;
}

void background_cancel(struct background *background)
{
    if (background)
        background->cancelled = true;
}

void background_free(uv_loop_t *loop, void (*release)(void *job), void *job)
{
    (void)background_start(loop, &(struct background_work){.work = release, .job = job});
}
