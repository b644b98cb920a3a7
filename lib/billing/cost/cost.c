#include "billing/cost/cost.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/cost/cost_private.h"

#include <string.h>

/* ---- a line as a document ---- */

static const char *const measures[] = {[COST_BYTES] = "bytes",
                                       [COST_BYTE_MONTHS] = "byte-months",
                                       [COST_REQUESTS] = "requests",
                                       [COST_MONTHS] = "months"};

/* What lasts is counted in seconds, and told in months. */
static json_t *quantity_json(const struct cost *cost, const struct cost_use *use)
{
    enum cost_measure measure = cost_prices_units[use->unit].measure;
    money_integer sum = 0, month_s = (money_integer)cost->days * COST_DAY_S;

    for (size_t day = 0; day < COST_DAYS; day++)
        sum += use->days[day];
    if (measure == COST_BYTE_MONTHS || measure == COST_MONTHS)
        sum = (sum + month_s / 2) / month_s;
    return json_integer((json_int_t)sum);
}

struct sum {
    struct money least, most;
    json_t *lacks; /* names of lines that are not in it, or not wholly */
};

static void note_lack(struct sum *sum, const struct cost_line *line)
{
    const char *key = cost_prices_units[line->unit].key;

    json_array_append_new(sum->lacks,
                          line->place ? json_sprintf("%s %s", key, line->place) : json_string(key));
}

/* What was used (whole: and is coming) of a line, added to the sum; null: nothing is known. */
static json_t *side_json(const struct cost *cost, const struct cost_line *line, bool whole,
                         struct sum *sum)
{
    struct cost_use least = {.unit = line->unit, .month = cost->question->month}, most;
    struct money least_amount = {0}, most_amount = {0};
    struct err e = {0};
    int priced;

    for (size_t day = 0; day < COST_DAYS; day++)
        least.days[day] = line->used[day] + (whole ? line->coming[day] : 0);
    most = least;
    for (size_t day = 0; day < COST_DAYS; day++)
        most.days[day] += line->more[day];
    priced = cost_prices_charge(cost->question->prices, &least, &least_amount, &e);
    if (priced > 0)
        priced = cost_prices_charge(cost->question->prices, &most, &most_amount, &e);
    if (priced > 0 &&
        (money_add(&sum->least, least_amount, &e) || money_add(&sum->most, most_amount, &e)))
        priced = -1;
    if (priced <= 0 || line->unknown || line->at_least)
        note_lack(sum, line);
    return json_pack("{s:o, s:o, s:o, s:o}", "quantity", quantity_json(cost, &least), "at_most",
                     quantity_json(cost, &most), "amount", cost_prices_json(priced, least_amount),
                     "amount_at_most", cost_prices_json(priced, most_amount));
}

static json_t *price_json(const struct cost *cost, enum cost_unit unit)
{
    struct price price;
    cleanup_free char *text = NULL;

    if (!cost_prices_find(cost->question->prices, unit, calendar_day_of("UTC", cost->until_s - 1),
                          &price))
        return json_null();
    text = money_exact_text(money_of(price), 2);
    return json_string(text);
}

static json_t *line_json(const struct cost *cost, const struct cost_line *line, struct sum *used,
                         struct sum *month)
{
    const struct cost_unit_form *form = &cost_prices_units[line->unit];
    bool lost = line->unknown && line->unknown_days >= (unsigned)cost->days_begun;
    bool over = cost->until_s == cost->end_s;
    json_t *json = json_pack(
        "{s:s, s:s, s:s?, s:s, s:s, s:s, s:o, s:s?, s:i, s:b, s:b, s:b, s:O?}", "name", form->key,
        "what", line->what, "place", line->place, "source", line->source, "measure",
        measures[form->measure], "per", form->per, "price", price_json(cost, line->unit), "unknown",
        line->unknown, "unknown_days", (int)line->unknown_days, "failed", line->failed, "denied",
        line->denied, "at_least", line->at_least, "detail", line->detail);

    if (lost) {
        note_lack(used, line);
        note_lack(month, line);
    }
    json_object_set_new(json, "used", lost ? json_null() : side_json(cost, line, false, used));
    json_object_set_new(json, "month",
                        lost || over ? json_null() : side_json(cost, line, true, month));
    return json;
}

/* ---- sums ---- */

char *cost_rounding(const struct cost_prices *prices)
{
    return mem_printf("amounts are exact, to 10^-21 of the currency; a total is rounded once, half "
                      "up, to %d decimals",
                      money_currency_digits(cost_prices_currency(prices)));
}

