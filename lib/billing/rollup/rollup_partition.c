/* rollup_partition.c -- builds as Glue keeps them: a partition's location is the build, its
 * parameters are what the build says of itself. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/rollup/rollup_operations.h"
#include "billing/rollup/rollup_private.h"

#include <string.h>

#define MARK "billingd."

static json_t *table_params(const struct billing *billing, const char *table)
{
    return json_pack("{s:s, s:s}", "DatabaseName", billing->names.database, "TableName", table);
}

/* ---- reading ---- */

static char *expression(struct day_span days)
{
    if (days.first.year == days.last.year && days.first.month == days.last.month)
        /* A day 110 of September would be summed up as October's 10th. */
        return mem_printf("year = %d AND (month = %d OR day > 31 OR day < 1)", days.first.year,
                          days.first.month);
    return mem_printf("year >= %d AND year <= %d", days.first.year, days.last.year);
}

/* Somebody renamed the bucket in the spec: nothing was moved by that. */
static char *in_other_bucket(const struct billing *billing, const char *location)
{
    const char *bucket = location && !strncmp(location, "s3://", 5) ? location + 5 : "";
    size_t length = strcspn(bucket, "/");

    if (!length || (length == strlen(billing->names.bucket) &&
                    !strncmp(bucket, billing->names.bucket, length)))
        return NULL;
    return mem_printf("its partition points to bucket %.*s, and the spec names %s: set it back, or "
                      "copy the objects of the one to the other",
                      (int)length, bucket, billing->names.bucket);
}

/* Why the partition does not show what its build says, new text; NULL: it does, or says nothing of
 * it. */
static char *wrong_with(const struct billing *billing, struct day day, const json_t *build,
                        const json_t *storage)
{
    const char *run = json_text(build, "run"), *seal = json_text(build, "seal");
    const char *location = json_text(storage, "Location");
    cleanup_free char *key = run ? rollup_partition_key(billing, day, run) : NULL;
    cleanup_free char *wanted = run ? mem_printf("s3://%s/%s", billing->names.bucket, key) : NULL;
    cleanup_free char *elsewhere = in_other_bucket(billing, location);
    char hex[65];

    if (!run)
        return NULL;
    if (!location || strncmp(location, wanted, strlen(wanted) - 1) != 0 ||
        (location[strlen(wanted) - 1] && strcmp(location, wanted) != 0))
        return elsewhere ? mem_text(elsewhere) : mem_text("its partition points elsewhere");
    if (!seal)
        return NULL;
    rollup_seal(day, build, storage, hex);
    return strcmp(hex, seal) != 0 ? mem_text("its partition was edited") : NULL;
}

/* "run" from "billingd.run"; a partition without our parameters is somebody else's: {}. */
static json_t *build_of(const struct billing *billing, struct day day, const json_t *partition)
{
    json_t *build = json_object(), *value;
    cleanup_free char *wrong = NULL;
    const char *key;

    json_object_foreach(json_object_get(partition, "Parameters"), key, value) {
        if (!strncmp(key, MARK, strlen(MARK)))
            json_object_set(build, key + strlen(MARK), value);
    }
    json_object_del(build, "wrong");
    wrong = wrong_with(billing, day, build, json_object_get(partition, "StorageDescriptor"));
    if (wrong)
        json_object_set_new(build, "wrong", json_string(wrong));
    return build;
}

static bool take_day(const json_t *partition, struct day *day)
{
    int parts[3];

    for (size_t i = 0; i < 3; i++) {
        const char *text =
            json_string_value(json_array_get(json_object_get(partition, "Values"), i));
        char *end;

        if (!text || !*text)
            return false;
        parts[i] = (int)strtol(text, &end, 10);
        if (*end)
            return false;
    }
    *day = (struct day){parts[0], parts[1], parts[2]};
    return parts[1] >= 1 && parts[1] <= 12 && parts[2] >= 1 &&
           parts[2] <= calendar_month_length(parts[0], parts[1]);
}

/* Queries would add it to some day that it is not. */
static json_t *refuse_partition(json_t *builds, const json_t *partition, struct err *e)
{
    cleanup_free char *values = json_dumps(json_object_get(partition, "Values"), JSON_ENCODE_ANY);

    (void)err_set(
        e, ERR_INVALID,
        "the rollup table has a partition that is no day: %s (MSCK, or another tool?); it "
        "could be billed as part of another day: drop it",
        values ? values : "without values");
    json_decref(builds);
    return NULL;
}

static json_t *builds_of(const struct billing *billing, const json_t *partitions,
                         struct day_span days, struct err *e)
{
    json_t *builds = json_object(), *partition;
    size_t i;

    json_array_foreach(partitions, i, partition) {
        char text[16];
        struct day day;

        if (!take_day(partition, &day))
            return refuse_partition(builds, partition, e);
        if (calendar_compare(day, days.first) < 0 || calendar_compare(day, days.last) > 0)
            continue;
        calendar_day_text(day, text);
        if (json_object_get(builds, text)) {
            err_set(e, ERR_INVALID,
                    "the rollup table has two partitions for %s (MSCK, or another tool?): it would "
                    "be billed twice; drop the one without billingd.run in its parameters",
                    text);
            json_decref(builds);
            return NULL;
        }
        json_object_set_new(builds, text, build_of(billing, day, partition));
    }
    return builds;
}

