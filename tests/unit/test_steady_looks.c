/* Which of the daemon's looks tell what a month takes. */
#include "check.h"
#include "daemon/health/service_metrics.h"
#include "daemon/health/steady_looks.h"

#include <stddef.h>

static void begin(unsigned refreshes, bool well, bool at_work)
{
    steady_looks_begin(&(struct steady_looks_start){refreshes, well, at_work});
}

static void call(int times)
{
    while (times-- > 0)
        steady_looks_count("s3", "GetObject");
}

static void check(int looks, int calls, int least, int most)
{
    const struct service_metrics *m = &service_metrics;

    CHECK_INT((int)metric_value(&m->steady_looks_total, 0, NULL), looks);
    CHECK_INT((int)metric_value(&m->steady_requests_total, 0, "s3", "GetObject", NULL), calls);
    CHECK_INT((int)metric_value(&m->steady_look_requests, 0, "least", NULL), least);
    CHECK_INT((int)metric_value(&m->steady_look_requests, 0, "most", NULL), most);
}

/* The first finds everything to be done; that goes on beside the second. */
static void test_start(void)
{
    begin(1, false, false);
    call(1000);
    begin(1, true, true);
    call(500);
    begin(1, true, false);
    call(20);
    check(0, 0, 0, 0);
    begin(1, true, false);
    check(1, 20, 20, 20);
}

/* What comes each night is steady, also when it takes longer than to the next look. */
static void test_night(void)
{
    call(60);
    begin(1, true, true);
    call(4);
    begin(1, true, false);
    check(3, 84, 4, 60);
}

static void test_failure(void)
{
    call(30); /* this one was steady, and what failed in it belongs to it */
    begin(1, false, false);
    check(4, 114, 4, 60);
    call(900);
    begin(1, true, false);
    check(4, 114, 4, 60);
}

/* It ends the look before it early, and looks at everything anew. */
static void test_asked(void)
{
    call(1);
    begin(2, true, false);
    call(700);
    begin(2, true, true);
    call(700);
    begin(2, true, false);
    check(4, 114, 4, 60);
}

static void test_new_spec(void)
{
    call(25);
    begin(3, true, false);
    call(800);
    begin(3, true, false);
    check(4, 114, 4, 60);
    call(10);
    begin(3, true, false);
    check(5, 124, 4, 60);
}

int main(void)
{
    test_start();
    test_night();
    test_failure();
    test_asked();
    test_new_spec();
    return check_done();
}
