/* data_flow_objects.c -- looks into the bucket with a bounded number of lists.
 *
 * Days are folders, so a day costs one call; within it the greatest folder (the last hour) is gone
 * down into, since keys sort by time. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/data_flow/data_flow_private.h"

#include <string.h>

enum { DAY_S = 86400, DEPTH = 8 };

/* Keeps the newest of the listed objects in result; returns how many there are. */
static json_int_t take_objects(json_t *result, const json_t *reply)
{
    json_int_t count = 0;
    size_t i;
    json_t *object;

    json_array_foreach(json_object_get(reply, "Contents"), i, object) {
        const char *key = json_text(object, "Key");
        double modified = json_number_value(json_object_get(object, "LastModified"));

        if (!key || !*key || key[strlen(key) - 1] == '/')
            continue; /* a "folder" that somebody made in the console */
        count++;
        if (json_is_string(json_object_get(result, "key")) &&
            modified < json_number_value(json_object_get(result, "modified")))
            continue;
        json_object_set(result, "key", json_object_get(object, "Key"));
        json_object_set(result, "size", json_object_get(object, "Size"));
        json_object_set_new(result, "modified", json_integer((json_int_t)modified));
    }
    return count;
}

/* Asks for the next page; false when this was the last or enough were read. */
static bool next_page(struct probe *probe, const json_t *reply)
{
    json_t *token = json_object_get(reply, "NextContinuationToken");

    if (!json_is_true(json_object_get(reply, "IsTruncated")) || !token ||
        ++probe->pages >= DATA_FLOW_LIST_PAGES)
        return false;
    json_object_set(probe->params, "ContinuationToken", token);
    probe_send(probe);
    return true;
}

static void list(struct probe *probe, const char *prefix)
{
    json_object_set_new(probe->params, "Prefix", json_string(prefix));
    json_object_del(probe->params, "ContinuationToken");
    probe->pages = 0;
    probe_send(probe);
}

static struct probe *probe_bucket(struct data_flow *flow, json_t *target, const char *member,
                                  json_t *result, const char *bucket)
{
    struct probe *probe = probe_new(flow, target, member, result);

    probe->service = "s3";
    probe->op = "ListObjectsV2";
    probe->params = json_pack("{s:s, s:s}", "Bucket", bucket, "ExpectedBucketOwner", flow->account);
    return probe;
}

/* ---- the newest object ---- */

/* Days whose prefix is the same (a folder per month) are listed once. */
static void list_day(struct probe *probe)
{
    int64_t now_s = clock_now_ms() / 1000;

    for (; probe->day < DATA_FLOW_DAYS; probe->day++) {
        cleanup_free char *prefix =
            data_flow_day_prefix(probe->template, now_s - (int64_t)probe->day * DAY_S);
        const char *before = json_text(probe->params, "Prefix");

        if (before && !probe->depth && !strcmp(before, prefix))
            continue;
        probe->depth = 0;
        list(probe, prefix);
        return;
    }
    probe_end(probe);
}

static void take_folders(struct probe *probe, const json_t *reply)
{
    const json_t *folders = json_object_get(reply, "CommonPrefixes");
    size_t i;
    json_t *folder;

    json_array_foreach(folders, i, folder) {
        const char *name = json_text(folder, "Prefix");

        if (!name || (probe->descend && strcmp(name, probe->descend) <= 0))
            continue;
        free(probe->descend);
        probe->descend = mem_text(name);
    }
}

static void on_day(void *arg, const struct aws_reply *reply)
{
    struct probe *probe = arg;
    const json_t *result = probe_result(probe, reply);
    cleanup_free char *deeper = NULL;

    if (!result)
        return;
    (void)take_objects(probe->result, result);
    take_folders(probe, result);
    if (next_page(probe, result))
        return;
    deeper = probe->descend;
    probe->descend = NULL;
    if (deeper && probe->depth < DEPTH) {
        probe->depth++;
        list(probe, deeper);
    } else if (json_is_string(json_object_get(probe->result, "key"))) {
        probe_end(probe);
    } else {
        probe->day++;
        list_day(probe);
    }
}

void probe_newest_object(struct data_flow *flow, json_t *target, const char *bucket,
                         const char *prefix)
{
    json_t *result = json_pack("{s:s, s:s, s:i, s:n, s:n, s:n}", "bucket", bucket, "prefix", prefix,
                               "days", DATA_FLOW_DAYS, "key", "size", "modified");
    struct probe *probe = probe_bucket(flow, target, "newest_object", result, bucket);

    json_object_set_new(probe->params, "Delimiter", json_string("/"));
    probe->on_reply = on_day;
    probe->template = mem_text(prefix);
    probe->day = -1; /* the stream's time zone may be ahead of UTC */
    list_day(probe);
}

/* ---- what was not delivered ---- */

static void on_undelivered(void *arg, const struct aws_reply *reply)
{
    struct probe *probe = arg;
    const json_t *result = probe_result(probe, reply);
    json_int_t count;

    if (!result)
        return;
    count = json_integer_value(json_object_get(probe->result, "count"));
    count += take_objects(probe->result, result);
    json_object_set_new(probe->result, "count", json_integer(count));
    if (next_page(probe, result))
        return;
    json_object_set_new(probe->result, "more",
                        json_boolean(json_is_true(json_object_get(result, "IsTruncated"))));
    probe_end(probe);
}

void probe_undelivered(struct data_flow *flow, json_t *target, const char *bucket,
                       const char *prefix)
{
    cleanup_free char *fixed = mem_text_n(prefix, strcspn(prefix, "!"));
    struct probe *probe;

    if (!*fixed)
        return; /* they lie among everything else */
    probe =
        probe_bucket(flow, target, "undelivered",
                     json_pack("{s:s, s:s, s:i, s:b, s:n, s:n, s:n}", "bucket", bucket, "prefix",
                               fixed, "count", 0, "more", 0, "key", "size", "modified"),
                     bucket);
    probe->on_reply = on_undelivered;
    list(probe, fixed);
}
