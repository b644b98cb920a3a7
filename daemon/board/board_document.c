#include "daemon/board/board_document.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/prices/calendar.h"
#include "daemon/board/board_private.h"
#include "daemon/board/board_value.h"
#include "resources/members.h"

#include <string.h>

enum { LEAST_STALE_MS = 15 * 60000, STALE_LOOKS = 3, STALE_PART_MS = 3 * 3600000 };

bool board_document_is_stale(const struct board *board, int64_t now_ms)
{
    int64_t limit_ms = (int64_t)board->interval_s * 1000 * STALE_LOOKS;

    return board->looked_ms &&
           now_ms - board->looked_ms > (limit_ms > LEAST_STALE_MS ? limit_ms : LEAST_STALE_MS);
}

int64_t board_document_looked(const struct board *board)
{
    return board->looked_ms;
}

json_t *board_document_time(int64_t ms)
{
    char text[TIMESTAMP_ROOM];

    if (!ms)
        return json_null();
    timestamp_text(ms / 1000, text);
    return json_string(text);
}

int64_t board_document_ms(const json_t *time)
{
    double seconds = 0;

    if (json_is_string(time))
        (void)timestamp_parse(json_string_value(time), &seconds);
    return (int64_t)(seconds * 1000);
}

static enum board_state worse(enum board_state a, enum board_state b)
{
    return a > b ? a : b;
}

static enum board_state state_now(const struct board *board, const struct board_resource *resource,
                                  int64_t now_ms)
{
    return board_document_is_stale(board, now_ms) ? BOARD_UNKNOWN : resource->state;
}

static json_t *state_text(enum board_state state)
{
    return json_string(board_station_state_name(state));
}

/* ---- resources ---- */

static json_t *resource_document(const struct board *board, const struct board_resource *resource,
                                 int64_t now_ms)
{
    size_t fields = json_array_size(resource->differences);
    bool known = state_now(board, resource, now_ms) != BOARD_UNKNOWN;

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "address", resource->address,
        "pipeline", resource->pipeline, "kind", resource->kind->name, "title",
        resource->kind->title, "station", board_station_name(resource->station), "state",
        state_text(state_now(board, resource, now_ms)), "loss", members_loss_name(resource->loss),
        "fields", known ? json_integer((json_int_t)fields) : json_null(), "changed",
        board_document_time(resource->changed_ms), "checked",
        board_document_time(resource->checked_ms));
}

json_t *board_document_resources(const struct board *board, int64_t now_ms)
{
    json_t *list = json_array();

    for (size_t i = 0; i < board->resource_count; i++)
        json_array_append_new(list, resource_document(board, &board->resources[i], now_ms));
    return list;
}

json_t *board_document_counts(const struct board *board, int64_t now_ms)
{
    json_t *counts = json_object();

    for (enum board_state state = BOARD_IN_SYNC; state <= BOARD_FAILED; state++)
        if (state != BOARD_SILENT)
            json_object_set_new(counts, board_station_state_name(state), json_integer(0));
    for (size_t i = 0; i < board->resource_count; i++) {
        const char *name = board_station_state_name(state_now(board, &board->resources[i], now_ms));

        json_object_set_new(counts, name, json_integer(json_whole(counts, name) + 1));
    }
    return counts;
}

/* ---- drift ---- */

static json_t *difference_document(const json_t *difference, bool trusted)
{
    cleanup_free char *field = board_value_field(json_text(difference, "field"), trusted);
    const char *loss = json_text(difference, "loss");
    json_t *told =
        json_pack("{s:s, s:o, s:o, s:s, s:b}", "field", field, "want",
                  board_value_told(json_object_get(difference, "want"), trusted), "have",
                  board_value_told(json_object_get(difference, "have"), trusted), "loss",
                  loss ? loss : "none", "held", json_is_true(json_object_get(difference, "held")));

    if (trusted && json_text(difference, "why"))
        json_object_set(told, "why", json_object_get(difference, "why"));
    return told;
}

