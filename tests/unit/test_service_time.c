/* When the watchdog is fed, and how long the daemon waits after a pass that did not go well. */
#include "check.h"

#include "daemon/health/service_time.h"

enum { MINUTE = 60000 };

static void test_alive(void)
{
    /* A pass that moves is alive however long it takes; silence ends it. */
    CHECK(service_time_is_alive(true, 100 * MINUTE, 0, 101 * MINUTE));
    CHECK(service_time_is_alive(true, 100 * MINUTE, 0, 115 * MINUTE - 1));
    CHECK(!service_time_is_alive(true, 100 * MINUTE, 0, 115 * MINUTE));
    /* Between passes only the next one's time counts. */
    CHECK(service_time_is_alive(false, 0, 200 * MINUTE, 100 * MINUTE));
    CHECK(service_time_is_alive(false, 0, 100 * MINUTE, 101 * MINUTE));
    CHECK(!service_time_is_alive(false, 0, 100 * MINUTE, 115 * MINUTE));
}

static void test_delay(void)
{
    CHECK_INT(service_time_delay_ms(300, 0), 300000);
    CHECK_INT(service_time_delay_ms(300, 1), 30000);
    CHECK_INT(service_time_delay_ms(300, 2), 60000);
    CHECK_INT(service_time_delay_ms(300, 4), 240000);
    CHECK_INT(service_time_delay_ms(300, 5), 300000);
    CHECK_INT(service_time_delay_ms(300, 4000000000u), 300000);
    CHECK_INT(service_time_delay_ms(2592000, 60), 2592000000);
    CHECK_INT(service_time_delay_ms(10, 1), 10000);
}

static void test_old(void)
{
    CHECK(!service_time_is_old(100 * MINUTE, 300, 100 * MINUTE));
    CHECK(!service_time_is_old(100 * MINUTE, 300, 125 * MINUTE));
    CHECK(service_time_is_old(100 * MINUTE, 300, 125 * MINUTE + 1));
    CHECK(!service_time_is_old(100 * MINUTE, 2592000, 100 * MINUTE + 7776000000));
}

int main(void)
{
    test_alive();
    test_delay();
    test_old();
    return check_done();
}
