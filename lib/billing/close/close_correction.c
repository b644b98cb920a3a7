/* close_correction.c -- what arrived after the close: lines of difference, never an edit.
 *
 * The whole month is rated anew with the price book of the close; what that says more (or less)
 * than the invoice and all corrections before is the correction.  So quota, tiers and minimum come
 * out as if nothing had been late. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/close/close_period.h"
#include "billing/close/close_private.h"
#include "billing/close/close_statements.h"

#include <string.h>

/* ---- looking ---- */

/* What is there must be signed by the key that signs on. */
static int check_signature(struct flow *flow, struct close *close,
                           const struct closed_document *document, struct err *e)
{
    cleanup_free char *wrong = NULL;
    bool known;

    if (!close->key || (!*document->archive.hash && !*document->given.hash))
        return 0;
    if (!*document->archive.hash)
        known = (wrong = numbers_what_is_wrong(flow, close->billing, &document->given, close->key,
                                               e)) != NULL;
    else
        known = archive_check_signature(flow, &document->archive, close->key, &wrong, e) >= 0;
    if (!known)
        return -1;
    if (wrong && *wrong)
        close_reason(close, "%s", wrong);
    return 0;
}

/* A correction whose files are gone still counts: the register has its amounts.  1: it is to be
 * finished; 0; -1 and *e. */
static int check_correction(struct flow *flow, struct close *close,
                            const struct closed_document *document, struct err *e)
{
    cleanup_free char *why = NULL;
    enum closed_state state;

    if (closed_state(flow, document, &state, &why, e))
        return -1;
    if (state == CLOSED_BEGUN)
        return close_finish_look(flow, close, document, e);
    if (state == CLOSED_GONE && closed_is_known(document))
        close_note(close, "%s: its amounts are taken from the register", why);
    else if (state == CLOSED_NEVER)
        close_reason(close, "%smanifest.json is missing, and a later one is there",
                     document->archive.folder);
    else if (state != CLOSED_WHOLE)
        close_reason(close, "%s; bring it back from a copy, or a version of the bucket", why);
    return check_signature(flow, close, document, e);
}

static int check_corrections(struct flow *flow, struct close *close, const struct closed *closed,
                             struct err *e)
{
    cleanup_free char *orphan = NULL;
    bool is_signed;

    for (size_t i = 0; i < closed->count; i++) {
        int result = check_correction(flow, close, &closed->corrections[i], e);

        if (result)
            return result;
    }
    orphan = closed_orphan(closed, &is_signed);
    if (orphan && is_signed)
        close_reason(close,
                     "%s holds a signature whose manifest is gone: its number may have been given; "
                     "bring the manifest back, or remove the folder if nobody was sent it",
                     orphan);
    return 0;
}

static int check_invoice(struct flow *flow, struct close *close, const struct closed *closed,
                         struct err *e)
{
    cleanup_free char *why = NULL;
    enum closed_state state;

    if (closed_state(flow, &closed->invoice, &state, &why, e))
        return -1;
    if (state == CLOSED_NEVER)
        close_reason(close, "the month is not closed: there is nothing to correct yet");
    else if (state == CLOSED_BEGUN)
        close_reason(close,
                     "the close of the month was begun and not finished: run it again first");
    else if (state != CLOSED_WHOLE)
        close_reason(close, "%s; bring it back from a copy, or a version of the bucket", why);
    return check_signature(flow, close, &closed->invoice, e);
}

/* 1: a correction is to be finished; 0; -1 and *e. */
static int open_closed(struct flow *flow, struct close *close, struct closed *closed, struct err *e)
{
    const struct billing *billing = close->billing;
    struct err wrong = {0};
    int result;

    if (closed_open(flow, billing, close->month, closed, e) ||
        check_invoice(flow, close, closed, e))
        return -1;
    if (close_is_refused(close) && !*closed->invoice.archive.hash)
        return 0;
    if (closed_open_corrections(flow, billing, close->month, closed, e))
        return -1;
    result = check_corrections(flow, close, closed, e);
    if (result || close_is_refused(close))
        return result;
    if (closed_open_book(flow, billing, closed, e))
        return -1;
    if (closed_assign(flow, closed, &(struct closed_gifts){close->section, close->notes}, &wrong))
        close_reason(close, "%s", wrong.text);
    close->price_book = json_share(closed->section);
    return 0;
}

