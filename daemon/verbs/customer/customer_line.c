#include "daemon/verbs/customer/customer_line.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_month.h"
#include "billing/prices/price_book.h"
#include "daemon/verbs/billing/billing_window.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"

#include <string.h>

/* ---- the command line ---- */

static int read_words(const struct options *options, struct customer_line *about, struct err *e)
{
    if (!options->customer || !*options->customer)
        return err_set(e, ERR_INVALID,
                       "--customer ID is missing (- is for calls of nobody, which no line bills)");
    if (!options->month && !options->day)
        return err_set(e, ERR_INVALID, "--month YYYY-MM is missing");
    if (options->output == OUTPUT_FOCUS)
        return err_set(e, ERR_INVALID, "output 'focus': choose text, csv, json or jsonl");
    if (options->month && calendar_parse_month(options->month, &about->month, e))
        return -1;
    if (options->day && calendar_parse_day(options->day, &about->day, e))
        return -1;
    if (!options->month)
        about->month = calendar_month(about->day).first;
    else if (options->day && calendar_compare(calendar_month(about->day).first, about->month))
        return err_set(e, ERR_INVALID, "--day %s lies not in --month %s", options->day,
                       options->month);
    return 0;
}

int customer_line_words(const struct options *options, struct customer_line *about)
{
    struct err e = {0};

    if (read_words(options, about, &e)) {
        (void)fprintf(stderr, "billingd: %s: %s\n", options->verb->name, e.text);
        return EXIT_BAD_USAGE;
    }
    about->filter = (struct requests_filter){options->route, options->status};
    about->question.nobodys = !strcmp(options->customer, "-");
    about->question.customer = about->question.nobodys ? NULL : options->customer;
    return -1;
}

enum row_format customer_line_format(const struct options *options)
{
    return options->output == OUTPUT_JSONL  ? ROW_JSONL
           : options->output == OUTPUT_JSON ? ROW_JSON
           : options->output == OUTPUT_CSV  ? ROW_CSV
                                            : ROW_TEXT;
}

/* ---- what was signed ---- */

bool customer_line_is_part(const struct customer_line *about)
{
    return about->day.year || about->filter.route || about->filter.status;
}

/* Prices and customers are those of the close from here on. */
static void take_book(struct billing_turn *turn, struct customer_line *about)
{
    about->billing = turn->billing;
    about->own_book = turn->billing->book;
    turn->billing->book = about->closed.closed.book;
}

static int look_at_closed(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                          struct err *e)
{
    int found;

    about->closed.month = about->month;
    about->closed.question = &about->question;
    found = customer_closed_read(flow, turn->billing, &about->closed, e);
    if (found < 0 && e->kind == ERR_EVIDENCE) {
        free(about->closed.wrong);
        about->closed.wrong = mem_text(e->text);
        err_clear(e);
        found = 1;
    }
    if (found > 0) {
        billing_runner_quiet(turn);
        (void)fprintf(stderr, "billingd: %s: %s (`billingd verify` tells more)\n",
                      turn->billing->pipeline, about->closed.wrong);
        return EXIT_EVIDENCE;
    }
    if (!found && about->closed.names)
        take_book(turn, about);
    return found;
}

/* ---- which days ---- */

int customer_line_days(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                       struct err *e)
{
    struct day_span month;
    char first[16];

    if (billing_window_take(flow, turn, about->month, e))
        return -1;
    month = bill_month_days(turn->billing, about->month);
    about->question.days = month;
    if (about->day.year)
        about->question.days = (struct day_span){about->day, about->day};
    if (calendar_compare(about->question.days.first, month.first) >= 0)
        return look_at_closed(flow, turn, about, e);
    calendar_day_text(month.first, first);
    billing_runner_quiet(turn);
    (void)fprintf(
        stderr,
        "billingd: %s: the month is billed from %s on (billing.rollup.since): nobody pays "
        "for the calls of that day\n",
        turn->billing->pipeline, first);
    return EXIT_REFUSED;
}

/* ---- the line ---- */

