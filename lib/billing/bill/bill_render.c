#include "billing/bill/bill_render.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/prices/calendar.h"
#include "billing/prices/money.h"

#include <string.h>

enum { FOCUS_DECIMALS = 12 };

/* ---- CSV ---- */

/* The mark of a formula is one itself, or '=1 and =1 would read alike. */
void bill_render_field(struct str *out, const char *text, const char *end)
{
    bool formula = *text && strchr("=+-@\t\r'", *text);

    if (!formula && !strpbrk(text, ",\"\r\n")) {
        str_add(out, text);
    } else {
        str_add_char(out, '"');
        if (formula)
            str_add_char(out, '\'');
        for (; *text; text++) {
            if (*text == '"')
                str_add_char(out, '"');
            str_add_char(out, *text);
        }
        str_add_char(out, '"');
    }
    str_add(out, end);
}

static const char *const csv_columns[] = {
    "calls",       "bytes",       "billed_calls",   "billed_bytes",
    "free_calls",  "free_bytes",  "excluded_calls", "excluded_bytes",
    "call_charge", "data_charge", "minimum_charge", "total",
};

static void add_csv_line(struct str *out, const json_t *bill, const json_t *line)
{
    const char *customer = json_text(line, "customer"), *name = json_text(line, "name");
    const size_t count = sizeof csv_columns / sizeof *csv_columns;

    bill_render_field(out, json_text(bill, "month"), ",");
    bill_render_field(out, customer ? "customer" : "unattributed", ",");
    bill_render_field(out, customer ? customer : "", ",");
    bill_render_field(out, name ? name : "", ",");
    bill_render_field(out, json_text(bill, "currency"), ",");
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(line, csv_columns[i]);
        const char *end = i + 1 < count ? "," : "\r\n";

        if (json_is_integer(value))
            str_addf(out, "%" JSON_INTEGER_FORMAT "%s", json_integer_value(value), end);
        else /* a number is no formula, even with a minus */
            str_addf(out, "%s%s", value ? json_string_value(value) : "", end);
    }
}

void bill_render_csv(const struct bill_packed *bill, const struct bill_text *out)
{
    const json_t *head = bill_packed_head(bill);

    str_add(out->text, "month,line,customer,name,currency");
    for (size_t i = 0; i < sizeof csv_columns / sizeof *csv_columns; i++)
        str_addf(out->text, ",%s", csv_columns[i]);
    str_add(out->text, "\r\n");
    for (size_t i = 0; i < bill_packed_count(bill); i++) {
        json_auto_t *line = bill_packed_line(bill, i);

        add_csv_line(out->text, head, line);
        bill_packed_more(out);
    }
    add_csv_line(out->text, head, json_object_get(head, "unattributed"));
    bill_packed_more(out);
}

/* ---- FOCUS ---- */

static const char focus_columns[] =
    "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
    "BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,ChargePeriodEnd,"
    "ChargePeriodStart,ContractedCost,EffectiveCost,InvoiceIssuerName,ListCost,PricingQuantity,"
    "PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName\r\n";

struct focus {
    struct str *out;
    const json_t *bill, *line;
    const char *issuer, *service;
    char start[TIMESTAMP_ROOM], end[TIMESTAMP_ROOM]; /* of the month */
    char first[TIMESTAMP_ROOM];                      /* of the days that are charged */
    struct money left;                               /* of the customer's total, not in a row yet */
};

struct focus_row {
    const char *category, *description, *quantity, *unit; /* "" for null */
    struct money cost;
};

static void add_cost(struct focus *focus, struct money cost)
{
    cleanup_free char *text = money_text(cost, FOCUS_DECIMALS);

    str_addf(focus->out, "%s,", text);
}

