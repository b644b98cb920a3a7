/* A price book and usage: {"billing", "month", "lines": [[segment, sub, user, route, status, calls,
 * bytes, doubts...]]}.  The bill is the same in whatever order usage comes and however it is cut;
 * its lines add up, exactly; overflow is an error, never a wrap; and what SQL is told of the book
 * is a whole expression. */
#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/list_price.h"
#include "billing/prices/price_book_words.h"
#include "billing/prices/rating.h"
#include "billing/prices/settings.h"
#include "spec/lint/sql.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 64 };

static void on_problem(void *arg, const char *path, const char *problem)
{
    ++*(int *)arg;
    must(path);
    fuzz_told(problem);
}

/* ---- usage ---- */

static int64_t number_at(const json_t *line, size_t i)
{
    return json_integer_value(json_array_get(line, i));
}

static size_t read_usage(const json_t *lines, size_t segments, struct usage_line *usage)
{
    size_t count = json_array_size(lines) < MOST_LINES ? json_array_size(lines) : MOST_LINES;

    for (size_t i = 0; i < count; i++) {
        const json_t *line = json_array_get(lines, i);

        usage[i] = (struct usage_line){
            .segment = (size_t)number_at(line, 0) % segments,
            .sub = json_string_value(json_array_get(line, 1)),
            .user = json_string_value(json_array_get(line, 2)),
            .route = json_string_value(json_array_get(line, 3)),
            .status = json_string_value(json_array_get(line, 4)),
            .calls = number_at(line, 5),
            .bytes = number_at(line, 6),
        };
        for (size_t j = 0; j < RATING_DOUBTS; j++)
            usage[i].doubts[j] = number_at(line, 7 + j);
    }
    return count;
}

/* ---- sums ---- */

static struct money amount(const json_t *line, const char *name)
{
    struct err e = {0};
    struct money money = {0};

    must(!money_parse(json_text(line, name), &money, &e));
    return money;
}

/* No money is owed to a customer, and a total is its charges, rounded once. */
static void check_line(const json_t *line, int digits)
{
    static const char *const parts[] = {"billed_calls", "free_calls", "excluded_calls",
                                        "billed_bytes", "free_bytes", "excluded_bytes"};
    struct money zero = {0}, sum = amount(line, "call_charge");
    struct err e = {0};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        must(json_whole(line, parts[i]) >= 0);
    must(!money_add(&sum, amount(line, "data_charge"), &e));
    if (json_object_get(line, "minimum_charge"))
        must(!money_add(&sum, amount(line, "minimum_charge"), &e));
    must(money_compare(amount(line, "total"), zero) >= 0);
    /* Amounts are told with all their decimals, but parsed with twelve. */
    if (!strchr(json_text(line, "call_charge"), '.') &&
        !strchr(json_text(line, "data_charge"), '.'))
        must(!money_compare(money_round(sum, digits), amount(line, "total")));
}

static void check_sums(const json_t *bill)
{
    const json_t *totals = json_object_get(bill, "totals"), *line;
    struct money sum = {0};
    struct err e = {0};
    json_int_t calls = 0, bytes = 0;
    size_t i;

    json_array_foreach(json_object_get(bill, "lines"), i, line) {
        check_line(line, money_currency_digits(json_text(bill, "currency")));
        must(!money_add(&sum, amount(line, "total"), &e));
        calls += json_whole(line, "calls");
        bytes += json_whole(line, "bytes");
    }
    must(!money_compare(sum, amount(totals, "total")));
    must(calls == json_whole(totals, "calls") && bytes == json_whole(totals, "bytes"));
}

/* ---- the bill ---- */

static json_t *rate(const struct price_book *book, struct day month, const struct usage_line *usage,
                    size_t count)
{
    struct err e = {0};
    json_t *bill = rating_bill(book, calendar_month(month), usage, count, &e);

    if (!bill)
        fuzz_error(&e);
    return bill;
}

