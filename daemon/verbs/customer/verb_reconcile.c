/* verb_reconcile.c -- a customer's own list of request ids beside the calls that their line bills.
 * Reads only. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/dispute/dispute.h"
#include "billing/prices/price_book.h"
#include "daemon/verbs/customer/customer_line.h"
#include "daemon/verbs/customer/customer_verbs.h"
#include "daemon/views/count_text.h"

#include <string.h>
#include <unistd.h>

enum { MOST_SHOWN = 20 }; /* rows of a kind, for people */

struct asked {
    struct customer_line about;
    struct id_list_form form;
    struct dispute *dispute;
    struct row_stream *stream;
    struct billing_turn *turn;
    enum row_format format;
    uint64_t shown[DISPUTE_KINDS];
    json_t *sources;
    struct err failed; /* of the end */
};

static const struct row_column columns[] = {
    {"kind", false, 14},
    {"id", false, 36},
    {"day", false, 10},
    {"time", false, 20},
    {"status", false, 6},
    {"bytes", true, 10},
    {"money", false, 10},
    {"ours", true, 4},
    {"theirs", true, 6},
    {"line", true, 8},
    {"route", false, 0},
    {"why", false, 0},
    {0},
};

/* ---- rows ---- */

static int print_row(void *arg, const struct dispute_row *row, struct err *e)
{
    struct asked *asked = arg;
    const struct request *call = row->call;
    bool by_line = row->kind == DISPUTE_UNREADABLE;
    cleanup_free char *money = call ? money_exact_text(row->worth, 2) : NULL;
    char time[TIMESTAMP_ROOM] = "", day[16] = "";
    const struct row_cell cells[] = {
        {.text = dispute_names[row->kind]},
        {.text = row->id},
        {.text = call ? day : NULL},
        {.text = call ? time : NULL},
        {.text = call ? call->status : NULL},
        {.number = call ? call->bytes : 0, .is_absent = !call},
        {.text = money},
        {.number = (int64_t)row->ours, .is_absent = by_line},
        {.number = (int64_t)row->theirs, .is_absent = by_line},
        {.number = (int64_t)row->line, .is_absent = !row->line},
        {.text = call ? call->route : NULL},
        {.text = row->why},
    };

    if (asked->format == ROW_TEXT && asked->shown[row->kind]++ >= MOST_SHOWN)
        return 0;
    if (call) {
        timestamp_text(call->time_s, time);
        calendar_day_text(call->day, day);
    }
    return row_stream_add(asked->stream, cells, e);
}

static void print_end(void *arg)
{
    struct asked *asked = arg;

    (void)row_stream_end(asked->stream, &asked->failed);
}

/* ---- what it comes to ---- */

static char *total_text(const struct asked *asked, struct money amount)
{
    return money_text(amount,
                      money_currency_digits(price_book_currency(asked->turn->billing->book)));
}

static json_t *summary_json(const struct asked *asked, const char *doubt)
{
    const struct dispute_counts *counts = dispute_counts(asked->dispute);
    cleanup_free char *total = total_text(asked, counts->total);
    cleanup_free char *without = total_text(asked, counts->without);
    json_t *summary =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:o, s:b, s:s?, s:O}", "lines",
                  (json_int_t)counts->lines, "blank", (json_int_t)counts->blank, "theirs",
                  (json_int_t)counts->theirs, "ours", (json_int_t)counts->ours.calls, "bytes",
                  (json_int_t)counts->ours.bytes, "agreed", (json_int_t)counts->agreed, "currency",
                  price_book_currency(asked->turn->billing->book), "total", total, "without",
                  without, "closed", customer_closed_json(&asked->about.closed), "line_equal",
                  !doubt, "doubt", doubt, "sources", asked->sources);
    json_t *kinds = json_object();

    for (int i = 0; i < DISPUTE_KINDS; i++)
        json_object_set_new(kinds, dispute_names[i], json_integer((json_int_t)counts->rows[i]));
    json_object_set_new(summary, "counts", kinds);
    return summary;
}

static void print_count(uint64_t count, const char *what)
{
    cleanup_free char *text = count_text((json_int_t)count);

    (void)printf("%14s  %s\n", text, what);
}