static void set_previous(struct close *close, const struct closed *closed)
{
    const json_t *then = closed->invoice.archive.manifest;
    const json_t *text;
    char month[16];
    size_t i;

    calendar_month_text(close->month, month);
    close->number = (unsigned)closed->count + 1;
    close->folder =
        archive_document_folder(close->billing, (struct number){close->month, close->number});
    close->previous =
        json_pack("{s:s, s:I, s:s}", "month", month, "correction", (json_int_t)closed->count,
                  "manifest_sha256", closed_hash(closed_last(closed)));
    close->documents = json_share(closed->documents);
    (void)close_period_read(then, &close->period);
    close->rules = close_period_rules(&closed->billing);
    close->changes = close_period_changes(json_object_get(then, "rules"), close->rules);
    json_array_foreach(close->changes, i, text)
        close_note(close, "since the month was closed, %s", json_string_value(text));
}

static bool is_nothing(const struct bill_packed *difference)
{
    static const char *const parts[] = {"unattributed", "totals"};

    if (bill_packed_count(difference))
        return false;
    for (size_t i = 0; i < 2; i++) {
        json_t *value, *part = json_object_get(bill_packed_head(difference), parts[i]);
        const char *key;

        json_object_foreach(part, key, value)
            if (json_is_integer(value)
                    ? json_integer_value(value) != 0
                    : strspn(json_string_value(value), "0.") != json_string_length(value))
                return false;
    }
    return true;
}

/* Gives the difference the head of a bill. */
static void make_document(const struct close *close, const struct bill_packed *bill,
                          struct bill_packed *difference)
{
    cleanup_free char *number =
        numbers_text(close->billing, (struct number){close->month, close->number});
    cleanup_free char *invoice = numbers_text(close->billing, (struct number){close->month, 0});
    json_t *document = json_copy(bill_packed_head(bill));

    json_object_set_new(document, "kind", json_string("correction"));
    json_object_set_new(document, "charge_class", json_string("Correction"));
    json_object_set_new(document, "invoice", json_string(number));
    json_object_set_new(document, "corrects", json_string(invoice));
    json_object_update(document, bill_packed_head(difference));
    bill_packed_set_head(difference, document);
}

static bool is_less(const json_t *part)
{
    return json_whole(part, "calls") < 0 || json_whole(part, "bytes") < 0;
}

/* What nobody was billed for, and a customer is now, is less of the one and more of the other. */
static bool is_less_in_all(const json_t *difference)
{
    static const char *const keys[] = {"calls", "bytes"};
    bool less = false;

    for (size_t i = 0; i < 2; i++)
        less = less || json_whole(json_object_get(difference, "unattributed"), keys[i]) +
                               json_whole(json_object_get(difference, "totals"), keys[i]) <
                           0;
    return less;
}

struct judging {
    const struct closed *closed;
    const struct bill_packed *difference;
    bool less;
};

/* Whether usage that was billed is not there any more. What arrives late never does that. */
static void judge(void *arg)
{
    struct judging *judging = arg;
    const json_t *head = bill_packed_head(judging->difference);

    judging->less = judging->closed->assigns ? is_less_in_all(head)
                                             : is_less(json_object_get(head, "unattributed"));
    for (size_t i = 0; i < bill_packed_count(judging->difference) && !judging->less; i++) {
        json_auto_t *line = bill_packed_line(judging->difference, i);

        judging->less = is_less(line);
    }
}

/* Less may be right: another rule, told in the notes. While the audit misses events it is a loss,
 * and nobody is paid back for what was used. */
