#include "daemon/verbs/billing/billing_by.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill.h"
#include "billing/bill/bill_by.h"
#include "billing/bill/bill_month.h"
#include "daemon/views/count_text.h"
#include "daemon/views/row_stream.h"

#include <string.h>

enum { GROUPS_AT_ONCE = 50000, COLUMNS = 14 };

struct telling {
    const struct bill_packed *bill;
    json_t *named; /* the line that name_of told last */
    unsigned by;
    struct bill_by *groups;
    struct row_stream *stream;
    struct row_column columns[COLUMNS + 1];
    size_t line; /* of the bill's lines: where the customer is, or comes */
    json_int_t count;
    int more; /* as bill_by_next */
    struct err *e;
};

int billing_by_check(const struct options *options)
{
    struct err e = {0};

    if (!options->by)
        return -1;
    if (options->from_raw || options->preview)
        (void)err_set(&e, ERR_INVALID, "--by is counted from rollups: not with --%s",
                      options->from_raw ? "from-raw" : "preview");
    else if (options->output == OUTPUT_FOCUS || options->output > OUTPUT_UBL)
        (void)err_set(&e, ERR_INVALID, "--by is printed as table, csv or json (-o)");
    else if (bill_by_parse(options->by, &e))
        return -1;
    (void)fprintf(stderr, "billingd: bill: %s\n", e.text);
    return EXIT_BAD_USAGE;
}

/* ---- a row ---- */

static void set_columns(struct telling *telling)
{
    static const struct row_column all[COLUMNS] = {
        {"customer", false, 36},      {"name", false, 16},          {"day", false, 10},
        {"route", false, 20},         {"status", false, 6},         {"calls", true, 12},
        {"bytes", true, 16},          {"excluded_calls", true, 14}, {"excluded_bytes", true, 14},
        {"ruled_calls", true, 12},    {"ruled_bytes", true, 12},    {"rule_charge", false, 12},
        {"ordinary_calls", true, 14}, {"ordinary_bytes", true, 16}};
    const bool left_out[COLUMNS] = {[2] = !(telling->by & BILL_BY_DAY),
                                    [3] = !(telling->by & BILL_BY_ROUTE),
                                    [4] = !(telling->by & BILL_BY_STATUS)};
    size_t n = 0;

    for (size_t i = 0; i < COLUMNS; i++)
        if (!left_out[i])
            telling->columns[n++] = all[i];
}

/* Lines and groups come in the same order. */
static const char *name_of(struct telling *telling, const char *customer)
{
    const struct bill_packed *bill = telling->bill;

    while (customer && telling->line < bill_packed_count(bill)) {
        int order = strcmp(bill_packed_customer(bill, telling->line), customer);

        if (order < 0) {
            telling->line++;
            continue;
        }
        json_decref(telling->named);
        telling->named = order ? NULL : bill_packed_line(bill, telling->line);
        return json_text(telling->named, "name");
    }
    return NULL;
}

static int print_group(struct telling *telling, const struct bill_by_group *group)
{
    const struct rating_share *share = &group->share;
    cleanup_free char *charge = money_exact_text(share->rule_charge, 2);
    struct row_cell cells[COLUMNS];
    char day[16] = "";
    size_t n = 0;

    calendar_day_text(group->day, day);
    cells[n++] = (struct row_cell){.text = group->customer};
    cells[n++] = (struct row_cell){.text = name_of(telling, group->customer)};
    if (telling->by & BILL_BY_DAY)
        cells[n++] = (struct row_cell){.text = day};
    if (telling->by & BILL_BY_ROUTE)
        cells[n++] = (struct row_cell){.text = group->route};
    if (telling->by & BILL_BY_STATUS)
        cells[n++] = (struct row_cell){.text = group->status};
    cells[n++] = (struct row_cell){.number = share->all.calls};
    cells[n++] = (struct row_cell){.number = share->all.bytes};
    cells[n++] = (struct row_cell){.number = share->excluded.calls};
    cells[n++] = (struct row_cell){.number = share->excluded.bytes};
    cells[n++] = (struct row_cell){.number = share->ruled.calls};
    cells[n++] = (struct row_cell){.number = share->ruled.bytes};
    cells[n++] = (struct row_cell){.text = charge};
    cells[n++] = (struct row_cell){.number = share->ordinary.calls};
    cells[n] = (struct row_cell){.number = share->ordinary.bytes};
    return row_stream_add(telling->stream, cells, telling->e);
}

