/* close_audit.c -- what the audit of a month says against closing it. */
#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "billing/audit/audit.h"
#include "billing/audit/audit_gap.h"
#include "billing/close/close_private.h"

#include <string.h>

enum { GAPS_SHOWN = 10 };

static void add_gap(struct close *close, const json_t *gap)
{
    const char *hop = json_text(gap, "hop"), *why = json_text(gap, "explanation");
    char from[TIMESTAMP_ROOM], to[TIMESTAMP_ROOM];

    timestamp_minute(json_integer_value(json_object_get(gap, "from")), from);
    timestamp_minute(json_integer_value(json_object_get(gap, "to")), to);
    close_reason(close, "the audit misses %" JSON_INTEGER_FORMAT " events (%s), %s to %s%s%s",
                 json_integer_value(json_object_get(gap, "events")), hop ? hop : "?", from, to,
                 why ? ": " : "", why ? why : "");
}

static bool is_counted(const json_t *gap)
{
    return audit_gap_is_open(gap) && !json_is_true(json_object_get(gap, "explained"));
}

static void add_gaps(struct close *close)
{
    const json_t *gaps = json_object_get(close->audit, "gaps"), *gap;
    size_t i, shown = 0, more = 0;

    json_array_foreach(gaps, i, gap) {
        if (!is_counted(gap))
            continue;
        if (shown++ < GAPS_SHOWN)
            add_gap(close, gap);
        else
            more++;
    }
    if (!shown)
        close_reason(close, "the audit of the month failed; `billingd audit` tells why");
    if (more)
        close_reason(close, "%zu more gaps; `billingd audit` shows them", more);
}

static bool is_older_than_counts(const struct close *close)
{
    return close->period.from_s < clock_now_ms() / 1000 - AUDIT_COUNTS_KEPT_S;
}

/* What nobody counted may be missing without anybody knowing: where CloudWatch has dropped the
 * counts with age that is noted; younger hours without counts, a silent month, and more than was
 * logged, need somebody's word; whatever else is not known refuses the close. */
static void judge_unknown(struct close *close, const char *reason, const char *text)
{
    bool counts = !strcmp(reason, "counts") || !strcmp(reason, "silent");
    bool can_accept = counts || !strcmp(reason, "surplus") || !strcmp(reason, "undecided") ||
                      !strcmp(reason, "foreign") || !strcmp(reason, "gateway");
    bool is_noted = counts && !close->number && is_older_than_counts(close);

    if (!can_accept)
        close_reason(close, "the audit cannot tell whether all is there: %s", text);
    else if (close->accept_unknown || is_noted)
        close_note(close, "the audit proves less than it could: %s", text);
    else
        close_reason(close,
                     "the audit cannot tell whether all is there: %s; --accept-unknown closes all "
                     "the same, and the manifest says so",
                     text);
}

static void note_accepted(struct close *close)
{
    size_t i;
    const json_t *gap;

    json_array_foreach(json_object_get(close->audit, "gaps"), i, gap)
        if (json_object_get(gap, "accepted"))
            close_note(close, "%" JSON_INTEGER_FORMAT " events are missing (%s), and accepted: %s",
                       json_whole(gap, "events"), json_text(gap, "hop"),
                       json_text(gap, "accepted"));
}

static void judge_audit(struct close *close)
{
    const char *verdict = json_text(close->audit, "verdict");
    const json_t *reasons = json_object_get(close->audit, "reasons");
    const char *uncounted = json_text(close->audit, "uncounted");
    size_t i;
    json_t *one;

    note_accepted(close);
    if (uncounted)
        close_note(close, "the audit proves less than it could: %s", uncounted);
    if (verdict && (!strcmp(verdict, "complete") || !strcmp(verdict, "accepted")))
        return;
    if (!verdict || strcmp(verdict, "unknown") != 0)
        add_gaps(close);
    else if (!json_array_size(reasons))
        close_reason(close, "the audit cannot tell whether all is there");
    json_array_foreach(reasons, i, one)
        judge_unknown(close, json_text(one, "reason"), json_text(one, "text"));
}

int close_audit(struct flow *flow, struct close *close, const struct billing *billing,
                struct err *e)
{
    close_tell(close, "auditing the month");
    close->audit = audit_run(flow, billing, close->period.from_s, close->period.to_s, e);
    if (!close->audit)
        return -1;
    json_object_del(close->audit, "freshness_seconds"); /* of this moment, not of the month */
    judge_audit(close);
    return 0;
}
