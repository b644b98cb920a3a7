#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time_zone.h"
#include "billing/prices/parties.h"
#include "billing/prices/price_book_private.h"
#include "billing/prices/settings.h"

#include <ctype.h>
#include <string.h>

static const char *const section_keys[] = {"time_zone",    "currency",   "prices",     "customers",
                                           "max_response", "scan_cap",   "rollup",     "audit",
                                           "close",        "log_groups", "partitions", "seller",
                                           "taxes",        "receipts",   NULL};

static bool check_zone(const struct section_value *section, const char *name)
{
    cleanup_free char *nearest = NULL;

    if (time_zone_exists(name))
        return true;
    nearest = time_zone_nearest(name);
    section_tell(section, "time_zone", "%.60s is not in the tz database; %s%s%s", name,
                 nearest ? "did you mean " : "it looks like ", nearest ? nearest : "Asia/Seoul",
                 nearest ? "?" : "");
    return false;
}

/* "UTC until 2025-11-01, Asia/Seoul": each zone exists, and each lasts until a later day. */
static void check_zones(const struct section_value *section, const char *zones)
{
    const char *rest = zones;
    struct calendar_zone zone = {.ends = true};
    struct day before = {0};

    while (zone.ends) {
        if (!calendar_zone_next(&rest, &zone)) {
            section_tell(
                section, "time_zone",
                "%.80s is no list of zones: it looks like UTC until 2025-11-01, Asia/Seoul", zones);
            return;
        }
        if (!check_zone(section, zone.name))
            return;
        if (zone.ends && calendar_compare(zone.until, before) <= 0)
            section_tell(section, "time_zone",
                         "%.80s: zones follow each other, each until a later day", zones);
        before = zone.until;
    }
}

static void read_zone(const struct section_value *section, struct price_book *book)
{
    char buffer[32];
    const char *zone = section_text(section, "time_zone", buffer), *currency;

    book->zone = mem_text(zone ? zone : "UTC");
    if (strchr(book->zone, ' ') || strchr(book->zone, ','))
        check_zones(section, book->zone);
    else
        (void)check_zone(section, book->zone);
    currency = section_text(section, "currency", buffer);
    book->currency = mem_text(currency ? currency : "USD");
    if (strlen(book->currency) != 3 || !isupper((unsigned char)book->currency[0]) ||
        !isupper((unsigned char)book->currency[1]) || !isupper((unsigned char)book->currency[2]))
        section_tell(section, "currency", "%.20s is not a currency code like USD", book->currency);
}

static json_t *amount_json(int64_t amount)
{
    return json_integer(amount);
}

static json_t *tariff_json(const struct tariff *tariff)
{
    json_t *tiers = json_array();

    for (size_t i = 0; i < tariff->count; i++)
        json_array_append_new(tiers,
                              json_pack("{s:o, s:o}", "up_to", amount_json(tariff->tiers[i].up_to),
                                        "pico", amount_json(tariff->tiers[i].price.pico)));
    /* One tier is the same in both modes. */
    return json_pack("{s:b, s:o}", "volume", tariff->volume && tariff->count > 1, "tiers", tiers);
}

static json_t *rules_json(const struct prices *prices)
{
    json_t *rules = json_array();

    for (size_t i = 0; i < prices->rule_count; i++) {
        const struct rule *rule = &prices->rules[i];
        json_t *item = json_pack("{s:s*, s:s*, s:b}", "status", rule->status, "route", rule->route,
                                 "bill", rule->bill);

        if (rule->has_call)
            json_object_set_new(item, "call", amount_json(rule->call.pico));
        if (rule->has_gib)
            json_object_set_new(item, "gib", amount_json(rule->gib.pico));
        json_array_append_new(rules, item);
    }
    return rules;
}

static json_t *prices_json(const struct price_book *book)
{
    json_t *list = json_array();

    for (size_t i = 0; i < book->price_count; i++) {
        const struct prices *prices = &book->prices[i];
        char from[16];

        calendar_day_text(prices->from, from);
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "from", from, "calls",
                            tariff_json(&prices->calls), "bytes", tariff_json(&prices->bytes),
                            "free_calls", amount_json(prices->free_calls), "free_bytes",
                            amount_json(prices->free_bytes), "minimum",
                            amount_json(prices->minimum.pico), "rules", rules_json(prices)));
    }
    return list;
}

static json_t *customers_json(const struct price_book *book)
{
    json_t *list = json_array();

    for (size_t i = 0; i < book->customer_count; i++) {
        const struct customer *customer = &book->customers[i];
        char from[16], to[16];

        calendar_day_text(customer->from, from);
        calendar_day_text(customer->to, to);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s*, s:s, s:s}", "sub", customer->sub,
                                              "customer", customer->id, "name", customer->name,
                                              "from", from, "to", to));
    }
    return list;
}

static void hash_json(json_t *value, char hash[static 65])
{
    cleanup_free char *text = json_canonical(value);

    digest_sha256(text, strlen(text), hash);
    json_decref(value);
}

static void seal(struct price_book *book)
{
    book->rounding =
        mem_printf("charges are exact; each customer's total is rounded once, half up, "
                   "to %d decimals of %s",
                   money_currency_digits(book->currency), book->currency);
    hash_json(json_pack("{s:s, s:s, s:s, s:o}", "zone", book->zone, "currency", book->currency,
                        "rounding", book->rounding, "prices", prices_json(book)),
              book->hash);
    hash_json(customers_json(book), book->customers_hash);
}

static struct price_book *read_book(const struct section_value *section)
{
    struct price_book *book = mem_new(sizeof *book);

    book->references = 1;
    read_zone(section, book);
    if (json_object_get(section->object, "prices"))
        price_book_read_prices(section, book);
    parties_read(section, book);
    price_book_customers_read(section, book);
    parties_check(section, book);
    return book;
}

