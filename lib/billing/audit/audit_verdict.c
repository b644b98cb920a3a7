/* audit_verdict.c -- complete, or why not.  What was not counted proves nothing. */
#include "base/json.h"
#include "billing/audit/audit_gap.h"
#include "billing/audit/audit_private.h"

#include <string.h>

static void add(json_t *reasons, const char *reason, json_t *text)
{
    json_array_append_new(reasons, json_pack("{s:s, s:o}", "reason", reason, "text", text));
}

/* Nobody counted anything in the judged hours: not even that there was nothing. */
static bool is_silent(const struct audit *audit)
{
    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];

        for (size_t hop = 0; hop < AUDIT_HOPS; hop++)
            if (hour->hops[hop] > 0)
                return false;
        if (hour->lines || hour->unreadable || hour->control)
            return false;
    }
    return true;
}

static void add_window(json_t *reasons, const struct audit *audit)
{
    if (audit->before_since)
        add(reasons, "before_since",
            json_sprintf("nothing to audit: billing begins on %s (rollup.since)",
                         audit->billing->settings.since));
    else if (audit->first == audit->last)
        add(reasons, "open",
            json_string("nothing to audit yet: no hour of it has ended and settled"));
    else if (is_silent(audit))
        add(reasons, "silent",
            json_string("nothing to audit: no hop counted anything in these hours; either nobody "
                        "called, or it is before the pipeline's first data"));
}

static void add_sum(json_t *reasons, const struct audit *audit)
{
    if (!audit_sum_agrees(audit))
        add(reasons, "sum",
            json_sprintf("it does not add up: of the days' requests %" JSON_INTEGER_FORMAT
                         " were found by hours of arrival and %" JSON_INTEGER_FORMAT
                         " by billing days; events arrive meanwhile, or a query is wrong",
                         (json_int_t)audit->counted, (json_int_t)audit_sum_days(audit, "calls")));
}

static bool is_above(const struct audit *audit, int64_t events, int64_t whole)
{
    return audit_ladder_exceeds(events, whole, audit->billing->settings.max_gap);
}

/* What another log group's envelope holds is no event of ours.  These say they are: they are billed
 * like all others, and one of them may stand where a lost one should, so that counts tell no loss
 * any more. */
static void add_surplus(json_t *reasons, const struct audit *audit)
{
    int64_t surplus = audit_ladder_surplus(audit);

    if (is_above(audit, surplus, audit_ladder_sum(audit, AUDIT_INGESTED)))
        add(reasons, "surplus",
            json_sprintf("S3 holds %" JSON_INTEGER_FORMAT
                         " events that name the log group and that it did not take in: another "
                         "writer uses the stream or prefix; they are billed, and may hide as many "
                         "that were lost",
                         (json_int_t)surplus));
}

/* Of log groups of other accounts that billing.log_groups names: billed, compared with nothing. */
static void add_elsewhere(json_t *reasons, const struct audit *audit)
{
    int64_t events = 0;

    for (size_t i = audit->first; i < audit->last; i++)
        events += audit->hours[i].elsewhere;
    if (is_above(audit, events, audit_ladder_sum(audit, AUDIT_DELIVERED)))
        add(reasons, "surplus",
            json_sprintf("S3 holds %" JSON_INTEGER_FORMAT
                         " events of log groups of other accounts, of which nobody here knows how "
                         "many there should be; they are billed",
                         (json_int_t)events));
}

/* The log group took them in, and API and stage did not: so many of ours may never have been logged
 * without any count that says so. */
static void add_over(json_t *reasons, const struct audit *audit)
{
    if (is_above(audit, audit->over, audit_ladder_sum(audit, AUDIT_GATEWAY)))
        add(reasons, "surplus",
            json_sprintf("the log group holds %" JSON_INTEGER_FORMAT
                         " requests more than API Gateway counted of the API and stage: another "
                         "API or stage logs to it; they are billed, and may hide as many that were "
                         "never logged",
                         (json_int_t)audit->over));
}

