/* verb_close.c -- archives and signs the bill of a month, or what arrived after that. */
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/close/close.h"
#include "billing/close/close_statements.h"
#include "daemon/verbs/billing/billing_guard.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/views/bill_view.h"
#include "daemon/views/json_view.h"

#include <string.h>

static void on_progress(void *arg, const char *what)
{
    billing_runner_say(arg, "%s", what);
}

static void print_texts(FILE *out, const char *before, const json_t *texts)
{
    const json_t *text;
    size_t i;

    json_array_foreach(texts, i, text)
        (void)fprintf(out, "%s%s\n", before, json_string_value(text));
}

/* The month as people write it. */
static const char *month_of(const struct close *close, char text[static 16])
{
    calendar_month_text(close->month, text);
    return text;
}

static char *location(const struct close *close)
{
    return mem_printf("s3://%s/%smanifest.json", close->billing->names.bucket, close->folder);
}

/* The document, with the bill, which may be large, as its member "bill". */
static void print_around(json_t *json, const struct bill_packed *bill)
{
    static const char mark[] = "\n  \"bill\": null"; /* in texts a newline is escaped */
    cleanup_free char *text = NULL;
    char *place;

    if (!bill)
        (void)json_object_del(json, "bill");
    text = json_dumps(json, JSON_INDENT(2));
    place = bill ? strstr(text, mark) : NULL;
    if (!place) {
        (void)json_view_print(json);
        return;
    }
    (void)printf("%.*s\n  \"bill\": ", (int)(place - text), text);
    bill_view_json(bill, stdout, true);
    (void)printf("%s\n", place + strlen(mark));
}

/* What is printed off the loop: a bill may have many lines.  Nobody else writes to standard output
 * meanwhile. */
struct printing {
    const struct close *close;
    bool closed, color;
};

static void make_json(void *arg)
{
    const struct printing *printing = arg;
    const struct close *close = printing->close;
    cleanup_free char *number =
        numbers_text(close->billing, (struct number){close->month, close->number});
    cleanup_free char *place = close->folder ? location(close) : NULL;
    char month[16];
    json_auto_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:s*, s:O, s:O, s:n, s:O*}", "format_version",
                  JSON_FORMAT_VERSION, "pipeline", close->billing->pipeline, "month",
                  month_of(close, month), "invoice", number, "closed", printing->closed,
                  "manifest_at", place, "reasons", close->reasons, "notes", close->notes, "bill",
                  "manifest", printing->closed ? close->manifest : NULL);

    print_around(json, close->bill);
}

static void print_json(struct flow *flow, const struct close *close, bool closed)
{
    flow_work(flow, make_json, &(struct printing){close, closed, false});
}

static int refuse(struct flow *flow, const struct billing_turn *turn, const struct close *close)
{
    char month[16];

    if (turn->options->output == OUTPUT_JSON)
        print_json(flow, close, false);
    (void)fprintf(stderr, "billingd: %s: %s %s:\n", close->billing->pipeline,
                  month_of(close, month),
                  turn->options->correct ? "is not corrected" : "is not closed");
    print_texts(stderr, "  ", close->reasons);
    return EXIT_REFUSED;
}

static void print_bill(void *arg)
{
    const struct printing *printing = arg;

    bill_view_print(printing->close->bill, stdout, printing->color);
}

static void show(struct flow *flow, const struct billing_turn *turn, const struct close *close)
{
    cleanup_free char *number =
        numbers_text(close->billing, (struct number){close->month, close->number});

    if (turn->options->output == OUTPUT_JSON)
        return;
    (void)printf("%s %s\n", close->number ? "Correction" : "Invoice", number);
    flow_work(flow, print_bill,
              &(struct printing){close, false, options_color(turn->options, stdout)});
    print_texts(stdout, "note          ", close->notes);
    (void)fflush(stdout);
}

static bool is_agreed(const struct billing_turn *turn, const struct close *close)
{
    char month[16];
    cleanup_free char *question =
        close->number ? mem_printf("Write this correction of %s for good?", month_of(close, month))
                      : mem_printf("Close %s with this bill for good?", month_of(close, month));

    if (turn->options->yes || terminal_ask(stdin, stderr, question))
        return true;
    (void)fputs("billingd: not confirmed, nothing was written; --yes confirms without a terminal\n",
                stderr);
    return false;
}

static void print_number(const json_t *statements, const char *before, const char *which)
{
    (void)printf("%s%s%04d-%06" JSON_INTEGER_FORMAT, before, json_text(statements, "series"),
                 (int)json_whole(statements, "year"), json_whole(statements, which));
}

static void print_statements(const struct close *close)
{
    const json_t *statements = json_object_get(close->manifest, "statements");
    json_int_t count = json_whole(statements, "count");

    if (!statements)
        return;
    (void)printf("%" JSON_INTEGER_FORMAT " statement%s", count, count == 1 ? "" : "s");
    if (count)
        print_number(statements, ", ", "first");
    if (count > 1)
        print_number(statements, " to ", "last");
    (void)printf(": s3://%s/%s\n", close->billing->names.bucket, json_text(statements, "folder"));
}

