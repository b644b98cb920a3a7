#include "billing/bookkeeping/focus.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/bill/bill_render.h"
#include "billing/prices/calendar.h"
#include "billing/prices/money.h"

#include <string.h>

/* What a row says, before it is cut into the columns of a version. */
struct row {
    const char *category, *class, *description, *frequency, *cost, *id;
    char start[TIMESTAMP_ROOM], end[TIMESTAMP_ROOM]; /* of the charge */
    /* NULL where the charge has no unit. */
    const char *quantity, *unit, *consumed, *consumed_unit, *price, *meter, *price_id;
};

struct focus {
    struct str *out;
    const json_t *statement;
    char start[TIMESTAMP_ROOM], end[TIMESTAMP_ROOM]; /* of the billing period */
    const char *issuer, *service, *customer;
};

/* ---- columns ---- */

enum column {
    BILLED_COST,
    ACCOUNT_ID,
    ACCOUNT_NAME,
    CURRENCY,
    PERIOD_END,
    PERIOD_START,
    CATEGORY,
    CLASS,
    DESCRIPTION,
    FREQUENCY,
    CHARGE_END,
    CHARGE_START,
    CONSUMED,
    CONSUMED_UNIT,
    CONTRACTED_COST,
    CONTRACTED_PRICE,
    EFFECTIVE_COST,
    HOST,
    INVOICE_DETAIL,
    INVOICE,
    ISSUER,
    LIST_COST,
    LIST_PRICE,
    PRICING_CATEGORY,
    QUANTITY,
    UNIT,
    PROVIDER,
    PUBLISHER,
    SERVICE_CATEGORY,
    SERVICE,
    SERVICE_PROVIDER,
    SUBCATEGORY,
    SKU,
    METER,
    PRICE_DETAILS,
    PRICE_ID,
    COLUMNS
};

/* Where a column stands, and whether it is a number, which no spreadsheet takes for a formula. */
enum { IN_1_2 = 1, IN_1_4 = 2, IN_BOTH = 3, NUMBER = 4 };

static const struct {
    const char *name;
    int flags;
} columns[COLUMNS] = {
    [BILLED_COST] = {"BilledCost", IN_BOTH | NUMBER},
    [ACCOUNT_ID] = {"BillingAccountId", IN_BOTH},
    [ACCOUNT_NAME] = {"BillingAccountName", IN_BOTH},
    [CURRENCY] = {"BillingCurrency", IN_BOTH},
    [PERIOD_END] = {"BillingPeriodEnd", IN_BOTH},
    [PERIOD_START] = {"BillingPeriodStart", IN_BOTH},
    [CATEGORY] = {"ChargeCategory", IN_BOTH},
    [CLASS] = {"ChargeClass", IN_BOTH},
    [DESCRIPTION] = {"ChargeDescription", IN_BOTH},
    [FREQUENCY] = {"ChargeFrequency", IN_BOTH},
    [CHARGE_END] = {"ChargePeriodEnd", IN_BOTH},
    [CHARGE_START] = {"ChargePeriodStart", IN_BOTH},
    [CONSUMED] = {"ConsumedQuantity", IN_BOTH | NUMBER},
    [CONSUMED_UNIT] = {"ConsumedUnit", IN_BOTH},
    [CONTRACTED_COST] = {"ContractedCost", IN_BOTH | NUMBER},
    [CONTRACTED_PRICE] = {"ContractedUnitPrice", IN_BOTH | NUMBER},
    [EFFECTIVE_COST] = {"EffectiveCost", IN_BOTH | NUMBER},
    [HOST] = {"HostProviderName", IN_1_4},
    [INVOICE_DETAIL] = {"InvoiceDetailId", IN_1_4},
    [INVOICE] = {"InvoiceId", IN_BOTH},
    [ISSUER] = {"InvoiceIssuerName", IN_BOTH},
    [LIST_COST] = {"ListCost", IN_BOTH | NUMBER},
    [LIST_PRICE] = {"ListUnitPrice", IN_BOTH | NUMBER},
    [PRICING_CATEGORY] = {"PricingCategory", IN_BOTH},
    [QUANTITY] = {"PricingQuantity", IN_BOTH | NUMBER},
    [UNIT] = {"PricingUnit", IN_BOTH},
    [PROVIDER] = {"ProviderName", IN_1_2},
    [PUBLISHER] = {"PublisherName", IN_1_2},
    [SERVICE_CATEGORY] = {"ServiceCategory", IN_BOTH},
    [SERVICE] = {"ServiceName", IN_BOTH},
    [SERVICE_PROVIDER] = {"ServiceProviderName", IN_1_4},
    [SUBCATEGORY] = {"ServiceSubcategory", IN_BOTH},
    [SKU] = {"SkuId", IN_BOTH},
    [METER] = {"SkuMeter", IN_BOTH},
    [PRICE_DETAILS] = {"SkuPriceDetails", IN_BOTH},
    [PRICE_ID] = {"SkuPriceId", IN_BOTH},
};

