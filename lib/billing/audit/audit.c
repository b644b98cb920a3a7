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
    size_t around;

    audit->later = (size_t)audit->billing->settings.late_days * 24;
    if (audit->later < AUDIT_RETRY_HOURS)
        audit->later = AUDIT_RETRY_HOURS;
    /* So much around the window is read that what is outside of that has no part in its hours. */
    around = audit->later + AUDIT_RETRY_HOURS;
    audit->asked_to_s = to_s;
    audit->counts_s = clock_now_ms() / 1000 - AUDIT_COUNTS_KEPT_S;
    audit->from_s = whole_hour(from_s);
    audit->to_s = whole_hour(to_s < settled_s ? to_s : settled_s);
    if (audit->to_s < audit->from_s)
        audit->to_s = audit->from_s;
    audit->wide_s = audit->from_s - (int64_t)around * AUDIT_HOUR_S;
    end_s = audit->to_s + (int64_t)around * AUDIT_HOUR_S;
    if (end_s > settled_s)
        end_s = settled_s > audit->to_s ? settled_s : audit->to_s;
    audit->count = (size_t)((end_s - audit->wide_s) / AUDIT_HOUR_S);
    audit->first = around;
    audit->last = (size_t)((audit->to_s - audit->wide_s) / AUDIT_HOUR_S);
    audit->hours = mem_new((audit->count + 1) * sizeof *audit->hours);
    for (size_t i = 0; i < audit->count; i++)
        audit->hours[i].hour_s = audit->wide_s + (int64_t)i * AUDIT_HOUR_S;
}

