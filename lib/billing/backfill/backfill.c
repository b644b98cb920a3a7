/* backfill.c -- finds the holes, fills what can be filled, and tells what is lost. */
#include "billing/backfill/backfill.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit.h"
#include "billing/backfill/backfill_operations.h"
#include "billing/backfill/backfill_private.h"
#include "billing/store/recovered.h"

#include <string.h>

enum { DAY_S = 86400 };

int64_t backfill_reach(struct flow *flow, const struct billing *billing, json_t **retention_days,
                       struct err *e)
{
    const char *name = billing->names.log_group;
    json_auto_t *groups =
        operation_list(flow, billing, &backfill_operations[BACKFILL_GET_LOG_GROUPS],
                       json_pack("{s:s}", "logGroupNamePrefix", name), e);
    size_t i;
    json_t *group;

    if (!groups)
        return -1;
    json_array_foreach(groups, i, group) {
        const char *found = json_text(group, "logGroupName");
        json_int_t days = json_integer_value(json_object_get(group, "retentionInDays"));
        int64_t reach_s = json_integer_value(json_object_get(group, "creationTime")) / 1000;
        int64_t kept_s = clock_now_ms() / 1000 - (int64_t)days * DAY_S;

        if (!found || strcmp(found, name) != 0)
            continue;
        if (retention_days)
            *retention_days = days ? json_integer(days) : json_null();
        return days && kept_s > reach_s ? kept_s : reach_s;
    }
    return err_set(e, ERR_ABSENT, "there is no log group %s", name);
}

/* ---- holes ---- */

/* An hour whose events may be missing in S3 though they were logged. */
static bool is_hole(const json_t *hour)
{
    const json_t *missing = json_object_get(hour, "missing");

    return json_object_get(missing, "forwarded") || json_object_get(missing, "delivered") ||
           (json_object_get(missing, "ingested") && /* nobody says whether it was logged */
            json_is_null(json_object_get(hour, "ingested")));
}

static json_int_t missing_in(const json_t *hour)
{
    const json_t *missing = json_object_get(hour, "missing");

    return json_integer_value(json_object_get(missing, "forwarded")) +
           json_integer_value(json_object_get(missing, "delivered"));
}

/* The hole that holds what is missing in the hour, and the hours it takes to read it again: one
 * more on both sides, since CloudWatch counts an event in the hour it came and the log group has it
 * under its own time. */
static json_t *find_holes(const json_t *audit)
{
    const json_t *hours = json_object_get(audit, "hours");
    json_t *holes = json_array(), *open = NULL, *hour;
    size_t i;

    json_array_foreach(hours, i, hour) {
        json_int_t at = json_integer_value(json_object_get(hour, "hour"));
        json_int_t missing = missing_in(hour);

        if (!is_hole(hour))
            continue;
        if (!open || json_integer_value(json_object_get(open, "to")) < at - BACKFILL_HOUR_S) {
            open = json_pack("{s:I, s:I, s:I}", "from", at - BACKFILL_HOUR_S, "to",
                             at + 2 * BACKFILL_HOUR_S, "missing", missing);
            json_array_append_new(holes, open);
            continue;
        }
        json_object_set_new(open, "to", json_integer(at + 2 * BACKFILL_HOUR_S));
        json_object_set_new(
            open, "missing",
            json_integer(json_integer_value(json_object_get(open, "missing")) + missing));
    }
    return holes;
}

static int fill_range(struct flow *flow, struct backfill *backfill, int64_t from_s, int64_t end_s,
                      struct err *e)
{
    for (; from_s < end_s; from_s += BACKFILL_RANGE_HOURS * BACKFILL_HOUR_S) {
        int64_t to_s = from_s + BACKFILL_RANGE_HOURS * BACKFILL_HOUR_S;

        if (backfill_logs(flow, backfill, from_s, to_s < end_s ? to_s : end_s, e))
            return -1;
    }
    return 0;
}

/* What came late in the hours of a hole lies under its own, earlier time: the hours before are read
 * too, as far back as late events count at all; no hour twice. */
