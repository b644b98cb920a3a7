#include "billing/rollup/partition.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/rollup/rollup_operations.h"
#include "billing/store/object_list.h"

#include <stdio.h>
#include <string.h>

/* BatchCreatePartition takes 100 (Glue API reference). */
enum { PARTITIONS_PER_CALL = 100, RECENT_DAYS = 3, DAY_S = 86400, PARALLEL = 4 };

/* ---- folders ---- */

static json_t *value_of(const char *text, size_t length, const char *type)
{
    if (type && !strcmp(type, "string"))
        return json_stringn(text, length);
    while (length > 1 && *text == '0')
        text++, length--;
    return length && strspn(text, "0123456789") >= length ? json_stringn(text, length) : NULL;
}

json_t *partition_values(const char *folder, const json_t *keys)
{
    json_t *values = json_array(), *key;
    size_t i;

    json_array_foreach(keys, i, key) {
        const char *name = json_text(key, "Name");
        size_t n = name ? strlen(name) : 0, length;
        json_t *value = NULL;

        if (n && !strncmp(folder, name, n) && folder[n] == '=') {
            length = strcspn(folder + n + 1, "/");
            value = folder[n + 1 + length]
                        ? value_of(folder + n + 1, length, json_text(key, "Type"))
                        : NULL;
            folder += n + 1 + length + (value != NULL);
        }
        if (!value) {
            json_decref(values);
            return NULL;
        }
        json_array_append_new(values, value);
    }
    if (!*folder)
        return values;
    json_decref(values);
    return NULL;
}

struct walk {
    const struct billing *billing;
    json_t *level; /* folders to look into */
    json_t *found;
    struct err *e;
};

static void look_into(struct flow *flow, void *arg, size_t index)
{
    struct walk *walk = arg;
    struct err e = {0};
    json_auto_t *folders = NULL;

    if (walk->e->kind)
        return;
    folders = object_list_folders(flow, walk->billing,
                                  json_string_value(json_array_get(walk->level, index)), &e);
    if (folders)
        json_array_extend(walk->found, folders);
    else
        err_set(walk->e, e.kind, "%s", e.text);
}

/* From the folders of one level to those of the next, depth times. */
static json_t *descend(struct flow *flow, const struct billing *billing, json_t *level,
                       size_t depth, struct err *e)
{
    struct err failed = {0};
    struct walk walk = {.billing = billing, .level = level, .e = &failed};

    for (size_t i = 0; i < depth; i++) {
        walk.found = json_array();
        flow_each(flow, json_array_size(walk.level), PARALLEL, look_into, &walk);
        json_decref(walk.level);
        walk.level = walk.found;
    }
    if (!failed.kind)
        return walk.level;
    json_decref(walk.level);
    err_set(e, failed.kind, "%s", failed.text);
    return NULL;
}

/* "access-logs/year=2025/month=10/day=31/" of each UTC day from the one of from_s on. */
static json_t *days_between(const struct billing *billing, int64_t from_s, int64_t to_s)
{
    json_t *days = json_array();

    for (int64_t day_s = from_s / DAY_S * DAY_S; day_s < to_s; day_s += DAY_S) {
        cleanup_free char *prefix = object_list_hour_prefix(billing->names.data_prefix, day_s);

        prefix[strlen(prefix) - strlen("hour=00/")] = '\0';
        json_array_append_new(days, json_string(prefix));
    }
    return days;
}

/* ---- what Glue knows ---- */

static json_t *table_params(const struct billing *billing)
{
    return json_pack("{s:s, s:s}", "DatabaseName", billing->names.database, "TableName",
                     billing->names.raw_table);
}

static char *values_key(const json_t *values, const json_t *keys)
{
    struct json_t *plain = json_array(), *value;
    char *text;
    size_t i;

    json_array_foreach(values, i, value) {
        const char *one = json_string_value(value);
        json_t *same =
            one ? value_of(one, strlen(one), json_text(json_array_get(keys, i), "Type")) : NULL;

        json_array_append_new(plain, same ? same : json_incref(value));
    }
    text = json_canonical(plain);
    json_decref(plain);
    return text;
}

/* Set of the values of all partitions there are. */
static json_t *known_values(struct flow *flow, const struct billing *billing, const json_t *keys,
                            struct err *e)
{
    json_t *params = table_params(billing), *known, *partition;
    json_auto_t *partitions = NULL;
    size_t i;

    json_object_set_new(params, "ExcludeColumnSchema", json_true());
    partitions =
        operation_list(flow, billing, &rollup_operations[ROLLUP_GET_PARTITIONS], params, e);
    if (!partitions)
        return NULL;
    known = json_object();
    json_array_foreach(partitions, i, partition) {
        cleanup_free char *key = values_key(json_object_get(partition, "Values"), keys);

        json_object_set_new(known, key, json_true());
    }
    return known;
}

/* ---- registering ---- */

static json_t *input_of(const struct billing *billing, const json_t *storage, const char *folder,
                        json_t *values)
{
    json_t *copy = json_deep_copy(storage);

    json_object_set_new(copy, "Location",
                        json_sprintf("s3://%s/%s", billing->names.bucket, folder));
    return json_pack("{s:o, s:o}", "Values", values, "StorageDescriptor", copy);
}

