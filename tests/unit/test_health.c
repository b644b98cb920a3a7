/* The sentences and samples of parts that are done, fail, are late, or go away. */
#include "base/clock.h"
#include "base/json.h"
#include "check.h"
#include "daemon/health/health.h"
#include "daemon/health/service_metrics.h"

#include <stdlib.h>

enum { START_MS = 1000000 };

static struct health *health;
static struct manifest_pipeline pipelines[3];
static struct manifest manifest = {.pipelines = pipelines};

/* All reasons, a line each, are these. */
static void check_reasons(const char *want)
{
    size_t i, more;
    json_auto_t *reasons = health_reasons(health, SIZE_MAX, &more);
    char have[2048] = "";
    json_t *reason;

    json_array_foreach(reasons, i, reason) {
        (void)strncat(have, json_string_value(reason), sizeof have - strlen(have) - 1);
        (void)strncat(have, "\n", sizeof have - strlen(have) - 1);
    }
    CHECK_TEXT(have, want);
    CHECK(!more);
}

/* Of a thousand pipelines some are told, and how many more there are. */
static void check_bounded(void)
{
    size_t count, more;
    json_auto_t *all = health_reasons(health, SIZE_MAX, &more);

    count = json_array_size(all);
    for (size_t most = 0; most <= count; most++) {
        json_auto_t *some = health_reasons(health, most, &more);

        CHECK_INT((long long)json_array_size(some), (long long)most);
        CHECK_INT((long long)more, (long long)(count - most));
        for (size_t i = 0; i < most; i++)
            CHECK(json_equal(json_array_get(some, i), json_array_get(all, i)));
    }
}

/* What a reload does. */
static void expect(void)
{
    struct health_next *next = health_prepare(health, &manifest);

    health_take(health, next);
    while (health_forget_part(next))
        ;
    health_next_free(next);
}

static double part_failed(const char *pipeline, const char *part)
{
    return metric_value(&service_metrics.part_failed, -1, pipeline, part, NULL);
}

static double failures(const char *pipeline, const char *part)
{
    return metric_value(&service_metrics.part_failures_total, -1, pipeline, part, NULL);
}

static void test_expected(void)
{
    pipelines[0] = (struct manifest_pipeline){.name = "plain"};
    pipelines[1] = (struct manifest_pipeline){.name = "shop", .billing = json_object()};
    pipelines[2] = (struct manifest_pipeline){
        .name = "old",
        .billing = json_pack("{s:s, s:{s:s}}", "partitions", "registration", "audit", "backfill",
                             "manual")}; /* so nobody expects a backfill */
    manifest.pipeline_count = 3;
    check_reasons("");
    expect();
    check_reasons("shop: search for the newest object not done yet\n"
                  "shop: rollup not done yet\n"
                  "shop: audit not done yet\n"
                  "shop: backfill not done yet\n"
                  "shop: search for months that are not closed not done yet\n"
                  "old: search for the newest object not done yet\n"
                  "old: registration of partitions not done yet\n"
                  "old: rollup not done yet\n"
                  "old: audit not done yet\n"
                  "old: search for months that are not closed not done yet\n");
    check_bounded();
    CHECK(metric_value(&service_metrics.part_expected, 0, "old", "backfill", NULL) == 0);
    CHECK(metric_value(&service_metrics.part_expected, 0, "old", "months", NULL) == 1);
    CHECK(part_failed("shop", "audit") == -1 && failures("shop", "audit") == 0);
    CHECK(failures("plain", "audit") == -1 && failures("", "reload") == 0);
    manifest.pipeline_count = 2;
    expect();
    CHECK(metric_value(&service_metrics.part_expected, 0, "old", "months", NULL) == 0);
    CHECK(metric_value(&service_metrics.part_expected, 0, "shop", "months", NULL) == 1);
}

static void test_done_and_failed(void)
{
    health_done(health, HEALTH_LISTING, "shop");
    health_done(health, HEALTH_ROLLUP, "shop");
    health_done(health, HEALTH_MONTHS, "shop");
    health_audited(health, "shop", HEALTH_COMPLETE);
    check_reasons("shop: backfill not done yet\n");
    health_failed(health, HEALTH_BACKFILL, "shop", ERR_DENIED);
    check_reasons("shop: backfill failed: no permission\n");
    CHECK(part_failed("shop", "backfill") == 1 && failures("shop", "backfill") == 1);
    health_done(health, HEALTH_BACKFILL, "shop");
    check_reasons("");
    CHECK(part_failed("shop", "audit") == 0);
    CHECK(metric_value(&service_metrics.audit_last_success, 0, "shop", NULL) == 1763812345.5);
    health_failed(health, HEALTH_AUDIT, "shop", ERR_DENIED);
    check_reasons("shop: audit failed: no permission\n");
    CHECK(part_failed("shop", "audit") == 1 && failures("shop", "audit") == 1);
    health_audited(health, "shop", HEALTH_GAP);
    check_reasons("shop: the audit found a gap: usage is missing\n");
    health_failed(health, HEALTH_AUDIT, "shop", ERR_RETRY);
    check_reasons("shop: audit failed: no whole answer from AWS, it is tried again\n"
                  "shop: the audit found a gap: usage is missing\n");
    health_audited(health, "shop", HEALTH_UNKNOWN);
    check_reasons("shop: the audit cannot tell whether usage is missing\n");
    health_audited(health, "shop", HEALTH_COMPLETE);
    check_reasons("");
    health_failed(health, HEALTH_PASS, "", ERR_RETRY); /* told by who knows more */
    check_reasons("");
    CHECK(part_failed("", "pass") == 1);
}

/* Nothing fails, and nothing is done any more. */
static void test_stale(void)
{
    clock_freeze_monotonic(START_MS + HEALTH_STALE_MS - 1);
    check_reasons("");
    health_done(health, HEALTH_LISTING, "shop");
    clock_freeze_monotonic(START_MS + HEALTH_STALE_MS);
    check_reasons("shop: rollup last done over 3 hours ago\n"
                  "shop: audit last done over 3 hours ago\n"
                  "shop: backfill last done over 3 hours ago\n"
                  "shop: search for months that are not closed last done over 3 hours ago\n");
}

static void test_gone(void)
{
    manifest.pipeline_count = 1; /* shop is gone */
    expect();
    check_reasons("");
    CHECK(metric_value(&service_metrics.audit_last_success, 0, "shop", NULL) == 0);
    health_done(health, HEALTH_AUDIT, "shop"); /* a run that was under way */
    health_failed(health, HEALTH_AUDIT, "shop", ERR_DENIED);
    check_reasons("");
    CHECK(metric_value(&service_metrics.audit_last_success, 0, "shop", NULL) == 0);
    CHECK(failures("shop", "audit") == 2);
}

int main(void)
{
    clock_freeze(1763812345500);
    clock_freeze_monotonic(START_MS);
    health = health_new();
    test_expected();
    test_done_and_failed();
    test_stale();
    test_gone();
    health_free(health);
    health_free(NULL);
    json_decref(pipelines[1].billing);
    json_decref(pipelines[2].billing);
    return check_done();
}
