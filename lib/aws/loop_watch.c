#include "aws/loop_watch.h"

#include "aws/local/pool.h"
#include "base/log.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000 };

static uint64_t ran_ns(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Between two of these lie all kinds of callbacks, and one wait, which libuv measures. */
static void end_round(struct loop_watch *watch)
{
    uint64_t now_ns = uv_hrtime(), waited_ns = uv_metrics_idle_time(watch->prepare.loop);
    uint64_t run_ns = ran_ns(), whole_ns = now_ns - watch->begun_ns;
    uint64_t wait_ns = waited_ns - watch->waited_ns;
    uint64_t busy_ns = whole_ns > wait_ns ? whole_ns - wait_ns : 0;

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
}

static void on_prepare(uv_prepare_t *prepare)
{
    end_round(prepare->data);
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
}

void loop_watch_end(struct loop_watch *watch)
{
    end_round(watch);
    log_debug("longest_round", "{s:I, s:I}", "us", (json_int_t)(watch->longest_ns / 1000), "cpu_us",
              (json_int_t)(watch->longest_ran_ns / 1000));
    uv_close((uv_handle_t *)&watch->prepare, NULL);
}
