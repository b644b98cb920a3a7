/* verb_whatif.c -- past months with other prices. */
#include "base/json.h"
#include "base/mem.h"
#include "base/text_width.h"
#include "billing/bill/bill_month.h"
#include "billing/bill/whatif.h"
#include "billing/prices/price_book.h"
#include "daemon/verbs/billing/billing_prices.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/verbs/billing/billing_window.h"
#include "daemon/views/json_view.h"
#include "daemon/views/terminal_table.h"

#include <string.h>

enum { NAME_WIDTH = 24 };

/* ---- the table ---- */

static void add_row(struct terminal_table *table, const json_t *row, const char *customer,
                    const char *name)
{
    const char *percent = json_text(row, "percent");
    char **cells = terminal_table_add(table);

    cells[0] = text_width_exact(customer);
    cells[1] = text_width_fit(name ? name : "", NAME_WIDTH);
    cells[2] = mem_text(json_text(row, "old"));
    cells[3] = mem_text(json_text(row, "new"));
    cells[4] = mem_text(json_text(row, "difference"));
    cells[5] = mem_text(percent ? percent : "new");
}

static void print_table(const json_t *document, bool color)
{
    struct terminal_table table = {.titles = {"CUSTOMER", "NAME", "NOW", "THEN", "DIFFERENCE", "%"},
                                   .left = 2};
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(document, "customers"), i, row)
        add_row(&table, row, json_text(row, "customer"), json_text(row, "name"));
    add_row(&table, json_object_get(document, "totals"), "total", NULL);
    table.bold = table.count;
    (void)printf("%s to %s, %s\n\n", json_text(document, "from"), json_text(document, "to"),
                 json_text(document, "currency"));
    terminal_table_print(&table, stdout, color);
    terminal_table_fini(&table);
    (void)printf("\n%" JSON_INTEGER_FORMAT " customers pay less, %" JSON_INTEGER_FORMAT
                 " more, %" JSON_INTEGER_FORMAT " the same\n",
                 json_integer_value(json_object_get(document, "pays_less")),
                 json_integer_value(json_object_get(document, "pays_more")),
                 json_integer_value(json_object_get(document, "same")));
}

/* ---- the work ---- */

static void print_document(const struct options *options, const json_t *document)
{
    cleanup_free char *csv = NULL;

    if (options->output == OUTPUT_CSV) {
        csv = whatif_csv(document);
        (void)fputs(csv, stdout);
    } else if (options->output == OUTPUT_JSON) {
        (void)json_view_print(document);
    } else {
        print_table(document, options_color(options, stdout));
    }
}

/* Off the loop, since there is a row for each customer. */
struct printing {
    const struct options *options;
    const json_t *document;
};

static void print_all(void *arg)
{
    const struct printing *printing = arg;

    print_document(printing->options, printing->document);
}

/* Days that no rollup stands for yet are missing on both sides: said, not refused. */
static int warn_of_days(struct flow *flow, struct billing_turn *turn, const struct day_span *months,
                        json_t **texts, struct err *e)
{
    struct day month = months->first;

    *texts = json_array();
    while (calendar_compare(month, months->last) <= 0) {
        cleanup_free char *window = billing_window_text(turn->billing, month);
        struct bill_month look;
        int failed = bill_month_look(flow, turn->billing, month, &look, e);

        if (!failed)
            json_array_extend(*texts, look.reasons);
        if (!failed && window)
            json_array_append_new(*texts, json_string(window));
        bill_month_fini(&look);
        if (failed)
            return -1;
        month = calendar_add_days(calendar_month(month).last, 1);
    }
    return 0;
}

static int compute(struct flow *flow, struct billing_turn *turn, const struct billing *old,
                   struct err *e)
{
    const struct day_span *months = turn->arg;
    json_auto_t *texts = NULL;
    json_t *document;
    const json_t *text;
    size_t i;

    billing_runner_say(turn, "looking at the rollups");
    if (warn_of_days(flow, turn, months, &texts, e))
        return -1;
    billing_runner_say(turn, "rating the months twice");
    document = whatif_run(flow, old, turn->billing->book, *months, e);
    if (!document)
        return -1;
    json_array_extend(texts, json_object_get(document, "not_final"));
    if (json_array_size(texts))
        json_object_set(document, "not_final", texts);
    else
        json_object_del(document, "not_final");
    billing_runner_quiet(turn);
    flow_work(flow, print_all, &(struct printing){turn->options, document});
    (void)fflush(stdout);
    flow_drop(flow, document);
    json_array_foreach(texts, i, text)
        (void)fprintf(stderr, "billingd: not final: %s\n", json_string_value(text));
    return EXIT_DONE;
}

static int whatif_turn(struct flow *flow, struct billing_turn *turn, struct err *e)
{
    struct billing old = *turn->billing;
    int code = EXIT_BAD_CONFIG;

    /* The turn's book is exchanged for the other. */
    old.book = price_book_share(turn->billing->book);
    if (!billing_prices_read(flow, turn, e))
        code = compute(flow, turn, &old, e);
    price_book_free(old.book);
    return code;
}

static int read_months(const struct options *options, struct day_span *months, struct err *e)
{
    const char *first = options->month ? options->month : options->from;
    const char *last = options->month ? options->month : options->to;

    if (options->month && (options->from || options->to))
        return err_set(e, ERR_INVALID, "--month is --from and --to in one: give either");
    if (!first && !last)
        return err_set(e, ERR_INVALID, "which months? like --from 2025-07 --to 2025-10");
    if (calendar_parse_month(first ? first : last, &months->first, e) ||
        calendar_parse_month(last ? last : first, &months->last, e))
        return -1;
    return calendar_compare(months->first, months->last) > 0
               ? err_set(e, ERR_INVALID, "--from is after --to")
               : 0;
}

int verb_whatif(const struct options *options)
{
    struct day_span months;
    struct err e = {0};

    if (!options->prices)
        (void)err_set(&e, ERR_INVALID, "--prices FILE is missing");
    else if (options->output == OUTPUT_FOCUS)
        (void)err_set(&e, ERR_INVALID, "output 'focus': choose table, csv or json");
    else
        (void)read_months(options, &months, &e);
    if (e.kind != ERR_NONE) {
        (void)fprintf(stderr, "billingd: whatif: %s\n", e.text);
        return EXIT_BAD_USAGE;
    }
    return billing_runner_run(options, false, whatif_turn, &months);
}
