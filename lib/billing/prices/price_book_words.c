/* price_book_words.c -- zone, bounds and prices of a spec as words of SQL, so that a query saved in
 * the console says what the bill says, or nothing. */
#include "billing/prices/price_book_words.h"

#include "base/mem.h"
#include "base/str.h"
#include "billing/prices/price_book_private.h"
#include "billing/prices/settings.h"

#include <string.h>

enum {
    PICO_PER_NANO = 1000,
    /* A GiB's bytes times the price must fit 63 bits: the SQL multiplies what does not fill a GiB.
     */
    GIB_NANO_MOST = INT32_MAX,
};

/* Calls and bytes times a price each, and nothing else. */
static bool is_flat(const struct prices *prices)
{
    return prices->calls.count == 1 && prices->bytes.count == 1 && !prices->rule_count &&
           !prices->free_calls && !prices->free_bytes && !prices->minimum.pico;
}

static bool is_sayable(const struct prices *prices)
{
    int64_t call = prices->calls.tiers[0].price.pico, gib = prices->bytes.tiers[0].price.pico;

    return is_flat(prices) && !(call % PICO_PER_NANO) && !(gib % PICO_PER_NANO) &&
           gib / PICO_PER_NANO <= GIB_NANO_MOST;
}

static void add_price(struct str *sql, const struct prices *prices, bool bytes)
{
    const struct tariff *tariff = bytes ? &prices->bytes : &prices->calls;

    if (is_sayable(prices))
        str_addf(sql, "%lld", (long long)(tariff->tiers[0].price.pico / PICO_PER_NANO));
    else
        str_add(sql, "NULL");
}

/* Newest first, so that the first date that is not after the month decides. */
static char *price_sql(const struct price_book *book, bool bytes)
{
    struct str sql = {0};

    if (!book || !book->price_count || book->customer_count)
        return mem_text("CAST(NULL AS bigint)");
    str_add(&sql, "CAST(CASE");
    for (size_t i = book->price_count; i-- > 0;) {
        struct day from = book->prices[i].from;
        char text[16];

        calendar_day_text(from, text);
        str_addf(&sql, " WHEN month_start %s DATE '%s' THEN ", from.day == 1 ? ">=" : ">", text);
        add_price(&sql, &book->prices[i], bytes);
        if (from.day != 1) { /* the month in which the price changes has two */
            from.day = 1;
            calendar_day_text(from, text);
            str_addf(&sql, " WHEN month_start = DATE '%s' THEN NULL", text);
        }
    }
    str_add(&sql, " END AS bigint)");
    return str_take(&sql);
}

static const char *last_zone(const char *zones, struct calendar_zone *zone)
{
    while (calendar_zone_next(&zones, zone) && zone->ends)
        ;
    return zone->name;
}

static void set(json_t *words, const char *name, char *text)
{
    json_object_set_new(words, name, json_string(text));
    free(text);
}

/* "2025-10-15" as a number; 0 where it is silent. */
static char *since_number(const char *since)
{
    struct day day = {0};
    struct err e = {0};

    if (since)
        (void)calendar_parse_day(since, &day, &e);
    return mem_printf("%d", day.year * 10000 + day.month * 100 + day.day);
}

static void add_settings(json_t *words, const json_t *section)
{
    struct section_reader reader = {0};
    struct billing_settings settings;

    settings_from_section(&(struct section_value){&reader, section, ""}, &settings);
    set(words, "billing_max_response", mem_printf("%lld", (long long)settings.max_response_bytes));
    set(words, "billing_since", since_number(settings.since));
    set(words, "billing_log_groups", settings_log_groups_sql(&settings));
    settings_free(&settings);
}

json_t *price_book_words(const json_t *section, const struct price_book *book)
{
    const char *currency = book ? book->currency : "USD";
    struct calendar_zone zone;
    json_t *words = json_object();

    add_settings(words, section);
    /* of several the last: what people look at is of now */
    set(words, "billing_time_zone", mem_text(book ? last_zone(book->zone, &zone) : "UTC"));
    set(words, "billing_currency", mem_text(currency));
    set(words, "billing_currency_digits", mem_printf("%d", money_currency_digits(currency)));
    set(words, "billing_call_price", price_sql(book, false));
    set(words, "billing_gib_price", price_sql(book, true));
    return words;
}
