/* Billing days in zones that make it hard: DST at midnight, half offsets, a day that never was. */
#include "billing/prices/calendar.h"
#include "check.h"

static int64_t start(const char *zone, int year, int month, int day)
{
    return calendar_day_start(zone, (struct day){year, month, day});
}

static const char *day_of(const char *zone, int64_t epoch_s)
{
    static char text[16];

    calendar_day_text(calendar_day_of(zone, epoch_s), text);
    return text;
}

/* Expected seconds come from `date -d 'TZ="Zone" ...' +%s`. */
static void test_starts(void)
{
    CHECK_INT(start("UTC", 2025, 10, 31), 1761868800);
    CHECK_INT(start("UTC", 1970, 1, 1), 0);
    CHECK_INT(start("Asia/Seoul", 2025, 10, 31), 1761868800 - 9 * 3600);
    CHECK_INT(start("Asia/Kathmandu", 2025, 10, 31), 1761868800 - (5 * 3600 + 2700));
    CHECK_INT(start("America/New_York", 2025, 3, 9), 1741496400);
    CHECK_INT(start("America/New_York", 2025, 3, 10), 1741579200);
    CHECK_INT(start("America/New_York", 2025, 11, 2), 1762056000);
    CHECK_INT(start("America/New_York", 2025, 11, 3), 1762146000);
    /* Clocks went from 24:00 to 01:00: the day began at one. */
    CHECK_INT(start("America/Sao_Paulo", 2018, 11, 4), 1541300400);
    /* Clocks went from 24:00 back to 23:00: midnight was an hour later. */
    CHECK_INT(start("America/Sao_Paulo", 2018, 2, 18), 1518922800);
    /* At 00:01 back to 23:01: the day begins once, the first time. */
    CHECK_INT(start("America/St_Johns", 2010, 11, 7), 1289097000);
    CHECK_TEXT(day_of("America/St_Johns", 1289097000 - 1), "2010-11-06");
    CHECK_TEXT(day_of("America/St_Johns", 1289097000 + 1800), "2010-11-07");
    /* Samoa left out 30 December 2011: it has no second. */
    CHECK_INT(start("Pacific/Apia", 2011, 12, 30), start("Pacific/Apia", 2011, 12, 31));
    CHECK_INT(start("Pacific/Apia", 2011, 12, 31), 1325239200);
    CHECK_TEXT(day_of("Pacific/Apia", 1325239199), "2011-12-29");
    CHECK_TEXT(day_of("Pacific/Apia", 1325239200), "2011-12-31");
}

/* Days follow each other without gap or overlap, and every second knows its day. */
static void test_partition(void)
{
    static const char *const zones[] = {"UTC",
                                        "Asia/Seoul",
                                        "America/New_York",
                                        "Pacific/Apia",
                                        "Asia/Kathmandu",
                                        "America/Sao_Paulo",
                                        "Africa/Cairo",
                                        "America/St_Johns",
                                        "Australia/Lord_Howe",
                                        "Asia/Gaza",
                                        "Antarctica/Troll",
                                        "Pacific/Kiritimati",
                                        "UTC until 2010-11-01, Asia/Seoul",
                                        "Asia/Seoul until 2010-11-01, UTC",
                                        "America/St_Johns until 2010-11-07, Asia/Kathmandu",
                                        "Pacific/Pago_Pago until 2011-01-01, Pacific/Kiritimati",
                                        "Pacific/Kiritimati until 2011-01-01, Pacific/Pago_Pago",
                                        "UTC until 2010-03-28, Europe/Berlin until 2010-03-29, "
                                        "Asia/Kathmandu until 2011-12-30,Pacific/Apia"};

    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        struct day day = {2009, 12, 25};
        int64_t from = calendar_day_start(zones[z], day);
        int wrong = 0;

        for (int i = 0; i < 1200; i++) {
            struct day next = calendar_add_days(day, 1);
            int64_t to = calendar_day_start(zones[z], next);

            wrong += to < from || to - from > 50 * 3600;
            if (to > from) {
                wrong += calendar_compare(calendar_day_of(zones[z], from), day) != 0;
                wrong += calendar_compare(calendar_day_of(zones[z], to - 1), day) != 0;
                wrong +=
                    calendar_compare(calendar_day_of(zones[z], from + (to - from) / 2), day) != 0;
            }
            day = next;
            from = to;
        }
        check_report(!wrong, __FILE__, __LINE__, zones[z]);
    }
}