static json_t *sum_json(const struct cost *cost, const struct sum *sum)
{
    int digits = money_currency_digits(cost_prices_currency(cost->question->prices));
    cleanup_free char *least = money_text(money_round(sum->least, digits), digits);
    cleanup_free char *most = money_text(money_round(sum->most, digits), digits);

    return json_pack("{s:s, s:s, s:O}", "amount", least, "amount_at_most", most, "lacks",
                     sum->lacks);
}

static json_t *document_of(const struct cost *cost)
{
    struct sum used = {.lacks = json_array()}, month = {.lacks = json_array()};
    json_t *lines = json_array(), *totals = json_object();

    for (size_t i = 0; i < cost->count; i++)
        json_array_append_new(lines, line_json(cost, &cost->lines[i], &used, &month));
    json_object_set_new(totals, "used", sum_json(cost, &used));
    json_object_set_new(totals, "month",
                        cost->until_s == cost->end_s ? json_null() : sum_json(cost, &month));
    json_decref(used.lacks);
    json_decref(month.lacks);
    return json_pack("{s:s, s:o, s:o, s:o}", "currency",
                     cost_prices_currency(cost->question->prices), "lines", lines, "total", totals,
                     "settings", cost_setting_list(cost));
}

/* ---- what is read ---- */

/* Reads by queries, and S3 counts requests only where its request metrics are switched on. */
static void add_unseen(struct cost *cost)
{
    struct cost_line *line =
        cost_line_add(cost, COST_S3_GET, "reads by queries and Firehose", "none");

    cost_line_untold(cost, line, "AWS counts requests to the bucket only with request metrics");
}

static void add_alarms(struct cost *cost)
{
    const json_t *alarms = json_object_get(cost->question->settings, "alarms");
    struct cost_line *line = cost_line_add(cost, COST_ALARMS, "alarms", "AWS, as it is now");

    if (json_is_integer(alarms))
        cost_line_keep(cost, line, json_integer_value(alarms));
    else
        cost_line_untold(cost, line, "the alarms could not be read");
}

/* What was delivered was taken in before: a day (or the one before it: buffers wait over midnight)
 * without a count then is one that CloudWatch lost, not one without traffic. */
static void doubt_silence(struct cost *cost)
{
    const char *prefix = cost->question->billing->names.data_prefix;
    const struct cost_line *puts = cost_line_find(cost, COST_S3_PUT, prefix);

    for (size_t i = 0; i < cost->count && puts; i++) {
        struct cost_line *line = &cost->lines[i];
        bool counted = line->unit == COST_LOGS_INGESTED || line->unit == COST_FIREHOSE_INGESTED ||
                       line->unit == COST_FIREHOSE_DECOMPRESSED;

        if (!counted || line->unknown)
            continue;
        for (int day = 1; day < cost->days_begun; day++)
            line->unknown_days += puts->used[day] && !line->used[day] && !line->used[day - 1];
        if (line->unknown_days)
            line->unknown = mem_text("CloudWatch has no count of days on which objects came");
    }
}

static void cost_begin(struct cost *cost, const struct cost_question *question)
{
    struct day_span days = calendar_month(question->month);

    *cost = (struct cost){.question = question};
    cost->from_s = calendar_day_start("UTC", days.first);
    cost->end_s = calendar_day_start("UTC", calendar_add_days(days.last, 1));
    cost->until_s = question->now_s < cost->end_s ? question->now_s : cost->end_s;
    cost->days = (int)((cost->end_s - cost->from_s) / COST_DAY_S);
    cost->days_begun = (int)((cost->until_s - cost->from_s + COST_DAY_S - 1) / COST_DAY_S);
}

json_t *cost_look(struct flow *flow, const struct cost_question *question, struct err *e)
{
    struct cost *cost = mem_new(sizeof *cost);
    json_t *document = NULL;

    cost_begin(cost, question);
    cost_metrics_read(flow, cost);
    cost_queries_read(flow, cost);
    cost_stored_read(flow, cost);
    add_unseen(cost);
    add_alarms(cost);
    if (flow_is_cancelled(flow)) {
        (void)err_set(e, ERR_CANCELLED, "stopped");
    } else {
        doubt_silence(cost);
        document = document_of(cost);
    }
    for (size_t i = 0; i < cost->count; i++) {
        free(cost->lines[i].place);
        free(cost->lines[i].unknown);
        json_decref(cost->lines[i].detail);
    }
    free(cost);
    return document;
}
