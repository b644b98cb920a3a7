/* audit.c -- asks everybody what they counted, and writes it down side by side. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_private.h"
#include "billing/store/damaged.h"

#include <string.h>

/* An hour is judged once it ended so long ago: CloudWatch's counts and Firehose's buffer (15
 * minutes at most) are in by then. */
enum { SETTLE_S = 30 * 60 };

static int64_t whole_hour(int64_t time_s)
{
    return time_s - time_s % AUDIT_HOUR_S;
}

static void set_window(struct audit *audit, int64_t from_s, int64_t to_s)
{
    int64_t settled_s = whole_hour(clock_now_ms() / 1000 - SETTLE_S), end_s;

    audit->later = (size_t)audit->billing->settings.late_days * 24;
    if (audit->later < AUDIT_RETRY_HOURS)
        audit->later = AUDIT_RETRY_HOURS;
    audit->from_s = whole_hour(from_s);
    audit->to_s = whole_hour(to_s < settled_s ? to_s : settled_s);
    if (audit->to_s < audit->from_s)
        audit->to_s = audit->from_s;
    audit->wide_s = audit->from_s - (int64_t)audit->later * AUDIT_HOUR_S;
    end_s = audit->to_s + (int64_t)audit->later * AUDIT_HOUR_S;
    if (end_s > settled_s)
        end_s = settled_s > audit->to_s ? settled_s : audit->to_s;
    audit->count = (size_t)((end_s - audit->wide_s) / AUDIT_HOUR_S);
    audit->first = audit->later;
    audit->last = (size_t)((audit->to_s - audit->wide_s) / AUDIT_HOUR_S);
    audit->hours = mem_new((audit->count + 1) * sizeof *audit->hours);
    for (size_t i = 0; i < audit->count; i++)
        audit->hours[i].hour_s = audit->wide_s + (int64_t)i * AUDIT_HOUR_S;
}

static void audit_fini(struct audit *audit)
{
    free(audit->hours);
    json_decref(audit->days);
    json_decref(audit->billed);
    json_decref(audit->error_objects);
    json_decref(audit->legacy);
    json_decref(audit->freshness);
}

/* ---- the document ---- */

static json_t *count_or_null(int64_t count)
{
    return count == METRICS_UNKNOWN ? json_null() : json_integer((json_int_t)count);
}

static json_int_t parsed(const struct audit_hour *hour)
{
    return (json_int_t)(hour->request_copies + hour->unique);
}

static json_t *hour_document(const struct audit_hour *hour)
{
    json_t *document = json_pack("{s:I}", "hour", (json_int_t)hour->hour_s);
    json_t *missing = json_object();

    for (size_t hop = 0; hop < AUDIT_HOPS; hop++) {
        json_object_set_new(document, audit_ladder_hops[hop], count_or_null(hour->hops[hop]));
        if (hour->missing[hop])
            json_object_set_new(missing, audit_ladder_hops[hop],
                                json_integer((json_int_t)hour->missing[hop]));
    }
    json_object_set_new(document, "parsed", json_integer(parsed(hour)));
    json_object_set_new(document, "unique", json_integer((json_int_t)hour->unique));
    json_object_set_new(document, "made", json_integer((json_int_t)hour->made));
    json_object_set_new(document, "lines", json_integer((json_int_t)hour->lines));
    json_object_set_new(document, "unreadable", json_integer((json_int_t)hour->unreadable));
    json_object_set_new(document, "late", json_integer((json_int_t)hour->late));
    json_object_set_new(document, "unattributed", json_integer((json_int_t)hour->unattributed));
    json_object_set_new(document, "delivery_errors", count_or_null(hour->errors));
    json_object_set_new(document, "delivery_throttling", count_or_null(hour->throttled));
    if (json_object_size(missing))
        json_object_set(document, "missing", missing);
    json_decref(missing);
    return document;
}

static json_t *hours_document(const struct audit *audit)
{
    json_t *hours = json_array();

    for (size_t i = audit->first; i < audit->last; i++)
        json_array_append_new(hours, hour_document(&audit->hours[i]));
    return hours;
}

static json_int_t sum_days(const struct audit *audit, const char *member)
{
    json_int_t sum = 0;
    size_t i;
    json_t *day;

    json_array_foreach(audit->days, i, day)
        sum += json_integer_value(json_object_get(day, member));
    return sum;
}

