/* Which days the flags choose. */
#include "check.h"
#include "daemon/verbs/billing/day_range.h"

#include <string.h>

enum { NOW_S = 1761955199 }; /* 2025-10-31T23:59:59Z, 2025-11-01 in Seoul */

static void check_range(struct options options, const char *zone, const char *first,
                        const char *last)
{
    struct day_range range;
    struct err e = {0};
    char text[16];

    CHECK_INT(day_range_read(&options, zone, NOW_S, &range, &e), 0);
    CHECK_INT(range.has_first, first != NULL);
    CHECK_INT(range.has_last, last != NULL);
    if (first) {
        calendar_day_text(range.first, text);
        CHECK_TEXT(text, first);
    }
    if (last) {
        calendar_day_text(range.last, text);
        CHECK_TEXT(text, last);
    }
}

static void check_refused(struct options options, const char *why)
{
    struct day_range range;
    struct err e = {0};

    CHECK_INT(day_range_read(&options, "UTC", NOW_S, &range, &e), -1);
    CHECK_INT(e.kind, ERR_INVALID);
    CHECK(strstr(e.text, why) != NULL);
}

int main(void)
{
    check_range((struct options){0}, "UTC", NULL, NULL);
    check_range((struct options){.month = "2024-02"}, "UTC", "2024-02-01", "2024-02-29");
    check_range((struct options){.day = "2025-10-05"}, "UTC", "2025-10-05", "2025-10-05");
    check_range((struct options){.since = "2025-10-05"}, "UTC", "2025-10-05", NULL);
    check_range((struct options){.since = "0h"}, "UTC", "2025-10-31", NULL);
    check_range((struct options){.since = "0h"}, "Asia/Seoul", "2025-11-01", NULL);
    check_range((struct options){.since = "7d"}, "UTC", "2025-10-24", NULL);
    check_range((struct options){.since = "24h", .to = "2025-10-31"}, "UTC", "2025-10-30",
                "2025-10-31");
    check_range((struct options){.from = "2025-10-01", .to = "2025-10-02"}, "UTC", "2025-10-01",
                "2025-10-02");
    check_range((struct options){.to = "2025-10-02"}, "UTC", NULL, "2025-10-02");
    check_refused((struct options){.month = "2025-10", .day = "2025-10-01"}, "choose one");
    check_refused((struct options){.since = "7d", .from = "2025-10-01"}, "choose one");
    check_refused((struct options){.month = "2025-10", .to = "2025-10-01"}, "choose one");
    check_refused((struct options){.since = "7 days"}, "--since");
    check_refused((struct options){.since = "d"}, "--since");
    check_refused((struct options){.since = "2025-02-30"}, "--since");
    check_refused((struct options){.month = "2025-13"}, "--month");
    check_refused((struct options){.day = "yesterday"}, "--day");
    check_refused((struct options){.since = "2025-11-01"}, "in the future");
    check_refused((struct options){.from = "2099-01-01"}, "in the future");
    check_refused((struct options){.from = "2025-10-02", .to = "2025-10-01"}, "ends before");
    return check_done();
}
