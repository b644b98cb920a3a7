/* audit_private.h -- the inside of the audit.
 *
 * audit.c          from questions to one document
 * audit_counts.c   CloudWatch's counts per hour
 * audit_events.c   what lies in S3, by queries
 * audit_explain.c  gaps in words
 * audit_ladder.c   which hours fall short at which hop, and by how much: arithmetic only
 * audit_match.c    shortages of hours paid by surpluses of hours near them
 * audit_days.c     billing days: requests, rollups, the bill
 * audit_lines.c    lines that arrived and cannot be billed
 * audit_foreign.c  log events of other log groups
 * audit_sum.c      hours of arrival and billing days joined, to the event
 * audit_gap.c      one gap: is it open (audit_gap.h)
 * audit_verdict.c  complete, or why not
 * audit_exact.c    where ids can be compared, the hours of a loss exactly
 * audit_objects.c  objects nobody can read: the error prefix, and a stream's older form
 * audit_fresh.c    how old the newest of everything is */
#ifndef BILLING_AUDIT_AUDIT_PRIVATE_H
#define BILLING_AUDIT_AUDIT_PRIVATE_H

#include "billing/audit/audit.h"
#include "billing/store/metrics_read.h"

#include <stdbool.h>

enum {
    AUDIT_HOUR_S = 3600,
    /* What one hop has and the next has not may come so much later at least: CloudWatch Logs and
     * Firehose both try again for 24 hours.  (Amazon Data Firehose, "Understand data delivery";
     * CloudWatch Logs, "Log group-level subscription filters") */
    AUDIT_RETRY_HOURS = 24,
    AUDIT_LATE_HOURS = AUDIT_RETRY_HOURS, /* so late an event was forwarded late, later than
                                                 that it was logged late */
    AUDIT_CHAIN_HOURS = 3, /* so many hours in a row give some of their last moments to the next */
    AUDIT_EDGE_S = 60,     /* clocks of two hops differ by less */
    AUDIT_WORST = 10,      /* hours that the table shows */
};

/* The hops between which events are compared hour by hour. */
enum audit_hop { AUDIT_GATEWAY, AUDIT_INGESTED, AUDIT_FORWARDED, AUDIT_DELIVERED, AUDIT_HOPS };
extern const char *const audit_ladder_hops[]; /* all eight of the ladder, ends with NULL */

/* Which billing day counts the requests that arrived, if any; the columns of audit_ladder.sql. */
struct audit_counting {
    int64_t counted, before_since, earlier_days, later_days, late_counted, too_late, out_of_window;
};

struct audit_hour {
    int64_t hour_s;
    int64_t hops[AUDIT_HOPS]; /* METRICS_UNKNOWN where nobody says; delivered: different events that
                                 arrived in this hour (of late ones: the hour of arrival) */
    int64_t errors, throttled; /* DeliveryErrors, DeliveryThrottling; METRICS_UNKNOWN: none told */
    int64_t made;              /* events in S3 whose own time lies in this hour */
    int64_t begun_before;      /* of made: requests that began in the hour before */
    int64_t logged;            /* events in S3 that were logged in this hour, as it seems */
    /* What arrived: lines = delivered + event_copies; delivered = blank + invalid + untimed +
     * request_copies + unique; parsed = request_copies + unique.  Control messages and unreadable
     * lines of objects are in none of them. */
    int64_t foreign; /* different events of other log groups, in no other count */
    /* Of lines and events: of log groups of other accounts, whose counts nobody here has.  Not in
     * made and logged: they pay for no loss. */
    int64_t elsewhere_lines, elsewhere;
    int64_t control, unreadable, lines, blank, invalid, untimed, request_copies, unique,
        unattributed, repaired, estimated, no_id, id_conflicts, length_unknown, length_refused;
    int64_t late;                   /* of delivered: made in an earlier hour */
    struct audit_counting counting; /* of unique: their sum */
    /* Found by audit_ladder: lost on the way to the hop, and the hours of the array (both in) any
     * of which may be the one that lost them: counts do not always tell. */
    int64_t missing[AUDIT_HOPS];
    size_t lost_first[AUDIT_HOPS], lost_last[AUDIT_HOPS];
    int64_t surplus; /* likewise: events in S3 that the log group did not take in */
};

struct audit {
    const struct billing *billing;
    int64_t asked_to_s;   /* what was asked for ends here, be it in the future */
    int64_t from_s, to_s; /* whole hours that are judged */
    bool before_since;    /* nobody pays for any day of it */
    int64_t counts_s;     /* CloudWatch may have dropped what it counted before */
    int64_t wide_s;       /* first hour of the array: earlier, to see where events moved */
    struct audit_hour *hours;
    size_t count, first, last; /* judged: first <= i < last */
    size_t later;              /* hours that an event may take from one hop to the next */
    size_t steps;              /* work audit_ladder did; for tests */
    int64_t newest_event_s;    /* 0: none */
    bool has_days;             /* closed billing days lie within the judged hours: these */
    struct day_span range;
    int64_t counted;    /* requests of these days, whenever they arrived */
    bool no_api;        /* no API has the spec's name, or several: which count is unknown */
    size_t apis;        /* so many */
    int64_t elsewhere;  /* requests of judged hours at other stages of the API; METRICS_UNKNOWN */
    char *unread;       /* why what lies in S3 could not be counted; NULL: it was */
    int64_t undecided;  /* so many requests may be lost in judged hours that counts cannot tell from
                           requests under way; found by audit_ladder */
    int64_t over;       /* likewise: requests logged that the gateway did not count */
    bool tells_foreign; /* the query knows whose events are whose */
    json_t *foreign;    /* audit_foreign_take's */
    json_t *days;       /* audit_days */
    json_t *billed;     /* {"calls"}, or NULL */
    json_t *error_objects, *legacy, *freshness;
};

