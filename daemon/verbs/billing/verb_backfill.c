/* verb_backfill.c -- reads again what was logged and did not arrive, and writes it beside. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/backfill/backfill.h"
#include "billing/events/events_missing.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup.h"
#include "daemon/verbs/billing/billing_guard.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/verbs/billing/day_range.h"
#include "daemon/views/audit_view.h"
#include "daemon/views/json_view.h"

#include <string.h>

/* Checked before AWS is asked anything. */
static const char *wrong_usage(const struct options *options)
{
    bool days = options->month || options->day || options->since || options->from || options->to;

    if (!days && !options->automatic && !options->legacy)
        return "choose days (--month, --day, --since, --from, --to), --auto or --legacy PREFIX";
    if (days + options->automatic + (options->legacy != NULL) > 1)
        return "choose one of days, --auto and --legacy";
    if (options->legacy && !*options->legacy)
        return "--legacy needs a prefix, for example json-data/";
    return NULL;
}

static int choose(struct flow *flow, const struct billing_turn *turn,
                  struct backfill_request *request, struct err *e)
{
    const char *zone = price_book_zone(turn->billing->book);
    int64_t now_s = clock_now_ms() / 1000;
    struct day_range range;

    request->to_s = now_s;
    request->from_s = now_s;
    if (turn->options->automatic) {
        request->from_s = events_missing_reach(flow, turn->billing, NULL, e);
        return request->from_s < 0 ? -1 : 0;
    }
    if (turn->options->legacy)
        return 0;
    if (day_range_read(turn->options, zone, now_s, &range, e))
        return -1;
    if (range.has_last)
        request->to_s = calendar_day_start(zone, calendar_add_days(range.last, 1));
    if (!range.has_first)
        range.first = calendar_day_of(zone, request->to_s - 1);
    request->from_s = calendar_day_start(zone, range.first);
    return 0;
}

static void print_source(const json_t *source, const char *what, bool dry_run)
{
    if (json_is_null(source) || !json_whole(source, "found"))
        return;
    (void)printf("  %s: %" JSON_INTEGER_FORMAT " objects read, %s%" JSON_INTEGER_FORMAT
                 " events in %" JSON_INTEGER_FORMAT " objects",
                 what, json_whole(source, "found"), dry_run ? "would write " : "wrote ",
                 json_whole(source, "events"), json_whole(source, "objects"));
    if (json_whole(source, "unreadable"))
        (void)printf("; %" JSON_INTEGER_FORMAT " pieces could not be read",
                     json_whole(source, "unreadable"));
    (void)puts("");
}

static void print_holes(const json_t *holes)
{
    size_t i;
    json_t *hole;

    json_array_foreach(holes, i, hole) {
        char from[TIMESTAMP_ROOM], to[TIMESTAMP_ROOM];

        timestamp_minute(json_whole(hole, "from"), from);
        timestamp_minute(json_whole(hole, "to"), to);
        (void)printf("  hole: %s to %s, %" JSON_INTEGER_FORMAT " events missing\n", from, to,
                     json_whole(hole, "missing"));
    }
}

/* At the list price: which customer, tier or rule it meets is the bill's business. */
static void print_worth(const json_t *worth, const char *what, bool at_most)
{
    const char *amount = json_text(worth, "amount");

    if (!json_whole(worth, "calls"))
        return;
    (void)printf("  %s: %" JSON_INTEGER_FORMAT " calls", what, json_whole(worth, "calls"));
    if (json_is_integer(json_object_get(worth, "bytes")))
        (void)printf(", %" JSON_INTEGER_FORMAT " bytes", json_whole(worth, "bytes"));
    if (amount)
        (void)printf(", %s%s %s at the list price%s\n", at_most ? "up to " : "", amount,
                     json_text(worth, "currency"), at_most ? " of a call, without bytes" : "");
    else
        (void)puts(", a price unknown: the spec has none for these days");
}

