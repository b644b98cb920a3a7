/* Firehose's prefixes, cut where objects no longer share them. */
#include "check.h"

#include "base/firehose_prefix.h"
#include "base/mem.h"

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

int main(void)
{
    test_parts();
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
