#include "daemon/page/page_model.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "daemon/page/page_model_bill.h"
#include "daemon/page/page_model_list.h"
#include "daemon/page/page_words.h"

#include <string.h>

enum { EVENTS_SHOWN = 12, VALUE_BYTES = 400, REASONS_SHOWN = 20 };

/* ---- the flow ---- */

/* Beside the flow stand what it needs and who is told. */
static bool is_beside(const char *station)
{
    return !strcmp(station, "roles") || !strcmp(station, "alarms");
}

static json_t *station_model(const json_t *station, int64_t now_s)
{
    static const char *const hints[][2] = {{"gateway", "writes the access log"},
                                           {"log_group", "keeps it for a while"},
                                           {"filter", "hands it on"},
                                           {"stream", "gathers and delivers"},
                                           {"bucket", "keeps usage"},
                                           {"tables", "make it readable"},
                                           {"rollups", "one build a day"},
                                           {"bill", "is all usage in it?"}};
    const char *name = json_text(station, "station");
    cleanup_free char *title = page_words_title(name);
    json_t *model =
        json_pack("{s:s, s:o, s:o?, s:o?, s:o?, s:O}", "name", title, "state",
                  page_words_station(name, json_text(station, "state")), "changed",
                  page_words_time(json_object_get(station, "changed"), now_s), "checked",
                  page_words_time(json_object_get(station, "checked"), now_s), "next",
                  page_words_time(json_object_get(station, "next"), now_s), "count",
                  json_object_get(station, "resources"));

    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (!strcmp(name, hints[i][0]))
            json_object_set_new(model, "hint", json_string(hints[i][1]));
    return model;
}

static void add_stations(json_t *model, const json_t *pipeline, int64_t now_s)
{
    json_t *flow = json_array(), *beside = json_array(), *station;
    size_t i;

    json_array_foreach(json_object_get(pipeline, "stations"), i, station) {
        const char *name = json_text(station, "station");

        if (is_beside(name) && !strcmp(json_text(station, "state"), "none"))
            continue;
        json_array_append_new(is_beside(name) ? beside : flow, station_model(station, now_s));
    }
    json_object_set_new(model, "flow", flow);
    json_object_set_new(model, "beside", beside);
}

/* ---- drift ---- */

/* What is told of a value, and how: as it is, as nothing, or that it is not told. */
static json_t *value_model(const json_t *value)
{
    static const char cut[] = "...";
    const char *hidden = json_text(value, "hidden");
    cleanup_free char *text = NULL;

    if (!value || json_is_null(value))
        return json_pack("{s:b, s:n, s:n}", "nothing", 1, "text", "hidden");
    if (hidden && json_object_size(value) == 1)
        return json_pack("{s:s, s:n, s:n}", "hidden", hidden, "text", "nothing");
    if (json_is_string(value))
        text = mem_text(json_string_value(value));
    else
        text = json_dumps(value, JSON_ENCODE_ANY | JSON_INDENT(1));
    if (strlen(text) > VALUE_BYTES + strlen(cut)) { /* there is room for it, then */
        size_t end = VALUE_BYTES;

        while (end && (text[end] & 0xc0) == 0x80)
            end--;
        memcpy(text + end, cut, sizeof cut);
    }
    return json_pack("{s:s, s:n, s:n}", "text", text, "hidden", "nothing");
}

static json_t *difference_model(const json_t *difference)
{
    return json_pack(
        "{s:O, s:o, s:o, s:s?, s:O, s:O?}", "field", json_object_get(difference, "field"), "want",
        value_model(json_object_get(difference, "want")), "have",
        value_model(json_object_get(difference, "have")), "loss",
        page_words_loss(json_text(difference, "loss")), "held", json_object_get(difference, "held"),
        "why", json_object_get(difference, "why"));
}

static json_t *drift_model(const json_t *resource)
{
    static const char *const actions[][2] = {{"create", "is missing"},
                                             {"update", "differs"},
                                             {"remove", "should not be there"},
                                             {"wait", "AWS is at work on it"},
                                             {"blocked", "cannot be changed by billingd"}};
    const char *action = json_text(resource, "action");
    json_t *differences = json_array(), *model, *each;
    size_t i;

    json_array_foreach(json_object_get(resource, "differences"), i, each)
        json_array_append_new(differences, difference_model(each));
    model = json_pack(
        "{s:O, s:O, s:o, s:s?, s:o, s:n}", "address", json_object_get(resource, "address"), "title",
        json_object_get(resource, "title"), "state", page_words_state(json_text(resource, "state")),
        "loss", page_words_loss(json_text(resource, "loss")), "differences", differences, "action");
    for (i = 0; i < sizeof actions / sizeof *actions; i++)
        if (!strcmp(action, actions[i][0]))
            json_object_set_new(model, "action", json_string(actions[i][1]));
    return model;
}