static void print_summary(const struct asked *asked)
{
    static const char *const texts[DISPUTE_KINDS] = {
        [DISPUTE_UNREADABLE] = "lines of theirs hold no id (unreadable)",
        [DISPUTE_BILLED_UNKNOWN] = "calls are billed, and not in theirs (billed_unknown)",
        [DISPUTE_BILLED_AGAIN] = "calls are billed beyond as often as theirs has the id "
                                 "(billed_again)",
        [DISPUTE_WITHOUT_ID] = "calls are billed that have no id: nobody can compare them "
                               "(without_id)",
        [DISPUTE_NOT_BILLED] = "ids are in theirs, and not billed (not_billed)",
        [DISPUTE_DUPLICATE] = "ids are in theirs several times (duplicate)",
    };
    const struct dispute_counts *counts = dispute_counts(asked->dispute);
    const char *currency = price_book_currency(asked->turn->billing->book);
    cleanup_free char *total = total_text(asked, counts->total);
    cleanup_free char *without = total_text(asked, counts->without);

    (void)puts("");
    print_count(counts->agreed, "calls are in both");
    for (int i = 0; i < DISPUTE_KINDS; i++) {
        print_count(counts->rows[i], texts[i]);
        if (asked->shown[i] > MOST_SHOWN)
            (void)printf("%14s  (%d of them are shown; -o csv, json and jsonl have all)\n", "",
                         MOST_SHOWN);
    }
    (void)printf("the line comes to %s %s; without the calls in dispute it would be %s %s\n", total,
                 currency, without, currency);
}

static bool agree(const struct dispute_counts *counts)
{
    for (int i = 0; i < DISPUTE_KINDS; i++)
        if (i != DISPUTE_DUPLICATE && counts->rows[i])
            return false;
    return true;
}

/* The same calls with the prices of the close must come to what was signed. */
static char *doubt_of(const struct asked *asked)
{
    const struct dispute_counts *counts = dispute_counts(asked->dispute);
    const struct customer_closed *closed = &asked->about.closed;
    cleanup_free char *have = total_text(asked, counts->total), *was = NULL;
    char *doubt = customer_line_doubt(&asked->about, counts->ours, counts->ours);

    if (doubt || !closed->names || customer_line_is_part(&asked->about) ||
        !money_compare(counts->total, closed->total))
        return doubt;
    was = total_text(asked, closed->total);
    return mem_printf("%s: the line's calls come to %s, %s was signed: nobody knows what they are "
                      "worth (`billingd verify` tells more)",
                      closed->names, have, was);
}

static int tell(struct asked *asked)
{
    const struct dispute_counts *counts = dispute_counts(asked->dispute);
    cleanup_free char *doubt = doubt_of(asked);
    const char *signed_by = asked->about.closed.names;

    billing_runner_quiet(asked->turn);
    if (asked->format == ROW_TEXT)
        print_summary(asked);
    row_stream_close(asked->stream, summary_json(asked, doubt));
    (void)fflush(stdout);
    if (doubt)
        (void)fprintf(stderr, "billingd: %s\n", doubt);
    else if (signed_by)
        (void)fprintf(stderr, "billingd: the line is that of %s, as it was closed\n", signed_by);
    (void)fprintf(stderr, "billingd: %s\n",
                  agree(counts) ? "every call of the line is in theirs, and every id of theirs is "
                                  "billed"
                                : "the two lists differ");
    return doubt || !agree(counts) ? EXIT_EVIDENCE : EXIT_DONE;
}

/* ---- the work ---- */

static int compare(struct flow *flow, struct asked *asked, struct err *e)
{
    int code;

    billing_runner_say(asked->turn, "reading the log events of the month");
    billing_runner_count(asked->turn, dispute_steps(asked->dispute), "calls");
    if (dispute_read_ours(flow, asked->dispute, &asked->sources, e))
        return -1;
    billing_runner_say(asked->turn, "comparing the two lists");
    billing_runner_count(asked->turn, dispute_steps(asked->dispute), "ids");
    if (isatty(STDOUT_FILENO))
        billing_runner_quiet(asked->turn);
    code = dispute_compare(flow, asked->dispute, e);
    if (code)
        return -1;
    flow_work(flow, print_end, asked);
    return asked->failed.kind ? err_set(e, asked->failed.kind, "%s", asked->failed.text)
                              : tell(asked);
}

