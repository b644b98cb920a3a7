/* Zones of the tz database: names, offsets, and when clocks change. */
#include "base/time_zone.h"
#include "check.h"

#include <pthread.h>
#include <stdlib.h>

static void check_span(const char *zone, int64_t from_s, int64_t to_s, int64_t offset_s,
                       int64_t end_s)
{
    struct time_zone_span span = time_zone_span(zone, from_s, to_s);

    CHECK_INT(span.offset_s, offset_s);
    CHECK_INT(span.end_s, end_s);
}

/* Changes as `zdump -v` tells them. */
static void test_spans(void)
{
    CHECK_INT(time_zone_offset("UTC", 1761868800), 0);
    CHECK_INT(time_zone_offset("Asia/Seoul", 1761868800), 9 * 3600);
    CHECK_INT(time_zone_offset("Asia/Kathmandu", 1761868800), 5 * 3600 + 2700);
    check_span("UTC", 0, 86400, 0, 86400);
    check_span("Asia/Seoul", 1761868800, 1761955200, 9 * 3600, 1761955200);
    /* 2025-10-26T01:00Z */
    check_span("Europe/Berlin", 1761436800, 1761523200, 7200, 1761440400);
    check_span("Europe/Berlin", 1761440399, 1761523200, 7200, 1761440400);
    check_span("Europe/Berlin", 1761440400, 1761523200, 3600, 1761523200);
    check_span("Europe/Berlin", 1761440000, 1761440010, 7200, 1761440010);
    /* Half an hour, at 2025-10-04T15:30Z. */
    check_span("Australia/Lord_Howe", 1759500000, 1759600000, 10 * 3600 + 1800, 1759591800);
    /* 2011-12-30T10:00Z: from ten hours behind UTC to fourteen before it. */
    check_span("Pacific/Apia", 1325235600, 1325246400, -10 * 3600, 1325239200);
    check_span("Pacific/Apia", 1325239200, 1325246400, 14 * 3600, 1325246400);
}

static void test_zones(void)
{
    CHECK(time_zone_exists("Asia/Seoul"));
    CHECK(time_zone_exists("UTC"));
    CHECK(time_zone_exists("America/Argentina/Buenos_Aires"));
    for (const char *const *bad =
             (const char *const[]){"", "Asia", "Asia/", "Asia/Soul", "../etc/passwd", "/etc/passwd",
                                   "Asia//Seoul", "tzdata.zi", ":UTC", "KST-9", NULL};
         *bad; bad++)
        check_report(!time_zone_exists(*bad), __FILE__, __LINE__, *bad);
    CHECK(strlen(time_zone_version()) == 5 && !strncmp(time_zone_version(), "20", 2));
}

/* The process's own zone is the same afterwards. */
static void test_zone_given_back(void)
{
    (void)setenv("TZ", "Asia/Tokyo", 1);
    (void)time_zone_offset("America/New_York", 0);
    CHECK_TEXT(getenv("TZ"), "Asia/Tokyo");
    (void)unsetenv("TZ");
    (void)time_zone_span("America/New_York", 0, 86400);
    CHECK(!getenv("TZ"));
}

/* ---- from several threads at once ---- */

static void *ask(void *zone)
{
    int64_t want_s = !strcmp(zone, "Asia/Seoul") ? 9 * 3600 : -5 * 3600, wrong = 0;

    for (int i = 0; i < 3000; i++)
        wrong += time_zone_offset(zone, 1700000000) != want_s || getenv("PATH") == NULL;
    return wrong ? zone : NULL;
}

static void test_threads(void)
{
    static char *const zones[] = {"Asia/Seoul", "America/New_York", "Asia/Seoul"};
    pthread_t threads[3];
    void *wrong;

    for (size_t i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, ask, zones[i]), 0);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(pthread_join(threads[i], &wrong), 0);
        CHECK(!wrong);
    }
}

int main(void)
{
    test_spans();
    test_zones();
    test_zone_given_back();
    test_threads();
    return check_done();
}
