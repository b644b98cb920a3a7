/* price_book_read.c -- the `prices` list: tiers, quotas, rules. */
#include "base/mem.h"
#include "billing/prices/price_book_private.h"

#include <string.h>

static const char *const entry_keys[] = {"from",       "call",     "gib",     "calls", "bytes",
                                         "free_calls", "free_gib", "minimum", "rules", NULL};
static const char *const tariff_keys[] = {"mode", "tiers", NULL};
static const char *const rule_keys[] = {"status", "route", "bill", "call", "gib", NULL};

enum { LIST_MOST = 1000 };

/* The list at key, an empty one included; NULL, told, when it is none. */
static const json_t *list_of(const struct section_value *section, const char *key)
{
    const json_t *list = json_object_get(section->object, key);

    if (json_is_array(list) && json_array_size(list) <= LIST_MOST)
        return list;
    section_tell(section, key, "must be a list of at most %d items", LIST_MOST);
    return NULL;
}

/* One tier; tariff: those before it.  tiered: "calls" or "bytes". */
static void read_tier(const struct section_value *item, const char *tiered, bool last,
                      struct tariff *tariff)
{
    bool bytes = !strcmp(tiered, "bytes"), ends;
    const char *end = bytes ? "up_to_gib" : "up_to";
    const char *const keys[] = {end, "price", NULL};
    int64_t before = tariff->count ? tariff->tiers[tariff->count - 1].up_to : 0;
    struct tier *tier = &tariff->tiers[tariff->count++];

    tier->up_to = INT64_MAX;
    if (!section_check_keys(item, keys))
        return;
    ends = bytes ? section_gib(item, end, &tier->up_to)
                 : section_count(item, end, 1, INT64_MAX - 1, &tier->up_to);
    if (!json_object_get(item->object, "price"))
        section_tell(item, NULL, "needs a price");
    (void)section_price(item, "price", &tier->price);
    if (last && json_object_get(item->object, end))
        section_tell(item, NULL, "the last tier has no end: leave %s out", end);
    else if (!last && !json_object_get(item->object, end))
        section_tell(item, NULL, "needs %s: only the last tier has no end", end);
    else if (ends && tier->up_to <= before)
        section_tell(item, NULL, "must end after the tier before it");
}

static void read_tiers(const struct section_value *section, const char *tiered,
                       struct tariff *tariff)
{
    const json_t *tiers, *item;
    char buffer[32];
    const char *mode;
    size_t i;

    if (!section_check_keys(section, tariff_keys))
        return;
    mode = section_text(section, "mode", buffer);
    tariff->volume = mode && !strcmp(mode, "volume");
    if (!mode || (!tariff->volume && strcmp(mode, "graduated") != 0))
        section_tell_word(
            section, "mode", mode, (const char *[]){"graduated", "volume", NULL},
            "must be graduated (each tier's price for the units in it) or volume (one "
            "tier's price for all units)");
    tiers = list_of(section, "tiers");
    if (!json_array_size(tiers)) {
        section_tell(section, "tiers", "needs at least one tier");
        return;
    }
    tariff->tiers = mem_new(json_array_size(tiers) * sizeof *tariff->tiers);
    json_array_foreach(tiers, i, item) {
        cleanup_free char *path = mem_printf("%s.tiers[%zu]", section->path, i);

        read_tier(&(struct section_value){section->reader, item, path}, tiered,
                  i + 1 == json_array_size(tiers), tariff);
    }
}

/* Either one price for all, or tiers: never nothing, which would be free by accident. */
static void read_tariff(const struct section_value *entry, const char *flat, const char *tiered,
                        struct tariff *tariff)
{
    const json_t *tiers = json_object_get(entry->object, tiered);

    if (tiers && json_object_get(entry->object, flat)) {
        section_tell(entry, tiered, "stands beside %s: one of the two", flat);
    } else if (tiers) {
        cleanup_free char *path = mem_printf("%s.%s", entry->path, tiered);

        read_tiers(&(struct section_value){entry->reader, tiers, path}, tiered, tariff);
    } else {
        tariff->tiers = mem_new(sizeof *tariff->tiers);
        tariff->tiers[tariff->count++].up_to = INT64_MAX;
        if (!json_object_get(entry->object, flat))
            section_tell(entry, NULL, "needs %s or %s; 0 is a price too", flat, tiered);
        else
            (void)section_price(entry, flat, &tariff->tiers[0].price);
    }
}