/* The bill's own refusals hold for its lines, but not for what was signed already. */
static int look_at_month(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                         struct err *e)
{
    struct bill_month look;
    int code = bill_month_look(flow, turn->billing, about->month, &look, e);
    const json_t *reason;
    size_t i;

    if (!code && look.state == BILL_MONTH_REFUSED && !about->closed.names) {
        billing_runner_quiet(turn);
        json_array_foreach(look.reasons, i, reason)
            (void)fprintf(stderr, "billingd: %s: there is no bill of that month: %s\n",
                          turn->billing->pipeline, json_string_value(reason));
        code = EXIT_REFUSED;
    }
    if (!code)
        requests_line_set_days(&about->line, look.days, about->question.days);
    bill_month_fini(&look);
    return code;
}

/* A part of a closed month was signed only with the whole: the rollups divide it, as long as they
 * give what was signed. */
static int read_closed(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                       struct err *e)
{
    static const struct requests_filter all = {NULL, NULL};
    struct requests_question month = about->question;
    struct requests_line line = {.filter = &all};

    json_array_clear(about->line.open); /* whatever became of its days, it is final */
    if (!customer_line_is_part(about)) {
        about->line.all = about->line.shown = about->closed.volume;
        about->line.knows_shown = true;
        return 0;
    }
    month.days = bill_month_days(turn->billing, about->month);
    if (requests_line_read(flow, turn->billing, &about->question, &about->line, e) ||
        (about->day.year && requests_line_read(flow, turn->billing, &month, &line, e)))
        return -1;
    about->rolled_up = about->day.year ? line.all : about->line.all;
    return 0;
}

/* A slip in the name is told before anything is scanned. */
static int check_customer(struct billing_turn *turn, const struct customer_line *about)
{
    if (about->question.nobodys || about->line.all.calls || json_array_size(about->line.open) ||
        price_book_has_customer(turn->billing->book, about->question.customer))
        return EXIT_DONE;
    billing_runner_quiet(turn);
    (void)fprintf(stderr,
                  "billingd: %s: no call of these days is billed to a customer '%s', and "
                  "billing.customers has none of that id\n",
                  turn->billing->pipeline, about->question.customer);
    return EXIT_REFUSED;
}

int customer_line_read(struct flow *flow, struct billing_turn *turn, struct customer_line *about,
                       struct err *e)
{
    int code;

    billing_runner_say(turn, "looking at the line");
    about->line.filter = &about->filter;
    code = look_at_month(flow, turn, about, e);
    if (!code)
        code = about->closed.names
                   ? read_closed(flow, turn, about, e)
                   : requests_line_read(flow, turn->billing, &about->question, &about->line, e);
    return code ? code : check_customer(turn, about);
}

void customer_line_fini(struct flow *flow, struct customer_line *about)
{
    if (about->billing)
        about->billing->book = about->own_book;
    about->billing = NULL;
    customer_closed_fini(flow, &about->closed);
    requests_line_fini(&about->line);
}

/* ---- doubts ---- */

char *customer_line_doubt(const struct customer_line *about, struct volume all, struct volume shown)
{
    const struct customer_closed *closed = &about->closed;
    const struct volume *is = &about->rolled_up, *was = &closed->volume;
    cleanup_free char *doubt = NULL;

    if (closed->names && customer_line_is_part(about) &&
        (is->calls != was->calls || is->bytes != was->bytes))
        return mem_printf(
            "%s: %lld calls and %lld bytes were billed, the rollups of the month have "
            "%lld and %lld by now: nobody knows what was signed of a part of it "
            "(`billingd verify` tells more)",
            closed->names, (long long)was->calls, (long long)was->bytes, (long long)is->calls,
            (long long)is->bytes);
    doubt = requests_line_doubt(&about->line, all, shown);
    return !doubt          ? NULL
           : closed->names ? mem_printf("%s: %s", closed->names, doubt)
                           : mem_text(doubt);
}

json_t *customer_line_head(const struct billing *billing, const struct customer_line *about)
{
    const struct requests_question *question = &about->question;
    char first[16], last[16];

    calendar_day_text(question->days.first, first);
    calendar_day_text(question->days.last, last);
    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s?, s:s?}", "format_version",
                     JSON_FORMAT_VERSION, "pipeline", billing->pipeline, "customer",
                     question->customer, "first_day", first, "last_day", last, "route",
                     about->filter.route, "status", about->filter.status);
}
