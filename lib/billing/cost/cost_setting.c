/* cost_setting.c -- what another value of a setting would cost or save in a month like this one.
 *
 * Each row changes one setting, all else staying as it is, and says what it takes for granted; what
 * it rests on must be known, else there is no row. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/cost/cost_private.h"
#include "billing/rollup/rollup_window.h"

#include <string.h>

struct row {
    const char *setting; /* "stream.buffer_seconds" */
    char *now, *other;   /* taken over */
    enum cost_unit unit;
    money_integer change; /* in the unit's quantity, over a month */
    const char *assumes;
};

static void add_row(const struct cost *cost, json_t *rows, const struct row *row)
{
    const struct cost_unit_form *form = &cost_prices_units[row->unit];
    bool less = row->change < 0, lasts = form->measure == COST_BYTE_MONTHS;
    money_integer size = less ? -row->change : row->change;
    money_integer month_s = (money_integer)cost->days * COST_DAY_S;
    struct money amount;
    struct err e = {0};
    const struct cost_part part = {row->unit, calendar_day_of("UTC", cost->until_s - 1), size};
    int priced = cost_prices_charge_at(cost->question->prices, &part, &amount, &e);

    if (less)
        amount.units = -amount.units;
    json_array_append_new(
        rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:s}", "setting", row->setting, "now",
                        row->now, "other", row->other, "name", form->key, "measure",
                        lasts                            ? "byte-months"
                        : form->measure == COST_REQUESTS ? "requests"
                                                         : "bytes",
                        "change", (json_int_t)(lasts ? row->change / month_s : row->change),
                        "amount", cost_prices_json(priced, amount), "assumes", row->assumes));
    free(row->now);
    free(row->other);
}

/* A number that AWS has for a field; 0: it is not known. */
static int64_t number_of(const struct cost *cost, const char *resource, const char *field)
{
    return json_whole(json_object_get(cost->question->settings, resource), field);
}

/* The quantity of a whole month; -1: not known. */
static money_integer month_of(const struct cost *cost, enum cost_unit unit, const char *place)
{
    const struct cost_line *line = cost_line_find(cost, unit, place);

    return line ? cost_line_sum(line, true) : -1;
}

/* How many objects more of a month with another buffer: at most, or for a longer one at least.  No
 * more than time can end change; the others end by size, and stay. */
static money_integer more_puts(const struct cost *cost, money_integer puts, int64_t now_s,
                               int64_t other_s)
{
    money_integer most = (money_integer)cost->days * COST_DAY_S / now_s;
    money_integer timed = puts < most ? puts : most;

    return timed * now_s / other_s - timed;
}

static void add_buffers(const struct cost *cost, json_t *rows)
{
    static const int64_t others[] = {60, 300, 900};
    money_integer puts = month_of(cost, COST_S3_PUT, cost->question->billing->names.data_prefix);
    int64_t now_s = number_of(cost, "stream", "buffer_seconds");

    for (size_t i = 0; i < 3 && puts >= 0 && now_s > 0; i++) {
        if (others[i] == now_s)
            continue;
        add_row(cost, rows,
                &(struct row){"stream.buffer_seconds", mem_printf("%lld", (long long)now_s),
                              mem_printf("%lld", (long long)others[i]), COST_S3_PUT,
                              more_puts(cost, puts, now_s, others[i]),
                              others[i] < now_s
                                  ? "usage comes without a pause: at most so many objects"
                                  : "objects end by time, as many as it can end"});
    }
}

/* Bytes of log objects that a month puts there, as they lie there and as Firehose unpacked them. */
static bool month_of_logs(const struct cost *cost, money_integer *packed, money_integer *plain)
{
    const char *prefix = cost->question->billing->names.data_prefix;
    const struct cost_line *line = cost_line_find(cost, COST_S3_STANDARD, prefix);
    money_integer elapsed_s = cost->until_s - cost->from_s;

    if (!line || elapsed_s <= 0) /* in a month's first second nothing has come of it */
        return false;
    *plain = month_of(cost, COST_FIREHOSE_DECOMPRESSED, NULL);
    *packed = json_whole(line->detail, "put_bytes");
    *packed = *packed * (cost->end_s - cost->from_s) / elapsed_s;
    return *packed > 0;
}

static void add_compression(const struct cost *cost, json_t *rows)
{
    const char *now = json_text(json_object_get(cost->question->settings, "stream"), "compression");
    money_integer packed, plain, month_s = (money_integer)cost->days * COST_DAY_S;
    money_integer scanned = month_of(cost, COST_ATHENA_SCANNED, NULL);

    if (!now || strcmp(now, "GZIP") != 0 || !month_of_logs(cost, &packed, &plain) || plain < packed)
        return;
    add_row(cost, rows,
            &(struct row){"stream.compression", mem_text(now), mem_text("UNCOMPRESSED"),
                          COST_S3_STANDARD, (plain - packed) * month_s,
                          "for each month of log objects that is kept"});
    if (scanned >= 0)
        add_row(cost, rows,
                &(struct row){"stream.compression", mem_text(now), mem_text("UNCOMPRESSED"),
                              COST_ATHENA_SCANNED, scanned * plain / packed - scanned,
                              "all that was scanned is log objects: at most so much"});
}

