/* verb_requests.c -- the calls behind a line of a bill, as they come: nothing of them is kept.
 * Reads only. */
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/bill/bill_month.h"
#include "billing/prices/price_book.h"
#include "billing/requests/requests_line.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/verbs/billing/billing_window.h"
#include "daemon/views/count_text.h"
#include "daemon/views/json_view.h"
#include "daemon/views/row_stream.h"

#include <string.h>
#include <unistd.h>

struct asked {
    struct day month, day; /* day.year 0: the whole month */
    struct requests_filter filter;
    struct requests_question question;
    struct requests_line line;
    struct volume all, shown; /* found */
    struct row_stream *stream;
    struct billing_turn *turn;
    json_t *sources;
};

/* ---- the list ---- */

static void begin(void *arg)
{
    struct asked *asked = arg;

    if (isatty(STDOUT_FILENO))
        billing_runner_quiet(asked->turn);
    asked->all = asked->shown = (struct volume){0};
    row_stream_begin(asked->stream);
}

static const struct row_column columns[] = {
    {"time", false, 20}, {"day", false, 10},   {"status", false, 6},
    {"bytes", true, 12}, {"id", false, 36},    {"route", false, 24},
    {"sub", false, 0},   {"object", false, 0}, {0},
};

static int print(struct row_stream *stream, const struct request *request, struct err *e)
{
    char time[TIMESTAMP_ROOM], day[16];
    const struct row_cell cells[] = {
        {time, 0},
        {day, 0},
        {request->status, 0},
        {NULL, request->bytes},
        {request->id, 0},
        {request->route, 0},
        {request->sub, 0},
        {request->object, 0},
    };

    timestamp_text(request->time_s, time);
    calendar_day_text(request->day, day);
    return row_stream_add(stream, cells, e);
}

static int take(void *arg, const struct request *request, struct err *e)
{
    struct asked *asked = arg;
    struct volume volume = {1, request->bytes};

    for (int64_t i = 0; i < request->times; i++) {
        if (volume_add(&asked->all, volume, e))
            return -1;
        if (!requests_filter_takes(&asked->filter, request->route, request->status))
            continue;
        if (volume_add(&asked->shown, volume, e) || print(asked->stream, request, e))
            return -1;
    }
    return 0;
}

static void print_end(void *arg)
{
    row_stream_end(((struct asked *)arg)->stream);
}

/* ---- what it comes to ---- */

static json_t *volume_json(const struct volume *volume)
{
    return json_pack("{s:I, s:I}", "calls", (json_int_t)volume->calls, "bytes",
                     (json_int_t)volume->bytes);
}

static int tell(struct asked *asked)
{
    cleanup_free char *doubt = requests_line_doubt(&asked->line, asked->all, asked->shown);
    cleanup_free char *calls = count_text(asked->shown.calls);
    cleanup_free char *bytes = count_text(asked->shown.bytes);

    billing_runner_quiet(asked->turn);
    row_stream_close(asked->stream, json_pack("{s:I, s:I, s:o, s:b, s:s?, s:O}", "calls",
                                              (json_int_t)asked->shown.calls, "bytes",
                                              (json_int_t)asked->shown.bytes, "line",
                                              volume_json(&asked->line.shown), "equal", !doubt,
                                              "doubt", doubt, "sources", asked->sources));
    (void)fprintf(stderr, "billingd: %s calls, %s bytes%s%s\n", calls, bytes,
                  doubt ? "; " : ": those of the line", doubt ? doubt : "");
    return doubt ? EXIT_EVIDENCE : EXIT_DONE;
}

/* A slip in the name is told before anything is scanned. */
static int tell_unknown(const struct asked *asked)
{
    billing_runner_quiet(asked->turn);
    (void)fprintf(stderr,
                  "billingd: %s: no call of these days is billed to a customer '%s', and "
                  "billing.customers has none of that id\n",
                  asked->turn->billing->pipeline, asked->question.customer);
    return EXIT_REFUSED;
}

static bool is_unknown(const struct asked *asked)
{
    return !asked->question.nobodys && !asked->line.all.calls &&
           !json_array_size(asked->line.open) &&
           !price_book_has_customer(asked->turn->billing->book, asked->question.customer);
}

static json_t *head_json(const struct asked *asked)
{
    const struct requests_question *question = &asked->question;
    char first[16], last[16];

    calendar_day_text(question->days.first, first);
    calendar_day_text(question->days.last, last);
    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s?, s:s?}", "format_version",
                     JSON_FORMAT_VERSION, "pipeline", asked->turn->billing->pipeline, "customer",
                     question->customer, "first_day", first, "last_day", last, "route",
                     asked->filter.route, "status", asked->filter.status);
}

static enum row_format format_of(const struct options *options)
{
    return options->output == OUTPUT_JSONL  ? ROW_JSONL
           : options->output == OUTPUT_JSON ? ROW_JSON
           : options->output == OUTPUT_CSV  ? ROW_CSV
                                            : ROW_TEXT;
}