static bool is_status(const char *text)
{
    return !strcmp(text, "-") || (strlen(text) == 3 && text[0] >= '1' && text[0] <= '9' &&
                                  (!strcmp(text + 1, "xx") || strspn(text + 1, "0123456789") == 2));
}

static bool has_any(const json_t *object, const char *const *keys)
{
    for (; *keys; keys++)
        if (json_object_get(object, *keys))
            return true;
    return false;
}

static void read_rule(const struct section_value *item, struct rule *rule)
{
    static const char *const effects[] = {"bill", "call", "gib", NULL};
    char status_buffer[32], route_buffer[32];
    const char *status, *route;

    rule->bill = true;
    if (!section_check_keys(item, rule_keys))
        return;
    status = section_text(item, "status", status_buffer);
    route = section_text(item, "route", route_buffer);
    if (status && !is_status(status))
        section_tell(item, "status", "%.20s is not a status like 404 or 5xx", status);
    if (!status && (!route || !*route))
        section_tell(item, NULL, "needs a status or a route: a rule for everything is a price");
    (void)section_truth(item, "bill", &rule->bill);
    rule->has_call = section_price(item, "call", &rule->call);
    rule->has_gib = section_price(item, "gib", &rule->gib);
    if (!rule->bill && (rule->has_call || rule->has_gib))
        section_tell(item, NULL, "has a price for what it does not bill");
    else if (!has_any(item->object, effects))
        section_tell(item, NULL, "needs bill, call or gib: it changes nothing");
    rule->status = mem_text(status);
    rule->route = mem_text(route);
}

static void read_rules(const struct section_value *entry, struct prices *prices)
{
    const json_t *rules, *item;
    size_t i;

    if (!json_object_get(entry->object, "rules"))
        return;
    rules = list_of(entry, "rules");
    prices->rules = mem_new((json_array_size(rules) + 1) * sizeof *prices->rules);
    json_array_foreach(rules, i, item) {
        cleanup_free char *path = mem_printf("%s.rules[%zu]", entry->path, i);

        read_rule(&(struct section_value){entry->reader, item, path},
                  &prices->rules[prices->rule_count++]);
    }
}

static void read_entry(const struct section_value *entry, struct prices *prices)
{
    if (!section_check_keys(entry, entry_keys))
        return;
    if (!json_object_get(entry->object, "from"))
        section_tell(entry, NULL, "needs from: the first day it holds for");
    (void)section_day(entry, "from", &prices->from);
    read_tariff(entry, "call", "calls", &prices->calls);
    read_tariff(entry, "gib", "bytes", &prices->bytes);
    (void)section_count(entry, "free_calls", 0, INT64_MAX - 1, &prices->free_calls);
    (void)section_gib(entry, "free_gib", &prices->free_bytes);
    (void)section_price(entry, "minimum", &prices->minimum);
    read_rules(entry, prices);
}

static int by_day(const void *a, const void *b)
{
    return calendar_compare(((const struct prices *)a)->from, ((const struct prices *)b)->from);
}

void price_book_read_prices(const struct section_value *section, struct price_book *book)
{
    const json_t *list = list_of(section, "prices"), *entry;
    size_t i, j;

    if (!list)
        return;
    if (!json_array_size(list))
        section_tell(section, "prices", "needs at least one entry");
    book->prices = mem_new((json_array_size(list) + 1) * sizeof *book->prices);
    json_array_foreach(list, i, entry) {
        cleanup_free char *path = mem_printf("prices[%zu]", i);
        const struct section_value item = {section->reader, entry, path};

        read_entry(&item, &book->prices[i]);
        for (j = 0; j < i; j++)
            if (book->prices[j].from.year && !by_day(&book->prices[i], &book->prices[j])) {
                section_tell(&item, NULL, "begins on the same day as prices[%zu]", j);
                break;
            }
    }
    book->price_count = json_array_size(list);
    qsort(book->prices, book->price_count, sizeof *book->prices, by_day);
}
