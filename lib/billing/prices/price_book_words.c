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

static char *setting(const json_t *section, const char *name)
{
    struct section_reader reader = {0};
    struct billing_settings settings;
    char *text = NULL;

    settings_from_section(&(struct section_value){&reader, section, ""}, &settings);
    if (!strcmp(name, "max_response"))
        text = mem_printf("%lld", (long long)settings.max_response_bytes);
    else if (!strcmp(name, "log_groups"))
        text = settings_log_groups_sql(&settings);
    settings_free(&settings);
    return text;
}

static const char *last_zone(const char *zones, struct calendar_zone *zone)
{
    while (calendar_zone_next(&zones, zone) && zone->ends)
        ;
    return zone->name;
}

static char *of_book(const struct price_book *book, const char *name)
{
    const char *currency = book ? book->currency : "USD";
    struct calendar_zone zone;

    if (!strcmp(name, "time_zone")) /* of several the last: what people look at is of now */
        return mem_text(book ? last_zone(book->zone, &zone) : "UTC");
    if (!strcmp(name, "currency"))
        return mem_text(currency);
    if (!strcmp(name, "currency_digits"))
        return mem_printf("%d", money_currency_digits(currency));
    if (!strcmp(name, "call_price") || !strcmp(name, "gib_price"))
        return price_sql(book, *name == 'g');
    return NULL;
}

char *price_book_words(const json_t *section, const char *name)
{
    static const char prefix[] = "billing_";
    struct price_book *book;
    char *text;

    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return NULL;
    name += strlen(prefix);
    if ((text = setting(section, name)))
        return text;
    book = section ? price_book_new(section) : NULL;
    text = of_book(book, name);
    price_book_free(book);
    return text;
}
