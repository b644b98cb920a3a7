#include "billing/shadow/shadow_theirs.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/store/athena_query.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum part { PART_SUB, PART_CALLS, PART_BYTES, PART_AMOUNT, PARTS };

/* What each is called, the flag's word first, then the names that are known without it. */
static const struct {
    const char *name;
    const char *columns[8];
} parts[PARTS] = {
    {"sub", {"sub", "customer", "customer_id"}},
    {"calls", {"calls", "monthly_calls", "total_calls", "call_count"}},
    {"bytes", {"bytes", "total_bytes", "monthly_bytes"}},
    {"amount", {"amount", "total_charges_usd", "total", "total_amount", "charge"}},
};

/* ---- which column is what ---- */

static int part_of(const char *word, size_t length)
{
    for (int i = 0; i < PARTS; i++)
        if (strlen(parts[i].name) == length && !strncmp(parts[i].name, word, length))
            return i;
    return -1;
}

/* "part=column,..." into map; -1 and *e. */
static int each_word(const char *columns, json_t *map, struct err *e)
{
    for (const char *at = columns; *at;) {
        size_t n = strcspn(at, ","), name = strcspn(at, "=");
        int part = name < n ? part_of(at, name) : -1;

        if (part < 0 || name + 1 >= n)
            return err_set(e, ERR_INVALID,
                           "--columns: '%.*s' is not understood; like "
                           "sub=sub,calls=monthly_calls,bytes=total_bytes,amount=total_charges_usd",
                           (int)n, at);
        json_object_set_new(map, parts[part].name, json_stringn(at + name + 1, n - name - 1));
        at += n + (at[n] == ',');
    }
    return 0;
}

int shadow_theirs_check(const char *columns, struct err *e)
{
    json_auto_t *map = json_object();

    return columns ? each_word(columns, map, e) : 0;
}

static int find_column(const json_t *columns, const char *name)
{
    size_t i;
    json_t *column;

    json_array_foreach((json_t *)columns, i, column)
        if (!strcasecmp(json_string_value(column), name))
            return (int)i;
    return -1;
}

/* Fills at (-1: there is none) and theirs->columns. */
static int map_columns(const char *words, const json_t *columns, struct shadow_theirs *theirs,
                       int at[PARTS], struct err *e)
{
    json_auto_t *map = json_object();

    if (words && each_word(words, map, e))
        return -1;
    for (int i = 0; i < PARTS; i++) {
        const char *given = json_text(map, parts[i].name);

        at[i] = given ? find_column(columns, given) : -1;
        if (given && at[i] < 0)
            return err_set(e, ERR_INVALID, "--columns: the query's answer has no column %s", given);
        for (size_t j = 0; !words && at[i] < 0 && parts[i].columns[j]; j++)
            at[i] = find_column(columns, parts[i].columns[j]);
        if (at[i] >= 0)
            json_object_set(theirs->columns, parts[i].name, json_array_get(columns, (size_t)at[i]));
    }
    if (at[PART_SUB] < 0)
        return err_set(e, ERR_INVALID,
                       "the query's answer has no column with the customer's sub: say which with "
                       "--columns sub=NAME,...");
    if (at[PART_CALLS] < 0 && at[PART_BYTES] < 0 && at[PART_AMOUNT] < 0)
        return err_set(e, ERR_INVALID,
                       "the query's answer has no column with calls, bytes or an amount: say which "
                       "with --columns sub=NAME,calls=NAME,bytes=NAME,amount=NAME");
    return 0;
}

/* ---- values ---- */

/* "1.25E-4" as "0.000125": Athena prints doubles so; new text. */
static char *plain_decimal(const char *text)
{
    bool minus = *text == '-';
    size_t n = strcspn(text, "eE");
    long exponent = text[n] ? strtol(text + n + 1, NULL, 10) : 0, point = -1, count;
    cleanup_str struct str digits = {0};
    struct str out = {0};

    for (size_t i = minus; i < n; i++)
        if (text[i] == '.')
            point = (long)digits.len;
        else
            str_add_char(&digits, text[i]);
    count = (long)digits.len;
    point = (point < 0 ? count : point) + (exponent > 40 ? 40 : exponent < -40 ? -40 : exponent);
    str_add(&out, minus ? "-" : "");
    if (point <= 0)
        str_add(&out, "0.");
    for (long i = point < 0 ? point : 0; i < count || i < point; i++) {
        if (i == point && i > 0)
            str_add(&out, ".");
        str_add_char(&out, i < 0 || i >= count ? '0' : digits.data[i]);
    }
    return str_take(&out);
}

