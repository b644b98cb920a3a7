/* Firehose's prefixes, cut where a day no longer decides them. */
#include "check.h"

#include "base/mem.h"
#include "daemon/data_flow/data_flow_prefix.h"

/* 2026-03-04T05:06:07Z */
enum { DAY = 1772600767 };

static void check(const char *prefix, const char *want)
{
    cleanup_free char *have = data_flow_prefix_of_day(prefix, DAY);

    CHECK_TEXT(have, want);
}

int main(void)
{
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