static struct audit_hour sum_hours(const struct audit *audit)
{
    struct audit_hour sum = {0};

    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];

        sum.control += hour->control;
        sum.unreadable += hour->unreadable;
        sum.lines += hour->lines;
        sum.hops[AUDIT_DELIVERED] += hour->hops[AUDIT_DELIVERED];
        sum.blank += hour->blank;
        sum.invalid += hour->invalid;
        sum.untimed += hour->untimed;
        sum.request_copies += hour->request_copies;
        sum.unique += hour->unique;
        sum.unattributed += hour->unattributed;
        sum.repaired += hour->repaired;
        sum.estimated += hour->estimated;
        sum.no_id += hour->no_id;
        sum.id_conflicts += hour->id_conflicts;
        sum.length_unknown += hour->length_unknown;
        sum.length_refused += hour->length_refused;
        sum.late += hour->late;
    }
    return sum;
}

static json_t *totals_document(const struct audit *audit, const struct audit_hour *sum)
{
    json_t *totals = audit_ladder_totals(audit);
    bool days = json_array_size(audit->days) > 0;

    json_object_set_new(totals, "parsed", json_integer(parsed(sum)));
    json_object_set_new(totals, "unique", json_integer((json_int_t)sum->unique));
    json_object_set_new(totals, "rolled_up",
                        days ? json_integer(sum_days(audit, "rolled_up")) : json_null());
    json_object_set(totals, "billed",
                    audit->billed ? json_object_get(audit->billed, "calls") : json_null());
    return totals;
}

static json_t *names_document(void)
{
    json_t *names = json_array();

    for (const char *const *name = audit_ladder_hops; *name; name++)
        json_array_append_new(names, json_string(*name));
    return names;
}

static void put_objects(json_t *document, const struct audit *audit)
{
    json_object_set(document, "error_objects",
                    audit->error_objects ? audit->error_objects : json_null());
    json_object_set(document, "legacy", audit->legacy ? audit->legacy : json_null());
    json_object_set(document, "freshness_seconds",
                    audit->freshness ? audit->freshness : json_null());
}

static json_t *document_of(struct audit *audit)
{
    struct audit_hour sum;
    json_t *document, *gaps;

    audit_ladder(audit);
    sum = sum_hours(audit);
    gaps = audit_explain(audit);
    document =
        json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:O, s:o, s:s, s:s, s:I}", "format_version",
                  JSON_FORMAT_VERSION, "pipeline", audit->billing->pipeline, "from",
                  (json_int_t)audit->from_s, "to", (json_int_t)audit->to_s, "hops",
                  names_document(), "totals", totals_document(audit, &sum), "hours",
                  hours_document(audit), "days", audit->days, "gaps", gaps, "max_gap",
                  audit->billing->settings.max_gap, "verdict", audit_explain_verdict(audit, gaps),
                  "unknown_hours", (json_int_t)audit_ladder_unknown_hours(audit));
    json_object_set_new(
        document, "excluded",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "control", (json_int_t)sum.control,
                  "unreadable", (json_int_t)sum.unreadable, "blank", (json_int_t)sum.blank,
                  "invalid", (json_int_t)sum.invalid, "untimed", (json_int_t)sum.untimed,
                  "duplicate_events", (json_int_t)(sum.lines - sum.hops[AUDIT_DELIVERED]),
                  "duplicate_requests", (json_int_t)sum.request_copies, "too_late",
                  sum_days(audit, "late_events")));
    json_object_set_new(document, "included",
                        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "repaired",
                                  (json_int_t)sum.repaired, "estimated", (json_int_t)sum.estimated,
                                  "late", (json_int_t)sum.late, "unattributed",
                                  (json_int_t)sum.unattributed, "no_id", (json_int_t)sum.no_id,
                                  "id_conflicts", (json_int_t)sum.id_conflicts, "length_unknown",
                                  (json_int_t)sum.length_unknown, "length_refused",
                                  (json_int_t)sum.length_refused));
    json_object_set_new(document, "damaged", json_deep_copy(damaged_objects(audit->billing)));
    put_objects(document, audit);
    return document;
}

json_t *audit_run(struct flow *flow, const struct billing *billing, int64_t from_s, int64_t to_s,
                  struct err *e)
{
    struct audit audit = {.billing = billing};
    json_t *document = NULL;

    set_window(&audit, from_s, to_s);
    if (!audit_counts_read(flow, &audit, e) && !audit_events_read(flow, &audit, e) &&
        !audit_days_read(flow, &audit, e) && !audit_objects_read(flow, &audit, e) &&
        !audit_fresh_read(flow, &audit, e))
        document = document_of(&audit);
    audit_fini(&audit);
    return document;
}

bool audit_has_gap(const json_t *audit)
{
    const char *verdict = json_text(audit, "verdict");

    return !verdict || !strcmp(verdict, "gap");
}
