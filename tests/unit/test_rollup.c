/* Rollups: windows, filters, fingerprints, states, names of runs. Building is for the system tests.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup_objects.h"
#include "billing/rollup/rollup_private.h"
#include "billing/rollup/rollup_reach.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static struct billing billing_in(const char *zone)
{
    static char *columns[] = {"sub", "route", NULL};
    json_auto_t *section = json_pack("{s:s}", "time_zone", zone);
    struct billing billing = {.book = price_book_new(section)};

    billing.settings.late_days = 3;
    billing.settings.closed_after_hours = 24;
    billing.settings.group_by = columns;
    return billing;
}

static void check_window(const char *zone, struct day day, const char *want, size_t hours)
{
    struct billing billing = billing_in(zone);
    struct rollup_window window = rollup_window_of(&billing, day);
    cleanup_free char *text = rollup_window_text(&billing, &window);

    CHECK_TEXT(text, want);
    CHECK_INT(rollup_window_hours(&window), hours);
    price_book_free(billing.book);
}

static void test_window(void)
{
    /* 2025-10-31T00Z is 1761868800. From 25 hours before to three days after the end. */
    check_window("UTC", (struct day){2025, 10, 31},
                 "1761868800-1761955200 1761778800-1762214400 sub,route", 121);
    check_window("Asia/Seoul", (struct day){2025, 10, 31},
                 "1761836400-1761922800 1761746400-1762182000 sub,route", 121);
    /* Days that begin at half past: whole hours around them. */
    check_window("Asia/Kolkata", (struct day){2025, 10, 31},
                 "1761849000-1761935400 1761757200-1762196400 sub,route", 122);
    /* The day on which clocks go back has 25 hours. */
    check_window("Europe/Berlin", (struct day){2025, 10, 26},
                 "1761429600-1761519600 1761339600-1761778800 sub,route", 122);
}

static void check_filter(int64_t from_s, int64_t to_s, const char *want)
{
    cleanup_free char *text = rollup_window_filter(from_s, to_s);

    CHECK_TEXT(text, want);
}

static void test_filter(void)
{
    int64_t day_s = 1761868800, hour_s = 3600; /* 2025-10-31T00Z */

    check_filter(day_s, day_s + 86400, "(year = 2025 AND month = 10 AND day = 31)");
    check_filter(day_s - hour_s, day_s + 86400 + 2 * hour_s,
                 "(year = 2025 AND month = 10 AND day = 30 AND hour >= 23) OR "
                 "(year = 2025 AND month = 10 AND day = 31) OR "
                 "(year = 2025 AND month = 11 AND day = 1 AND hour < 2)");
    check_filter(day_s + 5 * hour_s, day_s + 6 * hour_s,
                 "(year = 2025 AND month = 10 AND day = 31 AND hour >= 5 AND hour < 6)");
    check_filter(day_s, day_s, "");
}

static void test_filter_flags(void)
{
    bool flags[50] = {false};
    cleanup_free char *none = rollup_window_filter_flags(1761868800, flags, 50);
    cleanup_free char *some = NULL;

    flags[0] = flags[23] = flags[24] = flags[49] = true;
    some = rollup_window_filter_flags(1761868800, flags, 50);
    CHECK_TEXT(none, "");
    CHECK_TEXT(some, "(year = 2025 AND month = 10 AND day = 31 AND hour IN (0, 23)) OR "
                     "(year = 2025 AND month = 11 AND day = 1 AND hour IN (0)) OR "
                     "(year = 2025 AND month = 11 AND day = 2 AND hour IN (1))");
}

static json_t *object(const char *key, int size, const char *etag, double modified)
{
    return json_pack("{s:s, s:i, s:s, s:f}", "key", key, "size", size, "etag", etag, "modified",
                     modified);
}

