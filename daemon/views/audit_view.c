#include "daemon/views/audit_view.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text_width.h"
#include "base/timestamp.h"
#include "daemon/views/count_text.h"
#include "daemon/views/terminal.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

enum { WORST_HOURS = 10, SHOWN_GAPS = 10, SHOWN_DAYS = 10 };

/* "?" for what nobody counted. */
static char *grouped(const json_t *value)
{
    return json_is_integer(value) ? count_text(json_integer_value(value)) : mem_text("?");
}

static const char *meaning(const char *hop)
{
    static const char *const texts[][2] = {
        {"gateway", "requests, by API Gateway's Count"},
        {"ingested", "log events, by IncomingLogEvents"},
        {"forwarded", "by the subscription filter, by ForwardedLogEvents"},
        {"delivered", "different log events in S3"},
        {"parsed", "of them, requests"},
        {"unique", "different requests"},
        {"rolled_up", "calls in the rollups of these days"},
        {"billed", "calls on the bill of these days"},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(texts[i][0], hop))
            return texts[i][1];
    return "";
}

static json_int_t lost_before(const json_t *audit, const char *hop, bool *above)
{
    json_int_t events = 0;
    size_t i;
    json_t *gap;

    *above = false;
    json_array_foreach(json_object_get(audit, "gaps"), i, gap)
        if (!strcmp(json_text(gap, "hop"), hop)) {
            events += json_whole(gap, "events");
            *above = *above || json_is_true(json_object_get(gap, "above_limit"));
        }
    return events;
}

static bool is_due(const json_t *audit, const char *hop)
{
    size_t i;
    json_t *each;

    json_array_foreach(json_object_get(audit, "not_due"), i, each)
        if (!strcmp(json_string_value(each), hop))
            return false;
    return true;
}

static void print_rung(const json_t *audit, const char *name, FILE *out, bool color)
{
    bool due = is_due(audit, name);
    cleanup_free char *count =
        due ? grouped(json_object_get(json_object_get(audit, "totals"), name)) : mem_text("-");
    bool above;
    json_int_t lost = lost_before(audit, name, &above);

    (void)fprintf(out, "  %-10s %15s  ", name, count);
    if (lost)
        (void)fprintf(out, "%s%" JSON_INTEGER_FORMAT " missing%s  ",
                      terminal_style(color, above ? STYLE_RED : STYLE_YELLOW), lost,
                      terminal_style(color, STYLE_PLAIN));
    (void)fprintf(out, "%s%s%s\n", terminal_style(color, STYLE_DIM),
                  due ? meaning(name) : "no closed billing day lies in these hours",
                  terminal_style(color, STYLE_PLAIN));
}

/* From the requests of the hours to the calls of the days; steps of zero are left out. */
static void print_steps(const json_t *audit, FILE *out, bool color)
{
    static const char *const steps[][2] = {
        {"before_since", "made before billing begins (rollup.since)"},
        {"earlier_days", "made on earlier days, counted there"},
        {"later_days", "made on later days, or on days not closed yet"},
        {"too_late", "arrived after rollup.late_days"},
        {"out_of_window", "dated on no day that their arrival counts for"},
        {"arrived_outside", "of these days, arrived in other hours"},
        {"not_rolled_up", "in the events and not in the rollups (+: the reverse)"},
    };
    const json_t *sum = json_object_get(audit, "adds_up"), *days = json_object_get(audit, "days");

    if (!json_is_object(sum))
        return;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        json_int_t events = json_whole(sum, steps[i][0]);
        cleanup_free char *count = count_text(events < 0 ? -events : events);

        if (events)
            (void)fprintf(out, "             %c%11s  %s%s%s\n", events < 0 ? '-' : '+', count,
                          terminal_style(color, STYLE_DIM), steps[i][1],
                          terminal_style(color, STYLE_PLAIN));
    }
    (void)fprintf(out, "  billing days %s to %s%s:\n", json_text(json_array_get(days, 0), "day"),
                  json_text(json_array_get(days, json_array_size(days) - 1), "day"),
                  json_is_true(json_object_get(sum, "agrees")) ? "" : ", DOES NOT ADD UP");
}