/* Their file first: what is wrong with it costs nothing then. */
static int work(struct flow *flow, struct asked *asked, struct err *e)
{
    const struct options *options = asked->turn->options;
    int code;

    billing_runner_say(asked->turn, "reading %s", options->their);
    billing_runner_count(asked->turn, dispute_steps(asked->dispute), "lines");
    if (isatty(STDOUT_FILENO))
        billing_runner_quiet(asked->turn);
    if (dispute_read_theirs(flow, asked->dispute, options->their, &asked->form, e)) {
        if (e->kind != ERR_INVALID)
            return -1;
        billing_runner_quiet(asked->turn);
        (void)fprintf(stderr, "billingd: %s\n", e->text);
        err_clear(e);
        return EXIT_BAD_CONFIG;
    }
    billing_runner_count(asked->turn, NULL, NULL);
    code = customer_line_read(flow, asked->turn, &asked->about, e);
    return code ? code : compare(flow, asked, e);
}

static void free_dispute(void *arg)
{
    dispute_free(arg);
}

static int reconcile(struct flow *flow, struct asked *asked, struct err *e)
{
    const struct billing *billing = asked->turn->billing;
    json_auto_t *head = customer_line_head(billing, &asked->about);
    int code;

    asked->stream = row_stream_new(asked->format, columns, "rows", head);
    asked->dispute = dispute_new(billing, &asked->about.question, print_row, asked);
    code = work(flow, asked, e);
    billing_runner_count(asked->turn, NULL, NULL);
    flow_work(flow, free_dispute, asked->dispute);
    row_stream_free(asked->stream);
    json_decref(asked->sources);
    return code;
}

static int reconcile_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct asked *asked = turn->arg;
    int code;

    asked->turn = turn;
    code = customer_line_days(flow, turn, &asked->about, e);
    if (!code)
        code = reconcile(flow, asked, e);
    customer_line_fini(flow, &asked->about);
    return code;
}

/* ---- the command line ---- */

static const char *usual_format(const struct options *options)
{
    if (options->pattern)
        return "log";
    return str_ends_with(options->their, ".jsonl") || str_ends_with(options->their, ".ndjson")
               ? "jsonl"
               : "csv";
}

static int read_form(const struct options *options, struct id_list_form *form, struct err *e)
{
    static const char *const names[] = {"csv", "jsonl", "log"};
    struct id_list *list;
    const char *format;
    int i = 0;

    if (!options->their)
        return err_set(e, ERR_INVALID, "--their FILE is missing: their list of request ids");
    format = options->format ? options->format : usual_format(options);
    while (i < 3 && strcmp(names[i], format) != 0)
        i++;
    if (i == 3)
        return err_set(e, ERR_INVALID, "--format '%s': choose csv, jsonl or log", format);
    if ((i == ID_LIST_LOG) != (options->pattern != NULL))
        return err_set(e, ERR_INVALID,
                       i == ID_LIST_LOG
                           ? "--format log needs --pattern RE, with the id in (brackets)"
                           : "--pattern is for --format log");
    if (i == ID_LIST_LOG && options->column)
        return err_set(e, ERR_INVALID, "--column is for --format csv and jsonl");
    *form = (struct id_list_form){(enum id_list_format)i, options->column, options->pattern};
    list = id_list_new(form, NULL, e); /* is the pattern one? */
    id_list_free(list);
    return list ? 0 : -1;
}

int verb_reconcile(const struct options *options)
{
    struct asked asked = {.format = customer_line_format(options)};
    struct err e = {0};
    int code = customer_line_words(options, &asked.about);

    if (code >= 0)
        return code;
    if (read_form(options, &asked.form, &e)) {
        (void)fprintf(stderr, "billingd: reconcile: %s\n", e.text);
        return EXIT_BAD_USAGE;
    }
    return billing_runner_run(options, false, reconcile_turn, &asked);
}
