#include "daemon/upkeep/month_watch.h"

#include "base/clock.h"
#include "base/json.h"
#include "billing/close/archive.h"
#include "billing/close/close.h"
#include "billing/close/close_period.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup.h"
#include "daemon/health/service_metrics.h"

#include <string.h>

/* The newest month whose invoice has its manifest; its year is 0 when there is none. */
static struct day newest_closed(const struct billing *billing, const json_t *closed)
{
    struct day newest = {0};
    const char *text;
    json_t *modified;

    json_object_foreach((json_t *)closed, text, modified) {
        struct number number;

        if (numbers_parse(billing, text, &number) && !number.correction &&
            calendar_compare(number.month, newest) > 0)
            newest = number.month;
    }
    return newest;
}

/* As board_months wants them; new reference. */
static json_t *documents_of(const struct billing *billing, const json_t *closed)
{
    json_t *documents = json_array(), *modified;
    const char *text;

    json_object_foreach((json_t *)closed, text, modified) {
        struct number number;
        char month[16];

        if (!numbers_parse(billing, text, &number))
            continue;
        calendar_month_text(number.month, month);
        json_array_append_new(documents,
                              json_pack("{s:s, s:s, s:I, s:I}", "month", month, "number", text,
                                        "correction", (json_int_t)number.correction, "closed",
                                        (json_int_t)json_number_value(modified)));
    }
    return documents;
}

/* ---- what they came to ---- */

/* A look reads so many manifests; what lies further back is not known until a later one. */
enum { MOST_READ = 24 };

/* {number: document} of those that were read; new reference. */
static json_t *known_by_number(const struct board *board, const struct billing *billing)
{
    const json_t *documents = board_known_months(board, billing->pipeline);
    json_t *known = json_object(), *each;
    size_t i;

    json_array_foreach(documents, i, each)
        if (json_text(each, "total"))
            json_object_set(known, json_text(each, "number"), each);
    return known;
}

static bool is_currency(const char *text)
{
    return text && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3 && !text[3];
}

/* -1 and *e when it was cancelled; that it cannot be read leaves it unknown. */
static int read_total(struct flow *flow, const struct billing *billing, json_t *document,
                      struct err *e)
{
    json_auto_t *manifest = NULL;
    struct number number;
    const char *currency, *total;

    if (!numbers_parse(billing, json_text(document, "number"), &number))
        return 0;
    manifest = archive_manifest(flow, billing, number, e);
    if (!manifest && e->kind == ERR_CANCELLED)
        return -1;
    err_clear(e);
    currency = json_text(manifest, "currency");
    total = json_string_value(json_at(manifest, "totals.total"));
    if (is_currency(currency) && total) {
        json_object_set_new(document, "currency", json_string(currency));
        json_object_set_new(document, "total", json_string(total));
    }
    return 0;
}

/* The newest first: these are looked at. */
static int add_totals(struct flow *flow, const struct billing *billing, const struct board *board,
                      json_t *documents, struct err *e)
{
    json_auto_t *known = known_by_number(board, billing);
    size_t read = 0;

    for (size_t i = json_array_size(documents); i > 0; i--) {
        json_t *document = json_array_get(documents, i - 1);
        const json_t *before = json_object_get(known, json_text(document, "number"));

        /* What is known of a document stays so: it is written once. */
        if (before && json_whole(before, "closed") == json_whole(document, "closed"))
            (void)json_object_update(document, (json_t *)before);
        else if (read++ < MOST_READ && read_total(flow, billing, document, e))
            return -1;
    }
    return 0;
}

static struct day month_after(struct day month)
{
    return calendar_add_days(calendar_month(month).last, 1);
}

/* The first month that should be closed: 0; 1: there is none; -1 and *e. */
static int find_first(struct flow *flow, const struct billing *billing, const json_t *closed,
                      struct day *first, struct err *e)
{
    struct day newest = newest_closed(billing, closed);
    int found;

    if (newest.year) {
        *first = month_after(newest);
        return 0;
    }
    if (!billing->settings.signing_key)
        return 1;
    found = rollup_first_day(flow, billing, first, e);
    if (found > 0) /* no data yet */
        err_clear(e);
    if (!found)
        *first = calendar_month(*first).first;
    return found;
}

static void forget(const char *pipeline)
{
    metric_forget(&service_metrics.unclosed_months, pipeline);
    metric_forget(&service_metrics.unclosed_month_end, pipeline);
}

static void count(const struct billing *billing, struct day month, int64_t now_s)
{
    unsigned months = 0;
    int64_t oldest_s = 0;

    for (;; month = month_after(month)) {
        int64_t end_s = close_period_of(billing, month).to_s;

        if (end_s > now_s)
            break;
        if (!months++)
            oldest_s = end_s;
    }
    metric_set(&service_metrics.unclosed_months, months, billing->pipeline, NULL);
    if (months)
        metric_set(&service_metrics.unclosed_month_end, (double)oldest_s, billing->pipeline, NULL);
}

int month_watch_look(struct flow *flow, const struct billing *billing, struct board *board,
                     struct err *e)
{
    json_auto_t *closed = archive_closed(flow, billing, e);
    json_auto_t *documents = closed ? documents_of(billing, closed) : NULL;
    int64_t now_ms = clock_now_ms();
    struct day month;
    int found;

    if (documents && add_totals(flow, billing, board, documents, e))
        return -1;
    found = closed ? find_first(flow, billing, closed, &month, e) : -1;
    if (closed || e->kind != ERR_CANCELLED)
        board_months(board, billing->pipeline, json_share(documents),
                     billing->settings.signing_key ? close_due_after(billing) : -1, now_ms);
    if (found < 0) {
        if (e->kind != ERR_CANCELLED &&
            metric_value(&service_metrics.unclosed_months, 0, billing->pipeline, NULL) <= 0)
            forget(billing->pipeline);
        return -1;
    }
    forget(billing->pipeline);
    if (!found)
        count(billing, month, now_ms / 1000);
    return 0;
}
