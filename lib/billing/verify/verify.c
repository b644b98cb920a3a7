#include "billing/verify/verify.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/bill/bill_month.h"
#include "billing/close/close_period.h"
#include "billing/close/close_usage.h"
#include "billing/prices/price_book.h"
#include "billing/verify/verify_findings.h"
#include "billing/verify/verify_left.h"
#include "billing/verify/verify_proof.h"
#include "billing/verify/verify_statements.h"

#include <string.h>

enum { SHOWN = 100 }; /* customers that differ */

/* What the numbers are compared with. */
struct claim {
    struct closed closed;
    struct bill_packed *billed; /* invoice and corrections */
    json_t *days;               /* builds, as the last document has them; borrowed */
};

static void claim_fini(struct flow *flow, struct claim *claim)
{
    closed_fini(flow, &claim->closed);
    bill_packed_free(claim->billed);
}

static void tell(struct verify *verify, const char *what)
{
    if (verify->progress)
        verify->progress(verify->arg, what);
}

/* ---- two bills ---- */

static const char *number_text(const json_t *line, const char *key, char room[static 32])
{
    (void)snprintf(room, 32, "%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(line, key)));
    return room;
}

static bool is_zero(const json_t *line)
{
    const char *total = json_text(line, "total");

    return !json_integer_value(json_object_get(line, "calls")) &&
           !json_integer_value(json_object_get(line, "bytes")) &&
           (!total || strspn(total, "0.") == strlen(total));
}

static void differ_line(struct verify *verify, const char *source, const json_t *line,
                        const char *who)
{
    char calls[32], bytes[32];
    const char *total = json_text(line, "total");

    verify_findings_differ(
        verify, "%s: the %s give %s calls, %s bytes, %s in total more than was billed", who, source,
        number_text(line, "calls", calls), number_text(line, "bytes", bytes), total ? total : "0");
}

/* The first lines of a difference become texts; true when there was none. */
static bool differ_bills(struct verify *verify, const char *source,
                         const struct bill_packed *difference)
{
    const json_t *nobody = json_object_get(bill_packed_head(difference), "unattributed");
    size_t count = bill_packed_count(difference);

    for (size_t i = 0; i < count && i < SHOWN; i++) {
        json_auto_t *line = bill_packed_line(difference, i);

        differ_line(verify, source, line, bill_packed_customer(difference, i));
    }
    if (count > SHOWN)
        verify_findings_differ(verify, "%zu more customers differ by the %s", count - SHOWN,
                               source);
    if (!is_zero(nobody))
        differ_line(verify, source, nobody, "unattributed");
    return !count && is_zero(nobody);
}

/* ---- the archive by itself ---- */

struct rerating {
    const struct billing *billing;
    struct rating *rating;
    size_t segments, line;
    const struct bill_packed *billed;
    struct bill_packed *difference; /* NULL: see e */
    struct err e;                   /* of a line, or of the bill */
};

static bool rate_line(void *arg, const json_t *element)
{
    struct rerating *rerating = arg;
    struct usage_line line;

    rerating->line++;
    if (!close_usage_line(element, rerating->segments, &line))
        (void)err_set(&rerating->e, ERR_EVIDENCE, "line %zu of the archived usage is none",
                      rerating->line);
    else if (!rerating->e.kind)
        (void)rating_add(rerating->rating, &line, &rerating->e);
    return !rerating->e.kind;
}

static void end_rating(void *arg)
{
    struct rerating *rerating = arg;
    struct bill_packed *bill =
        bill_of_rating(rerating->billing, USAGE_FROM_ROLLUP, rerating->rating, &rerating->e);

    rerating->rating = NULL;
    if (bill)
        rerating->difference = bill_amount_bills(bill, rerating->billed, &rerating->e);
    bill_packed_free(bill);
}

/* The difference to what was billed; NULL and *e. */
static struct bill_packed *rate_again(struct flow *flow, const struct verify *verify,
                                      const struct claim *claim, struct err *e)
{
    const struct billing *billing = &claim->closed.billing;
    const struct day_span days = bill_month_days(billing, verify->month);
    struct day starts[PRICE_BOOK_SEGMENTS];
    struct rerating rerating = {.billing = billing,
                                .rating = rating_new(billing->book, days),
                                .segments = price_book_segments(billing->book, days, starts),
                                .billed = claim->billed};
    const struct archive_list list = {"usage.json.gz", "lines", rate_line, &rerating};
    struct err failed = {0};
    json_auto_t *rest = archive_each(flow, &closed_last(&claim->closed)->archive, &list, &failed);

    if (rest && !close_usage_check(billing, days, rest, &failed))
        flow_work(flow, end_rating, &rerating);
    rating_free(rerating.rating);
    if (rerating.e.kind && (!failed.kind || failed.kind == ERR_EVIDENCE))
        failed = rerating.e;
    if (!rerating.difference)
        (void)err_set(e, failed.kind, "%s", failed.text);
    return rerating.difference;
}

/* Rates the archived usage with the archived prices; the invoice must come out, whatever became of
 * everything else. */
static int check_rating(struct flow *flow, struct verify *verify, const struct claim *claim,
                        struct err *e)
{
    struct bill_packed *difference;

    if (!*closed_last(&claim->closed)->archive.hash)
        return 0; /* told already */
    difference = rate_again(flow, verify, claim, e);
    if (!difference)
        return -1;
    if (differ_bills(verify, "archived usage and prices", difference))
        verify_findings_agree(verify, "archived usage and prices give the bill");
    bill_packed_free(difference);
    return 0;
}

static int open_claim(struct flow *flow, struct verify *verify, struct claim *claim, struct err *e)
{
    struct closed *closed = &claim->closed;
    const char *hash =
        json_text(json_object_get(closed->invoice.archive.manifest, "price_book"), "sha256");

    if (closed_open_book(flow, verify->billing, closed, e))
        return -1;
    claim->days =
        json_object_get(closed_last(closed)->archive.hash[0] ? closed_last(closed)->archive.manifest
                                                             : closed_last(closed)->given.manifest,
                        "days");
    if (!hash || strcmp(hash, price_book_hash(closed->book)) != 0)
        verify_findings_differ(verify,
                               "the archived price book has the hash %s, the manifest says %s",
                               price_book_hash(closed->book), hash ? hash : "none");
    claim->billed = closed_billed(flow, closed, e);
    return claim->billed ? 0 : -1;
}

/* ---- later arrivals ---- */

/* How far the builds moved since the close, on days whose objects changed. */
struct moved {
    json_int_t calls, bytes;
    bool any;
};

static void compare_day(struct verify *verify, const json_t *then, const json_t *now,
                        struct moved *moved)
{
    static const char *const drift[] = {"missing", "outdated", "late"};
    const char *why = json_text(now, "why");
    const char *state = json_text(now, "state"), *day = json_text(now, "day");
    json_int_t calls = json_whole(now, "calls") - json_whole(then, "calls");
    json_int_t bytes = json_whole(now, "bytes") - json_whole(then, "bytes");
    bool same;

    for (size_t i = 0; i < 3; i++)
        if (!strcmp(state, drift[i]))
            json_array_append_new(json_object_get(verify->later, "waiting"),
                                  json_sprintf("%s: %s%s%s; `billingd rollup` looks at it", day,
                                               state, why ? ": " : "", why ? why : ""));
    if (!strcmp(state, "lost") || !strcmp(state, "hidden"))
        verify_findings_differ(verify, "%s: the rollup is %s%s%s", day, state, why ? ": " : "",
                               why ? why : "");
    if (!calls && !bytes)
        return;
    same = json_equal(json_object_get(then, "fingerprint"), json_object_get(now, "fingerprint"));
    if (same || calls < 0 || bytes < 0) {
        verify_findings_differ(
            verify,
            "%s: the rollup has %" JSON_INTEGER_FORMAT " calls and %" JSON_INTEGER_FORMAT
            " bytes more than at the close, %s",
            day, calls, bytes, same ? "from the same objects" : "and nothing that is late is less");
        return;
    }
    moved->any = true;
    moved->calls += calls;
    moved->bytes += bytes;
    json_array_append_new(json_object_get(verify->later, "days"),
                          json_pack("{s:s, s:I, s:I}", "day", day, "calls", calls, "bytes", bytes));
}

static const json_t *day_at(const json_t *days, const char *text)
{
    const json_t *day;
    size_t i;

    json_array_foreach(days, i, day)
        if (json_text(day, "day") && !strcmp(json_text(day, "day"), text))
            return day;
    return NULL;
}

static void compare_days(struct verify *verify, const struct claim *claim, const json_t *days,
                         struct moved *moved)
{
    const json_t *day;
    size_t i;

    json_array_foreach(days, i, day)
        compare_day(verify, day_at(claim->days, json_text(day, "day")), day, moved);
}

static void add_later(struct verify *verify, const struct bill_packed *difference)
{
    static const char *const keys[] = {"customer", "calls", "bytes", "total"};

    for (size_t i = 0; i < bill_packed_count(difference); i++) {
        json_auto_t *line = bill_packed_line(difference, i);
        json_t *later = json_object();

        for (size_t k = 0; k < 4; k++)
            json_object_set(later, keys[k], json_object_get(line, keys[k]));
        json_array_append_new(json_object_get(verify->later, "customers"), later);
    }
}

/* Sums over customers and nobody. */
static json_int_t change_of(const struct bill_packed *difference, const char *key)
{
    const json_t *head = bill_packed_head(difference);

    return json_whole(json_object_get(head, "totals"), key) +
           json_whole(json_object_get(head, "unattributed"), key);
}

/* ---- what is there now ---- */

static struct bill_packed *make_bill(struct flow *flow, const struct verify *verify,
                                     const struct claim *claim, enum usage_source source,
                                     struct err *e)
{
    const struct usage_request request = {source,
                                          bill_month_days(&claim->closed.billing, verify->month)};

    return bill_make(flow, &claim->closed.billing, &request, NULL, e);
}

/* The builds, and what the table answers.  A day that is built anew between the two is looked at
 * once more; then the table does not hold what its builds say.  The bill, or NULL and *e. */
static struct bill_packed *read_rollups(struct flow *flow, struct verify *verify,
                                        const struct claim *claim, struct bill_month *look,
                                        struct err *e)
{
    struct bill_packed *bill = NULL;
    struct err apart = {0};

    for (int tries = 0; tries < 2; tries++) {
        bill_month_fini(look);
        bill_packed_free(bill);
        bill = NULL;
        err_clear(&apart);
        tell(verify, "looking at the month's rollups");
        if (bill_month_look(flow, &claim->closed.billing, verify->month, look, e))
            return NULL;
        tell(verify, "adding up the rollups");
        bill = make_bill(flow, verify, claim, USAGE_FROM_ROLLUP, e);
        if (!bill || !bill_month_check(look, bill_packed_head(bill), &apart))
            return bill;
    }
    verify_findings_differ(verify, "%s", apart.text);
    return bill;
}

/* Off the loop: everybody may have later arrivals. */
struct judging {
    struct verify *verify;
    const struct bill_packed *difference;
    const struct moved *moved;
};

/* What was billed comes out of the rollups, with what arrived later. */
static void judge_moved(void *arg)
{
    const struct judging *judging = arg;
    struct verify *verify = judging->verify;
    const struct bill_packed *difference = judging->difference;
    const struct moved *moved = judging->moved;

    if (!moved->any) {
        if (differ_bills(verify, "rollups", difference))
            verify_findings_agree(verify, "the rollups give the bill");
        return;
    }
    add_later(verify, difference);
    if (change_of(difference, "calls") == moved->calls &&
        change_of(difference, "bytes") == moved->bytes)
        verify_findings_agree(verify, "the rollups give the bill and the later arrivals");
    else
        verify_findings_differ(verify,
                               "the rollups give %" JSON_INTEGER_FORMAT
                               " calls and %" JSON_INTEGER_FORMAT
                               " bytes more than was billed, but %" JSON_INTEGER_FORMAT
                               " and %" JSON_INTEGER_FORMAT " arrived later",
                               change_of(difference, "calls"), change_of(difference, "bytes"),
                               moved->calls, moved->bytes);
}

/* A closed month that could not be billed any more: why not is told, be it only that it is empty.
 */
static void note_refused(struct verify *verify, const struct bill_month *look)
{
    if (look->state == BILL_MONTH_REFUSED)
        verify_findings_note(verify, "it would be no bill any more: %s",
                             json_string_value(json_array_get(look->reasons, 0)));
}

/* What is recomputed is found by the rules of now. */
static void note_rules(struct verify *verify, const struct closed *closed)
{
    json_auto_t *now = close_period_rules(&closed->billing);
    json_auto_t *changes =
        close_period_changes(json_object_get(closed->invoice.archive.manifest, "rules"), now);
    const json_t *text;
    size_t i;

    json_array_foreach(changes, i, text)
        verify_findings_note(verify, "since it was closed, %s", json_string_value(text));
}

static int check_rollups(struct flow *flow, struct verify *verify, const struct claim *claim,
                         struct bill_packed **bill, struct err *e)
{
    struct bill_packed *difference = NULL;
    struct bill_month look = {0};
    struct moved moved = {0};

    *bill = read_rollups(flow, verify, claim, &look, e);
    if (*bill) {
        compare_days(verify, claim, look.days, &moved);
        note_refused(verify, &look);
        difference = bill_amount_difference(flow, *bill, claim->billed, e);
    }
    bill_month_fini(&look);
    if (!difference)
        return -1;
    flow_work(flow, judge_moved, &(struct judging){verify, difference, &moved});
    bill_packed_free(difference);
    return 0;
}

/* What is billed in spite of a doubt is part of what was said to the customer. */
static bool differ_warnings(struct verify *verify, const json_t *raw, const json_t *rollups)
{
    json_auto_t *differences = json_array();
    const json_t *one;
    size_t i;

    bill_compare_warnings(raw, rollups, differences);
    json_array_foreach(differences, i, one)
        verify_findings_differ(
            verify,
            "%s: the raw events give %" JSON_INTEGER_FORMAT ", the rollups %" JSON_INTEGER_FORMAT,
            json_text(one, "field"), json_whole(one, "first"), json_whole(one, "second"));
    return !i;
}

static int check_raw(struct flow *flow, struct verify *verify, const struct claim *claim,
                     const struct bill_packed *rollups, struct err *e)
{
    struct bill_packed *bill, *difference;

    tell(verify, "counting the raw events");
    bill = make_bill(flow, verify, claim, USAGE_FROM_RAW, e);
    difference = bill ? bill_amount_difference(flow, bill, rollups, e) : NULL;
    /* While something waits they differ by that. */
    if (difference && !json_array_size(json_object_get(verify->later, "waiting")) &&
        differ_bills(verify, "raw events", difference) &&
        differ_warnings(verify, bill_packed_head(bill), bill_packed_head(rollups)))
        verify_findings_agree(verify, "the raw events give the same as the rollups");
    bill_packed_free(bill);
    bill_packed_free(difference);
    return difference ? 0 : -1;
}

static int check_numbers(struct flow *flow, struct verify *verify, struct claim *claim,
                         struct err *e)
{
    struct bill_packed *bill = NULL;
    int failed;

    if (open_claim(flow, verify, claim, e) || check_rating(flow, verify, claim, e))
        return -1;
    note_rules(verify, &claim->closed);
    tell(verify, "looking at the source objects");
    failed = verify_proof_objects(flow, verify, &claim->closed, e) ||
             check_rollups(flow, verify, claim, &bill, e) ||
             (verify->from_raw && check_raw(flow, verify, claim, bill, e));
    bill_packed_free(bill);
    return failed ? -1 : 0;
}

/* ---- the whole ---- */

static int check_documents(struct flow *flow, struct verify *verify, struct closed *closed,
                           struct err *e)
{
    tell(verify, "checking signatures and files");
    if (verify_proof_document(flow, verify, &closed->invoice, "the invoice", e) ||
        closed_open_corrections(flow, verify->billing, verify->month, closed, e))
        return -1;
    verify->corrections = closed->count;
    return verify_proof_corrections(flow, verify, closed, e) ||
                   verify_proof_chain(flow, verify, &closed->invoice.archive, e) ||
                   verify_proof_named(flow, verify, closed, e) ||
                   verify_left(flow, verify, closed, e)
               ? -1
               : 0;
}

static int check_all(struct flow *flow, struct verify *verify, struct claim *claim, struct err *e)
{
    const struct archive *invoice = &claim->closed.invoice.archive;
    cleanup_free char *why = NULL;
    enum closed_state state;
    char month[16];

    calendar_month_text(verify->month, month);
    if (!*invoice->hash) {
        if (closed_state(flow, &claim->closed.invoice, &state, &why, e))
            return -1;
        if (state == CLOSED_NEVER && !json_array_size(invoice->objects))
            return err_set(e, ERR_ABSENT, "%s is not closed: there is nothing below s3://%s/%s",
                           month, verify->billing->names.bucket, invoice->folder);
        if (state == CLOSED_NEVER)
            verify_findings_differ(verify,
                                   "%smanifest.json is missing, and files of a close are there: "
                                   "it was removed, or the close was interrupted",
                                   invoice->folder);
        else
            verify_findings_differ(verify, "%s", why);
        return 0;
    }
    verify->manifest = json_share(invoice->manifest);
    if (check_documents(flow, verify, &claim->closed, e) ||
        verify_statements(flow, verify, &claim->closed, e))
        return -1;
    if (check_numbers(flow, verify, claim, e))
        return err_wrap(e, "the bill cannot be recomputed");
    return 0;
}

int verify_month(struct flow *flow, struct verify *verify, struct err *e)
{
    struct claim claim = {0};
    struct err failed = {0};
    int result = -1;

    verify->differences = json_array();
    verify->checked = json_array();
    verify->notes = json_array();
    verify->later = json_pack("{s:[], s:[], s:[]}", "days", "customers", "waiting");
    tell(verify, "reading what was closed");
    if (!closed_open(flow, verify->billing, verify->month, &claim.closed, &failed))
        result = check_all(flow, verify, &claim, &failed);
    claim_fini(flow, &claim);
    if (result && (failed.kind == ERR_EVIDENCE ||
                   (failed.kind == ERR_INVALID && json_array_size(verify->differences)))) {
        /* It ends the computing, and is what was looked for; or comes of it. */
        verify_findings_differ(verify, "%s", failed.text);
        return 0;
    }
    return result ? err_set(e, failed.kind, "%s", failed.text) : 0;
}

void verify_fini(struct verify *verify)
{
    json_decref(verify->differences);
    json_decref(verify->checked);
    json_decref(verify->notes);
    json_decref(verify->later);
    json_decref(verify->manifest);
}