static int judge_less(struct flow *flow, struct close *close, const struct closed *closed,
                      struct err *e)
{
    if (close_audit(flow, close, &closed->billing, e))
        return -1;
    if (close_is_refused(close))
        json_array_insert_new(close->reasons, 0,
                              json_string("the correction would take calls or bytes off what was "
                                          "billed, and the audit does not show that all is there"));
    return 0;
}

/* What close->rated says more than was billed; NULL and *e. */
static struct bill_packed *difference_of(struct flow *flow, const struct close *close,
                                         const struct closed *closed, struct err *e)
{
    struct bill_packed *billed = closed_billed(flow, closed, e);
    struct bill_packed *difference =
        billed ? bill_amount_difference(flow, close->rated, billed, e) : NULL;

    bill_packed_free(billed);
    return difference;
}

static int take_difference(struct flow *flow, struct close *close, const struct closed *closed,
                           struct err *e)
{
    struct judging judging = {.closed = closed};
    struct bill_packed *difference;

    close->rated = close_evidence_bill(flow, close, &closed->billing, e);
    if (!close->rated || close_is_refused(close))
        return close->rated ? 0 : -1;
    difference = difference_of(flow, close, closed, e);
    if (!difference)
        return -1;
    if (is_nothing(difference)) {
        bill_packed_free(difference);
        return 0;
    }
    judging.difference = difference;
    flow_work(flow, judge, &judging);
    make_document(close, close->rated, difference);
    close->bill = difference;
    if (close_statements_before(flow, close, closed, e))
        return -1;
    return judging.less ? judge_less(flow, close, closed, e) : 0;
}

static int look(struct flow *flow, struct close *close, struct closed *closed, struct err *e)
{
    int opened;

    close_tell(close, "reading what was closed");
    close_take_key(close);
    opened = open_closed(flow, close, closed, e);
    if (opened || close_is_refused(close))
        return opened < 0 ? -1 : 0;
    set_previous(close, closed);
    opened = close_statements_begun(flow, close, e);
    if (opened)
        return opened < 0 ? -1 : 0;
    if (close_evidence_days(flow, close, &closed->billing, e))
        return -1;
    return close_is_refused(close) ? 0 : take_difference(flow, close, closed, e);
}

int close_correction_look(struct flow *flow, struct close *close, struct err *e)
{
    struct closed closed = {0};
    int result;

    close_begin(close);
    result = look(flow, close, &closed, e);
    closed_fini(flow, &closed);
    return result;
}

/* ---- the month before ---- */

static void note_what_waits(struct close *close, const struct close *before, const char *month)
{
    const json_t *bill = bill_packed_head(before->bill);
    const char *total = json_string_value(json_at(bill, "totals.total"));
    const char *currency = json_text(bill, "currency");

    if (close_is_refused(before))
        close_note(close, "whether more arrived for %s since it was closed is unknown: %s", month,
                   json_string_value(json_array_get(before->reasons, 0)));
    else if (before->bill)
        close_note(
            close,
            "more arrived for %s since it was closed, %s %s in all: billingd close %s --correct",
            month, total ? total : "?", currency ? currency : "", month);
}

int close_correction_note(struct flow *flow, struct close *close, struct err *e)
{
    const char *month = json_text(close->previous, "month");
    struct close before = {.billing = close->billing,
                           .section = close->section,
                           .version = close->version,
                           .progress = close->progress,
                           .arg = close->arg};
    struct err failed = {0};

    if (!month || calendar_parse_month(month, &before.month, &failed))
        return 0;
    if (!close_correction_look(flow, &before, &failed))
        note_what_waits(close, &before, month);
    else if (failed.kind != ERR_CANCELLED)
        close_note(close, "whether more arrived for %s since it was closed is unknown: %s", month,
                   failed.text);
    close_fini(flow, &before);
    return failed.kind == ERR_CANCELLED ? err_set(e, failed.kind, "%s", failed.text) : 0;
}
