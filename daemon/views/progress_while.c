#include "daemon/views/progress_while.h"

#include "base/mem.h"
#include "daemon/views/progress.h"
#include "daemon/views/terminal.h"

#include <uv.h>

#define REDRAW_NS (200 * UINT64_C(1000000))

struct progress_while {
    struct progress *progress; /* the thread's, while it runs */
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t ended;
    bool end; /* under lock */
};

static void redraw(void *arg)
{
    struct progress_while *shown = arg;

    uv_mutex_lock(&shown->lock);
    while (!shown->end) {
        (void)uv_cond_timedwait(&shown->ended, &shown->lock, REDRAW_NS);
        progress_tick(shown->progress);
    }
    uv_mutex_unlock(&shown->lock);
}

static void give_back(struct progress_while *shown)
{
    progress_end(shown->progress);
    uv_cond_destroy(&shown->ended);
    uv_mutex_destroy(&shown->lock);
    free(shown);
}

struct progress_while *progress_while_start(const char *subject, const char *doing, bool color)
{
    struct progress_while *shown;

    if (!terminal_is_live(stderr))
        return NULL;
    shown = mem_new(sizeof *shown);
    shown->progress = progress_start(stderr, 1, color);
    progress_update(shown->progress, subject, doing, NULL);
    if (uv_mutex_init(&shown->lock) || uv_cond_init(&shown->ended))
        mem_give_up("no room for a lock");
    if (!uv_thread_create(&shown->thread, redraw, shown))
        return shown;
    give_back(shown);
    return NULL;
}

void progress_while_end(struct progress_while *shown)
{
    if (!shown)
        return;
    uv_mutex_lock(&shown->lock);
    shown->end = true;
    uv_cond_signal(&shown->ended);
    uv_mutex_unlock(&shown->lock);
    (void)uv_thread_join(&shown->thread);
    give_back(shown);
}
