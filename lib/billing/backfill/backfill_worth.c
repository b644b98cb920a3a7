/* backfill_worth.c -- calls and bytes by quarters of an hour, since no zone begins a day elsewhere,
 * and their price.  Which customer, tier or rule they will meet is the bill's business. */
#include "billing/backfill/backfill_worth.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/list_price.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { QUARTER_MS = 900000, MOST_DIGITS = 18 };

/* 0 where it cannot be read or is not believed, as the view has it. */
static int64_t length_of(const char *text, int64_t most)
{
    static const char key[] = "\"responseLength\"";
    const char *at = strstr(text, key);
    size_t digits;
    int64_t bytes;

    if (!at)
        return 0;
    at += sizeof key - 1;
    at += strspn(at, " \t:");
    at += *at == '"';
    digits = strspn(at, "0123456789");
    if (!digits || digits > MOST_DIGITS)
        return 0;
    bytes = strtoll(at, NULL, 10);
    return bytes > most ? 0 : bytes;
}

void backfill_worth_add(json_t *worth, const struct billing *billing, const json_t *event)
{
    const char *text = json_text(event, "message");
    char quarter[32];
    json_t *volume;

    if (!text || text[strspn(text, " \t\r\n")] != '{')
        return;
    (void)snprintf(quarter, sizeof quarter, "%lld",
                   (long long)(json_whole(event, "timestamp") / QUARTER_MS));
    volume = json_object_get(worth, quarter);
    if (!volume) {
        volume = json_pack("[I, I]", (json_int_t)0, (json_int_t)0);
        json_object_set_new(worth, quarter, volume);
    }
    json_integer_set(json_array_get(volume, 0), json_integer_value(json_array_get(volume, 0)) + 1);
    json_integer_set(json_array_get(volume, 1),
                     json_integer_value(json_array_get(volume, 1)) +
                         length_of(text, billing->settings.max_response_bytes));
}

static json_t *document_of(const struct billing *billing, struct volume volume,
                           const struct money *amount)
{
    cleanup_free char *text = amount ? list_price_text(billing->book, *amount) : NULL;

    return json_pack("{s:I, s:I, s:s?, s:s, s:s}", "calls", (json_int_t)volume.calls, "bytes",
                     (json_int_t)volume.bytes, "amount", text, "currency",
                     price_book_currency(billing->book), "price", "list");
}

json_t *backfill_worth_document(const struct billing *billing, const json_t *worth)
{
    const char *zone = price_book_zone(billing->book), *quarter;
    struct volume sum = {0};
    struct money amount = {0};
    struct err overflow = {0};
    bool priced = true;
    json_t *value;

    json_object_foreach((json_t *)worth, quarter, value) {
        struct volume volume = {json_integer_value(json_array_get(value, 0)),
                                json_integer_value(json_array_get(value, 1))};
        struct day day = calendar_day_of(zone, strtoll(quarter, NULL, 10) * (QUARTER_MS / 1000));

        (void)volume_add(&sum, volume, &overflow);
        priced = !list_price_add(billing->book, day, volume, &amount, &overflow) && priced;
    }
    return document_of(billing, sum, priced ? &amount : NULL);
}

/* The dearest day of the holes; false when one of them has no price. */
static bool highest_price(const struct billing *billing, const json_t *holes, int64_t events,
                          struct money *highest)
{
    const char *zone = price_book_zone(billing->book);
    struct err overflow = {0};
    size_t i;
    json_t *hole;

    json_array_foreach(holes, i, hole) {
        struct day day = calendar_day_of(zone, json_whole(hole, "from"));
        struct day last = calendar_day_of(zone, json_whole(hole, "to") - 1);

        for (; calendar_compare(day, last) <= 0; day = calendar_add_days(day, 1)) {
            struct money amount = {0};

            if (list_price_add(billing->book, day, (struct volume){events, 0}, &amount, &overflow))
                return false;
            if (money_compare(amount, *highest) > 0)
                *highest = amount;
        }
    }
    return true;
}

json_t *backfill_worth_at_risk(const struct billing *billing, const json_t *holes, int64_t events)
{
    struct money highest = {0};
    bool priced = highest_price(billing, holes, events, &highest);
    json_t *document = document_of(billing, (struct volume){events, 0}, priced ? &highest : NULL);

    json_object_set_new(document, "bytes", json_null());
    return document;
}
