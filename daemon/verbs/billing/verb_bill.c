/* verb_bill.c -- the bill of a month, per customer. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill.h"
#include "billing/bill/bill_days.h"
#include "billing/bill/bill_month.h"
#include "billing/bill/bill_render.h"
#include "billing/close/archive.h"
#include "billing/store/athena_query_text.h"
#include "daemon/verbs/billing/billing_by.h"
#include "daemon/verbs/billing/billing_prices.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_statement.h"
#include "daemon/verbs/billing/billing_table.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/verbs/billing/billing_window.h"
#include "daemon/views/bill_view.h"

#include <string.h>

/* Of days that have one set of prices. */
static int print_query(const struct billing *billing, enum usage_source source,
                       struct day_span days, struct err *e)
{
    const struct usage_request request = {source, days};
    cleanup_free char *text = usage_text(billing, &request, e);
    char from[16], to[16];

    if (!text)
        return -1;
    calendar_day_text(days.first, from);
    calendar_day_text(days.last, to);
    (void)printf("\n-- %s, %s to %s\n%s\n", usage_query(source), from, to, text);
    return 0;
}

/* All that lie in a span, each set of prices by itself. */
static int print_span(const struct billing *billing, enum usage_source source, struct day_span days,
                      struct err *e)
{
    struct day starts[PRICE_BOOK_SEGMENTS];
    size_t count = calendar_compare(days.last, days.first) < 0
                       ? 0
                       : price_book_segments(billing->book, days, starts);

    for (size_t i = 0; i < count; i++) {
        struct day end = i + 1 < count ? calendar_add_days(starts[i + 1], -1) : days.last;

        if (print_query(billing, source, (struct day_span){starts[i], end}, e))
            return -1;
    }
    return 0;
}

/* The first day that a preview counts from the log events; behind the last: there is none. */
static struct day raw_from(struct day_span days, const json_t *open)
{
    const char *first = json_text(json_array_get(open, 0), "day");
    struct day day = calendar_add_days(days.last, 1);
    struct err e = {0};

    if (first)
        (void)calendar_parse_day(first, &day, &e);
    return day;
}

static int print_queries(struct billing_turn *turn, struct day month, const json_t *open,
                         struct err *e)
{
    const struct day_span days = bill_month_days(turn->billing, month);
    struct day_span built = days;

    billing_runner_quiet(turn);
    (void)printf("-- Not sent: --dry-run. Days that are not final: %zu.\n", json_array_size(open));
    if (turn->options->by && billing_by_print_query(turn, days, e))
        return -1;
    if (turn->options->preview)
        built.last = calendar_add_days(raw_from(days, open), -1);
    if (print_span(turn->billing, USAGE_FROM_ROLLUP, built, e))
        return -1;
    if (turn->options->from_raw && print_span(turn->billing, USAGE_FROM_RAW, days, e))
        return -1;
    built.first = calendar_add_days(built.last, 1);
    built.last = days.last;
    if (turn->options->preview && print_span(turn->billing, USAGE_FROM_RAW, built, e))
        return -1;
    return EXIT_DONE;
}

/* What varies from run to run stays out of the bill. */
static void print_sources(const json_t *sources)
{
    const json_t *id, *scanned = json_object_get(sources, "scanned_bytes");
    size_t i;

    (void)fprintf(stderr, "%s: ", json_text(sources, "source"));
    if (json_is_integer(scanned))
        (void)fprintf(stderr, "%" JSON_INTEGER_FORMAT " bytes scanned",
                      json_integer_value(scanned));
    else
        (void)fputs("Athena does not say how many bytes were scanned", stderr);
    (void)fprintf(stderr, ", %" JSON_INTEGER_FORMAT " ms of the engine, query",
                  json_integer_value(json_object_get(sources, "engine_ms")));
    json_array_foreach(json_object_get(sources, "query_ids"), i, id)
        (void)fprintf(stderr, " %s", json_string_value(id));
    (void)fputc('\n', stderr);
}

struct printing {
    const struct options *options;
    const struct price_book *book;
    const struct bill_packed *bill;
    struct err *e;
};