/* Hours of arrival above, billing days below, and what turns the one into the other. */
static void print_ladder(const json_t *audit, FILE *out, bool color)
{
    size_t i;
    json_t *hop;

    json_array_foreach(json_object_get(audit, "hops"), i, hop) {
        const char *name = json_string_value(hop);

        if (!strcmp(name, "rolled_up"))
            print_steps(audit, out, color);
        print_rung(audit, name, out, color);
    }
}

static void print_members(const json_t *object, const char *title, FILE *out)
{
    const char *separator = "", *key;
    json_t *value;

    (void)fprintf(out, "%s ", title);
    json_object_foreach((json_t *)object, key, value) {
        cleanup_free char *count = grouped(value);
        cleanup_free char *words = mem_text(key);

        for (char *c = words; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        (void)fprintf(out, "%s%s %s", separator, words, count);
        separator = ", ";
    }
    (void)fputc('\n', out);
}

/* An interval of hours that contains the loss, and where in it the counts have a hole. */
static void print_hours(const json_t *gap, FILE *out)
{
    const json_t *likely = json_object_get(gap, "likely_from");
    char from[TIMESTAMP_ROOM], to[TIMESTAMP_ROOM];

    timestamp_minute(json_whole(gap, "from"), from);
    timestamp_minute(json_whole(gap, "to"), to);
    (void)fprintf(out, " %s to %s", from, to);
    if (!likely || (json_whole(gap, "likely_from") == json_whole(gap, "from") &&
                    json_whole(gap, "likely_to") == json_whole(gap, "to")))
        return;
    timestamp_minute(json_whole(gap, "likely_from"), from);
    timestamp_minute(json_whole(gap, "likely_to"), to);
    (void)fprintf(out, ", most likely %s to %s", from, to);
}

static void print_gap(const json_t *gap, FILE *out, bool color)
{
    const char *accepted = json_text(gap, "accepted");
    bool above = json_is_true(json_object_get(gap, "above_limit")) && !accepted;
    cleanup_free char *events = grouped(json_object_get(gap, "events"));
    cleanup_free char *text = text_width_fit(json_text(gap, "explanation"), 1000);

    (void)fprintf(out, "  %s%-10s%s", terminal_style(color, above ? STYLE_RED : STYLE_YELLOW),
                  json_text(gap, "hop"), terminal_style(color, STYLE_PLAIN));
    print_hours(gap, out);
    (void)fprintf(out, "  %s events (%.4f%% of all)\n             %s\n", events,
                  100 * json_number_value(json_object_get(gap, "share")), text);
    if (accepted)
        (void)fprintf(out, "             accepted: %s\n", accepted);
}

static void print_gaps(const json_t *audit, FILE *out, bool color)
{
    const json_t *gaps = json_object_get(audit, "gaps");
    size_t i;
    json_t *gap;

    if (json_array_size(gaps))
        (void)fputs("\nGaps, the largest first:\n", out);
    json_array_foreach(gaps, i, gap) {
        if (i == SHOWN_GAPS) {
            (void)fprintf(out, "  and %zu more: -o json has all\n", json_array_size(gaps) - i);
            return;
        }
        print_gap(gap, out, color);
    }
}

/* ---- hours and days ---- */

static json_int_t missing_of(const json_t *hour)
{
    json_int_t sum = 0;
    const char *hop;
    json_t *events;

    json_object_foreach(json_object_get(hour, "missing"), hop, events)
        sum += json_integer_value(events);
    return sum;
}

/* Index of the hour with the most missing below limit (of earlier ones first); SIZE_MAX: none. */
static size_t next_worst(const json_t *hours, json_int_t limit, size_t after)
{
    size_t best = SIZE_MAX, i;
    json_int_t most = 0;
    json_t *hour;

    json_array_foreach(hours, i, hour) {
        json_int_t missing = missing_of(hour);

        if (missing > most && (missing < limit || (missing == limit && i > after))) {
            most = missing;
            best = i;
        }
    }
    return best;
}

static void print_hour(const json_t *hour, FILE *out)
{
    static const char *const columns[] = {"gateway",   "ingested", "forwarded",
                                          "delivered", "parsed",   "unique"};
    char time[TIMESTAMP_ROOM];

    timestamp_minute(json_whole(hour, "hour"), time);
    (void)fprintf(out, "  %-18s", time);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        cleanup_free char *count = grouped(json_object_get(hour, columns[i]));

        (void)fprintf(out, " %11s", count);
    }
    (void)fprintf(out, " %11" JSON_INTEGER_FORMAT "\n", missing_of(hour));
}

