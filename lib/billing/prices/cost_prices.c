#include "billing/prices/cost_prices.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

#define GIB ((int64_t)1 << 30)

const struct cost_unit_form cost_prices_units[COST_UNITS] = {
    [COST_LOGS_INGESTED] = {"logs_ingested", "GiB", COST_BYTES, GIB, NULL},
    [COST_LOGS_STORED] = {"logs_stored", "GiB and month", COST_BYTE_MONTHS, GIB, NULL},
    [COST_FIREHOSE_INGESTED] = {"firehose_ingested", "GiB", COST_BYTES, GIB, NULL},
    [COST_FIREHOSE_DECOMPRESSED] = {"firehose_decompressed", "GiB", COST_BYTES, GIB, NULL},
    [COST_ATHENA_SCANNED] = {"athena_scanned", "TiB", COST_BYTES, GIB << 10, NULL},
    [COST_S3_PUT] = {"s3_put", "1,000", COST_REQUESTS, 1000, NULL},
    [COST_S3_GET] = {"s3_get", "1,000", COST_REQUESTS, 1000, NULL},
    [COST_GLUE_REQUESTS] = {"glue_requests", "1,000,000", COST_REQUESTS, 1000000, NULL},
    [COST_ALARMS] = {"alarms", "alarm and month", COST_MONTHS, 1, NULL},
    [COST_S3_STANDARD] = {"s3_standard", "GiB and month", COST_BYTE_MONTHS, GIB, "STANDARD"},
    [COST_S3_STANDARD_IA] = {"s3_standard_ia", "GiB and month", COST_BYTE_MONTHS, GIB,
                             "STANDARD_IA"},
    [COST_S3_ONEZONE_IA] = {"s3_onezone_ia", "GiB and month", COST_BYTE_MONTHS, GIB, "ONEZONE_IA"},
    [COST_S3_INTELLIGENT_TIERING] = {"s3_intelligent_tiering", "GiB and month", COST_BYTE_MONTHS,
                                     GIB, "INTELLIGENT_TIERING"},
    [COST_S3_GLACIER_IR] = {"s3_glacier_ir", "GiB and month", COST_BYTE_MONTHS, GIB, "GLACIER_IR"},
    [COST_S3_GLACIER] = {"s3_glacier", "GiB and month", COST_BYTE_MONTHS, GIB, "GLACIER"},
    [COST_S3_DEEP_ARCHIVE] = {"s3_deep_archive", "GiB and month", COST_BYTE_MONTHS, GIB,
                              "DEEP_ARCHIVE"},
};

enum cost_unit cost_prices_unit(const char *class)
{
    for (unsigned unit = COST_S3_STANDARD; class && *class && unit < COST_UNITS; unit++)
        if (!strcmp(cost_prices_units[unit].class, class))
            return (enum cost_unit)unit;
    return class && *class ? COST_UNITS : COST_S3_STANDARD;
}

/* ---- the section ---- */

static const char *const section_keys[] = {"currency", "prices", NULL};

struct entry {
    struct day from;
    bool has[COST_UNITS];
    struct price prices[COST_UNITS];
};

struct cost_prices {
    char *currency;
    struct entry *entries; /* by day */
    size_t count;
};

static void read_entry(const struct section_value *value, struct entry *entry)
{
    const char *keys[COST_UNITS + 2] = {"from"};

    for (size_t unit = 0; unit < COST_UNITS; unit++)
        keys[unit + 1] = cost_prices_units[unit].key;
    if (!section_check_keys(value, keys))
        return;
    if (!json_object_get(value->object, "from"))
        section_tell(value, NULL, "needs from: the first day it holds for");
    (void)section_day(value, "from", &entry->from);
    for (size_t unit = 0; unit < COST_UNITS; unit++)
        entry->has[unit] = section_price(value, keys[unit + 1], &entry->prices[unit]);
}

static int by_day(const void *a, const void *b)
{
    return calendar_compare(((const struct entry *)a)->from, ((const struct entry *)b)->from);
}

static void read_entries(const struct section_value *section, struct cost_prices *prices)
{
    const json_t *list = json_object_get(section->object, "prices"), *item;
    size_t i;

    if (!json_is_array(list) || !json_array_size(list)) {
        section_tell(section, "prices",
                     "must be a list like [{from: 2026-01-01, s3_put: 0.005, s3_standard: 0.023}]");
        return;
    }
    prices->entries = mem_new(json_array_size(list) * sizeof *prices->entries);
    json_array_foreach(list, i, item) {
        cleanup_free char *path = mem_printf("prices[%zu]", i);
        const struct section_value value = {section->reader, item, path};
        struct entry *entry = &prices->entries[prices->count++];

        read_entry(&value, entry);
        for (size_t j = 0; j < i; j++)
            if (entry->from.year && !by_day(entry, &prices->entries[j]))
                section_tell(&value, NULL, "begins on the same day as prices[%zu]", j);
    }
    qsort(prices->entries, prices->count, sizeof *prices->entries, by_day);
}