static bool is_of(const char *address, const char *pipeline)
{
    size_t length = strlen(pipeline);

    return address && !strncmp(address, pipeline, length) && address[length] == '/';
}

/* Unknown ones are counted apart: nobody knows whether they differ. */
static void add_drift(json_t *model, const json_t *plan, const char *pipeline)
{
    json_t *drift = json_array(), *each;
    unsigned unknown = 0;
    size_t i;

    json_array_foreach(plan, i, each) {
        if (!is_of(json_text(each, "address"), pipeline))
            continue;
        if (strcmp(json_text(each, "state"), "unknown") != 0)
            json_array_append_new(drift, drift_model(each));
        else
            unknown++;
    }
    json_object_set_new(model, "unknown", unknown ? json_integer(unknown) : json_null());
    json_object_set_new(model, "clean", json_boolean(!unknown && !json_array_size(drift)));
    json_object_set_new(model, "drift", drift);
}

/* ---- resources and parts ---- */

static json_t *resource_model(const json_t *resource, int64_t now_s)
{
    const char *address = json_text(resource, "address"), *slash = strchr(address, '/');

    return json_pack("{s:s, s:O, s:o, s:s?, s:o?, s:o?}", "name", slash ? slash + 1 : address,
                     "title", json_object_get(resource, "title"), "state",
                     page_words_state(json_text(resource, "state")), "loss",
                     page_words_loss(json_text(resource, "loss")), "changed",
                     page_words_time(json_object_get(resource, "changed"), now_s), "checked",
                     page_words_time(json_object_get(resource, "checked"), now_s));
}

static void add_resources(json_t *model, const json_t *resources, const char *pipeline,
                          int64_t now_s)
{
    json_t *list = json_array(), *each;
    size_t i;

    json_array_foreach(resources, i, each)
        if (is_of(json_text(each, "address"), pipeline))
            json_array_append_new(list, resource_model(each, now_s));
    json_object_set_new(model, "resource_count", json_integer((json_int_t)json_array_size(list)));
    json_object_set_new(model, "resources", list);
}

static json_t *part_model(const json_t *part, int64_t now_s)
{
    static const char *const words[][3] = {{"done", "ok", "Done"},
                                           {"failed", "bad", "Failed, last done"},
                                           {"waiting", "unknown", "Not done yet"},
                                           {"stale", "unknown", "Last done"}};
    static const char *const titles[][2] = {
        {"listing", "Newest object"}, {"partitions", "Partitions"},
        {"rollup", "Rollups"},        {"audit", "Audit"},
        {"backfill", "Closing gaps"}, {"months", "Months to be closed"}};
    const char *state = json_text(part, "state"), *name = json_text(part, "part");
    json_t *model = json_pack("{s:s, s:o?}", "name", name, "done",
                              page_words_time(json_object_get(part, "done"), now_s));

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(state, words[i][0]))
            json_object_set_new(model, "state",
                                json_pack("{s:s, s:s}", "class", words[i][1], "word", words[i][2]));
    if (!strcmp(state, "failed") && json_is_null(json_object_get(part, "done")))
        json_object_set_new(model, "state",
                            json_pack("{s:s, s:s}", "class", "bad", "word", "Failed"));
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (!strcmp(name, titles[i][0]))
            json_object_set_new(model, "name", json_string(titles[i][1]));
    return model;
}

static void add_parts(json_t *model, const json_t *pipeline, int64_t now_s)
{
    json_t *list = json_array(), *each;
    size_t i;

    json_array_foreach(json_object_get(pipeline, "parts"), i, each)
        json_array_append_new(list, part_model(each, now_s));
    json_object_set_new(model, "parts", list);
}

static json_t *pipeline_model(const json_t *documents, const json_t *pipeline, int64_t now_s)
{
    const char *name = json_text(pipeline, "pipeline");
    json_t *model = json_pack("{s:s, s:o}", "name", name, "state",
                              page_words_state(json_text(pipeline, "state")));

    add_stations(model, pipeline, now_s);
    add_drift(model, json_object_get(documents, "plan"), name);
    add_resources(model, json_object_get(documents, "resources"), name, now_s);
    add_parts(model, pipeline, now_s);
    page_model_bill_add(model, documents, name, now_s);
    return model;
}

/* ---- events ---- */

