/* How long turns of the loop work, on a real loop: a callback that takes its time is seen, waiting
 * is not taken for work. */
#include "check.h"
#include "daemon/service/service_metrics.h"
#include "daemon/service/service_private.h"

#include <stdlib.h>
#include <time.h>

enum { WORK_MS = 120, WAIT_MS = 300 };

static struct service service;

static void on_end(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
    service_loop_end(&service);
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

    metric_write(table, &text);
    at = strstr(str_text(&text), series);
    CHECK(at != NULL);
    return at ? strtod(at + strlen(series), NULL) : -1;
}

int main(void)
{
    uv_timer_t timer;
    double passed_s, idle_s, told_s;
    uint64_t began;

    CHECK(!uv_loop_init(&service.loop));
    service_loop_start(&service);
    CHECK(!uv_timer_init(&service.loop, &timer));
    CHECK(!uv_timer_start(&timer, on_work, 1, 0));
    began = uv_hrtime();
    CHECK(!uv_run(&service.loop, UV_RUN_DEFAULT));
    passed_s = (double)(uv_hrtime() - began) / 1e9;
    idle_s = (double)uv_metrics_idle_time(&service.loop) / 1e9;
    told_s = number("billingd_loop_busy_seconds_sum ");
    CHECK(told_s >= WORK_MS / 1000.0);
    CHECK(idle_s > 0 && told_s <= passed_s - idle_s + 1e-6);
    CHECK(number("billingd_loop_busy_seconds_count ") >
          number("billingd_loop_busy_seconds_bucket{le=\"0.1\"} "));
    CHECK(!uv_loop_close(&service.loop));
    return check_done();
}