/* The day of the change begins in the zone before and ends in the one behind. */
static void test_change(void)
{
    static const char *const bad[] = {"UTC until 2025-11-01",
                                      "UTC, Asia/Seoul",
                                      "UTC until 2025-11-31, Asia/Seoul",
                                      "UTC until 2025-11-01 Asia/Seoul",
                                      "UTC until 2025-11-01, ",
                                      "UTC  until 2025-11-01, Asia/Seoul",
                                      NULL};
    const char *east = "UTC until 2025-11-01, Asia/Seoul", *rest = east;
    struct calendar_zone zone;

    CHECK_INT(start(east, 2025, 10, 31), start("UTC", 2025, 10, 31));
    CHECK_INT(start(east, 2025, 11, 1), start("UTC", 2025, 11, 1));
    CHECK_INT(start(east, 2025, 11, 2), start("UTC", 2025, 11, 1) + 15 * 3600);
    CHECK_TEXT(day_of(east, start("Asia/Seoul", 2025, 11, 1)), "2025-10-31");
    CHECK(calendar_zone_next(&rest, &zone) && zone.ends && zone.until.month == 11);
    CHECK(calendar_zone_next(&rest, &zone) && !zone.ends && !calendar_zone_next(&rest, &zone));
    CHECK_INT(start("Asia/Seoul until 2025-11-01, UTC", 2025, 11, 2) -
                  start("Asia/Seoul until 2025-11-01, UTC", 2025, 11, 1),
              33 * 3600);
    for (const char *const *text = bad; *text; text++) {
        bool is_list = true;

        rest = *text;
        zone.ends = true;
        while (is_list && zone.ends)
            is_list = calendar_zone_next(&rest, &zone);
        check_report(!is_list, __FILE__, __LINE__, *text);
    }
}

static void test_dates(void)
{
    struct day day;
    struct err e = {0};
    char text[16];

    CHECK(!calendar_parse_day("2024-02-29", &day, &e) && day.day == 29);
    calendar_day_text(calendar_add_days(day, 1), text);
    CHECK_TEXT(text, "2024-03-01");
    calendar_day_text(calendar_add_days(day, -60), text);
    CHECK_TEXT(text, "2023-12-31");
    CHECK_INT(calendar_month_length(2025, 2), 28);
    CHECK_INT(calendar_month_length(2000, 2), 29);
    CHECK_INT(calendar_month_length(2100, 2), 28);
    CHECK_INT(calendar_month_length(2025, 12), 31);
    CHECK_INT(calendar_month((struct day){2024, 2, 3}).first.day, 1);
    CHECK_INT(calendar_month((struct day){2024, 2, 3}).last.day, 29);
    calendar_month_text((struct day){2024, 2, 29}, text);
    CHECK_TEXT(text, "2024-02");
    CHECK(!calendar_parse_month("2025-10", &day, &e) && day.month == 10 && day.day == 1);
    for (const char *const *bad =
             (const char *const[]){"2025-02-29", "2025-13-01", "2025-1-1", "", "2025/01/01",
                                   "1969-12-31", "2025-10-311", "20a5-10-31", "2025-00-10", NULL};
         *bad; bad++)
        check_report(calendar_parse_day(*bad, &day, &e), __FILE__, __LINE__, *bad);
    CHECK(calendar_parse_month("2025-13", &day, &e));
    CHECK(calendar_parse_month("2025-10-01", &day, &e));
}

int main(void)
{
    test_starts();
    test_partition();
    test_change();
    test_dates();
    return check_done();
}