/* What was never logged only the gateway's count can miss. */
static void add_gateway(json_t *reasons, const struct audit *audit)
{
    if (audit->no_api && audit_ladder_sum(audit, AUDIT_INGESTED))
        add(reasons, "gateway",
            json_sprintf("%zu HTTP APIs are named %s, so API Gateway's count is unknown: requests "
                         "that were never logged nobody would miss; api_id of the stage's logging "
                         "says which API it is",
                         audit->apis, audit->billing->names.api_name));
}

/* An hour without a request has no count; where no hour has one, and events came all the same,
 * nothing but the log group speaks for what was logged. */
static bool is_uncounted(const struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++)
        if (audit->hours[i].hops[AUDIT_GATEWAY] != METRICS_UNKNOWN)
            return false;
    return audit_ladder_sum(audit, AUDIT_INGESTED) > 0;
}

json_t *audit_verdict_uncounted(const struct audit *audit)
{
    const struct billing_names *names = &audit->billing->names;

    if (audit->no_api || !is_uncounted(audit))
        return json_null();
    if (!*names->api_id && !*names->api_name)
        return json_string("the spec names no API and stage, so API Gateway's count is not known: "
                           "requests that were never logged nobody would miss");
    return json_string("API Gateway counted no request of API and stage, and the log group took "
                       "events in: another API or stage logs to it, or the API was made anew, with "
                       "another id; requests that were never logged nobody would miss");
}

/* Requests that were under way when an hour ended, and lost ones, in the same numbers. */
static void add_undecided(json_t *reasons, const struct audit *audit)
{
    if (is_above(audit, audit->undecided, audit_ladder_sum(audit, AUDIT_GATEWAY)))
        add(reasons, "undecided",
            json_sprintf("so many requests were under way at the ends of these hours that up to "
                         "%" JSON_INTEGER_FORMAT
                         " lost ones cannot be told from them by counts; more hours can tell",
                         (json_int_t)audit->undecided));
}

/* The gateway's count tells others' events from our own under a former name: those are missed. */
static void add_foreign(json_t *reasons, const struct audit *audit)
{
    json_auto_t *foreign = audit_foreign_document(audit);
    int64_t requests = json_whole(foreign, "requests");

    for (size_t i = 0; i < audit->count; i++)
        if (audit->hours[i].hops[AUDIT_GATEWAY] != METRICS_UNKNOWN)
            return;
    if (is_above(audit, requests, requests + audit_ladder_sum(audit, AUDIT_DELIVERED)))
        add(reasons, "foreign",
            json_sprintf("API Gateway's count is unknown, and S3 holds %" JSON_INTEGER_FORMAT
                         " events of other log groups that would be requests: nobody can tell "
                         "whether they are ours under a former name; billing.log_groups names it "
                         "if they are",
                         (json_int_t)requests));
}

static json_t *counts_text(size_t unknown, size_t dropped)
{
    if (!dropped)
        return json_sprintf(
            "for %zu hours with events CloudWatch does not say how many there should be", unknown);
    return json_sprintf(
        "for %zu hours CloudWatch does not say how many events there should be; %zu of "
        "them are older than it keeps counts (455 days): whatever was there may be "
        "gone without a trace",
        unknown, dropped);
}

json_t *audit_verdict_reasons(const struct audit *audit)
{
    json_t *reasons = json_array();
    size_t dropped, unknown = audit_ladder_unknown_hours(audit, &dropped);

    add_window(reasons, audit);
    if (audit->unread)
        add(reasons, "view",
            json_sprintf("the view in the catalogue is not the one that `billingd apply` makes, so "
                         "nothing is known of what lies in S3: %s",
                         audit->unread));
    add_sum(reasons, audit);
    add_surplus(reasons, audit);
    add_elsewhere(reasons, audit);
    add_over(reasons, audit);
    add_gateway(reasons, audit);
    add_undecided(reasons, audit);
    add_foreign(reasons, audit);
    if (unknown && !audit->before_since)
        add(reasons, "counts", counts_text(unknown, dropped));
    return reasons;
}

const char *audit_verdict(const json_t *gaps, const json_t *reasons)
{
    bool accepted = false;
    size_t i;
    json_t *gap;

    json_array_foreach(gaps, i, gap) {
        if (audit_gap_is_open(gap))
            return "gap";
        accepted = accepted || json_object_get(gap, "accepted");
    }
    return json_array_size(reasons) ? "unknown" : accepted ? "accepted" : "complete";
}
