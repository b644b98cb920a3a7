#include "daemon/board/board_station.h"

#include <string.h>

const char *board_station_name(enum board_station station)
{
    static const char *const names[BOARD_STATIONS] = {"gateway", "log_group", "filter",  "stream",
                                                      "bucket",  "tables",    "rollups", "bill",
                                                      "roles",   "alarms"};

    return names[station];
}

const char *board_station_state_name(enum board_state state)
{
    static const char *const names[] = {"none",    "in_sync", "silent",   "settling",
                                        "unknown", "differs", "observed", "held",
                                        "blocked", "denied",  "failed"};

    return names[state];
}

static const struct {
    const char *kind;
    enum board_station station;
} places[] = {
    {"stage_logging", BOARD_GATEWAY}, {"log_resource_policy", BOARD_LOG_GROUP},
    {"log_group", BOARD_LOG_GROUP},   {"subscription_filter", BOARD_FILTER},
    {"log_stream", BOARD_STREAM},     {"delivery_stream", BOARD_STREAM},
    {"s3_bucket", BOARD_BUCKET},      {"glue_database", BOARD_TABLES},
    {"glue_table", BOARD_TABLES},     {"athena_view", BOARD_TABLES},
    {"workgroup", BOARD_TABLES},      {"named_query", BOARD_TABLES},
    {"iam_role", BOARD_ROLES},        {"alarm", BOARD_ALARMS},
    {"topic", BOARD_ALARMS},
};

/* The stream's own log group is not one that usage passes. */
static bool is_log_of_stream(const struct manifest_pipeline *pipeline,
                             const struct manifest_resource *resource)
{
    size_t own = (size_t)(resource - pipeline->resources);

    for (size_t i = 0; i < pipeline->resource_count; i++) {
        const struct manifest_resource *other = &pipeline->resources[i];

        if (other->kind->part != PART_LOG_STREAM)
            continue;
        for (size_t j = 0; j < other->need_count; j++)
            if (other->needs[j] == own)
                return true;
    }
    return false;
}

enum board_station board_station_of(const struct manifest_pipeline *pipeline,
                                    const struct manifest_resource *resource)
{
    enum board_station found = BOARD_ALARMS; /* a kind nobody placed stands beside the flow */

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!strcmp(resource->kind->name, places[i].kind))
            found = places[i].station;
    return found == BOARD_LOG_GROUP && is_log_of_stream(pipeline, resource) ? BOARD_STREAM : found;
}

enum board_state board_station_state_of(const struct task *task)
{
    bool unread = !task_plan(task)->differences;

    switch (task_verdict(task)) {
    case VERDICT_SYNCED:
    case VERDICT_REPAIRED:
        return BOARD_IN_SYNC;
    case VERDICT_SETTLING:
        return BOARD_SETTLING;
    case VERDICT_DRIFTED:
        return BOARD_DIFFERS;
    case VERDICT_OBSERVED:
        return unread ? BOARD_UNKNOWN : BOARD_OBSERVED;
    case VERDICT_HELD:
        return BOARD_HELD;
    case VERDICT_BLOCKED:
        return BOARD_BLOCKED;
    case VERDICT_RETRY:
        return unread ? BOARD_UNKNOWN : BOARD_DIFFERS;
    case VERDICT_DENIED:
        return unread ? BOARD_UNKNOWN : BOARD_DENIED;
    case VERDICT_FAILED:
        return unread ? BOARD_UNKNOWN : BOARD_FAILED;
    case VERDICT_NONE:
        break;
    }
    return BOARD_UNKNOWN;
}
