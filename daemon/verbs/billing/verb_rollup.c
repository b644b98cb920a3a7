/* verb_rollup.c -- shows which days have no current build, then builds them. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup.h"
#include "billing/store/damaged.h"
#include "daemon/verbs/billing/billing_guard.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/verbs/billing/day_range.h"
#include "daemon/views/json_view.h"

#include <string.h>

struct work {
    struct billing_turn *turn;
    struct day_span days;
    struct rollup_status before, after;
    struct rollup_report report;
    size_t wanted, done; /* days to repair */
    bool color, repaired;
    bool empty; /* there is no data yet */
};

/* ---- which days ---- */

static int choose(struct flow *flow, struct work *work, struct err *e)
{
    const struct billing *billing = work->turn->billing;
    int64_t now_s = clock_now_ms() / 1000;
    struct day_range range;
    int found;

    if (day_range_read(work->turn->options, price_book_zone(billing->book), now_s, &range, e))
        return -1;
    work->days.last = range.has_last ? range.last : rollup_last_closed(billing, now_s);
    if (range.has_first) {
        work->days.first = range.first;
        return 0;
    }
    found = rollup_first_day(flow, billing, &work->days.first, e);
    work->empty = found > 0;
    return found ? -1 : 0;
}

/* ---- what is shown ---- */

static size_t count_state(const struct rollup_status *status, enum rollup_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < status->count; i++)
        count += status->days[i].state == state;
    return count;
}

/* Days that a repair would work on. */
static size_t count_wanted(const struct rollup_status *status, bool rebuild)
{
    size_t count = 0;

    for (size_t i = 0; i < status->count; i++)
        count += rollup_is_wanted(status->days[i].state, rebuild);
    return count;
}

static enum terminal_style style_of(enum rollup_state state)
{
    if (state == ROLLUP_KEPT || state == ROLLUP_LOST || state == ROLLUP_HIDDEN)
        return STYLE_RED;
    return rollup_is_drift(state) ? STYLE_YELLOW : STYLE_PLAIN;
}

static const char *reason_of(const struct rollup_day *day)
{
    if (day->why)
        return day->why;
    switch (day->state) {
    case ROLLUP_MISSING:
        return "no build yet";
    case ROLLUP_OUTDATED:
        return "built by another query, window, grouping or time zone";
    case ROLLUP_LATE:
        return "objects came since it was built";
    case ROLLUP_KEPT:
        return "objects it was built from are gone; the build stays";
    default:
        return "";
    }
}

static void print_counts(const struct rollup_status *status)
{
    const char *separator = "";

    for (int i = 0; i < ROLLUP_STATES; i++) {
        size_t count = count_state(status, (enum rollup_state)i);

        if (!count)
            continue;
        (void)printf("%s%zu %s", separator, count, rollup_state_name((enum rollup_state)i));
        separator = ", ";
    }
    (void)puts("");
}

static void print_plan(const struct work *work)
{
    char first[16], last[16];

    calendar_day_text(work->days.first, first);
    calendar_day_text(work->days.last, last);
    (void)printf("%s: rollups of %s to %s (%s): ", work->turn->billing->pipeline, first, last,
                 price_book_zone(work->turn->billing->book));
    print_counts(&work->before);
    for (size_t i = 0; i < work->before.count; i++) {
        const struct rollup_day *day = &work->before.days[i];
        enum terminal_style style = style_of(day->state);
        char text[16];

        if (style == STYLE_PLAIN)
            continue;
        calendar_day_text(day->day, text);
        (void)printf("  %s%s  %-9s%s %s\n", terminal_style(work->color, style), text,
                     rollup_state_name(day->state), terminal_style(work->color, STYLE_PLAIN),
                     reason_of(day));
    }
}

static json_t *day_json(const struct rollup_day *day, const struct rollup_day *before)
{
    static const char *const numbers[] = {"rows", "calls", "bytes", "built_at"};
    char text[16];
    json_t *json;

    calendar_day_text(day->day, text);
    json = json_pack("{s:s, s:s, s:s, s:s*}", "day", text, "state", rollup_state_name(day->state),
                     "was", rollup_state_name(before->state), "run", json_text(day->build, "run"));
    if (day->why)
        json_object_set_new(json, "why", json_string(day->why));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *number = json_text(day->build, numbers[i]);

        if (number)
            json_object_set_new(json, numbers[i], json_integer(strtoll(number, NULL, 10)));
    }
    return json;
}

/* Unknown is not less. */
static json_t *scanned_json(const struct rollup_report *report)
{
    return report->untold ? json_null() : json_integer((json_int_t)report->scanned_bytes);
}

