/* verb_shadow.c -- the present billing query beside ours, and why they differ.  Reads only. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text_width.h"
#include "billing/prices/price_book.h"
#include "billing/shadow/shadow.h"
#include "billing/shadow/shadow_sql.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/views/json_view.h"
#include "daemon/views/terminal_table.h"
#include "yaml/yaml.h"

#include <string.h>

enum { AMOUNT_DECIMALS = 6 };

/* ---- the table ---- */

/* An integer, or an amount with some of its decimals; new text. */
static char *cell_text(const json_t *value)
{
    const char *text = json_string_value(value), *dot = text ? strchr(text, '.') : NULL;

    if (json_is_integer(value))
        return mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (!text)
        return mem_text("");
    return dot && strlen(dot) > AMOUNT_DECIMALS + 1
               ? mem_text_n(text, (size_t)(dot - text) + AMOUNT_DECIMALS + 1)
               : mem_text(text);
}

static void add_line(struct terminal_table *table, char *customer, const char *line,
                     const char *side, const json_t *row)
{
    static const char *const fields[] = {"calls", "bytes", "amount"};
    char **cells = terminal_table_add(table);

    cells[0] = customer;
    cells[1] = mem_text(line);
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(row, fields[i]);

        cells[2 + i] = cell_text(side ? json_object_get(value, side) : value);
    }
}

static void add_customer(struct terminal_table *table, const json_t *row)
{
    const char *customer = json_text(row, "customer");
    const json_t *reason;
    size_t i;

    add_line(table, customer ? text_width_exact(customer) : mem_text("(without a sub)"), "ours",
             "ours", row);
    json_array_foreach(json_object_get(row, "reasons"), i, reason)
        add_line(table, mem_text(""), json_text(reason, "code"), NULL, reason);
    add_line(table, mem_text(""), "theirs", "theirs", row);
}

static void print_table(const json_t *document, bool color)
{
    struct terminal_table table = {.titles = {"CUSTOMER", "", "CALLS", "BYTES", "AMOUNT"},
                                   .left = 2};
    const json_t *row, *text;
    const char *code, *nobody = json_text(document, "without_sub");
    json_t *sum;
    size_t i;

    (void)printf("%s, %s, days of %s\n\ntheirs counts so:\n", json_text(document, "month"),
                 json_text(document, "currency"), json_text(document, "time_zone"));
    json_array_foreach(json_object_get(document, "counts"), i, text)
        (void)printf("  %s\n", json_string_value(text));
    (void)puts("");
    json_array_foreach(json_object_get(document, "customers"), i, row)
        if (json_array_size(json_object_get(row, "reasons")))
            add_customer(&table, row);
    table.bold = table.count;
    json_object_foreach(json_object_get(document, "reasons"), code, sum)
        add_line(&table, mem_text("all"), code, NULL, sum);
    terminal_table_print(&table, stdout, color);
    terminal_table_fini(&table);
    (void)printf("\n%" JSON_INTEGER_FORMAT " customers equal, %" JSON_INTEGER_FORMAT
                 " differ and are explained, %" JSON_INTEGER_FORMAT " unexplained",
                 json_whole(document, "equal"), json_whole(document, "different"),
                 json_whole(document, "unexplained"));
    if (nobody)
        (void)printf("; calls without a sub, nobody's, %s",
                     !strcmp(nobody, "different") ? "differ and are explained" : nobody);
    (void)puts("");
}

/* ---- the work ---- */

static void print_document(const struct options *options, const json_t *document)
{
    cleanup_free char *csv = NULL;

    if (options->output == OUTPUT_CSV) {
        csv = shadow_csv(document);
        (void)fputs(csv, stdout);
    } else if (options->output == OUTPUT_JSON) {
        (void)json_view_print(document);
    } else {
        print_table(document, options_color(options, stdout));
    }
}

/* The last whole month of the billing zone. */
static struct day month_before(const struct billing *billing)
{
    struct day today = calendar_day_of(price_book_zone(billing->book), clock_now_ms() / 1000);

    return calendar_month(calendar_add_days(calendar_month(today).first, -1)).first;
}

static void warn_of_open(const struct billing *billing, struct day month)
{
    int64_t end_s = calendar_day_start(price_book_zone(billing->book),
                                       calendar_add_days(calendar_month(month).last, 1)) +
                    (int64_t)billing->settings.late_days * 86400;

    if (clock_now_ms() / 1000 < end_s)
        (void)fputs("billingd: not final: events of this month may still arrive\n", stderr);
}

/* Everybody is one customer: the map is ours alone. */
static struct price_book *book_without_map(const struct billing_turn *turn)
{
    const json_t *section = turn->manifest->pipelines[turn->pipeline].billing;
    json_auto_t *plain = section ? json_copy((json_t *)section) : json_object();

    (void)json_object_del(plain, "customers");
    return price_book_new(plain);
}

static bool is_explained(const json_t *document)
{
    const char *nobody = json_text(document, "without_sub");

    return !json_whole(document, "unexplained") && (!nobody || strcmp(nobody, "unexplained") != 0);
}

static int shadow_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct shadow_question *question = turn->arg;
    struct billing billing = *turn->billing;
    json_auto_t *document = NULL;

    if (!question->month.year)
        question->month = month_before(turn->billing);
    billing_runner_say(turn, "running both queries, and counting what arrived");
    billing.book = book_without_map(turn);
    document = shadow_run(flow, &billing, question, e);
    if (document)
        warn_of_open(&billing, question->month);
    price_book_free(billing.book);
    if (!document)
        return -1;
    billing_runner_quiet(turn);
    print_document(turn->options, document);
    return is_explained(document) ? EXIT_DONE : EXIT_FAILED;
}

/* The checked query; NULL with *code when it cannot be run. */
static char *read_query(const struct options *options, int *code)
{
    size_t length;
    struct err e = {0};
    cleanup_free char *problem = NULL;
    cleanup_free char *text = yaml_read_bytes(options->compare, &length, &problem);
    char *query = text ? shadow_sql_check(options->compare, text, &e) : NULL;

    *code = EXIT_BAD_CONFIG;
    if (!text)
        (void)fprintf(stderr, "billingd: %s: %s\n", options->compare, problem);
    else if (!query)
        (void)fprintf(stderr, "billingd: %s\n", e.text);
    return query;
}

int verb_shadow(const struct options *options)
{
    struct shadow_question question = {.columns = options->columns};
    cleanup_free char *text = NULL;
    struct err e = {0};
    int code;

    if (!options->compare)
        (void)err_set(&e, ERR_INVALID, "--compare FILE is missing");
    else if (options->output == OUTPUT_FOCUS)
        (void)err_set(&e, ERR_INVALID, "output 'focus': choose table, csv or json");
    else if (options->month)
        (void)calendar_parse_month(options->month, &question.month, &e);
    if (e.kind != ERR_NONE || shadow_theirs_check(options->columns, &e)) {
        (void)fprintf(stderr, "billingd: shadow: %s\n", e.text);
        return EXIT_BAD_USAGE;
    }
    text = read_query(options, &code);
    if (!text)
        return code;
    question.text = text;
    return billing_runner_run(options, false, shadow_turn, &question);
}