json_t *rollup_partition_builds(struct flow *flow, const struct billing *billing,
                                struct day_span days, struct err *e)
{
    cleanup_free char *filter = expression(days);
    json_t *params = table_params(billing, billing->names.rollup_table);
    json_auto_t *partitions = NULL;

    json_object_set_new(params, "Expression", json_string(filter));
    json_object_set_new(params, "ExcludeColumnSchema", json_true());
    partitions =
        operation_list(flow, billing, &rollup_operations[ROLLUP_GET_PARTITIONS], params, e);
    return partitions ? builds_of(billing, partitions, days, e) : NULL;
}

json_t *rollup_partition_storage(struct flow *flow, const struct billing *billing,
                                 const char *table, struct err *e)
{
    json_auto_t *reply = operation_call(
        flow, billing, &rollup_operations[ROLLUP_GET_TABLE],
        json_pack("{s:s, s:s}", "DatabaseName", billing->names.database, "Name", table), e);
    const json_t *storage = json_at(reply, "Table.StorageDescriptor");

    if (reply && !storage)
        err_set(e, ERR_INVALID, "table %s has no storage descriptor", table);
    return json_share(storage);
}

char *rollup_partition_key(const struct billing *billing, struct day day, const char *run)
{
    return mem_printf("%syear=%04d/month=%02d/day=%02d/%s%s%s", billing->names.rollup_prefix,
                      day.year, day.month, day.day, run ? "run=" : "", run ? run : "",
                      run ? "/" : "");
}

/* ---- writing ---- */

static json_t *storage_at(const struct rollup_place *place, const char *run)
{
    cleanup_free char *key = rollup_partition_key(place->billing, place->day, run);
    json_t *copy = json_deep_copy(place->storage);

    json_object_set_new(copy, "Location",
                        json_sprintf("s3://%s/%s", place->billing->names.bucket, key));
    return copy;
}

static json_t *parameters_of(const json_t *build)
{
    json_t *parameters = json_object(), *value;
    const char *key;

    json_object_foreach((json_t *)build, key, value) {
        if (!strcmp(key, "wrong"))
            continue; /* of the partition as it was */
        cleanup_free char *name = mem_printf(MARK "%s", key);

        json_object_set(parameters, name, value);
    }
    return parameters;
}

/* Integers without leading zeros: "01" beside "1" would be a second partition of the same day. */
static json_t *values_of(struct day day)
{
    return json_pack("[o, o, o]", json_sprintf("%d", day.year), json_sprintf("%d", day.month),
                     json_sprintf("%d", day.day));
}

static json_t *switch_params(const struct rollup_place *place, const json_t *build)
{
    json_t *params = table_params(place->billing, place->billing->names.rollup_table);
    json_t *storage = storage_at(place, json_text(build, "run"));
    json_t *parameters = parameters_of(build);
    char seal[65];

    rollup_seal(place->day, build, storage, seal);
    json_object_set_new(parameters, MARK "seal", json_string(seal));
    json_object_set_new(params, "PartitionInput",
                        json_pack("{s:o, s:o, s:o}", "Values", values_of(place->day),
                                  "StorageDescriptor", storage, "Parameters", parameters));
    return params;
}

static bool is_there_already(const struct flow *flow, const struct err *failed)
{
    return failed->kind != ERR_CANCELLED &&
           !strcmp(flow_error(flow)->code, "AlreadyExistsException");
}

static int update(struct flow *flow, const struct rollup_place *place, const json_t *build,
                  struct err *e)
{
    json_t *params = switch_params(place, build);
    json_auto_t *reply = NULL;

    json_object_set_new(params, "PartitionValueList", values_of(place->day));
    reply = operation_call(flow, place->billing, &rollup_operations[ROLLUP_UPDATE_PARTITION],
                           params, e);
    return reply ? 0 : -1;
}

/* A creation whose reply was lost is found to exist when it is sent again; the update then writes
 * the same. */
int rollup_partition_switch(struct flow *flow, const struct rollup_place *place,
                            const json_t *build, bool replace, struct err *e)
{
    struct err failed = {0};
    json_auto_t *reply = NULL;

    if (replace)
        return update(flow, place, build, e);
    reply = operation_call(flow, place->billing, &rollup_operations[ROLLUP_CREATE_PARTITION],
                           switch_params(place, build), &failed);
    if (reply)
        return 0;
    if (is_there_already(flow, &failed))
        return update(flow, place, build, e);
    return err_set(e, failed.kind, "%s", failed.text);
}

int rollup_partition_add_run(struct flow *flow, const struct rollup_place *place, const char *run,
                             struct err *e)
{
    json_t *params = table_params(place->billing, place->billing->names.runs_table);
    struct err failed = {0};
    json_auto_t *reply = NULL;

    json_object_set_new(
        params, "PartitionInput",
        json_pack("{s:[s], s:o}", "Values", run, "StorageDescriptor", storage_at(place, run)));
    reply = operation_call(flow, place->billing, &rollup_operations[ROLLUP_CREATE_PARTITION],
                           params, &failed);
    if (reply || is_there_already(flow, &failed))
        return 0;
    return err_set(e, failed.kind, "%s", failed.text);
}
