/* How long rounds of the loop work, on a real loop: a callback that takes its time is seen, waiting
 * is not taken for work. */
#include "aws/loop_watch.h"
#include "check.h"
#include "daemon/health/service_metrics.h"

#include <stdlib.h>
#include <time.h>

enum { WORK_MS = 120, WAIT_MS = 300 };

static uv_loop_t loop;
static struct loop_watch watch;

static void on_end(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
    loop_watch_end(&watch);
}

static void on_work(uv_timer_t *timer)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = WORK_MS * 1000000L}, NULL);
    (void)uv_timer_start(timer, on_end, WAIT_MS, 0);
}

/* A number of the exposition text. */
static double number(const char *series)
{
    struct metric *const table[] = {&service_metrics.loop_busy, NULL};
    cleanup_str struct str text = {0};
    const char *at;

    (void)metric_write(table, &(struct metric_part){.most = SIZE_MAX}, &text);
    at = strstr(str_text(&text), series);
    CHECK(at != NULL);
    return at ? strtod(at + strlen(series), NULL) : -1;
}

int main(void)
{
    uv_timer_t timer;
    double passed_s, idle_s, told_s;
    uint64_t began;

    CHECK(!uv_loop_init(&loop));
    loop_watch_start(&watch, &loop, service_metrics_count_round, NULL);
    CHECK(!uv_timer_init(&loop, &timer));
    /* A first round begins nowhere; the work must not fall into it, however late we are. */
    began = uv_hrtime();
    CHECK(!uv_timer_start(&timer, on_work, 600000, 0));
    CHECK(uv_run(&loop, UV_RUN_NOWAIT));
    CHECK(!uv_timer_start(&timer, on_work, 1, 0));
    CHECK(!uv_run(&loop, UV_RUN_DEFAULT));
    passed_s = (double)(uv_hrtime() - began) / 1e9;
    idle_s = (double)uv_metrics_idle_time(&loop) / 1e9;
    told_s = number("billingd_loop_busy_seconds_sum ");
    CHECK(told_s >= WORK_MS / 1000.0);
    CHECK(idle_s > 0 && told_s <= passed_s - idle_s + 1e-6);
    CHECK(number("billingd_loop_busy_seconds_count ") >
          number("billingd_loop_busy_seconds_bucket{le=\"0.1\"} "));
    CHECK(!uv_loop_close(&loop));
    return check_done();
}
