/* backfill.c -- finds the holes, fills what can be filled, and tells what is lost. */
#include "billing/backfill/backfill.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit.h"
#include "billing/backfill/backfill_private.h"
#include "billing/events/events_missing.h"
#include "billing/store/recovered.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

/* ---- holes ---- */

/* A gap whose events may be in the log group though they are not in S3. */
static bool is_hole(const json_t *gap)
{
    const char *hop = json_text(gap, "hop");

    return !strcmp(hop, "forwarded") || !strcmp(hop, "delivered") ||
           (!strcmp(hop, "ingested") && /* nobody says whether they were logged */
            json_is_false(json_object_get(gap, "counted")));
}

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* The hours it takes to read a gap again: all that may have lost its events, and one more on both
 * sides, since CloudWatch counts an event in the hour it came and the log group has it under its
 * own time. */
static json_t *hole_of(const json_t *gap)
{
    bool counts = strcmp(json_text(gap, "hop"), "ingested") != 0;

    return json_pack("{s:I, s:I, s:I}", "from", number(gap, "from") - BACKFILL_HOUR_S, "to",
                     number(gap, "to") + BACKFILL_HOUR_S, "missing",
                     counts ? number(gap, "events") : (json_int_t)0);
}

static int by_from(const void *a, const void *b)
{
    json_int_t x = number(*(json_t *const *)a, "from"), y = number(*(json_t *const *)b, "from");

    return (x > y) - (x < y);
}

/* Holes that touch are one; in the order of time. */
static json_t *join_holes(json_t **found, size_t count)
{
    json_t *holes = json_array(), *open = NULL;

    qsort(found, count, sizeof *found, by_from);
    for (size_t i = 0; i < count; i++) {
        if (!open || number(found[i], "from") > number(open, "to")) {
            open = found[i];
            json_array_append(holes, open);
            continue;
        }
        if (number(found[i], "to") > number(open, "to"))
            json_object_set(open, "to", json_object_get(found[i], "to"));
        json_object_set_new(open, "missing",
                            json_integer(number(open, "missing") + number(found[i], "missing")));
    }
    return holes;
}

static json_t *find_holes(const json_t *audit)
{
    const json_t *gaps = json_object_get(audit, "gaps");
    cleanup_free json_t **found = mem_new((json_array_size(gaps) + 1) * sizeof(json_t *));
    json_t *holes, *gap;
    size_t count = 0, i;

    json_array_foreach(gaps, i, gap)
        if (is_hole(gap))
            found[count++] = hole_of(gap);
    holes = join_holes(found, count);
    while (count)
        json_decref(found[--count]);
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
static int run(struct flow *flow, struct backfill *backfill, json_t **holes, json_t **retention,
               struct err *e)
{
    const struct backfill_request *request = backfill->request;
    json_auto_t *audit = NULL;

    if (request->legacy_prefix)
        return backfill_objects_legacy(flow, backfill, e);
    backfill_progress(backfill, "looking for holes");
    audit = audit_run(flow, backfill->billing, request->from_s, request->to_s, e);
    if (!audit || check_view(audit, e))
        return -1;
    json_decref(*holes);
    *holes = find_holes(audit);
    if (backfill_objects_errors(flow, backfill, e) || backfill_objects_damaged(flow, backfill, e))
        return -1;
    if (json_array_size(*holes) && events_missing_reach(flow, backfill->billing, retention, e) < 0)
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
