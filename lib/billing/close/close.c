#include "billing/close/close.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/close/close_private.h"
#include "billing/prices/price_book.h"

#include <stdarg.h>
#include <string.h>

enum { GAPS_SHOWN = 10 };

/* ---- what all of it shares ---- */

void close_tell(struct close *close, const char *what)
{
    if (close->progress)
        close->progress(close->arg, what);
}

void close_begin(struct close *close)
{
    close->reasons = json_array();
    close->notes = json_array();
}

void close_note(struct close *close, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    json_array_append_new(close->notes, close_text(format, args));
    va_end(args);
}

void close_reason(struct close *close, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    json_array_append_new(close->reasons, close_text(format, args));
    va_end(args);
}

bool close_is_refused(const struct close *close)
{
    return json_array_size(close->reasons) > 0;
}

void close_fini(struct close *close)
{
    signature_key_free(close->key);
    json_decref(close->reasons);
    json_decref(close->notes);
    json_decref(close->bill);
    json_decref(close->days);
    json_decref(close->objects);
    json_decref(close->audit);
    json_decref(close->usage);
    json_decref(close->previous);
    json_decref(close->price_book);
    json_decref(close->manifest);
    free(close->folder);
}

char *close_invoice_number(const struct billing *billing, struct day month, unsigned correction)
{
    return correction ? mem_printf("%s-%04d-%02d-c%u", billing->pipeline, month.year, month.month,
                                   correction)
                      : mem_printf("%s-%04d-%02d", billing->pipeline, month.year, month.month);
}

void close_take_key(struct close *close)
{
    const char *path = close->billing->settings.signing_key;
    struct err e = {0};

    if (!path || !*path) {
        close_reason(close, "there is no signing key: set billing.close.signing_key; `openssl "
                            "genpkey -algorithm ed25519 -out billing-key.pem` makes one");
        return;
    }
    close->key = signature_private_key(path, &e);
    if (!close->key)
        close_reason(close, "the signing key: %s", e.text);
}

json_t *close_book_section(const json_t *section)
{
    static const char *const keys[] = {"time_zone", "currency", "prices", "customers"};
    json_t *book = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(section, keys[i]))
            json_object_set(book, keys[i], json_object_get(section, keys[i]));
    return book;
}

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
    struct day last = calendar_add_days(close->month, -1), month, first;
    json_auto_t *days = NULL;
    const json_t *day;
    size_t i;

    if (calendar_parse_month(name, &month, e))
        return -1;
    first = calendar_add_days(close_last_day(month), 1);
    if (calendar_compare(first, last) > 0)
        return 0;
    days = close_days(flow, close->billing, first, last, e);
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

    close_month_text(close->month, own);
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

/* ---- days ---- */

int close_take_days(struct flow *flow, struct close *close, const struct billing *billing,
                    struct err *e)
{
    const json_t *day;
    size_t i;

    close_tell(close, "listing the month's objects");
    close->objects = close_objects(flow, billing, close->month, e);
    if (!close->objects)
        return -1;
    close_tell(close, "looking at the month's rollups");
    close->days = close_days(flow, billing, close->month, close_last_day(close->month), e);
    if (!close->days)
        return -1;
    close_days_reasons(close->days, close->reasons);
    json_array_foreach(close->days, i, day)
        if (!strcmp(json_text(day, "state"), "kept"))
            json_array_append_new(
                close->notes, json_sprintf("%s: objects that its rollup was built from are gone",
                                           json_text(day, "day")));
    return 0;
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

static int take_audit(struct flow *flow, struct close *close, struct err *e)
{
    const char *zone = price_book_zone(close->billing->book), *verdict;
    int64_t from_s = calendar_day_start(zone, close->month);
    int64_t to_s = calendar_day_start(zone, calendar_add_days(close_last_day(close->month), 1));

    close_tell(close, "auditing the month");
    close->audit = audit_run(flow, close->billing, from_s, to_s, e);
    if (!close->audit)
        return -1;
    json_object_del(close->audit, "freshness_seconds"); /* of this moment, not of the month */
    verdict = json_text(close->audit, "verdict");
    if (audit_has_gap(close->audit))
        add_gaps(close);
    else if (verdict && !strcmp(verdict, "unknown"))
        json_array_append_new(
            close->notes,
            json_sprintf("CloudWatch has no counts for %" JSON_INTEGER_FORMAT
                         " hours: for them the audit proves nothing",
                         json_integer_value(json_object_get(close->audit, "unknown_hours"))));
    return 0;
}

/* ---- the bill ---- */

json_t *close_take_bill(struct flow *flow, struct close *close, const struct billing *billing,
                        struct err *e)
{
    json_auto_t *days = NULL;
    struct usage usage;
    json_t *bill;

    close_tell(close, "adding up the rollups");
    if (usage_read(flow, billing, USAGE_FROM_ROLLUP, close->month, close_last_day(close->month),
                   &usage, e))
        return NULL;
    bill = bill_of_usage(billing, close->month, USAGE_FROM_ROLLUP, &usage, e);
    close->usage = close_usage_json(billing, close->month, &usage);
    usage_fini(&usage);
    if (!bill)
        return NULL;
    bill_set_days(bill, json_array());
    /* Readers of a rollup see one build, but two queries may see two. */
    days = close_days(flow, billing, close->month, close_last_day(close->month), e);
    if (!days) {
        json_decref(bill);
        return NULL;
    }
    if (!close_days_same(close->days, days))
        close_reason(close, "a day was rebuilt meanwhile: try again");
    return bill;
}

int close_look(struct flow *flow, struct close *close, struct err *e)
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
    if (close_take_days(flow, close, close->billing, e) || take_audit(flow, close, e))
        return -1;
    if (close_is_refused(close))
        return 0;
    close->price_book = close_book_section(close->section);
    close->bill = close_take_bill(flow, close, close->billing, e);
    return close->bill ? close_note_waiting(flow, close, e) : -1;
}