/* The same usage the other way round, each line in two. */
static size_t cut(const struct usage_line *usage, size_t count, struct usage_line *out)
{
    size_t n = 0;

    for (size_t i = count; i-- > 0;) {
        struct usage_line half = usage[i], rest = usage[i];

        half.calls /= 2;
        half.bytes /= 3;
        rest.calls -= half.calls;
        rest.bytes -= half.bytes;
        memset(half.doubts, 0, sizeof half.doubts);
        out[n++] = rest;
        out[n++] = half;
    }
    return n;
}

/* Counted apart, one piece here and one there, then joined. */
static json_t *rate_apart(const struct price_book *book, struct day month,
                          const struct usage_line *usage, size_t count)
{
    struct rating *both[] = {rating_new(book, calendar_month(month)),
                             rating_new(book, calendar_month(month))};
    struct err e = {0};
    json_t *bill = NULL;
    bool failed = false;

    for (size_t i = 0; i < count && !failed; i++)
        failed = rating_add(both[i / 3 % 2], &usage[i], &e) != 0;
    if (!failed && !rating_join(both[0], both[1], &e)) {
        bill = rating_end(both[0], &e);
    } else {
        rating_free(both[0]);
        if (failed)
            rating_free(both[1]);
    }
    if (!bill)
        fuzz_error(&e);
    return bill;
}

static void bill_twice(const struct price_book *book, const json_t *request)
{
    struct usage_line usage[MOST_LINES], pieces[2 * MOST_LINES];
    struct day starts[PRICE_BOOK_SEGMENTS], month;
    json_auto_t *bill = NULL, *again = NULL, *apart = NULL;
    struct err e = {0};
    size_t segments, count, cuts;

    if (!json_text(request, "month") ||
        calendar_parse_month(json_text(request, "month"), &month, &e))
        return;
    segments = price_book_segments(book, calendar_month(month), starts);
    must(segments >= 1 && segments <= PRICE_BOOK_SEGMENTS);
    count = read_usage(json_object_get(request, "lines"), segments, usage);
    bill = rate(book, month, usage, count);
    cuts = cut(usage, count, pieces);
    again = rate(book, month, pieces, cuts);
    apart = rate_apart(book, month, pieces, cuts);
    must(!bill == !again && (!bill || json_equal(bill, again)));
    must(!bill == !apart && (!bill || json_equal(bill, apart)));
    if (bill)
        check_sums(bill);
}

/* ---- words ---- */

/* No statement ends in it, no comment and no text goes on behind it, and its parentheses close. */
static void check_expression(const char *text)
{
    cleanup_free char *framed = mem_printf("f(1%s) g", *text == ',' ? text : "");
    cleanup_free char *other = mem_printf("f((%s)) g", text);
    struct sql sql = sql_read(*text == ',' ? framed : other);

    must(sql.count > 3 && sql_is(&sql, sql.count - 1, "g"));
    must(sql_close(&sql, 1) == sql.count - 2 && !sql_has(&sql, 0, sql.count, ";"));
    sql_free(&sql);
}

static void check_words(const json_t *section)
{
    static const char *const names[] = {"billing_max_response", "billing_log_groups",
                                        "billing_currency_digits", "billing_call_price",
                                        "billing_gib_price"};

    struct price_book *book = price_book_new(section);
    json_auto_t *words = price_book_words(section, book);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = json_text(words, names[i]);

        must(text);
        if (*text)
            check_expression(text);
    }
    price_book_free(book);
}

/* The book is the same in canonical form as in the form that it was read from. */
static void check_hash(const json_t *section, const struct price_book *book)
{
    cleanup_free char *text = json_canonical(section);
    json_auto_t *again = json_parse(text, strlen(text));
    struct price_book *other = price_book_new(again);

    must(!strcmp(price_book_hash(book), price_book_hash(other)));
    price_book_free(other);
}

FUZZ_TARGET(rating)
{
    struct fuzz_input input = {data, size};
    json_auto_t *request = fuzz_json(&input);
    const json_t *section = json_object_get(request, "billing");
    int told = 0, problems;
    struct price_book *book;

    if (!json_is_object(section))
        return;
    problems = price_book_check(section, on_problem, &told);
    must(problems == told);
    if (problems)
        return;
    check_words(section);
    book = price_book_new(section);
    check_hash(section, book);
    bill_twice(book, request);
    price_book_free(book);
}