json_t *board_document_plan(const struct board *board, int64_t now_ms, bool trusted)
{
    json_t *list = json_array();

    for (size_t i = 0; i < board->resource_count; i++) {
        const struct board_resource *resource = &board->resources[i];
        enum board_state state = state_now(board, resource, now_ms);
        json_t *differences = json_array(), *each;
        size_t j;

        json_array_foreach(resource->differences, j, each)
            json_array_append_new(differences, difference_document(each, trusted));
        if (state == BOARD_IN_SYNC)
            json_decref(differences);
        else
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "address", resource->address,
                                "title", resource->kind->title, "state", state_text(state),
                                "action", plan_action_name(resource->action), "loss",
                                members_loss_name(resource->loss), "differences", differences));
    }
    return list;
}

/* ---- the flow ---- */

struct station {
    enum board_state state;
    size_t resources;
    int64_t changed_ms, checked_ms;
};

/* Days by what they are: to be built, or to be looked at by people. */
static enum board_state state_of_day(const char *state)
{
    static const struct {
        const char *name;
        enum board_state state;
    } states[] = {
        {"current", BOARD_IN_SYNC}, {"empty", BOARD_IN_SYNC},   {"open", BOARD_IN_SYNC},
        {"kept", BOARD_IN_SYNC},    {"missing", BOARD_DIFFERS}, {"outdated", BOARD_DIFFERS},
        {"late", BOARD_DIFFERS},    {"lost", BOARD_FAILED},     {"hidden", BOARD_FAILED}};

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (!strcmp(state, states[i].name))
            return states[i].state;
    return BOARD_UNKNOWN;
}

static bool is_recent(int64_t at_ms, int64_t now_ms)
{
    return at_ms && now_ms - at_ms < STALE_PART_MS;
}

static struct station rollups_of(const struct board_pipeline *pipeline, int64_t now_ms)
{
    struct station found = {pipeline->bills ? BOARD_UNKNOWN : BOARD_NONE, 0, 0, pipeline->days_ms};
    json_t *day;
    size_t i;

    if (!pipeline->days)
        return found;
    found.resources = json_array_size(pipeline->days);
    found.state = is_recent(pipeline->days_ms, now_ms) ? BOARD_IN_SYNC : BOARD_UNKNOWN;
    json_array_foreach(pipeline->days, i, day)
        found.state = worse(found.state, state_of_day(json_text(day, "state")));
    return found;
}

/* Whether what is billed is all there was: the audit's word, of rollups that are current. */
static struct station bill_of(const struct board_pipeline *pipeline, int64_t now_ms)
{
    struct station found = {pipeline->bills ? BOARD_UNKNOWN : BOARD_NONE, 0, 0, pipeline->audit_ms};
    const char *verdict = json_text(pipeline->audit, "verdict");
    const json_t *reasons = json_object_get(pipeline->audit, "reasons");
    const char *reason = json_string_value(json_array_get(reasons, 0));

    if (!verdict)
        return found;
    if (!strcmp(verdict, "gap"))
        found.state = BOARD_FAILED; /* also when it was found long ago */
    else if (!is_recent(pipeline->audit_ms, now_ms))
        return found;
    else if (!strcmp(verdict, "complete"))
        found.state = rollups_of(pipeline, now_ms).state;
    else if (json_array_size(reasons) == 1 && reason && !strcmp(reason, "silent"))
        found.state = BOARD_SILENT;
    return found;
}

static json_t *station_document(enum board_station place, const struct station *station)
{
    return json_pack("{s:s, s:o, s:I, s:o, s:o}", "station", board_station_name(place), "state",
                     state_text(station->state), "resources", (json_int_t)station->resources,
                     "changed", board_document_time(station->changed_ms), "checked",
                     board_document_time(station->checked_ms));
}

/* The time of the least recent look holds for all. */
static void add_to_station(struct station *station, const struct board *board,
                           const struct board_resource *resource, int64_t now_ms)
{
    station->state = worse(station->state, state_now(board, resource, now_ms));
    if (resource->changed_ms > station->changed_ms)
        station->changed_ms = resource->changed_ms;
    if (!station->resources || resource->checked_ms < station->checked_ms)
        station->checked_ms = resource->checked_ms;
    station->resources++;
}

