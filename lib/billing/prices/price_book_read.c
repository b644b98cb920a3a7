/* price_book_read.c -- the `prices` list: tiers, quotas, rules. */
#include "base/mem.h"
#include "billing/prices/price_book_private.h"

#include <string.h>

static const char *const entry_keys[] = {"from",       "call",     "gib",     "calls", "bytes",
                                         "free_calls", "free_gib", "minimum", "rules", NULL};
static const char *const tariff_keys[] = {"mode", "tiers", NULL};
static const char *const rule_keys[] = {"status", "route", "bill", "call", "gib", NULL};

enum { LIST_MOST = 1000 };

static const json_t *list_of(struct section_reader *reader, const json_t *value, const char *path)
{
    if (!json_is_array(value) || json_array_size(value) > LIST_MOST) {
        section_tell(reader, path, "must be a list of at most %d items", LIST_MOST);
        return NULL;
    }
    return value;
}

/* One tier; `before` is where the last one ended. */
static void read_tier(struct section_reader *reader, const json_t *item, const char *path,
                      bool bytes, bool last, struct tariff *tariff)
{
    const char *end = bytes ? "up_to_gib" : "up_to";
    const char *const keys[] = {end, "price", NULL};
    int64_t before = tariff->count ? tariff->tiers[tariff->count - 1].up_to : 0;
    struct tier *tier = &tariff->tiers[tariff->count++];
    bool ends;

    tier->up_to = INT64_MAX;
    if (!section_check_keys(reader, item, path, keys))
        return;
    ends = bytes ? section_gib(reader, item, end, path, &tier->up_to)
                 : section_count(reader, item, end, path, 1, INT64_MAX - 1, &tier->up_to);
    if (!json_object_get(item, "price"))
        section_tell(reader, path, "needs a price");
    (void)section_price(reader, item, "price", path, &tier->price);
    if (last && json_object_get(item, end))
        section_tell(reader, path, "the last tier has no end: leave %s out", end);
    else if (!last && !json_object_get(item, end))
        section_tell(reader, path, "needs %s: only the last tier has no end", end);
    else if (ends && tier->up_to <= before)
        section_tell(reader, path, "must end after the tier before it");
}

static void read_tiers(struct section_reader *reader, const json_t *value, const char *path,
                       bool bytes, struct tariff *tariff)
{
    cleanup_free char *tiers_path = mem_printf("%s.tiers", path);
    const json_t *tiers, *item;
    char buffer[32];
    const char *mode;
    size_t i;

    if (!section_check_keys(reader, value, path, tariff_keys))
        return;
    mode = section_text(reader, value, "mode", path, buffer);
    tariff->volume = mode && !strcmp(mode, "volume");
    if (!mode || (!tariff->volume && strcmp(mode, "graduated") != 0)) {
        cleanup_free char *mode_path = mem_printf("%s.mode", path);

        section_tell(reader, mode_path,
                     "must be graduated (each tier's price for the units in it) or volume (one "
                     "tier's price for all units)");
    }
    tiers = list_of(reader, json_object_get(value, "tiers"), tiers_path);
    if (!json_array_size(tiers)) {
        section_tell(reader, tiers_path, "needs at least one tier");
        return;
    }
    tariff->tiers = mem_new(json_array_size(tiers) * sizeof *tariff->tiers);
    json_array_foreach(tiers, i, item) {
        cleanup_free char *item_path = mem_printf("%s[%zu]", tiers_path, i);

        read_tier(reader, item, item_path, bytes, i + 1 == json_array_size(tiers), tariff);
    }
}

/* Either one price for all, or tiers: never nothing, which would be free by accident. */
static void read_tariff(struct section_reader *reader, const json_t *entry, const char *path,
                        const char *flat, const char *tiered, struct tariff *tariff)
{
    const json_t *tiers = json_object_get(entry, tiered);
    cleanup_free char *below = mem_printf("%s.%s", path, tiered);

    if (tiers && json_object_get(entry, flat)) {
        section_tell(reader, below, "stands beside %s: one of the two", flat);
    } else if (tiers) {
        read_tiers(reader, tiers, below, !strcmp(tiered, "bytes"), tariff);
    } else {
        tariff->tiers = mem_new(sizeof *tariff->tiers);
        tariff->tiers[tariff->count++].up_to = INT64_MAX;
        if (!json_object_get(entry, flat))
            section_tell(reader, path, "needs %s or %s; 0 is a price too", flat, tiered);
        else
            (void)section_price(reader, entry, flat, path, &tariff->tiers[0].price);
    }
}