static void test_hash(void)
{
    json_auto_t *one = json_pack("[o]", object("a", 1, "x", 10));
    json_auto_t *two = json_pack("[o, o]", object("a", 1, "x", 10), object("b", 2, "y", 20));
    json_auto_t *none = json_array();
    char hex_one[65], hex_two[65], hex[65];

    rollup_objects_hash(none, -1, hex);
    CHECK_TEXT(hex, "");
    rollup_objects_hash(NULL, -1, hex);
    CHECK_TEXT(hex, "");
    rollup_objects_hash(one, -1, hex_one);
    rollup_objects_hash(two, -1, hex_two);
    CHECK_INT(strlen(hex_one), 64);
    CHECK(strcmp(hex_one, hex_two) != 0);
    /* What was there at 10 is still there, whatever came since. */
    rollup_objects_hash(two, 10, hex);
    CHECK_TEXT(hex, hex_one);
    rollup_objects_hash(two, 9, hex);
    CHECK_TEXT(hex, "");
    json_object_set_new(json_array_get(two, 0), "etag", json_string("z"));
    rollup_objects_hash(two, 10, hex);
    CHECK(strcmp(hex, hex_one) != 0);
}

static void test_compare(void)
{
    bool changed[4] = {0};

    CHECK_INT(rollup_print_compare("- aaaa -", "- aaaa -", changed, 4), ROLLUP_SAME);
    CHECK(!changed[0] && !changed[1] && !changed[2]);
    CHECK_INT(rollup_print_compare("- aaaa -", "- aaaa bbbb", changed, 4), ROLLUP_CHANGED);
    CHECK(!changed[1] && changed[2]);
    CHECK_INT(rollup_print_compare("- aaaa bbbb", "- aaaa -", changed, 4), ROLLUP_GONE);
    CHECK_INT(rollup_print_compare("cccc aaaa bbbb", "- aaaa dddd", NULL, 0), ROLLUP_CHANGED);
    CHECK_INT(rollup_print_compare("cccc aaaa bbbb", "dddd aaaa -", NULL, 0), ROLLUP_CHANGED);
    CHECK_INT(rollup_print_compare("aaaa", "aaaa bbbb", NULL, 0), ROLLUP_CHANGED);
    CHECK_INT(rollup_print_compare("", "", NULL, 0), ROLLUP_SAME);
}

static enum rollup_state state(const char *build, const char *fingerprint, const char *hours)
{
    json_auto_t *json = build ? json_loads(build, 0, NULL) : NULL;
    struct rollup_print print = {.hours = mem_text(hours)};
    enum rollup_state found;

    CHECK(!build || json);
    strcpy(print.fingerprint, fingerprint);
    found = rollup_state_of(json, &(struct rollup_wanted){&print, "w", "s", "1 f"});
    rollup_print_fini(&print);
    return found;
}

#define RECORD "\"run\":\"r\",\"sql_hash\":\"s\",\"window\":\"w\","
#define FILES "\"files\":\"1 f\",\"seal\":\"x\","
#define BUILD RECORD FILES