static int read_amount(const char *text, struct money *amount, struct err *e)
{
    cleanup_free char *plain = text[strspn(text, "0123456789.+-eE")] ? NULL : plain_decimal(text);

    if (!plain || money_parse(plain, amount, e))
        return err_set(e, ERR_INVALID, "the query's answer: '%s' is no amount", text);
    return 0;
}

/* A whole number, also as "12.0" or "1.2E3". */
static int read_number(const char *text, int64_t *number, struct err *e)
{
    cleanup_free char *plain = text[strspn(text, "0123456789.+-eE")] ? NULL : plain_decimal(text);
    char *end = NULL;

    errno = 0;
    *number = plain ? strtoll(plain, &end, 10) : 0;
    if (!plain || end == plain || errno || (*end == '.' ? end[1 + strspn(end + 1, "0")] : *end))
        return err_set(e, ERR_INVALID, "the query's answer: '%s' is no whole number", text);
    return 0;
}

static struct shadow_their *item_of(struct shadow_theirs *theirs, const char *sub)
{
    cleanup_free char *key = mem_printf("%s%s", sub ? "=" : "", sub ? sub : "");
    const json_t *known = json_object_get(theirs->index, key);
    struct shadow_their *item;

    if (known)
        return &theirs->items[json_integer_value(known)];
    json_object_set_new(theirs->index, key, json_integer((json_int_t)theirs->count));
    theirs->items = mem_resize(theirs->items, theirs->count + 1, sizeof *theirs->items);
    item = &theirs->items[theirs->count++];
    *item = (struct shadow_their){.sub = mem_text(sub)};
    return item;
}

static int take_row(struct shadow_theirs *theirs, const json_t *row, const int at[PARTS],
                    struct err *e)
{
    const char *sub = json_string_value(json_array_get(row, (size_t)at[PART_SUB]));
    struct shadow_their *item = item_of(theirs, sub && *sub && strcmp(sub, "-") != 0 ? sub : NULL);

    for (int i = PART_CALLS; i < PARTS; i++) {
        const char *text = at[i] < 0 ? NULL : json_string_value(json_array_get(row, (size_t)at[i]));
        struct money amount = {0};
        int64_t number = 0;

        if (!text || !*text)
            continue; /* NULL: a sum of nothing */
        if (i == PART_AMOUNT ? read_amount(text, &amount, e) : read_number(text, &number, e))
            return -1;
        if (i == PART_AMOUNT && money_add(&item->amount, amount, e))
            return -1;
        item->calls += i == PART_CALLS ? number : 0;
        item->bytes += i == PART_BYTES ? number : 0;
    }
    return 0;
}

/* ---- the query ---- */

int shadow_theirs_read(struct flow *flow, const struct billing *billing,
                       const struct shadow_question *question, struct shadow_theirs *theirs,
                       struct err *e)
{
    json_auto_t *queries = json_copy(billing->queries), *values = json_object();
    const struct athena_question asked = {"compare", values, NULL};
    struct billing with = *billing;
    struct athena_result result = {0};
    int at[PARTS] = {0}, failed;
    size_t i;
    json_t *row;

    *theirs = (struct shadow_theirs){.columns = json_object(), .index = json_object()};
    json_object_set_new(queries, "compare", json_string(question->text));
    json_object_set_new(values, "year", json_sprintf("%d", question->month.year));
    json_object_set_new(values, "month", json_sprintf("%d", question->month.month));
    with.queries = queries;
    failed = athena_query_run(flow, &with, &asked, &result, e) ||
             map_columns(question->columns, result.columns, theirs, at, e);
    json_array_foreach(failed ? NULL : result.rows, i, row)
        if (!failed)
            failed = take_row(theirs, row, at, e);
    if (!failed) {
        theirs->has_calls = at[PART_CALLS] >= 0;
        theirs->has_bytes = at[PART_BYTES] >= 0;
        theirs->has_amount = at[PART_AMOUNT] >= 0;
    }
    athena_query_result_fini(&result);
    return failed ? -1 : 0;
}

void shadow_theirs_fini(struct shadow_theirs *theirs)
{
    for (size_t i = 0; i < theirs->count; i++)
        free(theirs->items[i].sub);
    free(theirs->items);
    json_decref(theirs->columns);
    json_decref(theirs->index);
    *theirs = (struct shadow_theirs){0};
}
