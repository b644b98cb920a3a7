/* close_invoice.c -- may the month be closed, and with what bill. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/bill/bill_month.h"
#include "billing/close/close_gap.h"
#include "billing/close/close_period.h"
#include "billing/close/close_private.h"
#include "billing/close/close_statements.h"
#include "billing/prices/price_book.h"

#include <string.h>

/* ---- the chain of months ---- */

/* The first second behind what was closed before, and the rules it was closed by. */
static void take_rules(struct close *close, const json_t *before)
{
    const json_t *text;
    size_t i;

    close->changes = close_period_changes(json_object_get(before, "rules"), close->rules);
    json_array_foreach(close->changes, i, text)
        close_note(close, "since %s was closed, %s", json_text(before, "month"),
                   json_string_value(text));
}

/* How the calls of the edge come into one invoice; new text. */
static char *edge_remedy(const char *zone, const char *own, struct day next)
{
    char day[16];

    calendar_day_text(next, day);
    if (!zone)
        return mem_text("set billing.time_zone back to what it was");
    if (!strcmp(zone, own))
        return mem_printf("the system's tz database changed what %s is: bring back the version in "
                          "the manifest's tz_version",
                          own);
    return mem_printf(
        "set billing.time_zone back to %s; or, if it is to change, let the month after "
        "begin where that one ended: time_zone: \"%s until %s, %s\"",
        zone, zone, day, own);
}

static void refuse_edge(struct close *close, const json_t *before, int64_t end_s, struct day next)
{
    const char *zone = json_text(before, "time_zone"), *month = json_text(before, "month");
    const char *own = price_book_zone(close->billing->book);
    int64_t next_s = close_period_whole(close->billing, next).from_s;
    char end[TIMESTAMP_ROOM], begin[TIMESTAMP_ROOM];
    cleanup_free char *remedy = edge_remedy(zone, own, next);

    timestamp_text(end_s, end);
    timestamp_text(next_s, begin);
    close_reason(close,
                 "%s was closed up to %s (time zone %s), but in %s the month after it begins at "
                 "%s: the calls between would be billed %s; %s",
                 month, end, zone ? zone : "?", own, begin, next_s < end_s ? "twice" : "never",
                 remedy);
}

/* A month begins where the one closed before it ended, or behind months that are passed over. */
static void check_edge(struct close *close, const json_t *before)
{
    struct period then;
    struct day month, next;
    struct err e = {0};

    if (!close_period_read(before, &then) ||
        calendar_parse_month(json_text(before, "month"), &month, &e)) {
        close_reason(close, "the manifest of the month closed before does not say when it ended");
        return;
    }
    next = calendar_add_days(calendar_month(month).last, 1);
    if (close_period_whole(close->billing, next).from_s != then.to_s)
        refuse_edge(close, before, then.to_s, next);
    else if (close->period.from_s > then.to_s)
        close->skipped =
            json_pack("{s:o, s:s}", "period",
                      close_period_json((struct period){then.to_s, close->period.from_s}), "reason",
                      close->first ? "left open for good (--first)" : "no data");
}

/* A month's invoice, and what became of it. */
struct invoice {
    struct closed_document document;
    enum closed_state state;
    char *why; /* it is not whole */
};

/* -1 and *e; to be ended by fini_invoice whatever is returned. */
static int open_invoice(struct flow *flow, const struct close *close, const char *name,
                        struct invoice *invoice, struct err *e)
{
    *invoice = (struct invoice){.document.number.correction = 0};
    return calendar_parse_month(name, &invoice->document.number.month, e) ||
                   closed_document_open(flow, close->billing, close->documents, &invoice->document,
                                        e) ||
                   closed_state(flow, &invoice->document, &invoice->state, &invoice->why, e)
               ? -1
               : 0;
}

static void fini_invoice(struct invoice *invoice)
{
    closed_document_fini(&invoice->document);
    free(invoice->why);
}

