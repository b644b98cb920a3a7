#include "billing/bill/bill_amount.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

enum { WHOLE_DIGITS = 16, PICO_DIGITS = 12, REST_DIGITS = MONEY_DECIMALS - PICO_DIGITS };

/* ---- amounts ---- */

static money_integer digits(const char *text, size_t count, size_t wanted)
{
    money_integer number = 0;

    for (size_t i = 0; i < wanted; i++)
        number = number * 10 + (i < count ? text[i] - '0' : 0);
    return number;
}

/* Behind the 12th decimal come 30 more, which count 10^-42 each; a unit is 2^-30 of 10^-12, which
 * is 5^30 of those. */
int bill_amount_parse(const char *text, struct money *amount, struct err *e)
{
    const char *c = text + (*text == '-'), *fraction;
    size_t whole = strspn(c, "0123456789"), decimals;
    money_integer units, rest, fives = 1;

    fraction = c + whole + (c[whole] == '.');
    decimals = strspn(fraction, "0123456789");
    if (!whole || whole > WHOLE_DIGITS || decimals > MONEY_DECIMALS || fraction[decimals] ||
        (c[whole] == '.' && !decimals))
        return err_set(e, ERR_INVALID, "%.60s is not an amount", text);
    units = digits(c, whole, whole) * 1000000000000 + digits(fraction, decimals, PICO_DIGITS);
    rest = decimals > PICO_DIGITS
               ? digits(fraction + PICO_DIGITS, decimals - PICO_DIGITS, REST_DIGITS)
               : 0;
    for (int i = 0; i < 30; i++)
        fives *= 5;
    if (rest % fives)
        return err_set(e, ERR_INVALID, "%.60s is no amount of a bill", text);
    units = units * ((money_integer)1 << 30) + rest / fives;
    amount->units = *text == '-' ? -units : units;
    return 0;
}

static int decimals_of(const char *text)
{
    const char *dot = text ? strchr(text, '.') : NULL;

    return dot ? (int)strlen(dot + 1) : 0;
}

static char *join(const char *a, const char *b, bool minus, struct err *e)
{
    struct money first = {0}, second = {0};
    int least = decimals_of(a) > decimals_of(b) ? decimals_of(a) : decimals_of(b);

    if ((a && bill_amount_parse(a, &first, e)) || (b && bill_amount_parse(b, &second, e)))
        return NULL;
    if (minus)
        second.units = -second.units;
    return money_add(&first, second, e) ? NULL : money_exact_text(first, least);
}

char *bill_amount_plus(const char *a, const char *b, struct err *e)
{
    return join(a, b, false, e);
}

char *bill_amount_minus(const char *a, const char *b, struct err *e)
{
    return join(a, b, true, e);
}

/* ---- bills ---- */

static const char *const counts[] = {
    "calls",      "bytes",          "billed_calls",   "billed_bytes", "free_calls",
    "free_bytes", "excluded_calls", "excluded_bytes", NULL,
};
static const char *const amounts[] = {"call_charge", "data_charge", "minimum_charge", "total",
                                      NULL};

/* a and b joined; either may be NULL. *differs is set when the second is not zero throughout. */
static json_t *join_lines(const json_t *a, const json_t *b, bool minus, bool *differs,
                          struct err *e)
{
    json_t *line = json_object();
    const json_t *named = a ? a : b;

    for (const char *const *key = (const char *const[]){"customer", "name", NULL}; *key; key++)
        if (json_object_get(named, *key))
            json_object_set(line, *key, json_object_get(named, *key));
    for (const char *const *key = counts; *key; key++) {
        json_int_t first = json_integer_value(json_object_get(a, *key));
        json_int_t second = json_integer_value(json_object_get(b, *key));
        json_int_t joined = minus ? first - second : first + second;

        *differs = *differs || joined;
        json_object_set_new(line, *key, json_integer(joined));
    }
    for (const char *const *key = amounts; *key; key++) {
        const char *first = json_text(a, *key), *second = json_text(b, *key);
        cleanup_free char *joined = NULL;

        if (!first && !second)
            continue; /* unattributed usage has no minimum */
        joined = join(first, second, minus, e);
        if (!joined) {
            json_decref(line);
            return NULL;
        }
        *differs = *differs || strspn(joined, "0.") != strlen(joined);
        json_object_set_new(line, *key, json_string(joined));
    }
    return line;
}

