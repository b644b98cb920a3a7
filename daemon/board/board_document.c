#include "daemon/board/board_document.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/board/board_private.h"
#include "daemon/board/board_rows.h"
#include "daemon/board/board_value.h"
#include "resources/members.h"

#include <string.h>

enum { LEAST_STALE_MS = 15 * 60000, STALE_LOOKS = 3 };

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

bool board_document_resources(const struct board *board, int64_t now_ms, struct board_part *part,
                              json_t *list)
{
    bool more;
    size_t end = board_rows_end(board, part, true, &more);

    for (; part->next < end; part->next++)
        json_array_append_new(list,
                              resource_document(board, &board->resources[part->next], now_ms));
    return more;
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

static json_t *plan_document(const struct board_resource *resource, enum board_state state,
                             bool trusted)
{
    json_t *differences = json_array(), *each;
    size_t i;

    json_array_foreach(resource->differences, i, each)
        json_array_append_new(differences, difference_document(each, trusted));
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "address", resource->address, "title",
                     resource->kind->title, "state", state_text(state), "action",
                     plan_action_name(resource->action), "loss", members_loss_name(resource->loss),
                     "differences", differences);
}

bool board_document_plan(const struct board *board, int64_t now_ms, bool trusted,
                         struct board_part *part, json_t *list)
{
    bool more;
    size_t end = board_rows_end(board, part, true, &more);

    for (; part->next < end; part->next++) {
        const struct board_resource *resource = &board->resources[part->next];
        enum board_state state = state_now(board, resource, now_ms);

        if (state != BOARD_IN_SYNC)
            json_array_append_new(list, plan_document(resource, state, trusted));
    }
    return more;
}

size_t board_document_drift(const struct board *board, int64_t now_ms, struct str *lines,
                            bool *drift)
{
    size_t count = 0;

    *drift = false;
    for (size_t i = 0; i < board->resource_count; i++) {
        const struct board_resource *resource = &board->resources[i];
        enum board_state state = state_now(board, resource, now_ms);

        if (state == BOARD_IN_SYNC)
            continue;
        *drift |= state != BOARD_UNKNOWN;
        str_addf(lines, "%s: %s\n", resource->address, board_station_state_name(state));
        count++;
    }
    return count;
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
    return at_ms && now_ms - at_ms < BOARD_DOCUMENT_STALE_PART_MS;
}

static struct station rollups_of(const struct board_pipeline *pipeline, int64_t now_ms)
{
    struct station found = {pipeline->bills ? BOARD_UNKNOWN : BOARD_NONE, 0, 0, pipeline->days_ms};
    json_t *day;
    size_t i;

    if (!pipeline->days)
        return found;
    found.resources = json_array_size(pipeline->days);
    found.state = !is_recent(pipeline->days_ms, now_ms) ? BOARD_UNKNOWN
                  : found.resources                     ? BOARD_IN_SYNC
                                                        : BOARD_SILENT; /* no day is closed yet */
    json_array_foreach(pipeline->days, i, day)
        found.state = worse(found.state, state_of_day(json_text(day, "state")));
    if (found.state == BOARD_DIFFERS && pipeline->idle)
        found.state = BOARD_OBSERVED;
    return found;
}

/* Whether what is billed is all there was: the audit's word, of rollups that are current. */
static struct station bill_of(const struct board_pipeline *pipeline, int64_t now_ms)
{
    struct station found = {pipeline->bills ? BOARD_UNKNOWN : BOARD_NONE, 0, 0, pipeline->audit_ms};
    const char *verdict = json_text(pipeline->audit, "verdict");
    const json_t *reasons = json_object_get(pipeline->audit, "reasons");
    const char *reason = json_string_value(json_array_get(reasons, 0));

    if (pipeline->open_gaps || (verdict && !strcmp(verdict, "gap")))
        found.state = BOARD_FAILED; /* also when it was found long ago */
    else if (!verdict || !is_recent(pipeline->audit_ms, now_ms))
        return found;
    else if (!strcmp(verdict, "complete") || !strcmp(verdict, "accepted"))
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

static void look_at_stations(const struct board *board, const struct board_pipeline *pipeline,
                             int64_t now_ms, struct station stations[static BOARD_STATIONS])
{
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++)
        add_to_station(&stations[board->resources[i].station], board, &board->resources[i], now_ms);
    stations[BOARD_ROLLUPS] = rollups_of(pipeline, now_ms);
    stations[BOARD_BILL] = bill_of(pipeline, now_ms);
}

static json_t *pipeline_document(const struct board *board, const struct board_pipeline *pipeline,
                                 int64_t now_ms)
{
    struct station stations[BOARD_STATIONS] = {0};
    enum board_state worst = BOARD_NONE;
    json_t *list = json_array();

    look_at_stations(board, pipeline, now_ms, stations);
    for (enum board_station i = BOARD_GATEWAY; i <= BOARD_ALARMS; i++) {
        worst = worse(worst, stations[i].state);
        json_array_append_new(list, station_document(i, &stations[i]));
    }
    return json_pack("{s:s, s:o, s:o}", "pipeline", pipeline->name, "state", state_text(worst),
                     "stations", list);
}

bool board_document_pipelines(const struct board *board, int64_t now_ms, struct board_part *part,
                              json_t *list)
{
    bool more;
    size_t end = board_rows_end(board, part, false, &more);

    for (; part->next < end; part->next++)
        json_array_append_new(list,
                              pipeline_document(board, &board->pipelines[part->next], now_ms));
    return more;
}

/* ---- many pipelines ---- */

size_t board_document_pipeline_count(const struct board *board)
{
    return board->pipeline_count;
}

/* Names of the stations that are not well, the flow's first. */
static json_t *unwell_document(const struct station stations[static BOARD_STATIONS])
{
    json_t *names = json_array();

    for (enum board_station i = BOARD_GATEWAY; i <= BOARD_ALARMS; i++)
        if (stations[i].state > BOARD_SETTLING)
            json_array_append_new(names, json_string(board_station_name(i)));
    return names;
}

static json_t *brief_document(const struct board *board, const struct board_pipeline *pipeline,
                              int64_t now_ms)
{
    struct station stations[BOARD_STATIONS] = {0};
    enum board_state worst = BOARD_NONE;
    size_t unknown = 0, wrong = 0;

    look_at_stations(board, pipeline, now_ms, stations);
    for (enum board_station i = BOARD_GATEWAY; i <= BOARD_ALARMS; i++)
        worst = worse(worst, stations[i].state);
    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++) {
        enum board_state state = state_now(board, &board->resources[i], now_ms);

        unknown += state == BOARD_UNKNOWN;
        wrong += state > BOARD_UNKNOWN;
    }
    return json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:o}", "pipeline", pipeline->name, "state",
                     board_station_state_name(worst), "rank", (int)worst, "resources",
                     (json_int_t)pipeline->count, "differ", (json_int_t)wrong, "unknown",
                     (json_int_t)unknown, "unwell", unwell_document(stations));
}

bool board_document_briefs(const struct board *board, int64_t now_ms, struct board_part *part,
                           json_t *list)
{
    bool more;
    size_t end = board_rows_end(board, part, false, &more);

    for (; part->next < end; part->next++)
        json_array_append_new(list, brief_document(board, &board->pipelines[part->next], now_ms));
    return more;
}