static void refuse_changed(struct close *close, const struct invoice *invoice)
{
    close_reason(close, "%s; bring it back from a copy, or a version of the bucket", invoice->why);
}

static int take_previous(struct flow *flow, struct close *close, const char *name, struct err *e)
{
    struct invoice before;
    int failed = open_invoice(flow, close, name, &before, e);
    const struct archive *archive = &before.document.archive;

    if (!failed && before.state == CLOSED_BEGUN) {
        close_reason(close, "the close of %s was begun and not finished: billingd close %s", name,
                     name);
    } else if (!failed && before.state != CLOSED_WHOLE) {
        refuse_changed(close, &before);
    } else if (!failed) {
        close->previous = json_pack("{s:s, s:s}", "month", name, "manifest_sha256", archive->hash);
        take_rules(close, archive->manifest);
        check_edge(close, archive->manifest);
    }
    fini_invoice(&before);
    return failed;
}

/* Days between the last closed month and the first that this one bills must be empty. */
static int check_between(struct flow *flow, struct close *close, const char *name, struct err *e)
{
    struct close_gap gap;
    struct day_span between;
    struct day month;

    if (calendar_parse_month(name, &month, e))
        return -1;
    between = close_gap_between(close->billing, month, close->month);
    if (close_gap_look(flow, close->billing, between, &gap, e))
        return -1;
    if (*gap.day && close_gap_is_cut(close->billing, gap.day))
        json_array_append_new(close->reasons, close_gap_reason(close->billing, between, &gap));
    else if (*gap.day)
        close_reason(close,
                     "%.7s is not closed and has data (%s): close it first, or leave it open for "
                     "good with --first",
                     gap.day, gap.day);
    return 0;
}

/* The first month of all may begin with `since`: the manifest says so, and what is left out. */
static int begin_chain(struct flow *flow, struct close *close, struct err *e)
{
    struct day_span cut = {
        close->month, calendar_add_days(bill_month_days(close->billing, close->month).first, -1)};
    struct period whole = close_period_whole(close->billing, close->month);
    struct close_gap gap;

    json_array_append_new(close->notes, json_string("the first month of the chain"));
    if (close_gap_look(flow, close->billing, cut, &gap, e))
        return -1;
    if (whole.from_s == close->period.from_s)
        return 0;
    close_note(close,
               "billing begins on %s (billing.rollup.since): the days of the month before it are "
               "in no invoice; their rollups hold %" JSON_INTEGER_FORMAT " calls%s%s",
               close->billing->settings.since, gap.calls,
               *gap.day ? ", and the first with data is " : "", gap.day);
    close->skipped =
        json_pack("{s:o, s:s, s:I}", "period",
                  close_period_json((struct period){whole.from_s, close->period.from_s}), "reason",
                  "before billing.rollup.since", "rolled_up_calls", gap.calls);
    return 0;
}

/* A month before the one before this: its number is named by this close, too, which `verify` would
 * contradict. */
static int check_older(struct flow *flow, struct close *close, const char *name, struct err *e)
{
    struct invoice older;
    int failed = open_invoice(flow, close, name, &older, e);

    if (!failed && older.state != CLOSED_WHOLE)
        refuse_changed(close, &older);
    fini_invoice(&older);
    return failed;
}

static int check_chain(struct flow *flow, struct close *close, struct err *e)
{
    json_auto_t *months = documents_months(close->billing, close->documents);
    const char *before = NULL;
    const json_t *item;
    char own[16];
    size_t i;

    calendar_month_text(close->month, own);
    json_array_foreach(months, i, item) {
        const char *month = json_string_value(item);

        if (strcmp(month, own) < 0) {
            if (before && check_older(flow, close, before, e))
                return -1;
            before = month;
        } else
            close_reason(close, "%s is closed already, without %s before it in its chain", month,
                         own);
    }
    if (!before)
        return begin_chain(flow, close, e);
    if (take_previous(flow, close, before, e))
        return -1;
    return close->first || close_is_refused(close) ? 0 : check_between(flow, close, before, e);
}

