/* rate -- the book's own arithmetic for tests: reads one JSON object per line, {"billing", "month",
 * "lines": [[day, sub, user, route, status, calls, bytes]]}, prints one bill (or {"error"}) per
 * line. */
#include "base/mem.h"
#include "billing/prices/rating.h"

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