/* All fill in what they are named after; -1 and *e. */
int audit_counts_read(struct flow *flow, struct audit *audit, struct err *e);
int audit_events_read(struct flow *flow, struct audit *audit, struct err *e);
int audit_days_read(struct flow *flow, struct audit *audit, struct err *e);
/* Sets has_days and range; before events and days are read. */
void audit_days_find(struct audit *audit);
/* What audit_ladder asks about arrivals of [from_s, to_s): new reference. */
json_t *audit_days_values(const struct audit *audit, int64_t from_s, int64_t to_s);
int audit_objects_read(struct flow *flow, struct audit *audit, struct err *e);
int audit_fresh_read(struct flow *flow, struct audit *audit, struct err *e);

/* Of gaps of audit_ladder_gaps: "from", "to" and "events" are exact where the log group still has
 * the events and there are not too many of them: then "exact" is true and "hours" has [{"hour",
 * "events"}].  Where the log group cannot be read they stay as they are; -1 only when cancelled. */
int audit_exact(struct flow *flow, struct audit *audit, json_t *gaps, struct err *e);

/* ---- audit_explain.c: no I/O ---- */

/* Gaps of all hops (those of the ladder: reference taken over), worst first, each with "of" (what
 * the hop should have got), "above_limit", "explained" (by AWS, within the limit) and
 * "explanation"; new reference. */
json_t *audit_explain(const struct audit *audit, json_t *gaps);

/* ---- audit_lines.c: no I/O ---- */

/* Lines of the hour that are neither requests nor copies of them nor control messages. */
int64_t audit_lines_unparsed(const struct audit_hour *hour);
/* The gap at `parsed` of the judged hours, NULL when there is none; new reference. */
json_t *audit_lines_gap(const struct audit *audit);

/* ---- audit_foreign.c: no I/O ---- */

/* Log events of another log group that arrived in one hour. */
struct audit_foreign {
    const char *log_group; /* account:name, as the view has it; borrowed */
    int64_t hour_s;        /* of arrival */
    int64_t events, requests;
};
/* Notes those that arrived in judged hours. */
void audit_foreign_take(struct audit *audit, const struct audit_foreign *foreign);
/* {"events", "requests", "groups": [{"log_group", "account", "events", "requests", "from", "to"}]},
 * most requests first; null when nobody knows; new reference. */
json_t *audit_foreign_document(const struct audit *audit);
/* What requests of other log groups may have to do with a gap of these hours, a sentence's end; new
 * text, NULL where there are none. */
char *audit_foreign_hint(const struct audit *audit, int64_t from_s, int64_t to_s);

/* ---- audit_sum.c: no I/O ---- */

/* A member of all days, added up; null counts nothing. */
int64_t audit_sum_days(const struct audit *audit, const char *member);
struct audit_counting audit_sum_counting(const struct audit *audit);
/* The line that turns `unique` of the judged hours into `rolled_up` of the days; null where there
 * are no such days.  "agrees": it adds up. */
json_t *audit_sum_document(const struct audit *audit);
bool audit_sum_agrees(const struct audit *audit);

/* ---- audit_verdict.c: no I/O ---- */

/* Why it is not known whether all is there: [{"reason", "text"}], empty when it is; new reference.
 */
json_t *audit_verdict_reasons(const struct audit *audit);
/* Why no count of the gateway could miss what was never logged, a sentence; null: one could, or a
 * reason says so.  New reference. */
json_t *audit_verdict_uncounted(const struct audit *audit);
/* "gap", "unknown", "accepted" (complete but for gaps that the spec accepts) or "complete"; static.
 */
const char *audit_verdict(const json_t *gaps, const json_t *reasons);

/* ---- audit_ladder.c: no I/O ---- */

/* The hour of the array that holds the moment, or NULL. */
struct audit_hour *audit_ladder_hour(struct audit *audit, int64_t time_s);
/* Sets missing[] of every hour; docs/audit.md tells the rule. */
void audit_ladder(struct audit *audit);
/* {"gateway": n or null, ..., "delivered": n or null} over the judged hours; new reference. */
json_t *audit_ladder_totals(const struct audit *audit);
/* The gaps up to delivery: ranges of hours, in their order; new reference. */
json_t *audit_ladder_gaps(const struct audit *audit);
/* Judged hours of which no count says how many events there should be: those with events, and
 * (*dropped of them) those so old that nobody has the counts any more, be anything there or not. */
size_t audit_ladder_unknown_hours(const struct audit *audit, size_t *dropped);
/* Events of the judged hours that lie in S3 and did not come from the log group, as far as its
 * count tells. */
int64_t audit_ladder_surplus(const struct audit *audit);
/* Events at a hop in the judged hours in which their number is known. */
int64_t audit_ladder_sum(const struct audit *audit, enum audit_hop hop);
/* share of a decimal text: events > whole * limit, exactly ("0.0001": 12 decimals at most). */
bool audit_ladder_exceeds(int64_t events, int64_t whole, const char *limit);

#endif
