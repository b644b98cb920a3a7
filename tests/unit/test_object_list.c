/* Keys of hours of arrival. Listing itself is for the system tests. */
#include "base/mem.h"
#include "billing/store/object_list.h"
#include "check.h"
#include "spec/lint/key_layout.h"

static void check_hour(int64_t hour_s, const char *want)
{
    cleanup_free char *prefix = object_list_hour_prefix("access-logs/", hour_s);

    json_auto_t *stream = json_pack("{s:s, s:s}", "bucket", "arn:aws:s3:::b", "prefix",
                                    "access-logs/year=!{timestamp:yyyy}/");
    cleanup_free char *linted = key_layout_listed(stream, hour_s);

    CHECK_TEXT(prefix, want);
    CHECK_TEXT(linted + strlen("b/"), want); /* what lints take it for */
}

int main(void)
{
    check_hour(0, "access-logs/year=1970/month=01/day=01/hour=00/");
    check_hour(1761955199, "access-logs/year=2025/month=10/day=31/hour=23/");
    check_hour(1761955200, "access-logs/year=2025/month=11/day=01/hour=00/");
    check_hour(1709164800, "access-logs/year=2024/month=02/day=29/hour=00/");
    return check_done();
}
