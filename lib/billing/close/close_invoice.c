/* close_invoice.c -- may the month be closed, and with what bill. */
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/audit/audit.h"
#include "billing/bill/bill_days.h"
#include "billing/close/close_private.h"
#include "billing/prices/price_book.h"

#include <string.h>

enum { GAPS_SHOWN = 10 };

/* ---- the chain of months ---- */

static int take_previous(struct flow *flow, struct close *close, const char *name, struct err *e)
{
    cleanup_free char *folder = NULL;
    struct archive archive;
    struct day month;

    if (calendar_parse_month(name, &month, e))
        return -1;
    folder = archive_folder(close->billing, month);
    if (archive_open(flow, close->billing, folder, &archive, e)) {
        archive_close(&archive);
        return -1;
    }
    close->previous = json_pack("{s:s, s:s}", "month", name, "manifest_sha256", archive.hash);
    archive_close(&archive);
    return 0;
}

/* Days beside busy ones get builds without calls. */
static bool is_empty(const json_t *day)
{
    const char *state = json_text(day, "state");

    return !strcmp(state, "empty") || ((!strcmp(state, "current") || !strcmp(state, "kept")) &&
                                       !json_integer_value(json_object_get(day, "calls")));
}

/* Days between the last closed month and this one must be empty. */
static int check_between(struct flow *flow, struct close *close, const char *name, struct err *e)
{
    struct day_span between = {.last = calendar_add_days(close->month, -1)};
    json_auto_t *days = NULL;
    const json_t *day;
    struct day month;
    size_t i;

    if (calendar_parse_month(name, &month, e))
        return -1;
    between.first = calendar_add_days(calendar_month(month).last, 1);
    if (calendar_compare(between.first, between.last) > 0)
        return 0;
    days = bill_days(flow, close->billing, between, e);
    if (!days)
        return -1;
    json_array_foreach(days, i, day) {
        if (is_empty(day))
            continue;
        close_reason(close,
                     "%.7s is not closed and has data (%s): close it first, or leave it open for "
                     "good with --first",
                     json_text(day, "day"), json_text(day, "day"));
        break;
    }
    return 0;
}

/* closed: what archive_months says. */
static int check_chain(struct flow *flow, struct close *close, const json_t *closed, struct err *e)
{
    const char *before = NULL;
    const json_t *item;
    char own[16];
    size_t i;

    calendar_month_text(close->month, own);
    json_array_foreach(closed, i, item) {
        const char *month = json_string_value(item);
        int order = strcmp(month, own);

        if (!order) {
            close_reason(close,
                         "%s is closed already; what arrived since becomes a correction: billingd "
                         "close %s --correct",
                         own, own);
            return 0;
        }
        if (order < 0)
            before = month;
        else
            close_reason(close, "%s is closed already, without %s before it in its chain", month,
                         own);
    }
    if (!before) {
        json_array_append_new(close->notes, json_string("the first month of the chain"));
        return 0;
    }
    if (take_previous(flow, close, before, e))
        return -1;
    return close->first ? 0 : check_between(flow, close, before, e);
}

/* ---- the audit ---- */

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
    return json_is_true(json_object_get(gap, "above_limit")) &&
           !json_is_true(json_object_get(gap, "explained"));
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

/* What nobody counted may be missing without anybody knowing: where CloudWatch keeps no counts any
 * more, or nobody called, that is noted; whatever else is not known refuses the close. */
static void add_unknown(struct close *close)
{
    size_t i;
    json_t *one;

    json_array_foreach(json_object_get(close->audit, "reasons"), i, one) {
        const char *reason = json_text(one, "reason"), *text = json_text(one, "text");

        if (!strcmp(reason, "counts") || !strcmp(reason, "silent"))
            json_array_append_new(close->notes,
                                  json_sprintf("the audit proves less than it could: %s", text));
        else
            close_reason(close, "the audit cannot tell whether all is there: %s", text);
    }
}

static int take_audit(struct flow *flow, struct close *close, struct err *e)
{
    const char *zone = price_book_zone(close->billing->book);
    int64_t from_s = calendar_day_start(zone, close->month);
    int64_t to_s =
        calendar_day_start(zone, calendar_add_days(calendar_month(close->month).last, 1));

    close_tell(close, "auditing the month");
    close->audit = audit_run(flow, close->billing, from_s, to_s, e);
    if (!close->audit)
        return -1;
    json_object_del(close->audit, "freshness_seconds"); /* of this moment, not of the month */
    if (audit_has_gap(close->audit))
        add_gaps(close);
    else
        add_unknown(close);
    return 0;
}

/* ---- the whole ---- */

int close_invoice_look(struct flow *flow, struct close *close, struct err *e)
{
    json_auto_t *closed = NULL;

    close_begin(close);
    close->folder = archive_folder(close->billing, close->month);
    close_tell(close, "looking at closed months");
    closed = archive_months(flow, close->billing, e);
    if (!closed || check_chain(flow, close, closed, e))
        return -1;
    if (close_is_refused(close))
        return 0; /* nothing else matters */
    close_take_key(close);
    if (close_evidence_days(flow, close, close->billing, e) || take_audit(flow, close, e))
        return -1;
    if (close_is_refused(close))
        return 0;
    close->price_book = close_evidence_section(close->section);
    close->bill = close_evidence_bill(flow, close, close->billing, e);
    return close->bill ? close_correction_note(flow, close, e) : -1;
}
