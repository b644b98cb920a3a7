/* parties_read.c -- seller, tax rules and what customers are besides their usage, out of the
 * section.
 */
#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/parties.h"
#include "billing/prices/price_book_private.h"

#include <ctype.h>
#include <string.h>

enum { TEXT_MOST = 1000, ADDRESS_LINES = 10, SERIES_MOST = 40, DUE_DAYS_MOST = 3650 };

static const char *const seller_keys[] = {"name",     "address", "country", "tax_id", "series",
                                          "due_days", "terms",   "tax",     NULL};
static const char *const tax_keys[] = {"name", "category", "rate", "reason", "from", NULL};

/* How the spec names a category, and EN 16931 does. */
static const struct {
    const char *word, *code;
    bool needs_reason;
} categories[] = {
    {"standard", "S", false},       {"zero", "Z", false},   {"exempt", "E", true},
    {"reverse_charge", "AE", true}, {"outside", "O", true},
};
enum { CATEGORIES = sizeof categories / sizeof *categories };

/* ---- texts ---- */

/* A text of a line that a document can show: NULL, told, when it is none. */
static json_t *line_of(const struct section_value *item, const char *path, const char *text)
{
    size_t length = strlen(text);

    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127) {
            section_tell(item, path, "must be one line without control characters");
            return NULL;
        }
    if (length > TEXT_MOST) {
        section_tell(item, path, "must have at most %d bytes", TEXT_MOST);
        return NULL;
    }
    return length ? json_string(text) : NULL;
}

static void set_text(json_t *party, const struct section_value *item, const char *key)
{
    char buffer[32];
    const char *text = section_text(item, key, buffer);
    json_t *line = text ? line_of(item, key, text) : NULL;

    if (line)
        json_object_set_new(party, key, line);
}

/* One line, or a list of lines. */
static void set_address(json_t *party, const struct section_value *item)
{
    const json_t *list = json_object_get(item->object, "address"), *one;
    json_t *lines = json_array();
    size_t i;

    if (json_is_string(list)) {
        json_t *line = line_of(item, "address", json_string_value(list));

        if (line)
            json_array_append_new(lines, line);
    } else if (json_is_array(list) && json_array_size(list) <= ADDRESS_LINES) {
        json_array_foreach(list, i, one) {
            cleanup_free char *path = mem_printf("address[%zu]", i);
            json_t *line = json_is_string(one) ? line_of(item, path, json_string_value(one)) : NULL;

            if (line)
                json_array_append_new(lines, line);
            else if (!json_is_string(one))
                section_tell(item, path, "must be a text: a line of the address");
        }
    } else if (list && !json_is_null(list)) {
        section_tell(item, "address", "must be a text, or a list of at most %d lines",
                     ADDRESS_LINES);
    }
    if (json_array_size(lines))
        json_object_set(party, "address", lines);
    json_decref(lines);
}

static void set_country(json_t *party, const struct section_value *item)
{
    char buffer[32];
    const char *text = section_text(item, "country", buffer);

    if (!text || !*text)
        return;
    if (strlen(text) == 2 && isupper((unsigned char)text[0]) && isupper((unsigned char)text[1]))
        json_object_set_new(party, "country", json_string(text));
    else
        section_tell(item, "country", "%.20s is not a country code of two capital letters like KR",
                     text);
}

json_t *parties_read_entry(const struct section_value *item)
{
    json_t *party = json_object();

    set_address(party, item);
    set_country(party, item);
    set_text(party, item, "tax_id");
    set_text(party, item, "reference");
    set_text(party, item, "tax");
    if (json_object_size(party))
        return party;
    json_decref(party);
    return NULL;
}

/* ---- the seller ---- */

static void read_series(const struct section_value *seller, struct price_book *book)
{
    char buffer[32];
    const char *text = section_text(seller, "series", buffer);
    size_t length = text ? strlen(text) : 0;

    if (!length)
        return;
    if (length > SERIES_MOST || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                             "0123456789-_") != length)
        section_tell(seller, "series",
                     "must be at most %d of the letters A to Z, digits, - and _: numbers begin "
                     "with it",
                     SERIES_MOST);
    else
        book->series = mem_text(text);
}