/* What stands for an event: its class by its level, or its own. */
static const struct {
    const char *event, *class, *words; /* words NULL: the event's name */
} event_words[] = {
    {"created", "ok", NULL},
    {"repaired", "ok", NULL},
    {"deleted", "ok", NULL},
    {"recovered", "ok", "right again"},
    {"resumed", "ok", "pause ended"},
    {"audit_complete", "ok", "audit: complete"},
    {"backfilled", "ok", "read again what was missing"},
    {"reloaded", "busy", "spec read again"},
    {"started", "busy", "started"},
    {"listening", "busy", "listens"},
    {"drift", "warn", "differs"},
    {"observed", "warn", "differs, only observed"},
    {"refused", "bad", "not looked at"},
    {"reload_failed", "bad", "spec rejected"},
    {"rejected", "bad", "waits for a spec without errors"},
    {"audit_gap", "bad", "usage is missing"},
};

static const char *class_of(const char *level)
{
    return !strcmp(level, "error") ? "bad" : !strcmp(level, "warning") ? "warn" : "none";
}

static json_t *event_time(const json_t *event, int64_t now_s)
{
    char text[TIMESTAMP_ROOM];
    json_auto_t *at = NULL;

    timestamp_text((int64_t)json_number_value(json_object_get(event, "time")), text);
    at = json_string(text);
    return page_words_time(at, now_s);
}

/* "rollup built 2026-11-28": what came of it is not always good. */
static void tell_rollup(json_t *model, const json_t *event)
{
    const char *result = json_text(event, "result"), *day = json_text(event, "day");
    bool failed = result && !strcmp(result, "failed");

    if (strcmp(json_text(event, "event"), "rollup") != 0 || !result || !day)
        return;
    json_object_set_new(model, "class", json_string(failed ? "bad" : "ok"));
    json_object_set_new(model, "what", json_sprintf("rollup %s", result));
    json_object_set_new(model, "fields", json_string(day));
}

