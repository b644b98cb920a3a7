/* Firehose's prefixes, cut where objects no longer share them. */
#include "check.h"

#include "base/firehose_prefix.h"
#include "base/mem.h"
#include "base/timestamp.h"

/* 2026-03-04T05:06:07Z */
enum { DAY = 1772600767 };

static void check(const char *prefix, const char *want)
{
    cleanup_free char *have = firehose_prefix_of_day(prefix, DAY);

    CHECK_TEXT(have, want);
}

static void check_parts(const char *prefix, const char *want_fixed, const char *want_folder)
{
    cleanup_free char *fixed = firehose_prefix_fixed(prefix);
    cleanup_free char *folder = firehose_prefix_folder(prefix);

    CHECK_TEXT(fixed, want_fixed);
    CHECK_TEXT(folder, want_folder);
}

static void test_parts(void)
{
    check_parts("access-logs/year=!{timestamp:yyyy}/month=!{timestamp:MM}/",
                "access-logs/year=", "access-logs/");
    check_parts("error/!{firehose:error-output-type}/", "error/", "error/");
    check_parts("a/b-!{timestamp:yyyy}/", "a/b-", "a/");
    check_parts("b-!{timestamp:yyyy}/", "b-", "");
    check_parts("!{timestamp:yyyy}/", "", "");
    /* Without an expression Firehose puts the time right behind it. */
    check_parts("logs/", "logs/", "logs/");
    check_parts("logs", "logs", "");
    check_parts("", "", "");
    /* Only "!{" begins an expression. */
    check_parts("new!/logs!/!{timestamp:yyyy}/", "new!/logs!/", "new!/logs!/");
    check_parts("new!", "new!", "");
    check_parts("a/!{timestamp:yyyy", "a/", "a/");
}

static void check_at(const char *prefix, const char *when, const char *zone, const char *want)
{
    double seconds = 0;
    cleanup_free char *have = NULL;

    CHECK(timestamp_parse(when, &seconds));
    have = firehose_prefix_at(prefix, (int64_t)seconds, zone);
    CHECK_TEXT(have, want);
}

/* Wants are what Java's DateTimeFormatter prints in the locale en_US. */
static void test_moments(void)
{
    static const char hive[] = "l/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
                               "hour=!{timestamp:HH}/";

    check_at(hive, "2026-12-31T23:59:59Z", NULL, "l/year=2026/month=12/day=31/hour=23/");
    check_at(hive, "2026-12-31T23:59:59Z", "", "l/year=2026/month=12/day=31/hour=23/");
    check_at(hive, "2026-12-31T23:59:59Z", "Asia/Seoul", "l/year=2027/month=01/day=01/hour=08/");
    check_at(hive, "2024-02-29T12:00:00Z", "America/New_York",
             "l/year=2024/month=02/day=29/hour=07/");
    check_at(hive, "2026-10-25T00:30:00Z", "Europe/Paris", "l/year=2026/month=10/day=25/hour=02/");
    check_at(hive, "2026-10-25T01:30:00Z", "Europe/Paris", "l/year=2026/month=10/day=25/hour=02/");
    check_at("!{timestamp:YYYY/DDD/hh/a}/", "2026-12-31T23:59:59Z", NULL, "2027/365/11/PM/");
    check_at("!{timestamp:YYYY}/", "2026-12-26T12:00:00Z", NULL, "2026/");
    check_at("!{timestamp:YYYY}/", "2026-12-27T12:00:00Z", NULL, "2027/");
    check_at("!{timestamp:kk:KK:h:H:m:ss}", "2026-01-01T00:05:09Z", NULL, "24:00:12:0:5:09");
    check_at("!{timestamp:MMM-MMMM-d}", "2026-01-01T00:05:09Z", NULL, "Jan-January-1");
    check_at("logs", "2026-01-02T03:05:09Z", NULL, "logs2026/01/02/03/");
    check_at("!{firehose:random-string}/", "2026-01-02T03:05:09Z", NULL,
             "aB1cD2eF3gH/2026/01/02/03/");
    check_at("!{partitionKeyFromQuery:customer}/", "2026-01-02T03:05:09Z", NULL, NULL);
    check_at("!{timestamp:QQ}/", "2026-01-02T03:05:09Z", NULL, NULL);
    check_at("!{timestamp:yyyy", "2026-01-02T03:05:09Z", NULL, NULL);
}

int main(void)
{
    test_parts();
    test_moments();
    check(
        "a/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/",
        "a/year=2026/month=03/day=04/hour=");
    check("logs/!{timestamp:yyyy/MM/dd/HH}/", "logs/2026/03/04/");
    check("logs/!{timestamp:yyyy-MM-dd}/", "logs/2026-03-04/");
    check("logs/!{timestamp:yyyy-MM}/", "logs/2026-03/");
    check("logs/!{timestamp:yy'yy'M'''d'''d''}x", "logs/26yy3'd'4'x");
    check("logs/!{timestamp:yyyyMMdd'T'HHmm}", "logs/20260304T");
    /* No expression: Firehose adds its own. */
    check("logs/", "logs/2026/03/04/");
    check("", "2026/03/04/");
    /* Known to Firehose only. */
    check("!{firehose:random-string}/!{timestamp:yyyy}/", "");
    check("a/!{partitionKeyFromQuery:customer}/b", "a/");
    check("a/!{timestamp:yyyy}/!{firehose:random-string}/", "a/2026/");
    check("a/!{timestamp:YYYY}/", "a/");
    check("a/!{timestamp:yyyy", "a/");
    return check_done();
}