static json_t *pipeline_document(const struct board *board, const struct board_pipeline *pipeline,
                                 int64_t now_ms)
{
    struct station stations[BOARD_STATIONS] = {0};
    enum board_state worst = BOARD_NONE;
    json_t *list = json_array();

    for (size_t i = 0; i < board->resource_count; i++)
        if (!strcmp(board->resources[i].pipeline, pipeline->name))
            add_to_station(&stations[board->resources[i].station], board, &board->resources[i],
                           now_ms);
    stations[BOARD_ROLLUPS] = rollups_of(pipeline, now_ms);
    stations[BOARD_BILL] = bill_of(pipeline, now_ms);
    for (enum board_station i = BOARD_GATEWAY; i <= BOARD_ALARMS; i++) {
        worst = worse(worst, stations[i].state);
        json_array_append_new(list, station_document(i, &stations[i]));
    }
    return json_pack("{s:s, s:o, s:o}", "pipeline", pipeline->name, "state", state_text(worst),
                     "stations", list);
}

json_t *board_document_pipelines(const struct board *board, int64_t now_ms)
{
    json_t *list = json_array();

    for (size_t i = 0; i < board->pipeline_count; i++)
        json_array_append_new(list, pipeline_document(board, &board->pipelines[i], now_ms));
    return list;
}

/* ---- the audit ---- */

/* CloudWatch has no datapoint for an hour without traffic.  Where another hop saw some, the sum of
 * the day is not known. */
static void add_count(json_t *sums, const json_t *hour, const json_t *hops, const char *hop)
{
    const json_t *count = json_object_get(hour, hop), *before = json_object_get(sums, hop);
    bool busy = false;
    json_t *other;
    size_t i;

    json_array_foreach(hops, i, other)
        busy = busy || json_whole(hour, json_string_value(other)) > 0;
    if (json_is_null(before) || (!json_is_integer(count) && busy))
        json_object_set_new(sums, hop, json_null());
    else if (before || json_is_integer(count))
        json_object_set_new(sums, hop,
                            json_integer(json_integer_value(before) + json_integer_value(count)));
}

/* Hours by UTC day: the hops that are counted by the hour. */
static json_t *audit_days(const json_t *audit)
{
    json_t *days = json_array(), *hour, *last = NULL;
    char before[11] = "";
    size_t i;

    json_array_foreach(json_object_get(audit, "hours"), i, hour) {
        char text[TIMESTAMP_ROOM];
        const json_t *hops = json_object_get(audit, "hops");
        json_t *hop;
        size_t j;

        timestamp_text(json_whole(hour, "hour"), text);
        text[10] = '\0';
        if (strcmp(text, before) != 0) {
            memcpy(before, text, sizeof before);
            last = json_object();
            json_array_append_new(days, json_pack("{s:s, s:o}", "day", text, "hops", last));
        }
        json_array_foreach(hops, j, hop)
            if (json_object_get(hour, json_string_value(hop)))
                add_count(last, hour, hops, json_string_value(hop));
    }
    return days;
}

static json_t *audit_hops(const json_t *audit)
{
    json_t *hops = json_array(), *hop;
    size_t i;

    json_array_foreach(json_object_get(audit, "hops"), i, hop) {
        const json_t *total =
            json_object_get(json_object_get(audit, "totals"), json_string_value(hop));

        json_array_append_new(
            hops, json_pack("{s:O, s:o}", "hop", hop, "events",
                            json_is_integer(total) ? json_copy((json_t *)total) : json_null()));
    }
    return hops;
}

static json_t *moment_of(const json_t *seconds)
{
    return board_document_time((int64_t)(json_number_value(seconds) * 1000));
}

static json_t *audit_gaps(const json_t *audit)
{
    json_t *gaps = json_deep_copy(json_object_get(audit, "gaps")), *gap;
    size_t i;

    json_array_foreach(gaps, i, gap) {
        json_object_set_new(gap, "from", moment_of(json_object_get(gap, "from")));
        json_object_set_new(gap, "to", moment_of(json_object_get(gap, "to")));
    }
    return gaps ? gaps : json_array();
}

