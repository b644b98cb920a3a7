#include "daemon/verbs/verb_loop.h"

#include <signal.h>
#include <stdlib.h>

enum { REDRAW_MS = 200 };

void verb_loop_init(struct verb_loop *loop)
{
    *loop = (struct verb_loop){0};
    loop_watch_open(&loop->loop);
}

static void on_timer(uv_timer_t *timer)
{
    struct verb_loop *loop = timer->data;

    loop->redraw(loop->arg);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct verb_loop *loop = handle->data;

    if (loop->stopped || !loop->stop)
        _Exit(128 + number);
    loop->stopped = true;
    loop->stop(loop->arg);
}

void verb_loop_begin(struct verb_loop *loop, void (*redraw)(void *), void (*stop)(void *),
                     void *arg)
{
    loop->redraw = redraw;
    loop->stop = stop;
    loop->arg = arg;
    loop_watch_start(&loop->watch, &loop->loop, NULL, NULL);
    (void)uv_timer_init(&loop->loop, &loop->timer);
    (void)uv_signal_init(&loop->loop, &loop->interrupt);
    (void)uv_signal_init(&loop->loop, &loop->terminate);
    loop->timer.data = loop->interrupt.data = loop->terminate.data = loop;
    (void)uv_timer_start(&loop->timer, on_timer, REDRAW_MS, REDRAW_MS);
    (void)uv_signal_start(&loop->interrupt, on_signal, SIGINT);
    (void)uv_signal_start(&loop->terminate, on_signal, SIGTERM);
}

void verb_loop_may_die(struct verb_loop *loop)
{
    loop->stop = NULL;
}

void verb_loop_end(struct verb_loop *loop)
{
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_close((uv_handle_t *)&loop->interrupt, NULL);
    uv_close((uv_handle_t *)&loop->terminate, NULL);
    loop_watch_end(&loop->watch);
}