static bool is_in(size_t column, enum focus_version version)
{
    return columns[column].flags & (version == FOCUS_1_2 ? IN_1_2 : IN_1_4);
}

void focus_head(struct str *out, enum focus_version version)
{
    const char *between = "";

    for (size_t i = 0; i < COLUMNS; i++)
        if (is_in(i, version)) {
            str_addf(out, "%s%s", between, columns[i].name);
            between = ",";
        }
    str_add(out, "\r\n");
}

static void set_unit(const struct row *row, const char *values[static COLUMNS])
{
    values[CONSUMED] = row->consumed;
    values[CONSUMED_UNIT] = row->consumed_unit;
    values[CONTRACTED_PRICE] = values[LIST_PRICE] = row->price;
    values[PRICING_CATEGORY] = row->price ? "Standard" : NULL;
    values[QUANTITY] = row->quantity;
    values[UNIT] = row->unit;
    values[SKU] = values[METER] = row->meter;
    values[PRICE_ID] = row->price_id;
}

static void set_values(const struct focus *focus, const struct row *row,
                       const char *values[static COLUMNS])
{
    const char *number = json_text(focus->statement, "number");

    values[BILLED_COST] = values[CONTRACTED_COST] = values[EFFECTIVE_COST] = values[LIST_COST] =
        row->cost;
    values[ACCOUNT_ID] = focus->customer;
    values[ACCOUNT_NAME] = json_text(json_object_get(focus->statement, "buyer"), "name");
    values[CURRENCY] = json_text(focus->statement, "currency");
    values[PERIOD_START] = focus->start;
    values[PERIOD_END] = focus->end;
    values[CATEGORY] = row->category;
    values[CLASS] = row->class;
    values[DESCRIPTION] = row->description;
    values[FREQUENCY] = row->frequency;
    values[CHARGE_START] = row->start;
    values[CHARGE_END] = row->end;
    values[INVOICE] = number;
    values[INVOICE_DETAIL] = number ? row->id : NULL;
    values[ISSUER] = values[HOST] = values[PROVIDER] = values[PUBLISHER] =
        values[SERVICE_PROVIDER] = focus->issuer;
    values[SERVICE_CATEGORY] = "Web";
    values[SUBCATEGORY] = "Other (Web)";
    values[SERVICE] = focus->service;
    set_unit(row, values);
}

static void add_row(const struct focus *focus, const struct row *row, enum focus_version version)
{
    const char *values[COLUMNS] = {0}, *between = "";

    set_values(focus, row, values);
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!is_in(i, version))
            continue;
        str_add(focus->out, between);
        if (values[i] && columns[i].flags & NUMBER)
            str_add(focus->out, values[i]);
        else if (values[i])
            bill_render_field(focus->out, values[i], "");
        between = ",";
    }
    str_add(focus->out, "\r\n");
}

/* ---- rows ---- */

/* The days of a line; of the whole document where it says none. */
static void set_days(const struct focus *focus, const json_t *line, struct row *row)
{
    const json_t *period = json_object_get(focus->statement, "period");
    const char *zone = json_text(period, "time_zone");
    const char *from = json_text(line, "from"), *to = json_text(line, "to");
    struct day first = {1, 1, 1}, last = {1, 1, 1};
    struct err e = {0};

    if (!from || calendar_parse_day(from, &first, &e))
        (void)calendar_parse_day(json_text(period, "from"), &first, &e);
    if (!to || calendar_parse_day(to, &last, &e))
        (void)calendar_parse_day(json_text(period, "to"), &last, &e);
    timestamp_text(calendar_day_start(zone, first), row->start);
    timestamp_text(calendar_day_start(zone, calendar_add_days(last, 1)), row->end);
}

static bool is_correction(const struct focus *focus)
{
    return json_array_size(json_object_get(focus->statement, "references"));
}

/* FOCUS 1.3 (Correction Handling): nothing is added to a billing period that was invoiced.  A
 * correction is of the period in which it is issued; its charge periods say what it is about. */
static void set_billing_period(struct focus *focus, enum focus_version version)
{
    const json_t *period = json_object_get(focus->statement, "period");
    const char *zone = json_text(period, "time_zone");
    const char *issued = json_text(focus->statement, "issue_date");
    struct day first = {1, 1, 1};
    struct err e = {0};

    (void)calendar_parse_month(json_text(period, "month"), &first, &e);
    if (version == FOCUS_1_4 && is_correction(focus) && issued)
        (void)calendar_parse_day(issued, &first, &e);
    first.day = 1;
    timestamp_text(calendar_day_start(zone, first), focus->start);
    timestamp_text(calendar_day_start(zone, calendar_add_days(first, calendar_month_length(
                                                                         first.year, first.month))),
                   focus->end);
}

