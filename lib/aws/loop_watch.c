#include "aws/loop_watch.h"

#include "aws/local/pool.h"
#include "base/log.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000 };

static struct loop_watch *watching; /* NULL: none */

static uint64_t ran_ns(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Of the round until now: waits left out. */
static uint64_t worked_ns(const struct loop_watch *watch, uint64_t now_ns)
{
    uint64_t whole_ns = now_ns - watch->begun_ns;
    uint64_t wait_ns = uv_metrics_idle_time(watch->prepare.loop) - watch->waited_ns;

    return whole_ns > wait_ns ? whole_ns - wait_ns : 0;
}

/* Between two of these lie all kinds of callbacks, and one wait, which libuv measures.  A round
 * ends where the next one begins, by one look at the clock: no moment is of both. */
static void end_round(struct loop_watch *watch)
{
    uint64_t now_ns = uv_hrtime(), waited_ns = uv_metrics_idle_time(watch->prepare.loop);
    uint64_t run_ns = ran_ns(), busy_ns = worked_ns(watch, now_ns);

    if (watch->begun_ns) {
        if (busy_ns >= (uint64_t)LOOP_WATCH_MOST_MS * NS_PER_MS)
            log_debug("long_round", "{s:I, s:I}", "ms", (json_int_t)(busy_ns / NS_PER_MS), "cpu_ms",
                      (json_int_t)((run_ns - watch->ran_ns) / NS_PER_MS));
        if (busy_ns > watch->longest_ns)
            watch->longest_ns = busy_ns;
        if (run_ns - watch->ran_ns > watch->longest_ran_ns)
            watch->longest_ran_ns = run_ns - watch->ran_ns;
        if (watch->round)
            watch->round(watch->arg, (double)busy_ns / 1e9);
    }
    watch->begun_ns = now_ns;
    watch->waited_ns = waited_ns;
    watch->ran_ns = run_ns;
    watch->until_ns = (uint64_t)LOOP_WATCH_WORK_MS * NS_PER_MS;
    watch->none_begun = true;
}

static void on_prepare(uv_prepare_t *prepare)
{
    end_round(prepare->data);
}

/* Between sockets and timers: these go on whatever those took. */
static void on_check(uv_check_t *check)
{
    struct loop_watch *watch = check->data;
    uint64_t slice_ns = worked_ns(watch, uv_hrtime()) + (uint64_t)LOOP_WATCH_SLICE_MS * NS_PER_MS;

    watch->until_ns = slice_ns > watch->until_ns ? slice_ns : watch->until_ns;
    watch->none_begun = true;
}

bool loop_watch_has_time(const uv_loop_t *loop)
{
    struct loop_watch *watch = watching && watching->prepare.loop == loop ? watching : NULL;
    bool none_begun;

    if (!watch || !watch->begun_ns)
        return true;
    none_begun = watch->none_begun;
    watch->none_begun = false;
    return none_begun || worked_ns(watch, uv_hrtime()) < watch->until_ns;
}

bool loop_watch_puts_off(uv_timer_t *timer, uv_timer_cb callback)
{
    if (loop_watch_has_time(timer->loop))
        return false;
    (void)uv_timer_start(timer, callback, 1, 0);
    return true;
}

void loop_watch_open(uv_loop_t *loop)
{
    int code = uv_loop_init(loop);

    if (!code) {
        pool_begin(loop);
        return;
    }
    (void)fprintf(stderr, "billingd: no event loop: %s\n", uv_strerror(code));
    _exit(MEM_EXIT);
}

void loop_watch_start(struct loop_watch *watch, uv_loop_t *loop, loop_watch_fn *round, void *arg)
{
    *watch = (struct loop_watch){.round = round, .arg = arg};
    (void)uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
    (void)uv_prepare_init(loop, &watch->prepare);
    watch->prepare.data = watch;
    (void)uv_prepare_start(&watch->prepare, on_prepare);
    uv_unref((uv_handle_t *)&watch->prepare);
    (void)uv_check_init(loop, &watch->check);
    watch->check.data = watch;
    (void)uv_check_start(&watch->check, on_check);
    uv_unref((uv_handle_t *)&watch->check);
    watching = watch;
}

void loop_watch_end(struct loop_watch *watch)
{
    end_round(watch);
    log_debug("longest_round", "{s:I, s:I}", "us", (json_int_t)(watch->longest_ns / 1000), "cpu_us",
              (json_int_t)(watch->longest_ran_ns / 1000));
    watching = NULL;
    uv_close((uv_handle_t *)&watch->prepare, NULL);
    uv_close((uv_handle_t *)&watch->check, NULL);
}