/* Where the bill's form has no place for it. */
static void tell_draft(const json_t *bill)
{
    const char *borrowed = json_text(bill, "borrowed");

    if (json_array_size(json_object_get(bill, "open_days")))
        (void)fputs("billingd: this bill is a draft: not all days of the month are final\n",
                    stderr);
    if (borrowed)
        (void)fprintf(stderr, "billingd: this bill is a draft: %s\n", borrowed);
}

/* Nobody else writes to standard output meanwhile. */
static void print_bill(void *arg)
{
    const struct printing *printing = arg;
    const struct options *options = printing->options;
    const struct bill_packed *bill = printing->bill;

    if (options->output == OUTPUT_JSON) {
        bill_view_json(bill, stdout, false);
    } else if (options->output == OUTPUT_CSV) {
        bill_view_csv(bill, stdout);
    } else if (options->output > OUTPUT_CSV) {
        (void)billing_table_print(printing->book, bill, options->output, printing->e);
    } else {
        bill_view_print(bill, stdout, options_color(options, stdout));
    }
    if (options->output >= OUTPUT_CSV)
        tell_draft(bill_packed_head(bill));
}

static int compare_with_raw(struct flow *flow, struct billing_turn *turn, struct bill_packed *bill,
                            json_t **sources, struct err *e)
{
    const struct usage_request request = {
        USAGE_FROM_RAW, bill_month_days(turn->billing, *(const struct day *)turn->arg)};
    struct bill_packed *raw;
    json_t *differences;
    cleanup_free char *hash = NULL;

    billing_runner_say(turn, "counting the raw events");
    raw = bill_make(flow, turn->billing, &request, sources, e);
    if (!raw)
        return -1;
    differences = bill_compare(bill, raw);
    bill_packed_free(raw);
    hash = athena_query_text_hash(turn->billing, usage_query(USAGE_FROM_RAW));
    json_object_set_new(bill_packed_head(bill), "from_raw",
                        json_pack("{s:b, s:s, s:o}", "equal", !json_array_size(differences),
                                  "query_hash", hash, "differences", differences));
    return 0;
}

static int print_comparison(const json_t *bill)
{
    const json_t *differences = json_at(bill, "from_raw.differences");

    if (!json_array_size(differences)) {
        (void)fputs("billingd: the raw events give the same bill\n", stderr);
        return EXIT_DONE;
    }
    (void)fprintf(stderr, "billingd: the raw events give another bill, in %zu places:\n",
                  json_array_size(differences));
    bill_view_differences(differences, "rollup", "raw", stderr);
    return EXIT_EVIDENCE;
}

/* What a bill is made of, read side by side. */
struct reading {
    const struct billing *billing;
    struct day month;
    struct bill_month look;
    struct bill_packed *bill;
    json_t *sources; /* of the bill */
    int closed;      /* as archive_has */
    struct err *e;   /* the first failure */
};

static void read_rated(struct flow *flow, void *arg)
{
    struct reading *reading = arg;
    const struct usage_request request = {USAGE_FROM_ROLLUP,
                                          bill_month_days(reading->billing, reading->month)};
    struct err e = {0};

    reading->bill = bill_make(flow, reading->billing, &request, &reading->sources, &e);
    if (!reading->bill)
        err_set(reading->e, e.kind, "%s", e.text);
}

static void read_month(struct flow *flow, void *arg)
{
    struct reading *reading = arg;
    struct err e = {0};

    if (bill_month_look(flow, reading->billing, reading->month, &reading->look, &e))
        err_set(reading->e, e.kind, "%s", e.text);
}

/* Nothing on the bill depends on it, so that it cannot be known is only told. */
static void read_closed(struct flow *flow, void *arg)
{
    struct reading *reading = arg;
    struct err ignored = {0};

    reading->closed =
        archive_has(flow, reading->billing, (struct number){reading->month, 0}, &ignored);
}

static void tell_closed(const struct reading *reading)
{
    cleanup_free char *number = numbers_text(reading->billing, (struct number){reading->month, 0});

    if (reading->closed > 0)
        (void)fprintf(stderr,
                      "billingd: the month is closed: %s is its invoice, and this is what the data "
                      "gives now; `billingd verify` compares them\n",
                      number);
    else if (reading->closed < 0)
        (void)fprintf(stderr, "billingd: whether the month is closed is unknown\n");
}