static void print_worst(const json_t *audit, FILE *out)
{
    const json_t *hours = json_object_get(audit, "hours");
    json_int_t limit = INT64_MAX;
    size_t at = SIZE_MAX;

    for (int shown = 0; shown < WORST_HOURS; shown++) {
        at = next_worst(hours, limit, at);
        if (at == SIZE_MAX)
            return;
        if (!shown)
            (void)fprintf(out, "\nWorst hours (UTC):\n  %-18s %11s %11s %11s %11s %11s %11s %11s\n",
                          "hour", "gateway", "ingested", "forwarded", "delivered", "parsed",
                          "unique", "missing");
        print_hour(json_array_get(hours, at), out);
        limit = missing_of(json_array_get(hours, at));
    }
}

static void print_days(const json_t *audit, FILE *out)
{
    size_t i, wrong = 0;
    json_t *day;

    json_array_foreach(json_object_get(audit, "days"), i, day) {
        cleanup_free char *calls = grouped(json_object_get(day, "calls"));
        cleanup_free char *rolled_up = grouped(json_object_get(day, "rolled_up"));

        if (json_whole(day, "calls") == json_whole(day, "rolled_up") &&
            !json_whole(day, "late_events"))
            continue;
        if (!wrong)
            (void)fprintf(out, "\nBilling days that differ:\n  %-10s %15s %15s %15s\n", "day",
                          "requests", "rolled up", "too late");
        if (wrong++ == SHOWN_DAYS)
            return;
        (void)fprintf(out, "  %-10s %15s %15s %15" JSON_INTEGER_FORMAT "\n", json_text(day, "day"),
                      calls, rolled_up, json_whole(day, "late_events"));
    }
}

static void print_objects(const json_t *objects, const char *what, FILE *out)
{
    if (!json_whole(objects, "count"))
        return;
    (void)fprintf(out,
                  "%s: %" JSON_INTEGER_FORMAT " objects, %" JSON_INTEGER_FORMAT
                  " bytes below %s; %" JSON_INTEGER_FORMAT
                  " not recovered yet, holding %s%" JSON_INTEGER_FORMAT " events\n",
                  what, json_whole(objects, "count"), json_whole(objects, "bytes"),
                  json_text(objects, "prefix"), json_whole(objects, "pending"),
                  json_is_true(json_object_get(objects, "all_read")) ? "" : "at least ",
                  json_whole(objects, "events"));
}

/* Whose the lines of others are, and what to do when they are ours. */
static void print_foreign(const json_t *audit, FILE *out)
{
    size_t i;
    json_t *group;

    json_array_foreach(json_at(audit, "foreign.groups"), i, group) {
        const char *name = json_text(group, "log_group");
        cleanup_free char *shown = text_width_fit(*name ? name : "-", 512);
        cleanup_free char *events = grouped(json_object_get(group, "events"));
        cleanup_free char *requests = grouped(json_object_get(group, "requests"));

        if (i == SHOWN_GAPS) {
            (void)fputs("  and more log groups: -o json has all\n", out);
            return;
        }
        (void)fprintf(out,
                      "Foreign: %s events of log group %s of account %s, of which %s would be "
                      "requests; billed only when billing.log_groups names it\n",
                      events, shown, json_text(group, "account"), requests);
    }
}

