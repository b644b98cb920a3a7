/* How long rounds of the loop work, on a real loop: a callback that takes its time is seen, waiting
 * is not taken for work; and what works in pieces shares the time of a round. */
#include "aws/flow.h"
#include "aws/loop_watch.h"
#include "check.h"
#include "daemon/health/service_metrics.h"

#include <stdlib.h>
#include <time.h>

enum { WORK_MS = 120, WAIT_MS = 300, PIECES = 100, PIECE_MS = 5 };

static uv_loop_t loop;
static struct loop_watch watch;

/* A machine that is too busy to let the loop wait is asked again. */
static void on_end(uv_timer_t *timer)
{
    if (!uv_metrics_idle_time(timer->loop)) {
        (void)uv_timer_start(timer, on_end, WAIT_MS, 0);
        return;
    }
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

/* ---- pieces ---- */

static uv_timer_t pieces[PIECES];
static uv_prepare_t each_round;
static int order[PIECES];
static size_t done, in_round, most_in_round, rounds;

static void on_round(uv_prepare_t *prepare)
{
    (void)prepare;
    most_in_round = in_round > most_in_round ? in_round : most_in_round;
    rounds += in_round > 0;
    in_round = 0;
}

static void on_piece(uv_timer_t *timer)
{
    if (loop_watch_puts_off(timer, on_piece))
        return;
    (void)nanosleep(&(struct timespec){.tv_nsec = PIECE_MS * 1000000L}, NULL);
    in_round++;
    order[done++] = (int)(timer - pieces);
    uv_close((uv_handle_t *)timer, NULL);
    if (done < PIECES)
        return;
    uv_close((uv_handle_t *)&each_round, NULL);
    loop_watch_end(&watch);
}

/* All are due at once: a round does as many as it has time for, each of the next ones the next. */
static void test_pieces(void)
{
    bool in_order = true;

    CHECK(!uv_loop_init(&loop));
    CHECK(loop_watch_has_time(&loop)); /* nobody watches it */
    loop_watch_start(&watch, &loop, NULL, NULL);
    CHECK(!uv_prepare_init(&loop, &each_round) && !uv_prepare_start(&each_round, on_round));
    CHECK(uv_run(&loop, UV_RUN_NOWAIT)); /* a first round begins nowhere */
    for (size_t i = 0; i < PIECES; i++) {
        CHECK(!uv_timer_init(&loop, &pieces[i]));
        CHECK(!uv_timer_start(&pieces[i], on_piece, 0, 0));
    }
    CHECK(!uv_run(&loop, UV_RUN_DEFAULT));
    CHECK_INT(done, PIECES);
    CHECK(most_in_round >= 1 && most_in_round <= LOOP_WATCH_WORK_MS / PIECE_MS + 1);
    CHECK(rounds >= PIECES / (LOOP_WATCH_WORK_MS / PIECE_MS + 1));
    for (size_t i = 0; i < PIECES; i++)
        in_order = in_order && order[i] == (int)i;
    CHECK(in_order);
    CHECK(!uv_loop_close(&loop));
}

/* ---- items of a flow ---- */

static size_t begun;

static void on_item_round(uv_prepare_t *prepare)
{
    (void)prepare;
    most_in_round = in_round > most_in_round ? in_round : most_in_round;
    in_round = 0;
}

/* What an item does before its first wait. */
static void item(struct flow *flow, void *arg, size_t index)
{
    struct err e = {0};

    CHECK_INT(index, begun++);
    (void)nanosleep(&(struct timespec){.tv_nsec = PIECE_MS * 1000000L}, NULL);
    in_round++;
    CHECK_INT(flow_sleep(flow, 1, &e) != 0, *(const bool *)arg);
}

static void all_items(struct flow *flow, void *arg)
{
    flow_each(flow, PIECES, PIECES, item, arg);
}

static void on_items_end(void *arg)
{
    (void)arg;
    uv_close((uv_handle_t *)&each_round, NULL);
    loop_watch_end(&watch);
}

/* As many begin in a round as have time, also when all is to unwind. */
static void test_items(bool cancelled)
{
    struct flow *flow;

    begun = in_round = most_in_round = 0;
    CHECK(!uv_loop_init(&loop));
    loop_watch_start(&watch, &loop, NULL, NULL);
    CHECK(!uv_prepare_init(&loop, &each_round) && !uv_prepare_start(&each_round, on_item_round));
    CHECK(uv_run(&loop, UV_RUN_NOWAIT)); /* a first round begins nowhere */
    flow = flow_start(&loop, NULL, all_items, on_items_end, &cancelled);
    if (cancelled)
        flow_cancel(flow);
    CHECK(!uv_run(&loop, UV_RUN_DEFAULT));
    CHECK_INT(begun, PIECES);
    CHECK(most_in_round >= 1 && most_in_round <= LOOP_WATCH_WORK_MS / PIECE_MS + 2);
    CHECK(!uv_loop_close(&loop));
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
    test_pieces();
    test_items(false);
    test_items(true);
    return check_done();
}