/* Whether a document has the month's number already.  1: it is to be finished; 0; -1 and *e. */
static int check_own(struct flow *flow, struct close *close, struct err *e)
{
    struct closed closed;
    char own[16];
    int result = closed_open(flow, close->billing, close->month, &closed, e);

    calendar_month_text(close->month, own);
    close->documents = json_share(closed.documents);
    if (!result && *closed.invoice.archive.hash)
        close_reason(close,
                     "%s is closed already; what arrived since becomes a correction: billingd "
                     "close %s --correct",
                     own, own);
    else if (!result)
        result = close_finish_look(flow, close, &closed.invoice, e);
    if (!result && !close_is_refused(close))
        result = close_statements_begun(flow, close, e);
    closed_fini(flow, &closed);
    return result;
}

/* ---- the bill ---- */

static json_int_t calls_of(const struct bill_packed *bill, const char *part)
{
    return json_whole(json_object_get(bill_packed_head(bill), part), "calls");
}

/* A bill of nothing needs a gateway that counted nothing. */
static void check_nothing(struct close *close)
{
    const json_t *gateway = json_object_get(json_object_get(close->audit, "totals"), "gateway");

    if (calls_of(close->bill, "totals") || calls_of(close->bill, "unattributed"))
        return;
    if (!json_is_integer(gateway) && close->accept_unknown)
        close_note(close, "no calls, and whether the gateway had any is unknown");
    else if (!json_is_integer(gateway))
        close_reason(close, "there is no call to bill, and whether the gateway had any is unknown: "
                            "an empty month need not be closed, the next one passes over it; "
                            "--accept-unknown closes all the same, and the manifest says so");
    else if (json_integer_value(gateway))
        close_reason(close,
                     "the gateway counted %" JSON_INTEGER_FORMAT " calls, and none of them is on "
                     "the bill; `billingd audit` tells where they went missing",
                     json_integer_value(gateway));
    else
        close_note(close, "no calls: the gateway counted none");
}

/* What a close left that was cut off: told, and never deleted. */
static int note_left(struct flow *flow, struct close *close, struct err *e)
{
    struct err failed = {0};
    json_auto_t *left = numbers_left(flow, close->billing, &failed);

    if (failed.kind == ERR_CANCELLED)
        return err_set(e, ERR_CANCELLED, "%s", failed.text);
    if (!left) /* an entry that is none: its own month tells it */
        err_clear(&failed);
    else if (json_array_size(left))
        close_note(close,
                   "%zu bill%s beside the register of numbers, named by no entry (s3://%s/%s): "
                   "left by a close that was cut off, and read by nothing",
                   json_array_size(left), json_array_size(left) == 1 ? "" : "s",
                   close->billing->names.bucket, json_string_value(json_array_get(left, 0)));
    return 0;
}

/* ---- the whole ---- */

int close_invoice_look(struct flow *flow, struct close *close, struct err *e)
{
    int finishes;

    close_begin(close);
    close->period = close_period_of(close->billing, close->month);
    close->rules = close_period_rules(close->billing);
    close_tell(close, "looking at closed months");
    finishes = check_own(flow, close, e);
    if (finishes || close_is_refused(close))
        return finishes < 0 ? -1 : 0;
    close->folder = archive_document_folder(close->billing, (struct number){close->month, 0});
    if (check_chain(flow, close, e) || note_left(flow, close, e))
        return -1;
    if (close_is_refused(close))
        return 0; /* nothing else matters */
    close_take_key(close);
    if (close_evidence_days(flow, close, close->billing, e) ||
        close_audit(flow, close, close->billing, e))
        return -1;
    if (close_is_refused(close))
        return 0;
    close->price_book = close_evidence_section(close->section);
    close->bill = close_evidence_bill(flow, close, close->billing, e);
    if (!close->bill)
        return -1;
    close->rated = bill_packed_share(close->bill);
    check_nothing(close);
    return close_is_refused(close) ? 0 : close_correction_note(flow, close, e);
}