/* Bytes as GiB, exact. */
static char *gib_text(const char *bytes)
{
    struct money gib = {0};
    struct err e = {0};

    (void)money_for_bytes((struct price){1000000000000}, strtoll(bytes, NULL, 10), &gib, &e);
    return money_exact_text(gib, 0);
}

static const char *class_of(const struct focus *focus)
{
    return is_correction(focus) ? "Correction" : NULL;
}

/* Of what comes once with a document: invoices come each month, a correction does not come again.
 */
static const char *frequency_of(const struct focus *focus)
{
    return is_correction(focus) ? "One-Time" : "Recurring";
}

static void add_usage(const struct focus *focus, const json_t *line, enum focus_version version)
{
    bool bytes = strcmp(json_text(line, "unit"), "byte") == 0;
    const char *counted = json_text(line, "quantity"), *price = json_text(line, "unit_price");
    cleanup_free char *gib = bytes ? gib_text(counted) : NULL;
    cleanup_free char *consumed = mem_printf("%s.0", counted); /* of decimals, not whole numbers */
    /* Without the price: the same price of the list has one id, whatever it comes to. */
    cleanup_free char *price_id =
        mem_printf("%s: %s", json_text(line, "what"), json_text(line, "rule"));
    struct row row = {
        .category = "Usage",
        .class = class_of(focus),
        .description = json_text(line, "description"),
        .frequency = "Usage-Based",
        .cost = json_text(line, "amount"),
        .id = json_text(line, "id"),
        .quantity = bytes ? gib : counted,
        .unit = bytes ? "GiB" : "Requests",
        .consumed = consumed,
        .consumed_unit = bytes ? "Bytes" : "Requests",
        .price = price,
        .meter = bytes ? "Data transferred" : "Calls",
        .price_id = price_id,
    };

    set_days(focus, line, &row);
    add_row(focus, &row, version);
}

/* A charge that has no unit. */
static void add_plain(const struct focus *focus, const json_t *line, struct row row,
                      enum focus_version version)
{
    row.class = class_of(focus);
    row.frequency = frequency_of(focus);
    set_days(focus, line, &row);
    add_row(focus, &row, version);
}

static bool is_nothing(const char *amount)
{
    return !amount || strspn(amount, "-0.") == strlen(amount);
}

static void add_line(const struct focus *focus, const json_t *line, enum focus_version version)
{
    const char *what = json_text(line, "what");

    if (strcmp(what, "calls") == 0 || strcmp(what, "bytes") == 0)
        add_usage(focus, line, version);
    else
        add_plain(focus, line,
                  (struct row){.category = "Adjustment",
                               .description = json_text(line, "description"),
                               .cost = json_text(line, "amount"),
                               .id = json_text(line, "id")},
                  version);
}

static void add_taxes(const struct focus *focus, enum focus_version version)
{
    const json_t *tax;
    size_t i;

    json_array_foreach(json_object_get(focus->statement, "taxes"), i, tax) {
        const char *name = json_text(tax, "name");
        cleanup_free char *id = mem_printf("tax %zu", i + 1);
        cleanup_free char *description =
            mem_printf("Tax%s%s, %s %%", name ? " " : "", name ? name : "", json_text(tax, "rate"));

        if (is_nothing(json_text(tax, "amount")))
            continue;
        add_plain(focus, NULL,
                  (struct row){.category = "Tax",
                               .description = description,
                               .cost = json_text(tax, "amount"),
                               .id = id},
                  version);
    }
}

void focus_add(struct str *out, const json_t *statement, enum focus_version version)
{
    const json_t *buyer = json_object_get(statement, "buyer"), *line;
    const char *seller = json_text(json_object_get(statement, "seller"), "name");
    const char *rounding = json_text(statement, "rounding");
    struct focus focus = {
        .out = out, .statement = statement, .service = json_text(statement, "pipeline")};
    size_t i;

    focus.customer = json_text(buyer, "customer");
    if (!focus.customer)
        return;
    focus.service = focus.service ? focus.service : "";
    focus.issuer = seller ? seller : focus.service;
    set_billing_period(&focus, version);
    json_array_foreach(json_object_get(statement, "lines"), i, line)
        add_line(&focus, line, version);
    if (!is_nothing(rounding))
        add_plain(&focus, NULL,
                  (struct row){.category = "Adjustment",
                               .description = "Rounding of the document's sum",
                               .cost = rounding,
                               .id = "rounding"},
                  version);
    add_taxes(&focus, version);
}