static void audit_fini(struct audit *audit)
{
    free(audit->hours);
    free(audit->unread);
    json_decref(audit->foreign);
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

static json_t *missing_document(const struct audit_hour *hour)
{
    json_t *missing = json_object();
    int64_t unparsed = audit_lines_unparsed(hour);

    for (size_t hop = 0; hop < AUDIT_HOPS; hop++)
        if (hour->missing[hop])
            json_object_set_new(missing, audit_ladder_hops[hop],
                                json_integer((json_int_t)hour->missing[hop]));
    if (unparsed)
        json_object_set_new(missing, "parsed", json_integer((json_int_t)unparsed));
    return missing;
}

/* null for what was not read. */
static void put_counts(json_t *document, const struct audit *audit, const struct audit_hour *hour)
{
    const struct {
        const char *name;
        int64_t count;
    } counts[] = {
        {"parsed", parsed(hour)}, {"unique", hour->unique},
        {"made", hour->made},     {"logged", hour->logged},
        {"lines", hour->lines},   {"unreadable", hour->unreadable},
        {"late", hour->late},     {"unattributed", hour->unattributed},
    };

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_object_set_new(document, counts[i].name,
                            count_or_null(audit->unread ? METRICS_UNKNOWN : counts[i].count));
}

static json_t *hour_document(const struct audit *audit, const struct audit_hour *hour)
{
    json_t *document = json_pack("{s:I}", "hour", (json_int_t)hour->hour_s);
    json_auto_t *missing = missing_document(hour);

    for (size_t hop = 0; hop < AUDIT_HOPS; hop++)
        json_object_set_new(document, audit_ladder_hops[hop], count_or_null(hour->hops[hop]));
    put_counts(document, audit, hour);
    json_object_set_new(document, "delivery_errors", count_or_null(hour->errors));
    json_object_set_new(document, "delivery_throttling", count_or_null(hour->throttled));
    if (json_object_size(missing))
        json_object_set(document, "missing", missing);
    if (hour->foreign)
        json_object_set_new(document, "foreign", json_integer((json_int_t)hour->foreign));
    if (hour->surplus)
        json_object_set_new(document, "surplus", json_integer((json_int_t)hour->surplus));
    return document;
}

struct hours {
    const struct audit *audit;
    json_t *document;
};

/* On another thread: the hours of a year are some hundred thousand values. */
static void make_hours(void *arg)
{
    struct hours *hours = arg;
    const struct audit *audit = hours->audit;

    hours->document = json_array();
    for (size_t i = audit->first; i < audit->last; i++)
        json_array_append_new(hours->document, hour_document(audit, &audit->hours[i]));
}

static struct audit_hour sum_hours(const struct audit *audit)
{
    struct audit_hour sum = {0};

    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];

        sum.foreign += hour->foreign;
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
    bool days = json_array_size(audit->days) > 0, unread = audit->unread != NULL;

    json_object_set_new(totals, "parsed", count_or_null(unread ? METRICS_UNKNOWN : parsed(sum)));
    json_object_set_new(totals, "unique", count_or_null(unread ? METRICS_UNKNOWN : sum->unique));
    json_object_set_new(totals, "rolled_up",
                        count_or_null(days ? audit_sum_days(audit, "rolled_up") : METRICS_UNKNOWN));
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

/* No closed billing day lies in these hours: there is nothing to compare, which is known. */
static json_t *not_due_document(const struct audit *audit)
{
    return audit->has_days ? json_array() : json_pack("[s, s]", "rolled_up", "billed");
}

static void put_objects(json_t *document, const struct audit *audit)
{
    json_object_set(document, "error_objects",
                    audit->error_objects ? audit->error_objects : json_null());
    json_object_set(document, "legacy", audit->legacy ? audit->legacy : json_null());
    json_object_set(document, "freshness_seconds",
                    audit->freshness ? audit->freshness : json_null());
}

struct named_count {
    const char *name;
    int64_t count;
};

/* Ends with a name NULL; null for what was not read. */
static json_t *counts_document(const struct audit *audit, const struct named_count *counts)
{
    json_t *document = json_object();

    for (; counts->name; counts++)
        json_object_set_new(document, counts->name,
                            count_or_null(audit->unread ? METRICS_UNKNOWN : counts->count));
    return document;
}

/* What arrived in the judged hours and nobody is billed for; of the days, what came too late. */
static json_t *excluded_document(const struct audit *audit, const struct audit_hour *sum)
{
    struct audit_counting counting = audit_sum_counting(audit);

    return counts_document(
        audit, (struct named_count[]){
                   {"foreign", audit->tells_foreign ? sum->foreign : METRICS_UNKNOWN},
                   {"control", sum->control},
                   {"unreadable", sum->unreadable},
                   {"blank", sum->blank},
                   {"invalid", sum->invalid},
                   {"untimed", sum->untimed},
                   {"duplicate_events", sum->lines - sum->hops[AUDIT_DELIVERED]},
                   {"duplicate_requests", sum->request_copies},
                   {"too_late", audit_sum_days(audit, "late_events") + counting.too_late},
                   {"out_of_window", counting.out_of_window},
                   {NULL, 0}});
}

static json_t *included_document(const struct audit *audit, const struct audit_hour *sum)
{
    return counts_document(audit, (struct named_count[]){{"repaired", sum->repaired},
                                                         {"estimated", sum->estimated},
                                                         {"late", sum->late},
                                                         {"unattributed", sum->unattributed},
                                                         {"no_id", sum->no_id},
                                                         {"id_conflicts", sum->id_conflicts},
                                                         {"length_unknown", sum->length_unknown},
                                                         {"length_refused", sum->length_refused},
                                                         {NULL, 0}});
}

/* Takes the references of gaps and hours. */
static json_t *document_of(const struct audit *audit, json_t *gaps, json_t *hours)
{
    struct audit_hour sum = sum_hours(audit);
    json_t *reasons = audit_verdict_reasons(audit), *document;
    size_t dropped;

    document = json_pack(
        "{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:O, s:o, s:s, s:s, s:o, s:I}", "format_version",
        JSON_FORMAT_VERSION, "pipeline", audit->billing->pipeline, "from",
        (json_int_t)audit->from_s, "to", (json_int_t)audit->to_s, "hops", names_document(),
        "totals", totals_document(audit, &sum), "adds_up", audit_sum_document(audit), "hours",
        hours, "days", audit->days, "gaps", gaps, "max_gap",
        audit->billing->settings.max_gap, "verdict", audit_verdict(gaps, reasons), "reasons",
        reasons, "unknown_hours", (json_int_t)audit_ladder_unknown_hours(audit, &dropped));
    json_object_set_new(document, "not_due", not_due_document(audit));
    json_object_set_new(document, "excluded", excluded_document(audit, &sum));
    json_object_set_new(document, "included", included_document(audit, &sum));
    json_object_set_new(document, "foreign", audit_foreign_document(audit));
    json_object_set_new(document, "undecided",
                        count_or_null(audit->unread ? METRICS_UNKNOWN : audit->undecided));
    json_object_set_new(document, "uncounted", audit_verdict_uncounted(audit));
    json_object_set_new(document, "other_stages", count_or_null(audit->elsewhere));
    json_object_set_new(document, "damaged", json_deep_copy(damaged_objects(audit->billing)));
    put_objects(document, audit);
    return document;
}

/* Events that arrive between the two queries are in one of them: then both are asked again. */
static int read_requests(struct flow *flow, struct audit *audit, struct err *e)
{
    enum { LOOKS = 2 };

    for (int look = 0; look < LOOKS; look++) {
        if (audit_events_read(flow, audit, e) || audit_days_read(flow, audit, e))
            return -1;
        if (audit_sum_agrees(audit))
            break;
    }
    return 0;
}

static json_t *judge(struct flow *flow, struct audit *audit, struct err *e)
{
    struct hours hours = {.audit = audit};
    json_t *gaps;

    audit_ladder(audit);
    gaps = audit_ladder_gaps(audit);
    if (!audit_exact(flow, audit, gaps, e)) {
        flow_work(flow, make_hours, &hours);
        if (!flow_is_cancelled(flow))
            return document_of(audit, audit_explain(audit, gaps), hours.document);
        err_set(e, ERR_CANCELLED, "cancelled"); /* while it was made: nobody goes by it any more */
        flow_drop(flow, hours.document);
    }
    json_decref(gaps);
    return NULL;
}

json_t *audit_run(struct flow *flow, const struct billing *billing, int64_t from_s, int64_t to_s,
                  struct err *e)
{
    struct audit audit = {.billing = billing};
    json_t *document = NULL;

    set_window(&audit, from_s, to_s);
    audit_days_find(&audit);
    if (!audit_counts_read(flow, &audit, e) && !read_requests(flow, &audit, e) &&
        !audit_objects_read(flow, &audit, e) && !audit_fresh_read(flow, &audit, e))
        document = judge(flow, &audit, e);
    audit_fini(&audit);
    return document;
}

bool audit_has_gap(const json_t *audit)
{
    const char *verdict = json_text(audit, "verdict");

    return !verdict || !strcmp(verdict, "gap");
}
