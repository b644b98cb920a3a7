#include "billing/requests/requests_line.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/bill/bill_days.h"
#include "billing/bill/usage_by.h"
#include "billing/prices/price_book.h"

#include <string.h>

bool requests_line_takes(const struct requests_filter *filter, const char *route,
                         const char *status)
{
    return (!filter->route || price_book_matches(filter->route, route)) &&
           (!filter->status || price_book_matches(filter->status, status));
}

struct reading {
    const struct billing *billing;
    const struct requests_question *question;
    const struct requests_filter *filter;
    struct requests_line *line;
};

static void begin(void *arg)
{
    struct reading *reading = arg;

    reading->line->all = reading->line->shown = (struct volume){0};
}

static int add_group(void *arg, const struct usage_group *group, struct err *e)
{
    struct reading *reading = arg;
    const struct requests_question *question = reading->question;
    const char *customer = price_book_customer(reading->billing->book, group->sub, group->day);
    const struct volume volume = {group->calls, group->bytes};

    if (question->nobodys ? customer != NULL
                          : !customer || strcmp(customer, question->customer) != 0)
        return 0;
    if (volume_add(&reading->line->all, volume, e))
        return -1;
    return requests_line_takes(reading->filter, group->route, group->status)
               ? volume_add(&reading->line->shown, volume, e)
               : 0;
}

void requests_line_set_days(struct requests_line *line, const json_t *month, struct day_span days)
{
    char first[16], last[16];
    json_t *day;
    size_t i;

    calendar_day_text(days.first, first);
    calendar_day_text(days.last, last);
    line->days = json_array();
    json_array_foreach(month, i, day)
        if (strcmp(json_text(day, "day"), first) >= 0 && strcmp(json_text(day, "day"), last) <= 0)
            json_array_append(line->days, day);
    line->open = bill_days_open(line->days);
}

int requests_line_read(struct flow *flow, const struct billing *billing,
                       const struct requests_question *question, struct requests_line *line,
                       struct err *e)
{
    const struct requests_filter *filter = line->filter;
    struct reading reading = {billing, question, filter, line};
    const struct usage_by_taker taker = {begin, add_group, &reading};
    const struct usage_by_question wanted = {question->days, false};

    line->knows_shown = (!filter->route || usage_by_keeps(billing, "route")) &&
                        (!filter->status || usage_by_keeps(billing, "status"));
    return usage_by_each(flow, billing, &wanted, &taker, e);
}

void requests_line_fini(struct requests_line *line)
{
    json_decref(line->days);
    json_decref(line->open);
    *line = (struct requests_line){0};
}

/* ---- doubts ---- */

static void add_open(struct str *text, const json_t *open)
{
    json_auto_t *reasons = json_array();
    const json_t *reason;
    size_t i;

    bill_days_reasons(open, reasons);
    str_add(text, "the line is not final, so that nobody knows whether these are its calls:");
    json_array_foreach(reasons, i, reason)
        str_addf(text, "%s %s", i ? ";" : "", json_string_value(reason));
}

static bool differs(const struct volume *a, const struct volume *b)
{
    return a->calls != b->calls || a->bytes != b->bytes;
}

static void add_difference(struct str *text, const struct volume *line, const struct volume *found)
{
    str_addf(text,
             "the line says %lld calls and %lld bytes, the log events %lld calls and %lld bytes: a "
             "day was rebuilt meanwhile, or log objects came, changed or went since it was "
             "(`billingd rollup` and `billingd audit` tell)",
             (long long)line->calls, (long long)line->bytes, (long long)found->calls,
             (long long)found->bytes);
}

/* Builds of which log objects are gone hold more than can be listed. */
static void add_kept(struct str *text, const json_t *days)
{
    const json_t *day;
    size_t i;

    json_array_foreach(days, i, day)
        if (!strcmp(json_text(day, "state"), "kept"))
            str_addf(text, "; of %s log objects are gone, and its build stays",
                     json_text(day, "day"));
}

char *requests_line_doubt(const struct requests_line *line, struct volume all, struct volume shown)
{
    struct str text = {0};

    if (json_array_size(line->open)) {
        add_open(&text, line->open);
    } else if (differs(&line->all, &all)) {
        add_difference(&text, &line->all, &all);
        add_kept(&text, line->days);
    } else if (!line->knows_shown) {
        str_add(&text,
                "all calls of the line are found, but rollup.group_by does not keep what was "
                "asked for: nobody knows what the line has of it");
    } else if (differs(&line->shown, &shown)) {
        add_difference(&text, &line->shown, &shown);
    }
    return text.len ? str_take(&text) : NULL;
}