static void test_states(void)
{
    CHECK_INT(state(NULL, "", "- -"), ROLLUP_EMPTY);
    CHECK_INT(state(NULL, "f", "a -"), ROLLUP_MISSING);
    CHECK_INT(state("{}", "f", "a -"), ROLLUP_OUTDATED);
    CHECK_INT(state("{" BUILD "\"fingerprint\":\"f\",\"hours\":\"a -\"}", "f", "a -"),
              ROLLUP_CURRENT);
    CHECK_INT(state("{" BUILD "\"fingerprint\":\"\",\"hours\":\"- -\"}", "", "- -"),
              ROLLUP_CURRENT);
    CHECK_INT(state("{" BUILD "\"fingerprint\":\"f\",\"hours\":\"a -\"}", "g", "a b"), ROLLUP_LATE);
    CHECK_INT(state("{" BUILD "\"fingerprint\":\"f\"}", "g", "a b"), ROLLUP_LATE);
    CHECK_INT(state("{" BUILD "\"fingerprint\":\"f\",\"hours\":\"a b\"}", "g", "a -"), ROLLUP_KEPT);
    CHECK_INT(state("{" BUILD "\"fingerprint\":\"f\",\"hours\":\"a b\"}", "", "- -"), ROLLUP_KEPT);
    CHECK_INT(state("{" FILES "\"run\":\"r\",\"sql_hash\":\"o\",\"window\":\"w\","
                    "\"fingerprint\":\"f\"}",
                    "f", "a"),
              ROLLUP_OUTDATED);
    CHECK_INT(state("{" FILES "\"run\":\"r\",\"sql_hash\":\"s\",\"window\":\"o\","
                    "\"fingerprint\":\"f\"}",
                    "f", "a"),
              ROLLUP_OUTDATED);
    /* All its objects expired: another query cannot build it again. */
    CHECK_INT(state("{" FILES "\"run\":\"r\",\"sql_hash\":\"o\",\"window\":\"w\","
                    "\"fingerprint\":\"f\"}",
                    "", "-"),
              ROLLUP_KEPT);
    /* Tried with these objects and this query, and it would have lost calls. */
    CHECK_INT(
        state("{" BUILD "\"fingerprint\":\"f\",\"hours\":\"a b\",\"kept\":\"g s\"}", "g", "a c"),
        ROLLUP_KEPT);
    CHECK_INT(
        state("{" BUILD "\"fingerprint\":\"f\",\"hours\":\"a b\",\"kept\":\"g s\"}", "h", "a d"),
        ROLLUP_LATE);
}

/* A build whose files or partition are not what it says is none. */
static void test_not_believed(void)
{
    CHECK_INT(state("{" RECORD "\"fingerprint\":\"f\",\"hours\":\"a\"}", "f", "a"),
              ROLLUP_OUTDATED);
    CHECK_INT(
        state("{" RECORD "\"files\":\"1 f\",\"fingerprint\":\"f\",\"hours\":\"a\"}", "f", "a"),
        ROLLUP_OUTDATED);
    CHECK_INT(state("{" RECORD "\"files\":\"2 g\",\"seal\":\"x\",\"fingerprint\":\"f\"}", "f", "a"),
              ROLLUP_MISSING);
    CHECK_INT(state("{" BUILD "\"wrong\":\"w\",\"fingerprint\":\"f\"}", "f", "a"), ROLLUP_MISSING);
    /* All its objects expired, too: tried once, then for people to decide. */
    CHECK_INT(state("{" BUILD "\"wrong\":\"w\",\"fingerprint\":\"f\"}", "", "-"), ROLLUP_MISSING);
    CHECK_INT(state("{" BUILD "\"wrong\":\"w\",\"fingerprint\":\"f\",\"kept\":\" s\"}", "", "-"),
              ROLLUP_LOST);
    CHECK_INT(state("{" RECORD "\"files\":\"2 g\",\"seal\":\"x\",\"kept\":\"f s\"}", "f", "a"),
              ROLLUP_LOST);
    CHECK(rollup_is_wanted(ROLLUP_LOST, true) && !rollup_is_wanted(ROLLUP_LOST, false));
    CHECK(!rollup_is_wanted(ROLLUP_OPEN, true) && !rollup_is_wanted(ROLLUP_EMPTY, true));
}

static void test_seal(void)
{
    const struct day day = {2025, 10, 31}, other = {2025, 10, 30};
    json_auto_t *build = json_pack("{s:s, s:s}", "run", "r", "calls", "7");
    json_auto_t *storage =
        json_pack("{s:s, s:s}", "Location", "s3://b/p/run=r/", "InputFormat", "f");
    char hex[65], again[65];

    rollup_seal(day, build, storage, hex);
    json_object_set_new(build, "seal", json_string(hex));
    json_object_set_new(storage, "Location", json_string("s3://b/p/run=r"));
    json_object_set_new(storage, "Compressed", json_false()); /* Glue's own addition */
    rollup_seal(day, build, storage, again);
    CHECK_TEXT(again, hex);
    rollup_seal(other, build, storage, again);
    CHECK(strcmp(again, hex) != 0);
    json_object_set_new(storage, "InputFormat", json_string("g"));
    rollup_seal(day, build, storage, again);
    CHECK(strcmp(again, hex) != 0);
    json_object_set_new(storage, "InputFormat", json_string("f"));
    json_object_set_new(build, "calls", json_string("8"));
    rollup_seal(day, build, storage, again);
    CHECK(strcmp(again, hex) != 0);
}