static int write_it(struct flow *flow, struct billing_turn *turn, struct close *close,
                    struct err *e)
{
    cleanup_free char *place = location(close);
    int result = close_write(flow, close, e);

    billing_runner_quiet(turn);
    if (result < 0)
        return err_wrap(e, "nothing is closed yet; it can be run again at any time");
    if (result) {
        cleanup_free char *number =
            numbers_text(close->billing, (struct number){close->month, close->number});

        (void)fprintf(stderr,
                      "billingd: %s: the number %s was given meanwhile, to somebody else or to an "
                      "earlier close of ours whose write came late; this document was not "
                      "written: look again\n",
                      close->billing->pipeline, number);
        return EXIT_REFUSED;
    }
    if (turn->options->output == OUTPUT_JSON) {
        print_json(flow, close, true);
        return EXIT_DONE;
    }
    (void)printf("\nWritten and signed: %s\nKey %s\n", place,
                 json_text(json_object_get(close->manifest, "signing_key"), "sha256"));
    print_statements(close);
    return EXIT_DONE;
}

static int decide(struct flow *flow, struct billing_turn *turn, struct close *close, struct err *e)
{
    static const char *const into[] = {"bucket", NULL};
    char month[16];
    int refused;

    billing_runner_quiet(turn);
    if (json_array_size(close->reasons))
        return refuse(flow, turn, close);
    if (!close->bill) {
        if (turn->options->output == OUTPUT_JSON)
            print_json(flow, close, false);
        else
            (void)printf("%s: nothing arrived after %s was closed\n", close->billing->pipeline,
                         month_of(close, month));
        return EXIT_DONE;
    }
    show(flow, turn, close);
    if (turn->options->dry_run) {
        if (turn->options->output == OUTPUT_JSON)
            print_json(flow, close, false);
        return EXIT_DONE;
    }
    refused = billing_guard_check(flow, turn, into, e);
    if (refused)
        return refused;
    return is_agreed(turn, close) ? write_it(flow, turn, close, e) : EXIT_REFUSED;
}

static int close_month(struct flow *flow, struct billing_turn *turn, struct day month,
                       struct err *e)
{
    struct close close = {
        .billing = turn->billing,
        .section = turn->manifest->pipelines[turn->pipeline].billing,
        .version = BILLINGD_VERSION,
        .month = month,
        .first = turn->options->first,
        .accept_unknown = turn->options->accept_unknown,
        .progress = on_progress,
        .arg = turn,
    };
    int failed = turn->options->correct ? close_correction_look(flow, &close, e)
                                        : close_invoice_look(flow, &close, e);
    int code;

    if (!failed)
        close_statements_foretell(flow, &close);
    code = failed ? -1 : decide(flow, turn, &close, e);

    close_fini(flow, &close);
    return code;
}

static int close_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    return close_month(flow, turn, *(const struct day *)turn->arg, e);
}

static int tell_begin(const struct billing_turn *turn)
{
    (void)fprintf(stderr,
                  "billingd: %s: no month is closed yet, and where the chain of months begins is "
                  "not guessed: close the first one by hand\n",
                  turn->billing->pipeline);
    return EXIT_REFUSED;
}

static int tell_due(const struct billing_turn *turn, const struct close_due *due)
{
    char month[16], from[TIMESTAMP_ROOM];

    calendar_month_text(due->month, month);
    timestamp_text(due->from_s, from);
    if (turn->options->output == OUTPUT_JSON) {
        json_auto_t *json = json_pack("{s:s, s:s, s:s, s:b, s:s}", "format_version",
                                      JSON_FORMAT_VERSION, "pipeline", turn->billing->pipeline,
                                      "month", month, "closed", 0, "due", from);

        (void)json_view_print(json);
    } else {
        (void)printf("%s: %s is due from %s on\n", turn->billing->pipeline, month, from);
    }
    return EXIT_DONE;
}

/* Month after month, up to the first that cannot be closed: those behind it wait for somebody. */
static int due_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct close_due due;
    int found, code = EXIT_DONE;

    while (code == EXIT_DONE) {
        billing_runner_say(turn, "looking for the month that is due");
        found = close_due_look(flow, turn->billing, &due, e);
        billing_runner_quiet(turn);
        if (found < 0)
            return -1;
        if (!found || !due.is_due)
            return found ? tell_due(turn, &due) : tell_begin(turn);
        code = close_month(flow, turn, due.month, e);
        if (turn->options->dry_run)
            return code; /* the same month would be due again */
    }
    return code;
}

int verb_close(const struct options *options)
{
    struct err e = {0};
    struct day month;

    if (options->due && !options->operand && !options->correct && !options->first)
        return billing_runner_run(options, true, due_turn, NULL);
    if (options->due || !options->operand) {
        (void)fputs(options->due
                        ? "billingd: close: --due finds the month itself: leave the month, "
                          "--correct and --first out\n"
                        : "billingd: close needs a month, like: billingd close 2025-10; or "
                          "--due\n",
                    stderr);
        return EXIT_BAD_USAGE;
    }
    if (calendar_parse_month(options->operand, &month, &e)) {
        (void)fprintf(stderr, "billingd: close: %s\n", e.text);
        return EXIT_BAD_USAGE;
    }
    return billing_runner_run(options, false, close_turn, &month);
}