static int list(struct flow *flow, struct asked *asked, struct err *e)
{
    const struct requests_taker taker = {begin, take, asked, &asked->sources};
    json_auto_t *head = head_json(asked);
    int code;

    billing_runner_say(asked->turn, "reading the log events of these days");
    asked->stream = row_stream_new(format_of(asked->turn->options), columns, "requests", head);
    code = requests_each(flow, asked->turn->billing, &asked->question, &taker, e);
    if (!code) {
        flow_work(flow, print_end, asked);
        code = tell(asked);
    }
    row_stream_free(asked->stream);
    json_decref(asked->sources);
    return code;
}

/* ---- which days ---- */

static int choose_days(struct asked *asked, struct err *e)
{
    struct day_span month = bill_month_days(asked->turn->billing, asked->month);
    char first[16];

    asked->question.days = month;
    if (!asked->day.year)
        return 0;
    calendar_day_text(month.first, first);
    if (calendar_compare(asked->day, month.first) < 0)
        return err_set(e, ERR_INVALID,
                       "the month is billed from %s on (billing.rollup.since): nobody pays for "
                       "the calls of that day",
                       first);
    asked->question.days = (struct day_span){asked->day, asked->day};
    return 0;
}

/* The bill's own refusals hold for its lines. */
static int look_at_month(struct flow *flow, struct asked *asked, struct err *e)
{
    struct bill_month look;
    int code = bill_month_look(flow, asked->turn->billing, asked->month, &look, e);
    const json_t *reason;
    size_t i;

    if (!code && look.state == BILL_MONTH_REFUSED) {
        billing_runner_quiet(asked->turn);
        json_array_foreach(look.reasons, i, reason)
            (void)fprintf(stderr, "billingd: %s: there is no bill of that month: %s\n",
                          asked->turn->billing->pipeline, json_string_value(reason));
        code = EXIT_REFUSED;
    }
    bill_month_fini(&look);
    return code;
}

static int dry_run(struct asked *asked, struct err *e)
{
    cleanup_free char *text = requests_text(asked->turn->billing, &asked->question, e);

    if (!text)
        return -1;
    billing_runner_quiet(asked->turn);
    (void)printf("-- Not sent: --dry-run.\n%s\n", text);
    return EXIT_DONE;
}

static int requests_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct asked *asked = turn->arg;
    int code;

    asked->turn = turn;
    if (billing_window_take(flow, turn, asked->month, e))
        return -1;
    if (choose_days(asked, e)) {
        billing_runner_quiet(turn);
        (void)fprintf(stderr, "billingd: %s: %s\n", turn->billing->pipeline, e->text);
        err_clear(e);
        return EXIT_REFUSED;
    }
    if (turn->options->dry_run)
        return dry_run(asked, e);
    billing_runner_say(turn, "looking at the line");
    code = look_at_month(flow, asked, e);
    if (!code)
        code = requests_line_read(flow, turn->billing, &asked->question, &asked->filter,
                                  &asked->line, e);
    if (!code)
        code = is_unknown(asked) ? tell_unknown(asked) : list(flow, asked, e);
    requests_line_fini(&asked->line);
    return code;
}

/* ---- the command line ---- */

static int read_words(const struct options *options, struct asked *asked, struct err *e)
{
    if (!options->customer || !*options->customer)
        return err_set(e, ERR_INVALID,
                       "--customer ID is missing (- is for calls of nobody, which no line bills)");
    if (!options->month && !options->day)
        return err_set(e, ERR_INVALID, "--month YYYY-MM or --day YYYY-MM-DD is missing");
    if (options->output == OUTPUT_FOCUS)
        return err_set(e, ERR_INVALID, "output 'focus': choose text, csv, json or jsonl");
    if (options->month && calendar_parse_month(options->month, &asked->month, e))
        return -1;
    if (options->day && calendar_parse_day(options->day, &asked->day, e))
        return -1;
    if (!options->month)
        asked->month = calendar_month(asked->day).first;
    else if (options->day && calendar_compare(calendar_month(asked->day).first, asked->month))
        return err_set(e, ERR_INVALID, "--day %s lies not in --month %s", options->day,
                       options->month);
    return 0;
}

int verb_requests(const struct options *options)
{
    struct asked asked = {.filter = {options->route, options->status},
                          .question = {.order = REQUESTS_BY_TIME}};
    struct err e = {0};

    if (read_words(options, &asked, &e)) {
        (void)fprintf(stderr, "billingd: requests: %s\n", e.text);
        return EXIT_BAD_USAGE;
    }
    asked.question.nobodys = !strcmp(options->customer, "-");
    asked.question.customer = asked.question.nobodys ? NULL : options->customer;
    return billing_runner_run(options, false, requests_turn, &asked);
}
