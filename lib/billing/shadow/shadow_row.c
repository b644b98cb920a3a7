#include "billing/shadow/shadow_row.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"

#define UNEXPLAINED "unexplained"

struct difference {
    int64_t calls, bytes;
    struct money amount;
};

struct making {
    struct shadow_table *table;
    const struct shadow_row *row;
    json_t *reasons;
    struct difference left; /* theirs less ours, less the reasons so far */
};

/* ---- reasons ---- */

static json_t *reason_json(const struct shadow_table *table, const char *code,
                           const struct difference *part)
{
    cleanup_free char *amount = table->has_amount ? money_exact_text(part->amount, 2) : NULL;

    return json_pack("{s:s, s:I, s:I, s:s*}", "code", code, "calls", (json_int_t)part->calls,
                     "bytes", (json_int_t)part->bytes, "amount", amount);
}

/* Into the sums of all customers. */
static int sum_up(struct shadow_table *table, const char *code, const struct difference *part,
                  struct err *e)
{
    json_t *known = json_object_get(table->reasons, code);
    cleanup_free char *amount = money_exact_text(part->amount, 2);
    cleanup_free char *sum = bill_amount_plus(json_text(known, "amount"), amount, e);

    if (!sum)
        return -1;
    json_object_set_new(table->reasons, code,
                        json_pack("{s:I, s:I, s:I, s:s}", "customers",
                                  json_whole(known, "customers") + 1, "calls",
                                  json_whole(known, "calls") + part->calls, "bytes",
                                  json_whole(known, "bytes") + part->bytes, "amount", sum));
    return 0;
}

static int tell(struct making *m, const char *code, const struct difference *part, struct err *e)
{
    if (!part->calls && !part->bytes && !part->amount.units)
        return 0;
    json_array_append_new(m->reasons, reason_json(m->table, code, part));
    m->left.calls -= part->calls;
    m->left.bytes -= part->bytes;
    m->left.amount.units -= part->amount.units;
    return sum_up(m->table, code, part, e);
}

/* Lines that only one side counts. */
static int tell_usage(struct making *m, struct err *e)
{
    for (int i = 0; i < SHADOW_REASONS; i++) {
        struct shadow_sum sum = m->row->share->reasons[i];
        struct difference part = {sum.calls, sum.bytes, {0}};

        if (!m->table->has_bytes && !m->table->has_amount)
            part.bytes = 0;
        if (!m->table->has_calls && !m->table->has_amount)
            part.calls = 0;
        if (m->table->has_amount && shadow_amount_of(&m->table->prices, sum, &part.amount, e))
            return -1;
        if (tell(m, shadow_fit_codes[i], &part, e))
            return -1;
    }
    return 0;
}

/* ---- money ---- */

static int line_amount(const json_t *line, const char *field, struct money *sum, struct err *e)
{
    const char *text = json_text(line, field);
    struct money amount = {0};

    return text && (bill_amount_parse(text, &amount, e) || money_add(sum, amount, e)) ? -1 : 0;
}

/* What our bill says of the customer: its charges, and the rounded total. */
static int our_amounts(const json_t *line, struct money *charges, struct money *total,
                       struct err *e)
{
    return line_amount(line, "call_charge", charges, e) ||
                   line_amount(line, "data_charge", charges, e) ||
                   line_amount(line, "minimum_charge", charges, e) ||
                   line_amount(line, "total", total, e)
               ? -1
               : 0;
}

/* From our usage at the list price to our bill, and from their usage to their amount. */
static int tell_money(struct making *m, struct err *e)
{
    const struct shadow_row *row = m->row;
    struct money charges = {0}, total = {0}, list, predicted;
    struct money theirs = row->their ? row->their->amount : (struct money){0};
    struct difference prices = {0}, rounding = {0}, division = {0};
    enum shadow_arithmetic how;

    if (row->sub && our_amounts(row->line, &charges, &total, e))
        return -1;
    if (shadow_amount_of(&m->table->prices, row->share->ours, &list, e) ||
        shadow_amount_of(&m->table->prices, row->share->predicted, &predicted, e))
        return -1;
    prices.amount.units = list.units - charges.units;
    rounding.amount.units = charges.units - total.units;
    how = shadow_amount_how(&m->table->prices, row->share->predicted, theirs);
    if (how == SHADOW_DIVISION)
        division.amount.units = theirs.units - predicted.units;
    else if (how != SHADOW_NEITHER)
        rounding.amount.units += theirs.units - predicted.units;
    return tell(m, row->sub ? "price_book" : shadow_fit_codes[SHADOW_UNATTRIBUTED], &prices, e) ||
                   tell(m, "division", &division, e) || tell(m, "rounding", &rounding, e)
               ? -1
               : 0;
}

/* ---- both sides ---- */

static json_t *whole_json(int64_t ours, int64_t theirs)
{
    return json_pack("{s:I, s:I, s:I}", "ours", (json_int_t)ours, "theirs", (json_int_t)theirs,
                     "difference", (json_int_t)(theirs - ours));
}

static json_t *money_json(struct money ours, struct money theirs)
{
    struct money difference = {theirs.units - ours.units};
    cleanup_free char *a = money_exact_text(ours, 2), *b = money_exact_text(theirs, 2),
                      *c = money_exact_text(difference, 2);

    return json_pack("{s:s, s:s, s:s}", "ours", a, "theirs", b, "difference", c);
}

/* Sets both sides, and what is between them. */
static int put_sides(struct making *m, json_t *document, struct err *e)
{
    const struct shadow_row *row = m->row;
    const struct shadow_their none = {0}, *their = row->their ? row->their : &none;
    int64_t calls = json_whole(row->line, "calls"), bytes = json_whole(row->line, "bytes");
    struct money total = {0};

    if (row->sub && line_amount(row->line, "total", &total, e))
        return -1;
    if (m->table->has_calls)
        json_object_set_new(document, "calls", whole_json(calls, their->calls));
    if (m->table->has_bytes)
        json_object_set_new(document, "bytes", whole_json(bytes, their->bytes));
    if (m->table->has_amount)
        json_object_set_new(document, "amount", money_json(total, their->amount));
    m->left.calls = their->calls - calls;
    m->left.bytes = their->bytes - bytes;
    m->left.amount.units = m->table->has_amount ? their->amount.units - total.units : 0;
    return 0;
}

/* What their answer does not tell cannot be left over. */
static void forget_untold(struct making *m)
{
    m->left.calls = m->table->has_calls ? m->left.calls : 0;
    m->left.bytes = m->table->has_bytes ? m->left.bytes : 0;
}

json_t *shadow_row_json(struct shadow_table *table, const struct shadow_row *row, struct err *e)
{
    json_t *document = json_pack("{s:s?}", "customer", row->sub);
    struct making m = {table, row, json_array(), {0}};
    int failed =
        put_sides(&m, document, e) || tell_usage(&m, e) || (table->has_amount && tell_money(&m, e));
    struct difference left;

    forget_untold(&m);
    left = m.left;
    json_object_set_new(document, "explained",
                        json_boolean(!left.calls && !left.bytes && !left.amount.units));
    failed = failed || tell(&m, UNEXPLAINED, &left, e);
    json_object_set_new(document, "reasons", m.reasons);
    if (!failed)
        return document;
    json_decref(document);
    return NULL;
}