static bool is_status(const char *text)
{
    return !strcmp(text, "-") || (strlen(text) == 3 && text[0] >= '1' && text[0] <= '9' &&
                                  (!strcmp(text + 1, "xx") || strspn(text + 1, "0123456789") == 2));
}

static void read_rule(struct section_reader *reader, const json_t *item, const char *path,
                      struct rule *rule)
{
    char status_buffer[32], route_buffer[32];
    const char *status, *route;
    bool says;

    rule->bill = true;
    if (!section_check_keys(reader, item, path, rule_keys))
        return;
    status = section_text(reader, item, "status", path, status_buffer);
    route = section_text(reader, item, "route", path, route_buffer);
    if (status && !is_status(status)) {
        cleanup_free char *below = mem_printf("%s.status", path);

        section_tell(reader, below, "%.20s is not a status like 404 or 5xx", status);
    }
    if (!status && (!route || !*route))
        section_tell(reader, path, "needs a status or a route: a rule for everything is a price");
    says = section_truth(reader, item, "bill", path, &rule->bill);
    rule->has_call = section_price(reader, item, "call", path, &rule->call);
    rule->has_gib = section_price(reader, item, "gib", path, &rule->gib);
    if (!rule->bill && (rule->has_call || rule->has_gib))
        section_tell(reader, path, "has a price for what it does not bill");
    else if (!says && !json_object_get(item, "bill") && !json_object_get(item, "call") &&
             !json_object_get(item, "gib"))
        section_tell(reader, path, "needs bill, call or gib: it changes nothing");
    rule->status = mem_text(status);
    rule->route = mem_text(route);
}

static void read_rules(struct section_reader *reader, const json_t *entry, const char *path,
                       struct prices *prices)
{
    cleanup_free char *rules_path = mem_printf("%s.rules", path);
    const json_t *rules = json_object_get(entry, "rules"), *item;
    size_t i;

    if (!rules || !list_of(reader, rules, rules_path))
        return;
    prices->rules = mem_new((json_array_size(rules) + 1) * sizeof *prices->rules);
    json_array_foreach(rules, i, item) {
        cleanup_free char *item_path = mem_printf("%s[%zu]", rules_path, i);

        read_rule(reader, item, item_path, &prices->rules[prices->rule_count++]);
    }
}

static void read_entry(struct section_reader *reader, const json_t *entry, const char *path,
                       struct prices *prices)
{
    if (!section_check_keys(reader, entry, path, entry_keys))
        return;
    if (!json_object_get(entry, "from"))
        section_tell(reader, path, "needs from: the first day it holds for");
    (void)section_day(reader, entry, "from", path, &prices->from);
    read_tariff(reader, entry, path, "call", "calls", &prices->calls);
    read_tariff(reader, entry, path, "gib", "bytes", &prices->bytes);
    (void)section_count(reader, entry, "free_calls", path, 0, INT64_MAX - 1, &prices->free_calls);
    (void)section_gib(reader, entry, "free_gib", path, &prices->free_bytes);
    (void)section_price(reader, entry, "minimum", path, &prices->minimum);
    read_rules(reader, entry, path, prices);
}

static int by_day(const void *a, const void *b)
{
    return calendar_compare(((const struct prices *)a)->from, ((const struct prices *)b)->from);
}

void price_book_read_prices(struct section_reader *reader, const json_t *list,
                            struct price_book *book)
{
    const json_t *entry;
    size_t i, j;

    if (!list_of(reader, list, "prices"))
        return;
    if (!json_array_size(list))
        section_tell(reader, "prices", "needs at least one entry");
    book->prices = mem_new((json_array_size(list) + 1) * sizeof *book->prices);
    json_array_foreach(list, i, entry) {
        cleanup_free char *path = mem_printf("prices[%zu]", i);

        read_entry(reader, entry, path, &book->prices[i]);
        for (j = 0; j < i; j++)
            if (book->prices[j].from.year && !by_day(&book->prices[i], &book->prices[j])) {
                section_tell(reader, path, "begins on the same day as prices[%zu]", j);
                break;
            }
    }
    book->price_count = json_array_size(list);
    qsort(book->prices, book->price_count, sizeof *book->prices, by_day);
}
