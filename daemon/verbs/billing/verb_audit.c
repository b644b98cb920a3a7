/* verb_audit.c -- counts at every hop; evidence that the bill is complete, or where it is not. */
#include "base/clock.h"
#include "base/json.h"
#include "billing/audit/audit.h"
#include "billing/bill/bill_month.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/verbs/billing/billing_window.h"
#include "daemon/verbs/billing/day_range.h"
#include "daemon/views/audit_view.h"
#include "daemon/views/json_view.h"

#include <string.h>

enum { DEFAULT_DAYS = 7 };

/* Whole billing days; the audit itself leaves out hours that are still open. */
static int choose(struct flow *flow, struct billing_turn *turn, int64_t *from_s, int64_t *to_s,
                  struct err *e)
{
    const char *zone = price_book_zone(turn->billing->book);
    int64_t now_s = clock_now_ms() / 1000;
    struct day_range range;

    if (day_range_read(turn->options, zone, now_s, &range, e))
        return -1;
    if (turn->options->month) { /* what its bill covers, and its close */
        if (billing_window_take(flow, turn, range.first, e))
            return -1;
        range.first = bill_month_days(turn->billing, range.first).first;
    }
    *to_s = range.has_last ? calendar_day_start(zone, calendar_add_days(range.last, 1)) : now_s;
    *from_s = calendar_day_start(
        zone, range.has_first
                  ? range.first
                  : calendar_add_days(calendar_day_of(zone, *to_s - 1), 1 - DEFAULT_DAYS));
    return 0;
}

static int code_of(const json_t *audit)
{
    if (audit_has_gap(audit))
        return EXIT_EVIDENCE;
    return !strcmp(json_text(audit, "verdict"), "complete") ||
                   !strcmp(json_text(audit, "verdict"), "accepted")
               ? EXIT_DONE
               : EXIT_FAILED;
}

static int turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    const struct options *options = turn->options;
    int64_t from_s, to_s;
    json_t *audit;
    int code;

    if (choose(flow, turn, &from_s, &to_s, e))
        return -1;
    billing_runner_say(turn, "counting at every hop");
    audit = audit_run(flow, turn->billing, from_s, to_s, e);
    if (!audit)
        return -1;
    billing_runner_quiet(turn);
    if (options->output == OUTPUT_JSON) {
        (void)json_view_print(audit);
    } else if (options->output == OUTPUT_CSV) {
        audit_view_csv(audit, stdout);
    } else {
        audit_view_print(audit, stdout, options_color(options, stdout));
    }
    code = code_of(audit);
    flow_drop(flow, audit);
    return code;
}

int verb_audit(const struct options *options)
{
    int code;

    if (options->output == OUTPUT_FOCUS) {
        (void)fputs("billingd: output 'focus' is for bills: choose text, table, csv or json\n",
                    stderr);
        return EXIT_BAD_USAGE;
    }
    code = day_range_check(options);
    if (code < 0)
        code = billing_runner_run(options, true, turn, NULL);
    rollup_forget();
    return code;
}