static void read_seller(const struct section_value *section, struct price_book *book)
{
    const struct section_value seller = {section->reader,
                                         json_object_get(section->object, "seller"), "seller"};
    char buffer[32];
    const char *tax;
    int64_t days = -1;

    book->due_days = -1;
    if (!seller.object || json_is_null(seller.object) || !section_check_keys(&seller, seller_keys))
        return;
    book->seller = json_object();
    set_text(book->seller, &seller, "name");
    set_address(book->seller, &seller);
    set_country(book->seller, &seller);
    set_text(book->seller, &seller, "tax_id");
    if (!json_object_get(book->seller, "name"))
        section_tell(&seller, NULL, "needs name: whose invoices these are");
    read_series(&seller, book);
    (void)section_count(&seller, "due_days", 0, DUE_DAYS_MOST, &days);
    book->due_days = (int)days;
    set_text(book->seller, &seller, "terms");
    book->terms = mem_text(json_text(book->seller, "terms"));
    (void)json_object_del(book->seller, "terms");
    tax = section_text(&seller, "tax", buffer);
    book->seller_tax = tax && *tax ? mem_text(tax) : NULL;
}

/* ---- tax rules ---- */

static size_t category_of(const struct section_value *item)
{
    static const char *words[CATEGORIES + 1];
    char buffer[32];
    const char *text = section_text(item, "category", buffer);
    size_t i = 0;

    for (i = 0; i < CATEGORIES; i++) {
        words[i] = categories[i].word;
        if (text && !strcmp(text, categories[i].word))
            return i;
    }
    section_tell_word(item, "category", text, words,
                      "must be standard, zero, exempt, reverse_charge or outside");
    return 0;
}

static void check_rate(const struct section_value *item, const struct tax_rule *rule,
                       bool needs_reason)
{
    const int64_t hundred = 100 * (int64_t)1000000000000;

    if (rule->rate.pico > hundred)
        section_tell(item, "rate", "must be at most 100: it is percent");
    if (!strcmp(rule->category, "S") && !rule->rate.pico)
        section_tell(item, NULL, "needs rate, the percent of the standard rate");
    if (strcmp(rule->category, "S") != 0 && rule->rate.pico)
        section_tell(item, "rate", "must be left out or 0: only standard has a rate");
    if (needs_reason && !rule->reason)
        section_tell(item, NULL, "needs reason: the law's words for why no tax is charged");
}

static void read_rule(const struct section_value *item, struct tax_rule *rule)
{
    json_auto_t *texts = json_object();
    size_t category;

    rule->from = (struct day){1, 1, 1};
    rule->category = categories[0].code;
    if (!section_check_keys(item, tax_keys)) {
        rule->name = mem_text("");
        return;
    }
    set_text(texts, item, "name");
    set_text(texts, item, "reason");
    rule->name = mem_text(json_text(texts, "name") ? json_text(texts, "name") : "");
    rule->reason = mem_text(json_text(texts, "reason"));
    if (!*rule->name)
        section_tell(item, NULL, "needs name: customers and the seller name the rule by it");
    category = category_of(item);
    rule->category = categories[category].code;
    (void)section_price(item, "rate", &rule->rate);
    (void)section_day(item, "from", &rule->from);
    check_rate(item, rule, categories[category].needs_reason);
}

static void read_rules(const struct section_value *section, struct price_book *book)
{
    const json_t *list = json_object_get(section->object, "taxes"), *item;
    size_t i, k;

    if (!list || json_is_null(list))
        return;
    if (!json_is_array(list)) {
        section_tell(section, "taxes", "must be a list");
        return;
    }
    book->taxes = mem_new((json_array_size(list) + 1) * sizeof *book->taxes);
    json_array_foreach(list, i, item) {
        cleanup_free char *path = mem_printf("taxes[%zu]", i);
        struct tax_rule *rule = &book->taxes[i];

        read_rule(&(struct section_value){section->reader, item, path}, rule);
        for (k = 0; k < i; k++)
            if (!strcmp(book->taxes[k].name, rule->name) &&
                !calendar_compare(book->taxes[k].from, rule->from))
                section_tell(section, path,
                             "taxes[%zu] has the same name and holds from the same "
                             "day",
                             k);
        book->tax_count++;
    }
}

void parties_read(const struct section_value *section, struct price_book *book)
{
    read_seller(section, book);
    read_rules(section, book);
}