static int reach(const char *parameters, struct rollup_reach *found)
{
    json_auto_t *json = json_loads(parameters, 0, NULL);
    struct err e = {0};

    return rollup_reach_of(json, found, &e);
}

static void test_reach(void)
{
    struct rollup_reach found;

    CHECK(!reach("{}", &found) && found.from_s == INT64_MIN && found.to_s == INT64_MAX);
    CHECK(!reach("{\"projection.enabled\":\"true\",\"projection.year.type\":\"integer\","
                 "\"projection.year.range\":\"2025,2045\"}",
                 &found));
    CHECK_INT(found.from_s, 1735689600);
    CHECK_INT(found.to_s, 2398377600);
    CHECK(!reach("{\"projection.enabled\":\"false\",\"projection.year.type\":\"integer\","
                 "\"projection.year.range\":\"x\"}",
                 &found));
    CHECK(reach("{\"projection.enabled\":\"true\",\"projection.year.type\":\"integer\","
                "\"projection.year.range\":\"2045,2025\"}",
                &found));
    CHECK(reach("{\"projection.enabled\":\"true\",\"projection.year.type\":\"integer\","
                "\"projection.year.range\":\"2025,4294969341\"}",
                &found)); /* not the year 2045 */
    CHECK(reach("{\"projection.enabled\":\"true\",\"projection.year.type\":\"enum\"}", &found));
}

static void test_closed(void)
{
    struct billing billing = billing_in("Asia/Seoul");
    struct day day = rollup_last_closed(&billing, 1761922800 + 86400 - 1); /* 10-31 ended + 24 h */

    CHECK_INT(day.day, 30);
    day = rollup_last_closed(&billing, 1761922800 + 86400);
    CHECK_INT(day.month, 10);
    CHECK_INT(day.day, 31);
    price_book_free(billing.book);
}

static void check_key(const char *key, bool want)
{
    char run[ROLLUP_RUN_LENGTH];
    struct day day;

    CHECK_INT(rollup_collect_parse(key, &day, run), want);
}

static void test_runs(void)
{
    char run[ROLLUP_RUN_LENGTH], other[ROLLUP_RUN_LENGTH];

    rollup_build_run(1761955199, run);
    rollup_build_run(1761955199, other);
    CHECK(!strncmp(run, "20251031T235959Z-", 17));
    CHECK_INT(strlen(run), ROLLUP_RUN_LENGTH - 1);
    CHECK(strcmp(run, other) != 0);
    CHECK_INT(rollup_build_run_time(run), 1761955199);
    CHECK_INT(rollup_build_run_time("20251031T235959Z-0123abcX"), -1);
    CHECK_INT(rollup_build_run_time("20251031T235959Z-0123abcd1"), -1);
    CHECK_INT(rollup_build_run_time(""), -1);
}

static void test_collectable(void)
{
    check_key("year=2025/month=10/day=31/run=20251031T235959Z-0123abcd/0001.parquet", true);
    check_key("year=2025/month=10/day=31/run=20251031T235959Z-0123abcd/", true);
    check_key("year=2025/month=10/day=31/run=20251031T235959Z-0123abcd", false);
    check_key("year=2025/month=10/day=31/run=mine/0001.parquet", false);
    check_key("year=2025/month=10/day=31/0001.parquet", false);
    check_key("year=2025/month=1/day=31/run=20251031T235959Z-0123abcd/a", false);
    check_key("x/year=2025/month=10/day=31/run=20251031T235959Z-0123abcd/a", false);
    check_key("", false);
}

int main(void)
{
    test_window();
    test_filter();
    test_filter_flags();
    test_hash();
    test_compare();
    test_states();
    test_not_believed();
    test_seal();
    test_reach();
    test_closed();
    test_runs();
    test_collectable();
    return check_done();
}