static int fill_holes(struct flow *flow, struct backfill *backfill, const json_t *holes,
                      struct err *e)
{
    int64_t late_s = (int64_t)backfill->billing->settings.late_days * DAY_S, done_s = INT64_MIN;
    size_t i;
    json_t *hole;

    json_array_foreach(holes, i, hole) {
        int64_t from_s = json_integer_value(json_object_get(hole, "from")) - late_s;
        int64_t to_s = json_integer_value(json_object_get(hole, "to"));

        if (fill_range(flow, backfill, from_s > done_s ? from_s : done_s, to_s, e))
            return -1;
        done_s = to_s > done_s ? to_s : done_s;
    }
    return 0;
}

/* ---- the report ---- */

static json_t *source_report(const struct backfill_source *source)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "found", (json_int_t)source->found, "unreadable",
                     (json_int_t)source->unreadable, "events", (json_int_t)source->written.events,
                     "objects", (json_int_t)source->written.objects);
}

static json_int_t lost(const struct backfill *backfill, const json_t *holes)
{
    json_int_t missing = 0;
    size_t i;
    json_t *hole;

    json_array_foreach(holes, i, hole)
        missing += json_integer_value(json_object_get(hole, "missing"));
    missing -= (json_int_t)(backfill->logs.events + backfill->logs.there +
                            backfill->errors.written.events + backfill->damaged.written.events);
    return missing > 0 ? missing : 0;
}

static json_t *report_of(const struct backfill *backfill, const json_t *holes, json_t *retention)
{
    const struct backfill_request *request = backfill->request;

    return json_pack(
        "{s:s, s:s, s:I, s:I, s:b, s:O, s:{s:I, s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:I}",
        "format_version", JSON_FORMAT_VERSION, "pipeline", backfill->billing->pipeline, "from",
        (json_int_t)request->from_s, "to", (json_int_t)request->to_s, "dry_run", request->dry_run,
        "holes", holes, "logs", "read", (json_int_t)backfill->read, "present",
        (json_int_t)backfill->present, "events", (json_int_t)backfill->logs.events, "objects",
        (json_int_t)backfill->logs.objects, "errors", source_report(&backfill->errors), "damaged",
        source_report(&backfill->damaged), "legacy",
        request->legacy_prefix ? source_report(&backfill->legacy) : json_null(), "retention_days",
        retention ? retention : json_null(), "lost", lost(backfill, holes));
}

/* Holes are looked for first: what is written then is not counted as having been there. */
static int run(struct flow *flow, struct backfill *backfill, json_t **holes, json_t **retention,
               struct err *e)
{
    const struct backfill_request *request = backfill->request;
    json_auto_t *audit = NULL;

    if (request->legacy_prefix)
        return backfill_objects_legacy(flow, backfill, e);
    backfill_progress(backfill, "looking for holes");
    audit = audit_run(flow, backfill->billing, request->from_s, request->to_s, e);
    if (!audit)
        return -1;
    json_decref(*holes);
    *holes = find_holes(audit);
    if (backfill_objects_errors(flow, backfill, e) || backfill_objects_damaged(flow, backfill, e))
        return -1;
    if (json_array_size(*holes) && backfill_reach(flow, backfill->billing, retention, e) < 0)
        return -1;
    return fill_holes(flow, backfill, *holes, e);
}

json_t *backfill_run(struct flow *flow, const struct billing *billing,
                     const struct backfill_request *request, struct err *e)
{
    struct backfill backfill = {.billing = billing,
                                .request = request,
                                .errors = {.kind = "error"},
                                .damaged = {.kind = "damaged"},
                                .legacy = {.kind = "legacy"}};
    json_t *holes = json_array(), *retention = NULL, *report = NULL;

    if (!recovered_prefix(billing))
        err_set(e, ERR_INVALID, "the spec has no recovered_table: there is nowhere to backfill to");
    else if (!run(flow, &backfill, &holes, &retention, e))
        report = report_of(&backfill, holes, retention);
    else
        json_decref(retention);
    json_decref(holes);
    return report;
}
