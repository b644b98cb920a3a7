/* rating_document.c -- the bill: a line per customer, what nobody pays, and the sums. */
#include "base/json.h"
#include "base/mem.h"
#include "base/time_zone.h"
#include "billing/prices/rating_private.h"

/* A line of the bill, and the sum of lines. */
struct line {
    struct volume all, excluded;
    struct rating_charge charge;
};

static json_t *day_json(struct day day)
{
    char text[16];

    calendar_day_text(day, text);
    return json_string(text);
}

/* ---- lines ---- */

static void set_volumes(json_t *document, const struct line *line)
{
    const struct {
        const char *calls, *bytes;
        struct volume volume;
    } volumes[] = {
        {"calls", "bytes", line->all},
        {"billed_calls", "billed_bytes", line->charge.billed},
        {"free_calls", "free_bytes", line->charge.free},
        {"excluded_calls", "excluded_bytes", line->excluded},
    };

    for (size_t i = 0; i < sizeof volumes / sizeof *volumes; i++) {
        json_object_set_new(document, volumes[i].calls, json_integer(volumes[i].volume.calls));
        json_object_set_new(document, volumes[i].bytes, json_integer(volumes[i].volume.bytes));
    }
}

/* digits: of the total.  Nobody has no minimum. */
static void set_amounts(json_t *document, const struct rating *rating,
                        const struct rating_charge *charge, bool is_nobody)
{
    cleanup_free char *total = money_text(charge->total, rating->digits);
    cleanup_free char *minimum = money_exact_text(charge->minimum, 2);

    json_object_set_new(document, "call_charge", rating_charge_amount(charge->calls));
    json_object_set_new(document, "data_charge", rating_charge_amount(charge->bytes));
    if (!is_nobody)
        json_object_set_new(document, "minimum_charge", rating_charge_text(rating, minimum));
    json_object_set_new(document, "total", json_string(total));
}

static void set_customer(json_t *document, const struct rating *rating,
                         const struct account *account)
{
    const char *name = price_book_customers_name(rating->book, account->id);

    if (!name)
        name = account->user ? account->user : "";
    json_object_set_new(document, "customer", json_string(account->id));
    json_object_set_new(document, "name", json_string(name));
}

static int add_line(struct line *sum, const struct line *line, struct err *e)
{
    struct rating_charge *total = &sum->charge;
    const struct rating_charge *charge = &line->charge;

    return volume_add(&sum->all, line->all, e) || volume_add(&sum->excluded, line->excluded, e) ||
                   volume_add(&total->billed, charge->billed, e) ||
                   volume_add(&total->free, charge->free, e) ||
                   money_add(&total->calls, charge->calls, e) ||
                   money_add(&total->bytes, charge->bytes, e) ||
                   money_add(&total->minimum, charge->minimum, e) ||
                   money_add(&total->total, charge->total, e)
               ? -1
               : 0;
}

/* NULL on overflow.  sum: NULL for nobody's line, which is no part of it. */
static json_t *line_json(const struct rating *rating, const struct account *account,
                         struct line *sum, struct err *e)
{
    struct line line = {.all = account->all, .excluded = account->excluded};
    json_t *document;

    if (rating_charge(rating, account, &line.charge, e) || (sum && add_line(sum, &line, e))) {
        json_decref(line.charge.detail);
        return NULL;
    }
    document = json_object();
    if (account->id)
        set_customer(document, rating, account);
    set_volumes(document, &line);
    set_amounts(document, rating, &line.charge, !account->id);
    json_object_set_new(document, "detail", line.charge.detail);
    return document;
}

/* ---- the bill ---- */

static json_t *segments_json(const struct rating *rating)
{
    json_t *list = json_array();

    for (size_t i = 0; i < rating->segment_count; i++) {
        const struct segment *segment = &rating->segments[i];

        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o}", "from", day_json(segment->from), "to",
                            day_json(segment->to), "prices_from",
                            segment->prices ? day_json(segment->prices->from) : json_null()));
    }
    return list;
}

static json_t *head_json(const struct rating *rating)
{
    const struct price_book *book = rating->book;
    char month[16];

    calendar_month_text(rating->days.first, month);
    return json_pack("{s:i, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "format_version", 1,
                     "month", month, "first_day", day_json(rating->days.first), "last_day",
                     day_json(rating->days.last), "currency", book->currency, "time_zone",
                     book->zone, "tz_version", time_zone_version(), "rounding", book->rounding,
                     "price_book", book->hash, "customers_hash", book->customers_hash, "segments",
                     segments_json(rating));
}

/* All customers' lines, one by one; -1 on overflow. */
static int give_lines(const struct rating *rating, struct line *sum,
                      const struct rating_taker *taker, struct err *e)
{
    for (size_t i = 0; i < rating->account_count; i++) {
        json_auto_t *line = line_json(rating, rating->accounts[i], sum, e);

        if (!line)
            return -1;
        taker->take(taker->arg, line);
    }
    return 0;
}

static void set_warnings(json_t *bill, const struct rating *rating)
{
    json_t *warnings = json_object();

    for (int i = 0; i < RATING_DOUBTS; i++)
        if (rating->doubts[i])
            json_object_set_new(warnings, rating_doubt_names[i], json_integer(rating->doubts[i]));
    if (json_object_size(warnings))
        json_object_set(bill, "warnings", warnings);
    json_decref(warnings);
}

json_t *rating_document(const struct rating *rating, const struct rating_taker *taker,
                        struct err *e)
{
    struct line sum = {0};
    json_t *nobody = NULL, *bill, *totals;

    if (!give_lines(rating, &sum, taker, e))
        nobody = line_json(rating, rating->nobody, NULL, e);
    if (!nobody)
        return NULL;
    totals = json_object();
    set_volumes(totals, &sum);
    set_amounts(totals, rating, &sum.charge, false);
    bill = head_json(rating);
    json_object_set_new(bill, "lines", json_array());
    json_object_set_new(bill, "unattributed", nobody);
    json_object_set_new(bill, "totals", totals);
    set_warnings(bill, rating);
    return bill;
}