static void print_json(const struct work *work)
{
    const struct rollup_status *now = work->repaired ? &work->after : &work->before;
    const struct rollup_report *report = &work->report;
    char first[16], last[16];
    json_auto_t *days = json_array();
    json_auto_t *json = NULL;

    calendar_day_text(work->days.first, first);
    calendar_day_text(work->days.last, last);
    for (size_t i = 0; i < now->count; i++)
        json_array_append_new(days, day_json(&now->days[i], &work->before.days[i]));
    json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "format_version", JSON_FORMAT_VERSION,
                     "pipeline", work->turn->billing->pipeline, "time_zone",
                     price_book_zone(work->turn->billing->book), "first", first, "last", last,
                     "days", days);
    json_object_set(json, "damaged", (json_t *)damaged_objects(work->turn->billing));
    if (work->repaired)
        json_object_set_new(json, "repair",
                            json_pack("{s:i, s:i, s:i, s:i, s:i, s:b, s:o, s:s}", "built",
                                      (int)report->built, "failed", (int)report->failed, "noted",
                                      (int)report->noted, "kept", (int)report->kept, "collected",
                                      (int)report->collected, "over_budget", report->over_budget,
                                      "scanned_bytes", scanned_json(report), "error",
                                      report->text));
    (void)json_view_print(json);
}

static void print_result(const struct work *work)
{
    const struct rollup_report *report = &work->report;

    (void)printf("Built %u day%s", report->built, report->built == 1 ? "" : "s");
    if (report->noted)
        (void)printf(", %u needed none after all", report->noted);
    if (report->kept)
        (void)printf(", %u kept", report->kept);
    if (report->failed)
        (void)printf(", %u failed", report->failed);
    if (report->collected)
        (void)printf("; %u old run%s deleted", report->collected,
                     report->collected == 1 ? "" : "s");
    (void)printf("; %.3f GiB scanned%s.\n", (double)report->scanned_bytes / (1 << 30),
                 report->untold ? ", and more that Athena does not tell" : "");
}

/* ---- the work ---- */

static void on_progress(void *arg, struct day day, const char *what)
{
    struct work *work = arg;
    char text[16];

    calendar_day_text(day, text);
    work->done += strcmp(what, "building") != 0;
    billing_runner_say(work->turn, "%s %s (%zu of %zu done)", what, text, work->done, work->wanted);
}

static int repair(struct flow *flow, struct work *work, struct err *e)
{
    const bool rebuild = work->turn->options->rebuild;
    const struct rollup_work wanted = {&work->before, rebuild, on_progress, work};

    work->wanted = count_wanted(&work->before, rebuild);
    if (rollup_repair(flow, work->turn->billing, &wanted, &work->report, e))
        return -1;
    billing_runner_say(work->turn, "looking at the result");
    if (rollup_look(flow, work->turn->billing, work->days, &work->after, e))
        return -1;
    work->repaired = true;
    return 0;
}

static int finish(struct work *work)
{
    const struct options *options = work->turn->options;

    billing_runner_quiet(work->turn);
    if (options->output == OUTPUT_JSON)
        print_json(work);
    else if (work->repaired)
        print_result(work);
    if (work->repaired && *work->report.text)
        (void)fprintf(stderr, "billingd: %s: %s\n", work->turn->billing->pipeline,
                      work->report.text);
    if (work->report.over_budget)
        (void)fprintf(stderr,
                      "billingd: %s: stopped at rollup.scan_budget; run it again for the "
                      "other days\n",
                      work->turn->billing->pipeline);
    if (work->report.failed || work->report.over_budget)
        return work->report.kind == ERR_DENIED ? EXIT_DENIED : EXIT_FAILED;
    return !work->repaired && options->detailed_exitcode &&
                   count_wanted(&work->before, options->rebuild)
               ? EXIT_DIFFERENT
               : EXIT_DONE;
}

static int look_and_repair(struct flow *flow, struct work *work, struct err *e)
{
    static const char *const into[] = {"rollup_table", "bucket", NULL};
    const struct options *options = work->turn->options;
    int refused;

    billing_runner_say(work->turn, "looking for days without a current build");
    if (choose(flow, work, e))
        return -1;
    if (rollup_look(flow, work->turn->billing, work->days, &work->before, e))
        return -1;
    if (options->output != OUTPUT_JSON) {
        billing_runner_quiet(work->turn);
        print_plan(work);
        (void)fflush(stdout);
    }
    if (options->dry_run || !count_wanted(&work->before, options->rebuild))
        return finish(work);
    refused = billing_guard_check(flow, work->turn, into, e);
    if (refused)
        return refused;
    return repair(flow, work, e) ? -1 : finish(work);
}

static int turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct work work = {.turn = turn, .color = options_color(turn->options, stdout)};
    int code = look_and_repair(flow, &work, e);

    rollup_status_fini(&work.before);
    rollup_status_fini(&work.after);
    if (code < 0 && work.empty) { /* that is no failure */
        billing_runner_quiet(turn);
        (void)fprintf(stderr, "billingd: %s: %s\n", turn->billing->pipeline, e->text);
        err_clear(e);
        return EXIT_DONE;
    }
    return code;
}

int verb_rollup(const struct options *options)
{
    int code = day_range_check(options);

    return code < 0 ? billing_runner_run(options, true, turn, NULL) : code;
}