int price_book_check(const json_t *section, section_problem_fn *problem, void *arg)
{
    struct section_reader reader = {.problem = problem, .arg = arg};
    const struct section_value whole = {&reader, section, ""};
    struct billing_settings settings;

    if (!section_check_keys(&whole, section_keys))
        return reader.problems;
    if (!json_object_get(section, "prices"))
        section_tell(&whole, "prices", "is missing");
    price_book_free(read_book(&whole));
    settings_from_section(&whole, &settings);
    settings_free(&settings);
    return reader.problems;
}

struct price_book *price_book_new(const json_t *section)
{
    struct section_reader reader = {0};
    struct price_book *book = read_book(&(struct section_value){&reader, section, ""});

    seal(book);
    return book;
}

struct price_book *price_book_share(struct price_book *book)
{
    book->references++;
    return book;
}

static void free_prices(struct prices *prices)
{
    for (size_t i = 0; i < prices->rule_count; i++) {
        free(prices->rules[i].status);
        free(prices->rules[i].route);
    }
    free(prices->rules);
    free(prices->calls.tiers);
    free(prices->bytes.tiers);
}

void price_book_free(struct price_book *book)
{
    if (!book || --book->references)
        return;
    for (size_t i = 0; i < book->price_count; i++)
        free_prices(&book->prices[i]);
    for (size_t i = 0; i < book->customer_count; i++) {
        free(book->customers[i].sub);
        free(book->customers[i].id);
        free(book->customers[i].name);
        json_decref(book->customers[i].party);
    }
    parties_free(book);
    free(book->prices);
    free(book->customers);
    free(book->customers_by_id);
    free(book->zone);
    free(book->currency);
    free(book->rounding);
    free(book);
}

const char *price_book_zone(const struct price_book *book)
{
    return book->zone;
}

const char *price_book_currency(const struct price_book *book)
{
    return book->currency;
}

const char *price_book_hash(const struct price_book *book)
{
    return book->hash;
}

const struct prices *price_book_prices(const struct price_book *book, struct day day)
{
    size_t i = book->price_count;

    while (i && calendar_compare(book->prices[i - 1].from, day) > 0)
        i--;
    return i ? &book->prices[i - 1] : NULL;
}

/* What the log does not say the view makes NULL. */
bool price_book_matches(const char *pattern, const char *text)
{
    size_t n = strlen(pattern);
    bool absent = !text || !*text || !strcmp(text, "-");

    if (absent)
        return !strcmp(pattern, "-") || !strcmp(pattern, "*");
    if (n == 3 && !strcmp(pattern + 1, "xx"))
        return text[0] == pattern[0] && strlen(text) == 3;
    if (n && pattern[n - 1] == '*')
        return !strncmp(pattern, text, n - 1);
    return !strcmp(pattern, text);
}

const struct rule *price_book_rule(const struct prices *prices, const char *route,
                                   const char *status)
{
    for (size_t i = 0; i < prices->rule_count; i++) {
        const struct rule *rule = &prices->rules[i];

        if ((!rule->status || price_book_matches(rule->status, status)) &&
            (!rule->route || price_book_matches(rule->route, route)))
            return rule;
    }
    return NULL;
}

/* Days on which a segment begins, in their order. */
struct starts {
    struct day_span within; /* others do not count */
    struct day *days;
    size_t count;
};

static void add_start(struct starts *starts, struct day day)
{
    size_t at = 0;

    if (calendar_compare(day, starts->within.first) < 0 ||
        calendar_compare(day, starts->within.last) > 0)
        return;
    while (at < starts->count && calendar_compare(starts->days[at], day) < 0)
        at++;
    if ((at < starts->count && !calendar_compare(starts->days[at], day)) ||
        starts->count == PRICE_BOOK_SEGMENTS)
        return;
    memmove(&starts->days[at + 1], &starts->days[at], (starts->count - at) * sizeof *starts->days);
    starts->days[at] = day;
    starts->count++;
}

size_t price_book_segments(const struct price_book *book, struct day_span days,
                           struct day starts[static PRICE_BOOK_SEGMENTS])
{
    struct starts found = {.within = days, .days = starts};

    add_start(&found, days.first);
    for (size_t i = 0; i < book->price_count; i++)
        add_start(&found, book->prices[i].from);
    for (size_t i = 0; i < book->customer_count; i++) {
        const struct customer *customer = &book->customers[i];

        add_start(&found, customer->from);
        if (customer->to.year < 9999)
            add_start(&found, calendar_add_days(customer->to, 1));
    }
    return found.count;
}

/* ---- customers ---- */

bool price_book_is_nobody(const char *sub)
{
    return !sub || !*sub || !strcmp(sub, "-");
}

const char *price_book_customer(const struct price_book *book, const char *sub, struct day day)
{
    bool nobody = price_book_is_nobody(sub);
    const struct customer *customer = price_book_customers_find(book, nobody ? "-" : sub, day);

    return customer ? customer->id : nobody ? NULL : sub;
}

bool price_book_has_customer(const struct price_book *book, const char *customer)
{
    return price_book_customers_at(book, customer, 0) != NULL;
}

json_t *price_book_subs(const struct price_book *book, const char *customer, struct day_span days)
{
    json_t *subs = json_array();
    const struct customer *entry;

    json_array_append_new(subs, json_string(customer));
    for (size_t i = 0; (entry = price_book_customers_at(book, customer, i)); i++)
        if (strcmp(entry->sub, customer) != 0 && calendar_compare(entry->from, days.last) <= 0 &&
            calendar_compare(entry->to, days.first) >= 0)
            json_array_append_new(subs, json_string(entry->sub));
    return subs;
}