/* Of all that was read. */
static json_int_t written(const json_t *report)
{
    static const char *const sources[] = {"logs", "errors", "damaged", "legacy"};
    json_int_t events = 0;

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        events += json_whole(json_object_get(report, sources[i]), "events");
    return events;
}

static void print_report(const json_t *report, bool dry_run)
{
    const json_t *logs = json_object_get(report, "logs"),
                 *legacy = json_object_get(report, "legacy");

    if (json_is_null(legacy))
        (void)printf("%s: %zu hole%s\n", json_text(report, "pipeline"),
                     json_array_size(json_object_get(report, "holes")),
                     json_array_size(json_object_get(report, "holes")) == 1 ? "" : "s");
    else
        (void)printf("%s: taking over older objects\n", json_text(report, "pipeline"));
    print_holes(json_object_get(report, "holes"));
    audit_view_reasons(json_object_get(report, "reasons"), stdout);
    if (json_whole(logs, "read"))
        (void)printf("  log group: %" JSON_INTEGER_FORMAT " events read, %" JSON_INTEGER_FORMAT
                     " were there already, %s%" JSON_INTEGER_FORMAT " in %" JSON_INTEGER_FORMAT
                     " objects\n",
                     json_whole(logs, "read"), json_whole(logs, "present"),
                     dry_run ? "would write " : "wrote ", json_whole(logs, "events"),
                     json_whole(logs, "objects"));
    print_source(json_object_get(report, "errors"), "error prefix", dry_run);
    print_source(json_object_get(report, "damaged"), "damaged objects", dry_run);
    print_source(legacy, "older form", dry_run);
    if (!json_is_null(legacy) && !json_whole(legacy, "found"))
        (void)puts("  older form: no objects below that prefix");
    if (!written(report))
        (void)printf("  nothing %s written\n", dry_run ? "would be" : "was");
    if (json_whole(report, "lost"))
        (void)printf("  %" JSON_INTEGER_FORMAT " events were found nowhere\n",
                     json_whole(report, "lost"));
    print_worth(json_object_get(report, "worth"), dry_run ? "would come back" : "came back", false);
    print_worth(json_object_get(report, "at_risk"), "at risk", true);
}

static void on_progress(void *arg, const char *what)
{
    billing_runner_say(arg, "%s", what);
}

/* As `audit`: that no hole was found is worth nothing where nobody knows what there should be. */
static int code_of(const json_t *report, bool dry_run)
{
    if (json_whole(report, "lost") && !dry_run)
        return EXIT_EVIDENCE;
    return json_array_size(json_object_get(report, "reasons")) ? EXIT_FAILED : EXIT_DONE;
}

static int turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    static const char *const into[] = {"bucket", NULL};
    const struct options *options = turn->options;
    struct backfill_request request = {.dry_run = options->dry_run,
                                       .legacy_prefix = options->legacy,
                                       .progress = on_progress,
                                       .arg = turn};
    json_auto_t *report = NULL;
    int refused = options->dry_run ? 0 : billing_guard_check(flow, turn, into, e);

    if (refused)
        return refused;
    if (choose(flow, turn, &request, e))
        return -1;
    report = backfill_run(flow, turn->billing, &request, e);
    if (!report)
        return -1;
    billing_runner_quiet(turn);
    if (options->output == OUTPUT_JSON) {
        (void)json_view_print(report);
    } else {
        print_report(report, options->dry_run);
    }
    return code_of(report, options->dry_run);
}

int verb_backfill(const struct options *options)
{
    const char *wrong = wrong_usage(options);
    int code;

    if (wrong) {
        (void)fprintf(stderr, "billingd: backfill: %s\n", wrong);
        return EXIT_BAD_USAGE;
    }
    code = day_range_check(options);
    if (code < 0)
        code = billing_runner_run(options, true, turn, NULL);
    rollup_forget();
    return code;
}