/* What lies there once the log has been kept that long: from then on as much expires as arrives. */
static void add_lifecycle(const struct cost *cost, json_t *rows)
{
    static const int64_t others[] = {30, 90, 365, 730};
    const char *prefix = cost->question->billing->names.data_prefix;
    const struct cost_line *line = cost_line_find(cost, COST_S3_STANDARD, prefix);
    int64_t now = json_whole(line ? line->detail : NULL, "expires_days");
    money_integer packed, plain;

    if (!json_object_get(cost->question->settings, "bucket") ||
        !month_of_logs(cost, &packed, &plain))
        return;
    for (size_t i = 0; i < 4; i++) {
        int64_t kept = now ? now : 365;

        if (others[i] == now || (!now && others[i] > 365))
            continue;
        add_row(
            cost, rows,
            &(struct row){"bucket.lifecycle of log objects",
                          now ? mem_printf("%lld days", (long long)now) : mem_text("for ever"),
                          mem_printf("%lld days", (long long)others[i]), COST_S3_STANDARD,
                          packed * (others[i] - kept) * COST_DAY_S,
                          now ? "a month once the log is kept that long: as much expires as "
                                "arrives then"
                              : "a month after the first year; what is kept for ever grows on"});
    }
}

static void add_retention(const struct cost *cost, json_t *rows)
{
    static const int64_t others[] = {30, 90, 180, 365};
    money_integer kept = month_of(cost, COST_LOGS_STORED, NULL);
    int64_t now = number_of(cost, "access_logs", "retention_days");

    for (size_t i = 0; i < 4 && kept >= 0 && now > 0; i++)
        if (others[i] != now)
            add_row(cost, rows,
                    &(struct row){"access_logs.retention_days", mem_printf("%lld", (long long)now),
                                  mem_printf("%lld", (long long)others[i]), COST_LOGS_STORED,
                                  kept * others[i] / now - kept,
                                  "the log group is as full as it gets"});
}

/* Hours of arrival that building a day reads. */
static size_t window_hours(const struct billing *billing, struct day day, int late_days)
{
    struct billing other = *billing;
    struct rollup_window window;

    other.settings.late_days = late_days;
    window = rollup_window_of(&other, day);
    return rollup_window_hours(&window);
}

static void add_window(const struct cost *cost, json_t *rows)
{
    static const int others[] = {0, 1, 3, 7, 14};
    const struct billing *billing = cost->question->billing;
    /* A day that is far enough back that no hour of its window is still being filled. */
    struct day day = calendar_add_days(calendar_day_of("UTC", cost->question->now_s), -60);
    int now = billing->settings.late_days;
    size_t hours = window_hours(billing, day, now);
    money_integer packed, plain;

    for (size_t i = 0; i < 5 && month_of_logs(cost, &packed, &plain); i++) {
        size_t other = window_hours(billing, day, others[i]);

        if (others[i] != now)
            add_row(cost, rows,
                    &(struct row){"billing.rollup.late_days", mem_printf("%d", now),
                                  mem_printf("%d", others[i]), COST_ATHENA_SCANNED,
                                  packed * ((money_integer)other - (money_integer)hours) / 24,
                                  "each day is built once, from every hour of its window"});
    }
}

static void add_line_format(const struct cost *cost, json_t *rows)
{
    static const enum cost_unit units[] = {COST_LOGS_INGESTED, COST_FIREHOSE_DECOMPRESSED,
                                           COST_LOGS_STORED};
    int64_t now = number_of(cost, "line", "bytes"), needed = number_of(cost, "line", "needed");

    for (size_t i = 0; i < 3 && needed > 0 && needed < now; i++) {
        money_integer month = month_of(cost, units[i], NULL);

        if (month >= 0)
            add_row(cost, rows,
                    &(struct row){"stage_logging.format", mem_printf("%lld bytes", (long long)now),
                                  mem_printf("lean, %lld bytes", (long long)needed), units[i],
                                  month * needed / now - month,
                                  "lines are like the usual one; what it loses: docs/billing.md"});
    }
}

json_t *cost_setting_list(const struct cost *cost)
{
    json_t *rows = json_array();

    add_buffers(cost, rows);
    add_compression(cost, rows);
    add_lifecycle(cost, rows);
    add_retention(cost, rows);
    add_window(cost, rows);
    add_line_format(cost, rows);
    return rows;
}
