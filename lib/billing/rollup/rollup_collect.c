/* rollup_collect.c -- files of runs that nobody points to any more.
 *
 * Deleted is only what lies in a folder named as we name them, below our own prefix, of a run that
 * no partition points to, and only when readers had settings.keep_runs_hours to finish since the
 * day was switched (or since the run began, when it never came to count). */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/rollup/rollup_operations.h"
#include "billing/rollup/rollup_private.h"
#include "billing/store/object_list.h"

#include <stdio.h>
#include <string.h>

enum { KEYS_PER_CALL = 1000, PARTITIONS_PER_CALL = 25 };

bool rollup_collect_parse(const char *key, struct day *day, char run[static ROLLUP_RUN_LENGTH])
{
    char text[64];
    int end = 0;

    if (sscanf(key, "year=%4d/month=%2d/day=%2d/run=%25[^/]/%n", &day->year, &day->month, &day->day,
               run, &end) != 4 ||
        !end || rollup_build_run_time(run) < 0)
        return false;
    (void)snprintf(text, sizeof text, "year=%04d/month=%02d/day=%02d/run=%s/", day->year % 10000,
                   day->month % 100, day->day % 100, run);
    return !strncmp(key, text, strlen(text));
}

struct sweep {
    const struct billing *billing;
    json_t *builds; /* of all days */
    json_t *keys;   /* to delete */
    json_t *runs;   /* run -> true: whose keys they are */
    int64_t before_s;
};

/* Nobody can read it any more. */
static bool is_over(const struct sweep *sweep, struct day day, const char *run)
{
    char text[16];
    const json_t *build;
    const char *current, *built_at;

    if (rollup_build_run_time(run) > sweep->before_s)
        return false;
    calendar_day_text(day, text);
    build = json_object_get(sweep->builds, text);
    current = json_text(build, "run");
    if (!build)
        return true;
    if (!current || !strcmp(current, run))
        return false; /* a partition that is not ours may point anywhere */
    built_at = json_text(build, "built_at");
    return built_at && strtoll(built_at, NULL, 10) <= sweep->before_s;
}

static void sort_out(struct sweep *sweep, const json_t *objects)
{
    size_t prefix = strlen(sweep->billing->names.rollup_prefix), i;
    json_t *object;

    json_array_foreach(objects, i, object) {
        const char *key = json_text(object, "key");
        char run[ROLLUP_RUN_LENGTH];
        struct day day;

        if (!rollup_collect_parse(key + prefix, &day, run) || !is_over(sweep, day, run))
            continue;
        json_array_append_new(sweep->keys, json_pack("{s:s}", "Key", key));
        json_object_set_new(sweep->runs, run, json_true());
    }
}

static int delete_keys(struct flow *flow, const struct sweep *sweep, struct err *e)
{
    const struct billing *billing = sweep->billing;

    for (size_t at = 0; at < json_array_size(sweep->keys); at += KEYS_PER_CALL) {
        json_t *objects = json_array();
        json_auto_t *reply = NULL;
        const json_t *failed;

        for (size_t i = at; i < at + KEYS_PER_CALL && i < json_array_size(sweep->keys); i++)
            json_array_append(objects, json_array_get(sweep->keys, i));
        reply =
            operation_call(flow, billing, &rollup_operations[ROLLUP_DELETE_OBJECTS],
                           json_pack("{s:s, s:s, s:{s:o, s:b}}", "Bucket", billing->names.bucket,
                                     "ExpectedBucketOwner", billing->account, "Delete", "Objects",
                                     objects, "Quiet", 1),
                           e);
        if (!reply)
            return -1;
        failed = json_array_get(json_object_get(reply, "Errors"), 0);
        if (failed)
            return err_set(e, ERR_RETRY, "DeleteObjects: %s: %s", json_text(failed, "Key"),
                           json_text(failed, "Code"));
    }
    return 0;
}

