/* rate -- the book's own arithmetic for tests: reads one JSON object per line, {"billing", "month",
 * "lines": [[day, sub, user, route, status, calls, bytes]]}, prints one bill (or {"error"}) per
 * line.  With "statements" ({"series", "issued", "before": {customer: [{"number", "net"}]}}) the
 * bill has "statements" in it, one of each line and, last, of what is nobody's; with "pages" among
 * those, "pages", too: the same as HTML. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/rating.h"
#include "billing/statement/statement.h"
#include "billing/statement/statement_render.h"

#include <string.h>

static void on_problem(void *arg, const char *path, const char *problem)
{
    json_array_append_new(arg, json_sprintf("%s: %s", path, problem));
}

static const char *text_at(const json_t *line, size_t i)
{
    return json_string_value(json_array_get(line, i));
}

/* The segment a day lies in, as a query per segment would tell it. */
static size_t segment_of(const struct price_book *book, struct day month, const char *text)
{
    struct day starts[PRICE_BOOK_SEGMENTS], day;
    struct err e = {0};
    size_t count;

    count = price_book_segments(book, calendar_month(month), starts);
    if (calendar_parse_day(text, &day, &e))
        abort();
    while (count > 1 && calendar_compare(starts[count - 1], day) > 0)
        count--;
    return count - 1;
}

/* What of the usage is a customer's (NULL: nobody's), as its breakdown. */
static json_t *breakdown_of(const struct price_book *book, const json_t *lines, const char *id)
{
    json_t *rows = json_array();
    const json_t *line;
    size_t i;

    json_array_foreach(lines, i, line) {
        struct day day = {1, 1, 1};
        struct err e = {0};
        const char *whose;

        (void)calendar_parse_day(text_at(line, 0), &day, &e);
        whose = price_book_customer(book, text_at(line, 1), day);
        if (whose ? id && !strcmp(whose, id) : !id)
            json_array_append_new(
                rows,
                json_pack("{s:O, s:O, s:O, s:O, s:O}", "day", json_array_get(line, 0), "route",
                          json_array_get(line, 3), "status", json_array_get(line, 4), "calls",
                          json_array_get(line, 5), "bytes", json_array_get(line, 6)));
    }
    return rows;
}

static json_t *statement_of(const struct price_book *book, const json_t *request,
                            const json_t *bill, const json_t *line, size_t number)
{
    const json_t *wanted = json_object_get(request, "statements");
    const char *id = json_text(line, "customer");
    cleanup_free char *text = mem_printf("%s%06zu", json_text(wanted, "series"), number);
    json_auto_t *breakdown = breakdown_of(book, json_object_get(request, "lines"), id);
    struct statement statement = {
        .book = book,
        .bill = bill,
        .line = line,
        .before = json_object_get(json_object_get(wanted, "before"), id ? id : ""),
        .number = id ? text : NULL,
        .breakdown = breakdown};
    struct err e = {0};
    json_t *document;

    (void)calendar_parse_day(json_text(wanted, "issued"), &statement.issued, &e);
    document = statement_make(&statement, &e);
    return document ? document : json_pack("{s:s}", "error", e.text);
}

static json_t *pages_of(const json_t *statements)
{
    json_t *pages = json_array(), *document;
    size_t i;

    json_array_foreach(statements, i, document) {
        cleanup_free char *page = statement_render_html(document);

        json_array_append_new(pages, json_string(page));
    }
    return pages;
}

static void add_statements(const struct price_book *book, const json_t *request, json_t *bill)
{
    json_t *statements = json_array(), *line;
    size_t i;

    json_object_set_new(bill, "pipeline", json_string("shop"));
    json_array_foreach(json_object_get(bill, "lines"), i, line)
        json_array_append_new(statements, statement_of(book, request, bill, line, i + 1));
    json_array_append_new(
        statements, statement_of(book, request, bill, json_object_get(bill, "unattributed"), 0));
    json_object_set_new(bill, "statements", statements);
    if (json_object_get(json_object_get(request, "statements"), "pages"))
        json_object_set_new(bill, "pages", pages_of(statements));
}

static json_t *rate(const json_t *request)
{
    const json_t *section = json_object_get(request, "billing");
    const json_t *lines = json_object_get(request, "lines"), *line;
    json_t *problems = json_array(), *bill;
    struct price_book *book;
    struct usage_line *usage;
    struct err e = {0};
    struct day month;
    size_t i;

    if (price_book_check(section, on_problem, problems))
        return json_pack("{s:o}", "problems", problems);
    json_decref(problems);
    if (calendar_parse_month(json_string_value(json_object_get(request, "month")), &month, &e))
        abort();
    book = price_book_new(section);
    usage = mem_new((json_array_size(lines) + 1) * sizeof *usage);
    json_array_foreach(lines, i, line)
        usage[i] = (struct usage_line){
            .segment = segment_of(book, month, text_at(line, 0)),
            .sub = text_at(line, 1),
            .user = text_at(line, 2),
            .route = text_at(line, 3),
            .status = text_at(line, 4),
            .calls = json_integer_value(json_array_get(line, 5)),
            .bytes = json_integer_value(json_array_get(line, 6)),
        };
    bill = rating_bill(book, calendar_month(month), usage, json_array_size(lines), &e);
    free(usage);
    if (bill && json_object_get(request, "statements"))
        add_statements(book, request, bill);
    price_book_free(book);
    return bill ? bill : json_pack("{s:s}", "error", e.text);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        json_auto_t *request = json_loads(line, 0, NULL);
        json_auto_t *bill = request ? rate(request) : NULL;

        if (!bill)
            return 1;
        (void)json_dumpf(bill, stdout, JSON_COMPACT);
        (void)fputc('\n', stdout);
        (void)fflush(stdout);
    }
    free(line);
    return 0;
}