static void add_focus_row(struct focus *focus, const struct focus_row *row)
{
    const char *class = json_text(focus->bill, "charge_class");

    focus->left.units -= row->cost.units;
    add_cost(focus, row->cost);
    bill_render_field(focus->out, json_text(focus->line, "customer"), ",");
    bill_render_field(focus->out, json_text(focus->line, "name"), ",");
    bill_render_field(focus->out, json_text(focus->bill, "currency"), ",");
    str_addf(focus->out, "%s,%s,%s,%s,", focus->end, focus->start, row->category,
             class ? class : "");
    bill_render_field(focus->out, row->description, ",");
    str_addf(focus->out, "%s,%s,", focus->end, focus->first);
    add_cost(focus, row->cost); /* contracted */
    add_cost(focus, row->cost); /* effective */
    bill_render_field(focus->out, focus->issuer, ",");
    add_cost(focus, row->cost); /* list */
    str_addf(focus->out, "%s,%s,", row->quantity, row->unit);
    bill_render_field(focus->out, focus->issuer, ",");
    bill_render_field(focus->out, focus->issuer, ",");
    bill_render_field(focus->out, "Web", ",");
    bill_render_field(focus->out, focus->service, "\r\n");
}

static struct money amount(const json_t *line, const char *key)
{
    struct money money = {0};
    struct err e = {0};
    const char *text = json_text(line, key);

    if (text)
        (void)money_parse(text, &money, &e);
    return money;
}

static void add_usage_rows(struct focus *focus)
{
    const char *month = json_text(focus->bill, "month");
    int64_t calls = json_integer_value(json_object_get(focus->line, "billed_calls"));
    int64_t bytes = json_integer_value(json_object_get(focus->line, "billed_bytes"));
    cleanup_free char *call_count = mem_printf("%lld", (long long)calls), *gib = NULL;
    cleanup_free char *call_text =
        mem_printf("API calls in %s: %lld billed", month, (long long)calls);
    cleanup_free char *byte_text =
        mem_printf("API response data in %s: %lld bytes billed", month, (long long)bytes);
    struct money in_gib = {0};
    struct err e = {0};

    (void)money_for_bytes((struct price){1000000000000}, bytes, &in_gib, &e);
    gib = money_text(in_gib, FOCUS_DECIMALS);
    if (calls)
        add_focus_row(focus, &(struct focus_row){"Usage", call_text, call_count, "Requests",
                                                 amount(focus->line, "call_charge")});
    if (bytes)
        add_focus_row(focus, &(struct focus_row){"Usage", byte_text, gib, "GiB",
                                                 amount(focus->line, "data_charge")});
}

static void add_focus_line(struct focus *focus)
{
    struct money minimum = amount(focus->line, "minimum_charge");

    focus->left = amount(focus->line, "total");
    add_usage_rows(focus);
    if (minimum.units)
        add_focus_row(focus, &(struct focus_row){"Adjustment", "Difference to the monthly minimum",
                                                 "", "", minimum});
    if (focus->left.units)
        add_focus_row(focus, &(struct focus_row){"Adjustment", "Rounding of the invoice total", "",
                                                 "", focus->left});
}

static void set_period(struct focus *focus)
{
    const char *zone = json_text(focus->bill, "time_zone");
    const char *charged = json_text(focus->bill, "first_day"); /* of an older billingd: none */
    struct day first = {0}, next;
    struct err e = {0};

    (void)calendar_parse_month(json_text(focus->bill, "month"), &first, &e);
    next = calendar_add_days(first, calendar_month_length(first.year, first.month));
    timestamp_text(calendar_day_start(zone, first), focus->start);
    timestamp_text(calendar_day_start(zone, next), focus->end);
    if (charged)
        (void)calendar_parse_day(charged, &first, &e);
    timestamp_text(calendar_day_start(zone, first), focus->first);
}

void bill_render_focus(const struct bill_packed *bill, const char *issuer,
                       const struct bill_text *out)
{
    const json_t *head = bill_packed_head(bill);
    const char *pipeline = json_text(head, "pipeline");
    struct focus focus = {.out = out->text, .bill = head, .service = pipeline ? pipeline : ""};

    focus.issuer = issuer ? issuer : focus.service;
    set_period(&focus);
    str_add(out->text, focus_columns);
    for (size_t i = 0; i < bill_packed_count(bill); i++) {
        json_auto_t *line = bill_packed_line(bill, i);

        focus.line = line;
        add_focus_line(&focus);
        bill_packed_more(out);
    }
}