static json_t *event_model(const json_t *event, int64_t now_s)
{
    const char *what = json_text(event, "event"), *subject = json_text(event, "resource");
    const char *class = class_of(json_text(event, "level"));
    cleanup_free char *plain = mem_text(what);
    json_t *model;

    for (char *c = plain; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    if (!subject)
        subject = json_text(event, "pipeline");
    what = plain;
    for (size_t i = 0; i < sizeof event_words / sizeof *event_words; i++) {
        if (strcmp(json_text(event, "event"), event_words[i].event) != 0)
            continue;
        class = event_words[i].class;
        what = event_words[i].words ? event_words[i].words : what;
    }
    model = json_pack("{s:o?, s:s, s:s, s:s, s:s?}", "at", event_time(event, now_s), "subject",
                      subject ? subject : "billingd", "what", what, "class", class, "fields",
                      json_text(event, "field"));
    tell_rollup(model, event);
    return model;
}

/* Its words are AWS's, or of no resource: they stand in the log. */
static bool is_shown(const json_t *event)
{
    return strcmp(json_text(event, "event"), "warning") != 0;
}

/* The newest first. */
static json_t *events_model(const json_t *events, int64_t now_s)
{
    json_t *list = json_array();

    for (size_t i = json_array_size(events); i > 0 && json_array_size(list) < EVENTS_SHOWN; i--)
        if (is_shown(json_array_get(events, i - 1)))
            json_array_append_new(list, event_model(json_array_get(events, i - 1), now_s));
    return list;
}

/* ---- the whole ---- */

static bool is_good(const char *state)
{
    static const char *const good[] = {"none", "in_sync", "silent", "settling"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!strcmp(state, good[i]))
            return true;
    return false;
}

/* Of all pipelines, by the worst of their stations. */
static bool any_is(const json_t *briefs, bool unknown)
{
    size_t i;
    json_t *each;

    json_array_foreach(briefs, i, each) {
        const char *state = json_text(each, "state");

        if (unknown ? !strcmp(state, "unknown") : !is_good(state))
            return true;
    }
    return false;
}

/* class and word of the whole, the worst first: never better than the worst pipeline. */
static json_t *judge(const json_t *documents, json_int_t wrong, json_int_t unknown)
{
    const json_t *status = json_object_get(documents, "status");
    const json_t *briefs = json_object_get(documents, "briefs");
    const struct {
        bool holds;
        const char *class, *word;
    } cases[] = {
        {json_is_true(json_object_get(status, "rejected")), "bad", "The spec has errors"},
        {json_is_null(json_object_get(status, "last_look")), "unknown", "Not looked yet"},
        {wrong == 1, "warn", "One resource differs"},
        {wrong > 0, "warn", "Some resources differ"},
        {unknown > 0, "unknown", "Not all is known"},
        {any_is(briefs, true), "unknown", "Not all is known"},
        {!json_is_true(json_object_get(status, "ready")) || any_is(briefs, false), "warn",
         "Needs a look"},
        {json_whole(json_object_get(status, "resources"), "settling") > 0, "busy", "Settling"},
        {true, "ok", "All is well"},
    };
    size_t i = 0;

    while (!cases[i].holds)
        i++;
    return json_pack("{s:s, s:s}", "class", cases[i].class, "word", cases[i].word);
}

/* "22 of 24 resources in sync, 1 differs, 1 unknown" */
static json_t *overall_model(const json_t *documents)
{
    const json_t *counts = json_at(documents, "status.resources");
    json_int_t in_sync = json_whole(counts, "in_sync"), unknown = json_whole(counts, "unknown");
    json_int_t total = 0, wrong;
    cleanup_str struct str text = {0};
    const char *state;
    json_t *each, *model;

    json_object_foreach((json_t *)counts, state, each)
        total += json_integer_value(each);
    wrong = total - in_sync - unknown - json_whole(counts, "settling");
    str_addf(&text, "%d of %d resources in sync", (int)in_sync, (int)total);
    if (wrong)
        str_addf(&text, ", %d %s", (int)wrong, wrong == 1 ? "differs" : "differ");
    if (unknown)
        str_addf(&text, ", %d unknown", (int)unknown);
    model = judge(documents, wrong, unknown);
    json_object_set_new(model, "counts", json_string(total ? str_text(&text) : ""));
    return model;
}

/* Of many pipelines they are many. */
static json_t *reasons_model(const json_t *reasons)
{
    json_t *list = json_array(), *each;
    size_t i;

    json_array_foreach(reasons, i, each)
        if (i < REASONS_SHOWN)
            json_array_append(list, each);
    if (i > REASONS_SHOWN)
        json_array_append_new(
            list, json_sprintf("and %zu more: /-/ready has them all", i - REASONS_SHOWN));
    return list;
}

/* Of those that are told on this page; of a list none. */
static json_t *pipelines_model(const json_t *documents, int64_t now_s)
{
    json_t *pipelines = json_array(), *each;
    size_t i;

    json_array_foreach(json_at(documents, "status.pipelines"), i, each)
        json_array_append_new(pipelines, pipeline_model(documents, each, now_s));
    return pipelines;
}

/* Where the list of all of them is, on the page of one or of some. */
static void add_list(json_t *model, const json_t *documents)
{
    const json_t *briefs = json_object_get(documents, "briefs");
    const char *only = json_text(documents, "only");
    bool list = json_is_true(json_object_get(documents, "list"));

    if (list)
        json_object_set_new(model, "list", page_model_list(briefs, json_whole(documents, "from")));
    json_object_set_new(model, "nothing", json_boolean(!json_array_size(briefs)));
    json_object_set_new(model, "index",
                        json_boolean(!list && !only && json_array_size(briefs) > 1));
    json_object_set_new(model, "one", json_boolean(only && json_array_size(briefs) > 1));
    json_object_set_new(model, "asked",
                        only   ? json_sprintf("pipeline=%s&", only)
                        : list ? json_sprintf("from=%d&", (int)json_whole(documents, "from"))
                               : json_string(""));
}

json_t *page_model(const json_t *documents)
{
    const json_t *status = json_object_get(documents, "status");
    int64_t now_s = page_words_seconds(json_object_get(status, "now"));
    bool trusted = json_is_true(json_object_get(documents, "trusted"));
    bool has_token = json_is_true(json_object_get(documents, "has_token"));
    json_t *model =
        json_pack("{s:O, s:O, s:o, s:o?, s:o?, s:o?, s:O, s:O, s:o, s:o, s:o, s:b, s:b}", "version",
                  json_object_get(status, "version"), "now", json_object_get(status, "now"),
                  "overall", overall_model(documents), "last_look",
                  page_words_time(json_object_get(status, "last_look"), now_s), "next_look",
                  page_words_time(json_object_get(status, "next_look"), now_s), "started",
                  page_words_time(json_object_get(status, "started"), now_s), "looking",
                  json_object_get(status, "looking"), "stale", json_object_get(status, "stale"),
                  "reasons", reasons_model(json_object_get(status, "reasons")), "pipelines",
                  pipelines_model(documents, now_s), "events",
                  events_model(json_object_get(documents, "events"), now_s), "can_ask",
                  !trusted && has_token, "hides", !trusted);

    add_list(model, documents);
    return model;
}
