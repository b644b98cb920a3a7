/* Which partition a folder is. */
#include "base/mem.h"
#include "billing/rollup/partition.h"
#include "check.h"

static json_t *keys_of(const char *type)
{
    return json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "Name", "year", "Type",
                     type, "Name", "month", "Type", type, "Name", "day", "Type", type, "Name",
                     "hour", "Type", type);
}

static void check_values(const char *type, const char *folder, const char *want)
{
    json_auto_t *keys = keys_of(type);
    json_auto_t *values = partition_values(folder, keys);
    cleanup_free char *text = values ? json_dumps(values, JSON_COMPACT) : NULL;

    CHECK_TEXT(text, want);
}

int main(void)
{
    check_values("int", "year=2025/month=01/day=05/hour=00/", "[\"2025\",\"1\",\"5\",\"0\"]");
    check_values("int", "year=2025/month=10/day=31/hour=23/", "[\"2025\",\"10\",\"31\",\"23\"]");
    check_values("int", "year=2025/month=1/day=5/hour=0/", "[\"2025\",\"1\",\"5\",\"0\"]");
    check_values("string", "year=2025/month=01/day=05/hour=00/", "[\"2025\",\"01\",\"05\",\"00\"]");
    check_values("int", "year=2025/month=01/day=05/hour=xx/", NULL);
    check_values("int", "year=2025/month=01/day=05/hour=/", NULL);
    check_values("int", "year=2025/month=01/day=05/", NULL);
    check_values("int", "year=2025/month=01/day=05/hour=00", NULL);
    check_values("int", "year=2025/month=01/day=05/hour=00/more/", NULL);
    check_values("int", "month=01/year=2025/day=05/hour=00/", NULL);
    check_values("int", "2025/01/05/00/", NULL);
    check_values("int", "", NULL);
    return check_done();
}