/* A query that failed may have been led astray by a day that is not to be believed. */
static void tell_cause(const struct bill_month *look, struct err *e)
{
    json_auto_t *reasons = json_array();
    const struct err query = *e;
    json_t *day;
    size_t i;

    json_array_foreach(look->open, i, day) {
        json_auto_t *alone = json_pack("[O]", day);

        if (json_object_get(day, "why"))
            bill_days_reasons(alone, reasons);
    }
    if (!json_array_size(reasons))
        return;
    err_clear(e);
    (void)err_set(e, query.kind, "%s; %s", query.text,
                  json_string_value(json_array_get(reasons, 0)));
}

/* What is known of the month is no bill. */
static int refuse(struct billing_turn *turn, const struct bill_month *look)
{
    const json_t *reason;
    size_t i;

    billing_runner_quiet(turn);
    (void)fprintf(stderr, "billingd: %s: there is no bill of %s:\n", turn->billing->pipeline,
                  turn->options->month);
    json_array_foreach(look->reasons, i, reason)
        (void)fprintf(stderr, "  %s\n", json_string_value(reason));
    return EXIT_REFUSED;
}

/* Built days from rollups; from the first that is not on, the events that lie in the bucket. */
static void read_preview(struct flow *flow, struct reading *reading)
{
    const struct usage_request request = {USAGE_FROM_ROLLUP,
                                          bill_month_days(reading->billing, reading->month)};
    struct usage_preview preview = {.days = request.days};
    const char *first;
    struct err e = {0};

    read_month(flow, reading);
    if (reading->e->kind || reading->look.state == BILL_MONTH_REFUSED)
        return;
    first = json_text(json_array_get(reading->look.open, 0), "day");
    if (first && !calendar_parse_day(first, &preview.raw_from, &e)) {
        (void)fprintf(stderr,
                      "billingd: a preview: days from %s on are counted from the log events that "
                      "lie in the bucket now\n",
                      first);
        reading->bill = bill_preview(flow, reading->billing, &preview, &reading->sources, &e);
    } else {
        reading->bill = bill_make(flow, reading->billing, &request, &reading->sources, &e);
    }
    if (!reading->bill)
        err_set(reading->e, e.kind, "%s", e.text);
    read_closed(flow, reading);
}

static void read_once(struct flow *flow, struct reading *reading)
{
    const struct flow_part parts[] = {
        {read_rated, reading}, {read_month, reading}, {read_closed, reading}};

    flow_all(flow, parts, sizeof parts / sizeof *parts);
    if (!reading->e->kind)
        (void)bill_month_check(&reading->look, bill_packed_head(reading->bill), reading->e);
}

static void reading_fini(struct reading *reading)
{
    bill_packed_free(reading->bill);
    json_decref(reading->sources);
    bill_month_fini(&reading->look);
    reading->bill = NULL;
    reading->sources = NULL;
}

/* Two queries may see two builds of a day that is built anew between them: then once more. */
static void read_twice(struct flow *flow, struct reading *reading)
{
    read_once(flow, reading);
    if (reading->e->kind != ERR_RETRY || !reading->bill || !reading->look.days)
        return;
    err_clear(reading->e);
    reading_fini(reading);
    read_once(flow, reading);
}

/* EXIT_DONE with the bill and its sources, another exit code (told), or -1 and *e. */
static int read_bill(struct flow *flow, struct billing_turn *turn, struct bill_packed **bill,
                     json_t **sources, struct err *e)
{
    struct err failed = {0};
    struct reading reading = {
        .billing = turn->billing, .month = *(const struct day *)turn->arg, .e = &failed};
    int code = EXIT_DONE;

    billing_runner_say(turn, "adding up the rollups");
    if (turn->options->preview)
        read_preview(flow, &reading);
    else
        read_twice(flow, &reading);
    *bill = bill_packed_share(reading.bill);
    *sources = json_share(reading.sources);
    if (reading.look.state == BILL_MONTH_REFUSED)
        code = refuse(turn, &reading.look);
    else if (failed.kind)
        tell_cause(&reading.look, &failed);
    else {
        bill_set_days(bill_packed_head(*bill), json_incref(reading.look.open));
        bill_set_foreign(bill_packed_head(*bill), reading.look.days);
    }
    billing_runner_quiet(turn);
    if (code == EXIT_DONE && !failed.kind)
        tell_closed(&reading);
    reading_fini(&reading);
    return code == EXIT_DONE && failed.kind ? err_set(e, failed.kind, "%s", failed.text) : code;
}