/* ---- all of them ---- */

static void print_some(void *arg)
{
    struct telling *telling = arg;
    struct bill_by_group group;

    for (int i = 0; i < GROUPS_AT_ONCE && telling->more == 1; i++) {
        telling->more = bill_by_next(telling->groups, &group, telling->e);
        if (telling->more != 1)
            break;
        telling->count++;
        if (print_group(telling, &group))
            telling->more = -1;
    }
    if (!telling->more && row_stream_end(telling->stream, telling->e))
        telling->more = -1;
}

static void begin(void *arg)
{
    struct telling *telling = arg;

    telling->more = bill_by_begin(telling->groups, telling->e) ? -1 : 1;
    row_stream_begin(telling->stream);
}

static json_t *head_json(const struct telling *telling)
{
    static const char *const members[] = {"format_version", "pipeline", "month",
                                          "first_day",      "last_day", "currency",
                                          "time_zone",      "draft",    "open_days"};
    const json_t *bill = bill_packed_head(telling->bill);
    json_t *head = json_object();

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_object_get(bill, members[i]))
            json_object_set(head, members[i], json_object_get(bill, members[i]));
    return head;
}

static enum row_format format_of(const struct options *options)
{
    return options->output == OUTPUT_JSON  ? ROW_JSON
           : options->output == OUTPUT_CSV ? ROW_CSV
                                           : ROW_TEXT;
}

static int print_all(struct flow *flow, struct billing_turn *turn, struct telling *telling)
{
    json_auto_t *head = head_json(telling);
    cleanup_free char *hash = bill_packed_hash(telling->bill), *count = NULL;

    set_columns(telling);
    telling->stream = row_stream_new(format_of(turn->options), telling->columns, "groups", head);
    flow_work(flow, begin, telling);
    while (telling->more == 1)
        flow_work(flow, print_some, telling);
    if (!telling->more) {
        row_stream_close(telling->stream, json_pack("{s:I, s:b, s:s}", "groups_count",
                                                    telling->count, "equal", 1, "bill", hash));
        count = count_text(telling->count);
        (void)fflush(stdout);
        (void)fprintf(stderr, "billingd: %s groups; they come to the lines of the %s\n", count,
                      bill_is_draft(bill_packed_head(telling->bill))
                          ? "draft: not all days are final"
                          : "bill");
    }
    row_stream_free(telling->stream);
    return telling->more ? -1 : EXIT_DONE;
}

static void free_groups(void *arg)
{
    bill_by_free(arg);
}

int billing_by_tell(struct flow *flow, struct billing_turn *turn, struct day month,
                    const struct bill_packed *bill, struct err *e)
{
    struct telling telling = {.bill = bill, .by = bill_by_parse(turn->options->by, e), .e = e};
    const char *lacks = bill_by_lacks(turn->billing, telling.by);
    int code = -1;

    if (lacks) {
        (void)err_set(e, ERR_INVALID,
                      "rollup.group_by does not keep %s: add it, apply, and roll the days up again "
                      "(`billingd requests` reads it from the log events)",
                      lacks);
        return -1;
    }
    billing_runner_say(turn, "adding up the parts of the lines");
    telling.groups =
        bill_by_read(flow, turn->billing, bill_month_days(turn->billing, month), telling.by, e);
    if (telling.groups && !bill_by_check(flow, telling.groups, bill, e)) {
        billing_runner_quiet(turn);
        code = print_all(flow, turn, &telling);
    }
    flow_work(flow, free_groups, telling.groups);
    json_decref(telling.named);
    return code;
}

int billing_by_print_query(const struct billing_turn *turn, struct day_span days, struct err *e)
{
    unsigned by = bill_by_parse(turn->options->by, e);
    cleanup_free char *text = usage_by_text(turn->billing, days, by & BILL_BY_DAY, e);

    if (text)
        (void)printf("\n-- usage_by\n%s\n", text);
    return text ? 0 : -1;
}