/* No loss of this pipeline, and nobody else would say so. */
static void print_other_stages(const json_t *audit, FILE *out)
{
    cleanup_free char *requests = grouped(json_object_get(audit, "other_stages"));

    if (json_whole(audit, "other_stages") > 0)
        (void)fprintf(
            out,
            "Other stages: API Gateway counted %s requests of the API at stages that this "
            "pipeline does not look after: they are on no bill of it\n",
            requests);
}

static void print_uncounted(const json_t *audit, FILE *out)
{
    const char *text = json_text(audit, "uncounted");

    if (text)
        (void)fprintf(out, "Uncounted: %s\n", text);
}

void audit_view_reasons(const json_t *reasons, FILE *out)
{
    size_t i;
    json_t *reason;

    json_array_foreach(reasons, i, reason) {
        cleanup_free char *text = text_width_fit(json_text(reason, "text"), 1000);

        (void)fprintf(out, "  not known: %s\n", text);
    }
}

static void print_verdict(const json_t *audit, FILE *out, bool color)
{
    const char *verdict = json_text(audit, "verdict");
    enum terminal_style style = !strcmp(verdict, "complete") ? STYLE_GREEN
                                : !strcmp(verdict, "gap")    ? STYLE_RED
                                                             : STYLE_YELLOW;

    (void)fprintf(out, "\n%s%s%s", terminal_style(color, style), verdict,
                  terminal_style(color, STYLE_PLAIN));
    if (!strcmp(verdict, "complete"))
        (void)fputs(": every event is accounted for, within max_gap\n", out);
    else if (!strcmp(verdict, "accepted"))
        (void)fputs(": every event is accounted for, but for what billing.audit.accept names\n",
                    out);
    else if (!strcmp(verdict, "gap"))
        (void)fprintf(out, ": more than max_gap (%s of all) is missing\n",
                      json_text(audit, "max_gap"));
    else
        (void)fputs(": nothing shows that all is there\n", out);
    audit_view_reasons(json_object_get(audit, "reasons"), out);
}

void audit_view_print(const json_t *audit, FILE *out, bool color)
{
    char from[TIMESTAMP_ROOM], to[TIMESTAMP_ROOM];

    timestamp_minute(json_whole(audit, "from"), from);
    timestamp_minute(json_whole(audit, "to"), to);
    (void)fprintf(out, "%s%s%s: %s to %s\n\n", terminal_style(color, STYLE_BOLD),
                  json_text(audit, "pipeline"), terminal_style(color, STYLE_PLAIN), from, to);
    print_ladder(audit, out, color);
    (void)fputc('\n', out);
    print_members(json_object_get(audit, "excluded"), "Not billed:", out);
    print_members(json_object_get(audit, "included"), "Billed of these hours, worth knowing:", out);
    print_foreign(audit, out);
    print_other_stages(audit, out);
    print_uncounted(audit, out);
    print_objects(json_object_get(audit, "error_objects"), "Undelivered", out);
    print_objects(json_object_get(audit, "legacy"), "In an older form", out);
    print_gaps(audit, out, color);
    print_worst(audit, out);
    print_days(audit, out);
    print_verdict(audit, out, color);
}

void audit_view_csv(const json_t *audit, FILE *out)
{
    static const char *const columns[] = {"gateway",    "ingested", "forwarded", "delivered",
                                          "parsed",     "unique",   "made",      "lines",
                                          "unreadable", "late"};
    const size_t count = sizeof columns / sizeof *columns;
    size_t i;
    json_t *hour;

    (void)fputs("hour", out);
    for (size_t c = 0; c < count; c++)
        (void)fprintf(out, ",%s", columns[c]);
    (void)fputs(",missing\r\n", out);
    json_array_foreach(json_object_get(audit, "hours"), i, hour) {
        char time[TIMESTAMP_ROOM];

        timestamp_minute(json_whole(hour, "hour"), time);
        (void)fputs(time, out);
        for (size_t c = 0; c < count; c++) {
            const json_t *value = json_object_get(hour, columns[c]);

            (void)fputc(',', out);
            if (json_is_integer(value))
                (void)fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        }
        (void)fprintf(out, ",%" JSON_INTEGER_FORMAT "\r\n", missing_of(hour));
    }
}
