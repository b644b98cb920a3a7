/* Moments as text and back. */
#include "base/timestamp.h"
#include "check.h"

#include <stdlib.h>

static void test_formats(void)
{
    static const struct {
        void (*format)(int64_t seconds, char text[static TIMESTAMP_ROOM]);
        const char *early, *late;
    } cases[] = {
        {timestamp_text, "1994-11-15T08:12:31Z", "0999-12-31T23:59:59Z"},
        {timestamp_minute, "1994-11-15T08:12Z", "0999-12-31T23:59Z"},
        {timestamp_clock, "08:12:31Z", "23:59:59Z"},
        {timestamp_basic, "19941115T081231Z", "09991231T235959Z"},
        {timestamp_http, "Tue, 15 Nov 1994 08:12:31 GMT", "Tue, 31 Dec 0999 23:59:59 GMT"},
    };
    char text[TIMESTAMP_ROOM];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cases[i].format(784887151, text);
        CHECK_TEXT(text, cases[i].early);
        cases[i].format(-30610224001, text);
        CHECK_TEXT(text, cases[i].late);
    }
    timestamp_text(INT64_MAX, text); /* no year of a calendar */
    CHECK_TEXT(text, "1970-01-01T00:00:00Z");
}

static void test_parts(void)
{
    struct tm utc = timestamp_utc(784887151);

    CHECK_INT(utc.tm_year, 94);
    CHECK_INT(utc.tm_hour, 8);
    CHECK_INT(timestamp_of(utc), 784887151);
    utc.tm_hour += 24;
    CHECK_INT(timestamp_of(utc), 784887151 + 86400);
}

static void test_iso(void)
{
    static const char *const good[] = {"1994-11-15T08:12:31Z", "1994-11-15t08:12:31",
                                       "1994-11-15 17:12:31+09:00", "1994-11-15T06:42:31-0130",
                                       "1994-11-15T08:12:31.000Z"};
    static const char *const bad[] = {"",
                                      "1994-11",
                                      "1994-13-01",
                                      "1994-11-15T08:12",
                                      "1994-11-15T08:12:31X",
                                      "1994-11-15T25:00:00Z"};
    double s = -1;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++, s = -1) {
        CHECK(timestamp_parse(good[i], &s));
        CHECK(s == 784887151);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!timestamp_parse(bad[i], &s) && s == -1);
    CHECK(timestamp_parse("1970-01-01T00:00:01.5Z", &s) && s == 1.5);
    CHECK(timestamp_parse("1970-01-02", &s) && s == 86400);
}

static void test_basic(void)
{
    int64_t s = -1;

    CHECK(!timestamp_parse_basic("1994-11-15T08:12:31Z", &s) && s == -1);
    CHECK(!timestamp_parse_basic("19941115T0812", &s) && s == -1);
    CHECK(!timestamp_parse_basic("19941115T081276Z", &s) && s == -1);
    CHECK(!timestamp_parse_basic("19940231T081231Z", &s) && s == -1);
    CHECK(timestamp_parse_basic("19941115T081231Z-0a", &s) && s == 784887151);
}

static void test_http(void)
{
    double s = -1;

    CHECK(!timestamp_parse_http("Tue, 15 Nev 1994 08:12:31 GMT", &s));
    CHECK(!timestamp_parse_http("1994-11-15", &s));
    CHECK(!timestamp_parse_http("Tue, 15 Nov 1994 08:12:31 KST", &s) && s == -1);
    CHECK(timestamp_parse_http("Tue, 15 Nov 1994 08:12:31 GMT", &s));
    CHECK(s == 784887151);
}

int main(void)
{
    (void)setenv("TZ", "Asia/Seoul", 1); /* does not matter */
    test_formats();
    test_parts();
    test_iso();
    test_basic();
    test_http();
    return check_done();
}