static const char *customer_at(const struct bill_packed *bill, size_t i)
{
    return i < bill_packed_count(bill) ? bill_packed_customer(bill, i) : NULL;
}

static int join_all(struct bill_packed *joined, const struct bill_packed *a,
                    const struct bill_packed *b, bool minus, struct err *e)
{
    size_t i = 0, j = 0;

    while (i < bill_packed_count(a) || j < bill_packed_count(b)) {
        const char *left = customer_at(a, i), *right = customer_at(b, j);
        int order = !left ? 1 : !right ? -1 : strcmp(left, right);
        bool differs = !minus;
        json_auto_t *first = order <= 0 ? bill_packed_line(a, i) : NULL;
        json_auto_t *second = order >= 0 ? bill_packed_line(b, j) : NULL;
        json_auto_t *line = join_lines(first, second, minus, &differs, e);

        if (!line)
            return -1;
        if (differs)
            bill_packed_add(joined, line);
        i += order <= 0;
        j += order >= 0;
    }
    return 0;
}

static int join_parts(json_t *head, const json_t *a, const json_t *b, bool minus, struct err *e)
{
    static const char *const parts[] = {"unattributed", "totals"};
    bool ignored = false;

    if (!json_is_array(json_object_get(a, "lines")) || !json_is_array(json_object_get(b, "lines")))
        return err_set(e, ERR_INVALID, "the archived document has no lines");
    json_object_set_new(head, "lines", json_array());
    for (size_t i = 0; i < 2; i++) {
        json_t *part = join_lines(json_object_get(a, parts[i]), json_object_get(b, parts[i]), minus,
                                  &ignored, e);

        if (!part)
            return -1;
        json_object_set_new(head, parts[i], part);
    }
    return 0;
}

static struct bill_packed *join_bills(const struct bill_packed *a, const struct bill_packed *b,
                                      bool minus, struct err *e)
{
    struct bill_packed *joined = bill_packed_new();
    json_t *head = json_object();
    int failed = join_parts(head, bill_packed_head(a), bill_packed_head(b), minus, e) ||
                 join_all(joined, a, b, minus, e);

    bill_packed_set_head(joined, head);
    if (!failed)
        return joined;
    bill_packed_free(joined);
    return NULL;
}

struct bill_packed *bill_amount_bills(const struct bill_packed *later,
                                      const struct bill_packed *earlier, struct err *e)
{
    return join_bills(later, earlier, true, e);
}

struct bill_packed *bill_amount_add_bills(const struct bill_packed *earlier,
                                          const struct bill_packed *difference, struct err *e)
{
    return join_bills(earlier, difference, false, e);
}

struct joining {
    const struct bill_packed *a, *b;
    bool minus;
    struct bill_packed *joined;
    struct err *e;
};

static void join_off(void *arg)
{
    struct joining *joining = arg;

    joining->joined = join_bills(joining->a, joining->b, joining->minus, joining->e);
}

struct bill_packed *bill_amount_difference(struct flow *flow, const struct bill_packed *later,
                                           const struct bill_packed *earlier, struct err *e)
{
    struct joining joining = {later, earlier, true, NULL, e};

    flow_work(flow, join_off, &joining);
    return joining.joined;
}

struct bill_packed *bill_amount_sum(struct flow *flow, const struct bill_packed *earlier,
                                    const struct bill_packed *difference, struct err *e)
{
    struct joining joining = {earlier, difference, false, NULL, e};

    flow_work(flow, join_off, &joining);
    return joining.joined;
}
