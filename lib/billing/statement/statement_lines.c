/* statement_lines.c -- the working of a bill, a line of the document each. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/prices/price_book_tell.h"
#include "billing/statement/statement_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GIB "1073741824"

/* Lines being made. */
struct making {
    const struct statement *statement;
    const char *currency, *tax;
    json_t *lines;
};

/* Takes the references of what is given. */
static void add(struct making *making, json_t *line)
{
    json_object_set_new(line, "id", json_sprintf("%zu", json_array_size(making->lines) + 1));
    json_object_set_new(line, "tax", making->tax ? json_string(making->tax) : json_null());
    json_array_append_new(making->lines, line);
}

/* ---- calls and bytes at a price ---- */

/* "tier 2 of 3" and "volume tier 2 of 3"; 0: it is no tier. */
static size_t tier_of(const char *how, size_t *count)
{
    size_t index = 0;

    if (!strncmp(how, "volume ", 7))
        how += 7;
    return sscanf(how, "tier %zu of %zu", &index, count) == 2 ? index : 0;
}

static json_t *tier_json(const struct making *making, const json_t *item, bool bytes,
                         const char *how)
{
    struct price_book_tier units;
    size_t count = 0, index = tier_of(how, &count);
    json_t *tier;

    if (!index || !price_book_tell_tier(making->statement->book, statement_day(item, "from"), bytes,
                                        index, &units))
        return json_null();
    tier = json_pack("{s:I, s:I, s:o}", "index", (json_int_t)index, "of", (json_int_t)count, "from",
                     json_sprintf("%" PRId64, units.first));
    json_object_set_new(
        tier, "to", units.last == INT64_MAX ? json_null() : json_sprintf("%" PRId64, units.last));
    return tier;
}

/* What a customer reads: "Calls, tier 2 of 3 (from 1001)". */
static char *description_of(const struct making *making, const json_t *item, bool bytes,
                            const char *how, const json_t *tier)
{
    const char *what = bytes ? "Data transferred" : "Calls";
    size_t rule = 0;
    cleanup_free char *about = NULL;

    if (json_is_object(tier)) {
        const char *to = json_text(tier, "to");

        return mem_printf("%s, %s (%s %s%s%s)", what, how, bytes ? "bytes" : "calls",
                          json_text(tier, "from"), to ? " to " : " and more", to ? to : "");
    }
    if (sscanf(how, "rule %zu", &rule) == 1)
        about = price_book_tell_rule(making->statement->book, statement_day(item, "from"), rule);
    if (about)
        return mem_printf("%s, price of rule %zu (%s)", what, rule, about);
    if (!strcmp(how, "free"))
        return mem_printf("%s, free of charge (monthly quota)", what);
    return mem_text(what);
}

static char *working_of(const struct making *making, bool bytes, const json_t *item)
{
    const char *price = json_text(item, bytes ? "price_per_gib" : "price");

    return mem_printf("%" JSON_INTEGER_FORMAT " %s%s%s x %s %s = %s %s",
                      json_whole(item, "quantity"), bytes ? "byte" : "call",
                      json_whole(item, "quantity") == 1 ? "" : "s", bytes ? " / " GIB : "",
                      price ? price : "?", making->currency, json_text(item, "charge"),
                      making->currency);
}

static void add_priced(struct making *making, const json_t *item)
{
    const char *how = json_text(item, "how");
    bool bytes = !strcmp(json_text(item, "what"), "bytes");
    json_t *tier = tier_json(making, item, bytes, how);
    cleanup_free char *description = description_of(making, item, bytes, how, tier),
                      *working = working_of(making, bytes, item);

    add(making,
        json_pack("{s:O, s:O, s:o, s:s, s:o, s:s, s:O, s:s, s:O, s:s, s:O?, s:O?}", "what",
                  json_object_get(item, "what"), "rule", json_object_get(item, "how"), "tier", tier,
                  "description", description, "quantity",
                  json_sprintf("%" JSON_INTEGER_FORMAT, json_whole(item, "quantity")), "unit",
                  bytes ? "byte" : "call", "unit_price",
                  json_object_get(item, bytes ? "price_per_gib" : "price"), "price_per",
                  bytes ? GIB : "1", "amount", json_object_get(item, "charge"), "working", working,
                  "from", json_object_get(item, "from"), "to", json_object_get(item, "to")));
}

/* ---- what is not priced by the unit ---- */

static void add_excluded(struct making *making, const char *what, const char *key)
{
    json_int_t quantity = json_whole(making->statement->line, key);
    bool bytes = !strcmp(what, "bytes");

    if (quantity)
        add(making, json_pack("{s:s, s:s, s:n, s:s, s:o, s:s, s:s, s:s, s:s, s:o}", "what", what,
                              "rule", "excluded", "tier", "description",
                              bytes ? "Data transferred, not billed (by rule)"
                                    : "Calls, not billed (by rule)",
                              "quantity", json_sprintf("%" JSON_INTEGER_FORMAT, quantity), "unit",
                              bytes ? "byte" : "call", "unit_price", "0.00", "price_per",
                              bytes ? GIB : "1", "amount", "0.00", "working",
                              json_sprintf("%" JSON_INTEGER_FORMAT " %s%s, not billed", quantity,
                                           bytes ? "byte" : "call", quantity == 1 ? "" : "s")));
}

/* An amount for the whole month. */
static void add_whole(struct making *making, const char *what, const char *description,
                      const char *amount, const char *working)
{
    add(making,
        json_pack("{s:s, s:s, s:n, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "what", what, "rule", what,
                  "tier", "description", description, "quantity", "1", "unit", "month",
                  "unit_price", amount, "price_per", "1", "amount", amount, "working", working));
}

static void add_minimum(struct making *making)
{
    const char *minimum = json_text(making->statement->line, "minimum_charge");
    cleanup_free char *working = NULL;

    if (!minimum || strspn(minimum, "0.") == strlen(minimum))
        return;
    working =
        mem_printf("what is missing to the month's minimum: %s %s", minimum, making->currency);
    add_whole(making, "minimum", "Minimum charge: what is missing to it", minimum, working);
}

static int add_before(struct making *making, const json_t *one, struct err *e)
{
    const char *number = json_text(one, "number"), *net = json_text(one, "net");
    cleanup_free char *less = bill_amount_minus(NULL, net ? net : "0", e);
    cleanup_free char *description = NULL, *working = NULL;

    if (!less)
        return -1;
    description = mem_printf("Billed already with %s", number ? number : "?");
    working =
        mem_printf("less %s %s of %s", net ? net : "0", making->currency, number ? number : "?");
    add_whole(making, "billed", description, less, working);
    return 0;
}

json_t *statement_lines(const struct statement *statement, const char *tax, struct err *e)
{
    struct making making = {statement, price_book_currency(statement->book), tax, json_array()};
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(statement->line, "detail"), i, item)
        add_priced(&making, item);
    add_excluded(&making, "calls", "excluded_calls");
    add_excluded(&making, "bytes", "excluded_bytes");
    add_minimum(&making);
    json_array_foreach(statement->before, i, item)
        if (add_before(&making, item, e)) {
            json_decref(making.lines);
            return NULL;
        }
    return making.lines;
}
