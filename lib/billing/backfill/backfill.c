/* backfill.c -- finds the holes, fills what can be filled, and tells what is lost. */
#include "billing/backfill/backfill.h"

#include "base/json.h"
#include "billing/audit/audit.h"
#include "billing/backfill/backfill_private.h"
#include "billing/backfill/backfill_worth.h"
#include "billing/events/events_missing.h"
#include "billing/store/athena_query.h"
#include "billing/store/recovered.h"

#include <string.h>

enum { DAY_S = 86400 };

/* ---- holes ---- */

/* Later ranges are left out once the budget is used up. */
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
static int fill_whole(struct flow *flow, struct backfill *backfill, const json_t *holes,
                      struct err *e)
{
    int64_t late_s = (int64_t)backfill->billing->settings.late_days * DAY_S, done_s = INT64_MIN;
    size_t i;
    json_t *hole;

    json_array_foreach(holes, i, hole) {
        int64_t from_s = json_whole(hole, "from") - late_s, to_s = json_whole(hole, "to");

        if (fill_range(flow, backfill, from_s > done_s ? from_s : done_s, to_s, e))
            return -1;
        done_s = to_s > done_s ? to_s : done_s;
    }
    return 0;
}

/* With a budget the hours that most likely hold it come first, and those that were read before
 * come last: so a hole larger than the budget is read to its end, too. */
static int fill_paced(struct flow *flow, struct backfill *backfill, const json_t *holes,
                      struct err *e)
{
    int64_t late_s = (int64_t)backfill->billing->settings.late_days * DAY_S;
    size_t i;
    json_t *hole;

    for (int step = 0; step < 4; step++) {
        bool late = step % 2;

        backfill->again = step / 2;
        json_array_foreach(holes, i, hole) {
            int64_t from_s = json_whole(hole, "from"), to_s = json_whole(hole, "to");

            if (fill_range(flow, backfill, late ? from_s - late_s : from_s, late ? from_s : to_s,
                           e))
                return -1;
        }
    }
    return 0;
}

static int fill_holes(struct flow *flow, struct backfill *backfill, const json_t *holes,
                      struct err *e)
{
    return backfill->request->pace ? fill_paced(flow, backfill, holes, e)
                                   : fill_whole(flow, backfill, holes, e);
}

/* ---- the report ---- */

static json_t *source_report(const struct backfill_source *source)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "found", (json_int_t)source->found, "unreadable",
                     (json_int_t)source->unreadable, "events", (json_int_t)source->written.events,
                     "objects", (json_int_t)source->written.objects);
}

/* Unknown when not all was read. */
static json_t *lost(const struct backfill *backfill, const json_t *holes)
{
    json_int_t missing = 0;
    size_t i;
    json_t *hole;

    if (backfill->request->pace)
        return json_null();
    json_array_foreach(holes, i, hole)
        missing += json_integer_value(json_object_get(hole, "missing"));
    missing -= (json_int_t)(backfill->logs.events + backfill->logs.there +
                            backfill->errors.written.events + backfill->damaged.written.events);
    return json_integer(missing > 0 ? missing : 0);
}

static void put_worth(json_t *report, const struct backfill *backfill, const json_t *holes)
{
    json_int_t missing = json_whole(report, "lost");

    json_object_set_new(report, "bytes_read",
                        json_integer((json_int_t)backfill_pace_bytes(backfill)));
    json_object_set_new(report, "pieces", json_integer((json_int_t)backfill->pieces));
    json_object_set_new(report, "over_budget", json_boolean(backfill->over_budget));
    json_object_set_new(report, "worth",
                        backfill_worth_document(backfill->billing, backfill->worth));
    json_object_set_new(report, "at_risk",
                        missing ? backfill_worth_at_risk(backfill->billing, holes, missing)
                                : json_null());
}

static json_t *report_of(const struct backfill *backfill, const json_t *holes, json_t *retention)
{
    const struct backfill_request *request = backfill->request;
    json_t *report = json_pack(
        "{s:s, s:s, s:I, s:I, s:b, s:O, s:{s:I, s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:o}",
        "format_version", JSON_FORMAT_VERSION, "pipeline", backfill->billing->pipeline, "from",
        (json_int_t)request->from_s, "to", (json_int_t)request->to_s, "dry_run", request->dry_run,
        "holes", holes, "logs", "read", (json_int_t)backfill->read, "present",
        (json_int_t)backfill->present, "events", (json_int_t)backfill->logs.events, "objects",
        (json_int_t)backfill->logs.objects, "errors", source_report(&backfill->errors), "damaged",
        source_report(&backfill->damaged), "legacy",
        request->legacy_prefix ? source_report(&backfill->legacy) : json_null(), "retention_days",
        retention ? retention : json_null(), "lost", lost(backfill, holes));

    json_object_set(report, "reasons", backfill->reasons ? backfill->reasons : json_null());
    put_worth(report, backfill, holes);
    return report;
}

/* Which events are there is asked of the view: before `apply` there is none that knows. */
static int check_view(const json_t *audit, struct err *e)
{
    size_t i;
    json_t *reason;

    json_array_foreach(json_object_get(audit, "reasons"), i, reason)
        if (!strcmp(json_text(reason, "reason"), "view"))
            return err_set(e, ERR_INVALID, "%s", json_text(reason, "text"));
    return 0;
}

/* Holes are looked for first: what is written then is not counted as having been there. */
static int find_holes(struct flow *flow, struct backfill *backfill, json_t **holes, struct err *e)
{
    const struct backfill_request *request = backfill->request;
    json_auto_t *audit = json_share(request->audit);

    if (!audit) {
        backfill_progress(backfill, "looking for holes");
        audit = audit_run(flow, backfill->billing, request->from_s, request->to_s, e);
    }
    if (!audit || check_view(audit, e))
        return -1;
    backfill->reasons = json_share(json_object_get(audit, "reasons"));
    *holes = backfill_holes(audit);
    return 0;
}

static int run(struct flow *flow, struct backfill *backfill, json_t **holes, json_t **retention,
               struct err *e)
{
    if (backfill->request->legacy_prefix) {
        *holes = json_array();
        return backfill_objects_legacy(flow, backfill, e);
    }
    if (find_holes(flow, backfill, holes, e) || backfill_objects_errors(flow, backfill, e) ||
        backfill_objects_damaged(flow, backfill, e))
        return -1;
    if (json_array_size(*holes) && events_missing_reach(flow, backfill->billing, retention, e) < 0)
        return -1;
    return fill_holes(flow, backfill, *holes, e);
}

json_t *backfill_run(struct flow *flow, const struct billing *billing,
                     const struct backfill_request *request, struct err *e)
{
    json_auto_t *worth = json_object();
    struct backfill backfill = {.billing = billing,
                                .request = request,
                                .scanned_before = athena_query_scanned(),
                                .worth = worth,
                                .errors = {.kind = "error"},
                                .damaged = {.kind = "damaged"},
                                .legacy = {.kind = "legacy"}};
    json_auto_t *holes = NULL;
    json_t *retention = NULL, *report = NULL;

    events_present_init(&backfill.ids, (int64_t)BACKFILL_RANGE_HOURS * BACKFILL_HOUR_S);
    if (!recovered_prefix(billing))
        err_set(e, ERR_INVALID, "the spec has no recovered_table: there is nowhere to backfill to");
    else if (!run(flow, &backfill, &holes, &retention, e))
        report = report_of(&backfill, holes, retention);
    else
        json_decref(retention);
    events_present_fini(&backfill.ids);
    json_decref(backfill.reasons);
    return report;
}