/* What was gone already is fine. */
static int judge_deletion(const json_t *errors, struct err *e)
{
    const json_t *error;
    size_t i;

    json_array_foreach(errors, i, error) {
        const char *code = json_string_value(json_at(error, "ErrorDetail.ErrorCode"));
        const char *message = json_string_value(json_at(error, "ErrorDetail.ErrorMessage"));

        if (!code || strcmp(code, "EntityNotFoundException") != 0)
            return err_set(e, ERR_RETRY, "BatchDeletePartition: %s: %s", code ? code : "?",
                           message ? message : "?");
    }
    return 0;
}

/* Lines of the runs table go after their files, so that what failed halfway is found again. */
static int delete_runs(struct flow *flow, const struct sweep *sweep, struct err *e)
{
    const struct billing_names *names = &sweep->billing->names;
    json_auto_t *values = json_array();
    const char *run;
    json_t *unused;

    json_object_foreach(sweep->runs, run, unused)
        json_array_append_new(values, json_pack("{s:[s]}", "Values", run));
    for (size_t at = 0; at < json_array_size(values); at += PARTITIONS_PER_CALL) {
        json_t *some = json_array();
        json_auto_t *reply = NULL;

        for (size_t i = at; i < at + PARTITIONS_PER_CALL && i < json_array_size(values); i++)
            json_array_append(some, json_array_get(values, i));
        reply =
            operation_call(flow, sweep->billing, &rollup_operations[ROLLUP_DELETE_PARTITIONS],
                           json_pack("{s:s, s:s, s:o}", "DatabaseName", names->database,
                                     "TableName", names->runs_table, "PartitionsToDelete", some),
                           e);
        if (!reply || judge_deletion(json_object_get(reply, "Errors"), e))
            return -1;
    }
    return 0;
}

/* Runs that left no file (nothing was in them, or their files went earlier) and do not count. */
static int add_empty_runs(struct flow *flow, struct sweep *sweep, struct err *e)
{
    const struct billing_names *names = &sweep->billing->names;
    json_auto_t *partitions =
        operation_list(flow, sweep->billing, &rollup_operations[ROLLUP_GET_PARTITIONS],
                       json_pack("{s:s, s:s, s:b}", "DatabaseName", names->database, "TableName",
                                 names->runs_table, "ExcludeColumnSchema", 1),
                       e);
    size_t i;
    json_t *partition;

    if (!partitions)
        return -1;
    json_array_foreach(partitions, i, partition) {
        const char *location = json_string_value(json_at(partition, "StorageDescriptor.Location"));
        const char *key = location ? strstr(location, names->rollup_prefix) : NULL;
        char run[ROLLUP_RUN_LENGTH];
        struct day day;

        if (key && rollup_collect_parse(key + strlen(names->rollup_prefix), &day, run) &&
            is_over(sweep, day, run))
            json_object_set_new(sweep->runs, run, json_true());
    }
    return 0;
}

static int sweep_run(struct flow *flow, struct sweep *sweep, struct err *e)
{
    const struct billing *billing = sweep->billing;
    json_auto_t *objects = object_list(flow, billing, billing->names.rollup_prefix, e);

    if (!objects)
        return -1;
    sort_out(sweep, objects);
    if (add_empty_runs(flow, sweep, e) || delete_keys(flow, sweep, e))
        return -1;
    return delete_runs(flow, sweep, e);
}

int rollup_collect(struct flow *flow, const struct billing *billing, unsigned *collected,
                   struct err *e)
{
    const struct day_span all = {{0, 1, 1}, {9999, 12, 31}};
    struct sweep sweep = {.billing = billing,
                          .before_s = clock_now_ms() / 1000 -
                                      (int64_t)billing->settings.keep_runs_hours * ROLLUP_HOUR_S};
    int failed = -1;

    *collected = 0;
    if (!*billing->names.rollup_prefix)
        return 0; /* the whole bucket is no prefix of ours */
    sweep.builds = rollup_partition_builds(flow, billing, all, e);
    sweep.keys = json_array();
    sweep.runs = json_object();
    if (sweep.builds)
        failed = sweep_run(flow, &sweep, e);
    if (!failed)
        *collected = (unsigned)json_object_size(sweep.runs);
    json_decref(sweep.builds);
    json_decref(sweep.keys);
    json_decref(sweep.runs);
    return failed;
}