static int dry_run(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    const struct day month = *(const struct day *)turn->arg;
    struct bill_month look;
    int code;

    billing_runner_say(turn, "looking at the month's rollups");
    code = bill_month_look(flow, turn->billing, month, &look, e);
    if (!code)
        code = look.state == BILL_MONTH_REFUSED ? refuse(turn, &look)
                                                : print_queries(turn, month, look.open, e);
    bill_month_fini(&look);
    return code;
}

/* Prints it, and what it was made of; compares it if that is asked for.  As a turn. */
static int tell_bill(struct flow *flow, struct billing_turn *turn, struct bill_packed *bill,
                     const json_t *sources, struct err *e)
{
    cleanup_free char *window = billing_window_text(turn->billing, *(const struct day *)turn->arg);
    json_auto_t *raw_sources = NULL;
    struct err failed = {0};

    if (turn->options->customer)
        return billing_statement_tell(flow, turn, bill, e);
    if (turn->options->from_raw && compare_with_raw(flow, turn, bill, &raw_sources, e))
        return -1;
    billing_runner_quiet(turn);
    flow_work(flow, print_bill,
              &(struct printing){turn->options, turn->billing->book, bill, &failed});
    (void)fflush(stdout);
    if (failed.kind)
        return err_set(e, failed.kind, "%s", failed.text);
    print_sources(sources);
    if (window)
        (void)fprintf(stderr, "billingd: %s\n", window);
    if (!turn->options->from_raw)
        return EXIT_DONE;
    print_sources(raw_sources);
    return print_comparison(bill_packed_head(bill));
}

static int bill_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct err unknown = {0}; /* whether it is closed: told with the bill */
    json_auto_t *sources = NULL;
    struct bill_packed *bill = NULL;
    int code;

    if (turn->options->prices && billing_prices_read(flow, turn, e))
        return EXIT_BAD_CONFIG;
    if (billing_window_take(flow, turn, *(const struct day *)turn->arg, &unknown) &&
        unknown.kind == ERR_CANCELLED)
        return err_set(e, unknown.kind, "%s", unknown.text);
    if (turn->options->dry_run)
        return dry_run(flow, turn, e);
    code = read_bill(flow, turn, &bill, &sources, e);
    if (code == EXIT_DONE && turn->options->by)
        code = billing_by_tell(flow, turn, *(const struct day *)turn->arg, bill, e);
    else if (code == EXIT_DONE)
        code = tell_bill(flow, turn, bill, sources, e);
    bill_packed_free(bill);
    return code;
}

int verb_bill(const struct options *options)
{
    bool many =
        !options->customer && (options->output == OUTPUT_TEXT || options->output == OUTPUT_TABLE);
    struct err e = {0};
    struct day month;

    if (!options->month) {
        (void)fputs("billingd: bill needs --month, like: billingd bill --month 2025-10\n", stderr);
        return EXIT_BAD_USAGE;
    }
    if (options->customer && options->from_raw) {
        (void)fputs("billingd: bill: --from-raw compares whole bills: leave out one of --customer "
                    "and --from-raw\n",
                    stderr);
        return EXIT_BAD_USAGE;
    }
    if (options->customer && options->output >= OUTPUT_TABLE && options->output != OUTPUT_HTML &&
        options->output != OUTPUT_UBL) {
        (void)fputs("billingd: bill: a customer's document is text, json, html or ubl (-o)\n",
                    stderr);
        return EXIT_BAD_USAGE;
    }
    if (options->preview && options->from_raw) {
        (void)fputs("billingd: bill: --preview is made of raw events already: leave out one of "
                    "--preview and --from-raw\n",
                    stderr);
        return EXIT_BAD_USAGE;
    }
    if (calendar_parse_month(options->month, &month, &e)) {
        (void)fprintf(stderr, "billingd: --month: %s\n", e.text);
        return EXIT_BAD_USAGE;
    }
    if (billing_by_check(options) >= 0)
        return EXIT_BAD_USAGE;
    return billing_runner_run(options, many, bill_turn, &month);
}