static json_t *missing_inputs(const struct billing *billing, const json_t *table,
                              const json_t *folders, const json_t *known,
                              struct partition_report *report)
{
    const json_t *keys = json_object_get(table, "PartitionKeys");
    size_t root = strlen(billing->names.data_prefix), i;
    json_t *inputs = json_array(), *folder;

    json_array_foreach(folders, i, folder) {
        json_t *values = partition_values(json_string_value(folder) + root, keys);
        cleanup_free char *key = values ? values_key(values, keys) : NULL;

        if (!values)
            continue; /* a folder of another form */
        if (json_object_get(known, key)) {
            report->known++;
            json_decref(values);
            continue;
        }
        json_array_append_new(inputs, input_of(billing, json_object_get(table, "StorageDescriptor"),
                                               json_string_value(folder), values));
    }
    return inputs;
}

/* The batch as a whole succeeds; each item has an error of its own. */
static void judge(const json_t *errors, unsigned sent, struct partition_report *report)
{
    size_t i;
    json_t *error;

    report->registered += sent;
    json_array_foreach(errors, i, error) {
        const char *code = json_string_value(json_at(error, "ErrorDetail.ErrorCode"));
        const char *message = json_string_value(json_at(error, "ErrorDetail.ErrorMessage"));

        report->registered--;
        if (code && !strcmp(code, "AlreadyExistsException")) {
            report->known++; /* ours, when the reply was lost, or somebody else's */
            continue;
        }
        report->failed++;
        if (!*report->text)
            (void)snprintf(report->text, sizeof report->text, "BatchCreatePartition: %s: %s",
                           code ? code : "?", message ? message : "?");
    }
}

static int create(struct flow *flow, const struct billing *billing, const json_t *inputs,
                  struct partition_report *report, struct err *e)
{
    for (size_t at = 0; at < json_array_size(inputs); at += PARTITIONS_PER_CALL) {
        json_t *params = table_params(billing), *some = json_array();
        json_auto_t *reply = NULL;
        unsigned sent;

        for (size_t i = at; i < at + PARTITIONS_PER_CALL && i < json_array_size(inputs); i++)
            json_array_append(some, json_array_get(inputs, i));
        sent = (unsigned)json_array_size(some);
        json_object_set_new(params, "PartitionInputList", some);
        reply =
            operation_call(flow, billing, &rollup_operations[ROLLUP_CREATE_PARTITIONS], params, e);
        if (!reply)
            return -1;
        judge(json_object_get(reply, "Errors"), sent, report);
    }
    return 0;
}

static json_t *read_table(struct flow *flow, const struct billing *billing, struct err *e)
{
    json_auto_t *reply =
        operation_call(flow, billing, &rollup_operations[ROLLUP_GET_TABLE],
                       json_pack("{s:s, s:s}", "DatabaseName", billing->names.database, "Name",
                                 billing->names.raw_table),
                       e);
    json_t *table = json_object_get(reply, "Table");
    const char *projection = json_text(json_object_get(table, "Parameters"), "projection.enabled");

    if (!table)
        return NULL;
    if (!projection || strcmp(projection, "true") != 0)
        return json_incref(table);
    err_set(e, ERR_INVALID,
            "billing.partitions is registration, but table %s has projection.enabled=true: Athena "
            "would ignore what is registered; take the projection parameters off the table",
            billing->names.raw_table);
    return NULL;
}

static json_t *recent_days(const struct billing *billing)
{
    int64_t now_s = clock_now_ms() / 1000;

    return days_between(billing, now_s - (RECENT_DAYS - 1) * DAY_S, now_s);
}

int partition_register_days(struct flow *flow, const struct billing *billing, int64_t from_s,
                            int64_t to_s, struct err *e)
{
    int64_t now_s = clock_now_ms() / 1000 + 1;
    json_auto_t *table = read_table(flow, billing, e);
    json_auto_t *folders = NULL;
    json_auto_t *inputs = NULL;
    struct partition_report report = {0};

    if (!table)
        return -1;
    folders =
        descend(flow, billing, days_between(billing, from_s, to_s < now_s ? to_s : now_s), 1, e);
    if (!folders)
        return -1;
    inputs = missing_inputs(billing, table, folders, NULL, &report);
    if (create(flow, billing, inputs, &report, e))
        return -1;
    return report.failed ? err_set(e, ERR_RETRY, "%s", report.text) : 0;
}

int partition_register(struct flow *flow, const struct billing *billing, bool whole,
                       struct partition_report *report, struct err *e)
{
    json_auto_t *table = read_table(flow, billing, e);
    json_auto_t *folders = NULL;
    json_auto_t *known = NULL;
    json_auto_t *inputs = NULL;
    size_t keys;

    *report = (struct partition_report){0};
    if (!table)
        return -1;
    keys = json_array_size(json_object_get(table, "PartitionKeys"));
    folders = whole ? descend(flow, billing, json_pack("[s]", billing->names.data_prefix), keys, e)
                    : descend(flow, billing, recent_days(billing), 1, e);
    if (!folders)
        return -1;
    known = known_values(flow, billing, json_object_get(table, "PartitionKeys"), e);
    if (!known)
        return -1;
    inputs = missing_inputs(billing, table, folders, known, report);
    return create(flow, billing, inputs, report, e);
}