static json_t *audit_document(const struct board_pipeline *pipeline)
{
    const json_t *audit = pipeline->audit, *at = json_object_get(audit, "at");
    json_t *reasons = json_object_get(audit, "reasons");
    const char *verdict = json_text(audit, "verdict");

    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "pipeline",
                     pipeline->name, "verdict", verdict ? verdict : "unknown", "at",
                     board_document_time(pipeline->audit_ms), "from",
                     moment_of(json_object_get(audit, "from")), "to",
                     moment_of(json_object_get(audit, "to")), "reasons",
                     reasons ? json_incref(reasons) : json_array(), "hops", audit_hops(audit),
                     "days", audit_days(audit), "gaps", audit_gaps(audit), "newest_object",
                     moment_of(json_object_get(at, "object")), "newest_event",
                     moment_of(json_object_get(at, "event")), "delivered_until",
                     moment_of(json_object_get(at, "delivery")));
}

json_t *board_document_audit(const struct board *board)
{
    json_t *list = json_array();

    for (size_t i = 0; i < board->pipeline_count; i++)
        if (board->pipelines[i].bills)
            json_array_append_new(list, audit_document(&board->pipelines[i]));
    return list;
}

/* ---- months ---- */

static void month_of(const char *zone, int64_t now_ms, char text[static 16])
{
    calendar_month_text(calendar_day_of(zone, now_ms / 1000), text);
}

/* A day of the open month.  Days that a look saw have its word; one after them was not closed then.
 */
static const char *open_day_state(const struct board_pipeline *pipeline, struct day day,
                                  int64_t now_ms)
{
    struct day today = calendar_day_of(pipeline->zone, now_ms / 1000);
    struct day seen = calendar_day_of(pipeline->zone, pipeline->days_ms / 1000);
    const char *first = json_text(json_array_get(pipeline->days, 0), "day");
    char text[16];
    size_t i;
    json_t *each;

    calendar_day_text(day, text);
    json_array_foreach(pipeline->days, i, each)
        if (!strcmp(json_text(each, "day"), text))
            return json_text(each, "state");
    if (calendar_compare(day, today) > 0)
        return "ahead";
    if (first && strcmp(text, first) < 0)
        return "none";
    if (!calendar_compare(day, today) ||
        (pipeline->days && calendar_compare(day, calendar_add_days(seen, -1)) >= 0))
        return "open";
    return "unknown";
}

static void add_day(json_t *days, const char *day, const char *state)
{
    json_array_append_new(days, json_pack("{s:s, s:s}", "day", day, "state", state));
}

static json_t *add_month(json_t *months, const char *month, bool open)
{
    json_t *days = json_array();

    json_array_append_new(months,
                          json_pack("{s:s, s:b, s:o}", "month", month, "open", open, "days", days));
    return days;
}

static void add_open_month(const struct board_pipeline *pipeline, json_t *months, int64_t now_ms)
{
    struct day_span month = calendar_month(calendar_day_of(pipeline->zone, now_ms / 1000));
    char text[16];
    json_t *days;

    calendar_month_text(month.first, text);
    days = add_month(months, text, true);
    for (struct day day = month.first; calendar_compare(day, month.last) <= 0;
         day = calendar_add_days(day, 1)) {
        calendar_day_text(day, text);
        add_day(days, text, open_day_state(pipeline, day, now_ms));
    }
}

static json_t *months_document(const struct board_pipeline *pipeline, int64_t now_ms)
{
    json_t *months = json_array(), *days = NULL, *day;
    char month[16] = "", open[16];
    size_t i;

    month_of(pipeline->zone, now_ms, open);
    json_array_foreach(pipeline->days, i, day) {
        const char *text = json_text(day, "day");

        if (!strncmp(text, open, 7))
            break;
        if (!days || strncmp(month, text, 7) != 0) {
            memcpy(month, text, 7);
            month[7] = '\0';
            days = add_month(months, month, false);
        }
        json_array_append(days, day);
    }
    add_open_month(pipeline, months, now_ms);
    return months;
}

json_t *board_document_periods(const struct board *board, int64_t now_ms)
{
    json_t *list = json_array();

    for (size_t i = 0; i < board->pipeline_count; i++) {
        const struct board_pipeline *pipeline = &board->pipelines[i];

        if (pipeline->bills)
            json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "pipeline",
                                                  pipeline->name, "time_zone", pipeline->zone,
                                                  "checked", board_document_time(pipeline->days_ms),
                                                  "months", months_document(pipeline, now_ms)));
    }
    return list;
}