static void read_currency(const struct section_value *section, struct cost_prices *prices)
{
    char buffer[32];
    const char *text = section_text(section, "currency", buffer);

    if (text && (strlen(text) != 3 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3))
        section_tell(section, "currency", "%.40s is not an ISO 4217 code like USD",
                     *text ? text : "nothing");
    prices->currency = mem_text(text ? text : "USD");
}

static struct cost_prices *read_section(const struct section_value *section)
{
    struct cost_prices *prices = mem_new(sizeof *prices);

    *prices = (struct cost_prices){0};
    if (section->object && section_check_keys(section, section_keys)) {
        read_currency(section, prices);
        read_entries(section, prices);
    }
    if (!prices->currency)
        prices->currency = mem_text("USD");
    return prices;
}

int cost_prices_check(const json_t *section, section_problem_fn *problem, void *arg)
{
    struct section_reader reader = {problem, arg, 0};

    cost_prices_free(read_section(&(struct section_value){&reader, section, ""}));
    return reader.problems;
}

struct cost_prices *cost_prices_new(const json_t *section)
{
    struct section_reader reader = {0};

    return read_section(&(struct section_value){&reader, section, ""});
}

void cost_prices_free(struct cost_prices *prices)
{
    if (!prices)
        return;
    free(prices->entries);
    free(prices->currency);
    free(prices);
}

const char *cost_prices_currency(const struct cost_prices *prices)
{
    return prices->currency;
}

/* ---- money ---- */

bool cost_prices_find(const struct cost_prices *prices, enum cost_unit unit, struct day day,
                      struct price *price)
{
    const struct entry *found = NULL;

    for (size_t i = 0; i < prices->count; i++)
        if (calendar_compare(prices->entries[i].from, day) <= 0)
            found = &prices->entries[i];
    if (!found || !found->has[unit])
        return false;
    *price = found->prices[unit];
    return true;
}

/* So much of the quantity costs one price. */
static money_integer one_of(enum cost_unit unit, struct day month)
{
    const struct cost_unit_form *form = &cost_prices_units[unit];
    bool lasts = form->measure == COST_BYTE_MONTHS || form->measure == COST_MONTHS;

    return (money_integer)form->amount *
           (lasts ? (money_integer)calendar_month_length(month.year, month.month) * 86400 : 1);
}

/* price x quantity / one, in money's units, half up. */
static int charge(struct price price, money_integer quantity, money_integer one, struct money *out,
                  struct err *e)
{
    money_integer scale = (money_integer)1 << 30, units;

    for (; scale > 1 && one % 2 == 0; one /= 2)
        scale /= 2;
    if (__builtin_mul_overflow(quantity, (money_integer)price.pico, &units) ||
        __builtin_mul_overflow(units, scale, &units) ||
        __builtin_add_overflow(units, one / 2, &units))
        return err_set(e, ERR_INVALID, "an amount is too large to be counted exactly");
    out->units = units / one;
    return 0;
}

int cost_prices_charge_at(const struct cost_prices *prices, const struct cost_part *part,
                          struct money *out, struct err *e)
{
    struct price price;

    *out = (struct money){0};
    if (!part->quantity)
        return 1;
    if (!cost_prices_find(prices, part->unit, part->day, &price))
        return 0;
    return charge(price, part->quantity, one_of(part->unit, part->day), out, e) ? -1 : 1;
}

int cost_prices_charge(const struct cost_prices *prices, const struct cost_use *use,
                       struct money *out, struct err *e)
{
    int length = calendar_month_length(use->month.year, use->month.month), answer = 1;
    struct day day = {use->month.year, use->month.month, 1};

    *out = (struct money){0};
    for (int from = 0, to; from < length && answer > 0; from = to) {
        struct day first = calendar_add_days(day, from);
        money_integer quantity = 0;
        struct price price, other;
        bool has = cost_prices_find(prices, use->unit, first, &price);
        struct money part;

        for (to = from; to < length; to++) {
            bool same = cost_prices_find(prices, use->unit, calendar_add_days(day, to), &other);

            if (same != has || (has && other.pico != price.pico))
                break;
            quantity += use->days[to];
        }
        answer = cost_prices_charge_at(prices, &(struct cost_part){use->unit, first, quantity},
                                       &part, e);
        if (answer > 0 && money_add(out, part, e))
            answer = -1;
    }
    return answer;
}

json_t *cost_prices_json(int answer, struct money amount)
{
    cleanup_free char *text = answer > 0 ? money_exact_text(amount, 2) : NULL;

    return text ? json_string(text) : json_null();
}
