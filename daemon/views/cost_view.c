#include "daemon/views/cost_view.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/views/count_text.h"
#include "daemon/views/terminal_table.h"

#include <string.h>

enum { DECIMALS = 6 };

/* An amount with some of its decimals, the rest cut off; "?": there is none. */
static char *amount_text(const json_t *amount)
{
    const char *text = json_string_value(amount), *dot = text ? strchr(text, '.') : NULL;

    if (!text)
        return mem_text("?");
    return dot && strlen(dot) > DECIMALS + 1 ? mem_text_n(text, (size_t)(dot - text) + DECIMALS + 1)
                                             : mem_text(text);
}

static bool is_bytes(const json_t *line)
{
    return !strncmp(json_text(line, "measure"), "byte", 4);
}

static char *quantity_text(const json_t *line, json_int_t quantity)
{
    return is_bytes(line) ? count_text_size((double)quantity) : count_text(quantity);
}

static void fill_side(const json_t *line, const json_t *side, char **cells)
{
    json_int_t least = json_whole(side, "quantity"), most = json_whole(side, "at_most");

    if (!json_is_object(side)) {
        cells[0] = mem_text(json_text(line, "unknown") ? "unknown" : "");
        cells[1] = mem_text(json_text(line, "unknown") ? "?" : "");
        return;
    }
    cells[0] = quantity_text(line, least);
    cells[1] = amount_text(json_object_get(side, "amount"));
    if (most > least) {
        cleanup_free char *first = cells[0];
        cleanup_free char *last = quantity_text(line, most);

        cells[0] = mem_printf("%s to %s", first, last);
    }
}

static void add_line(struct terminal_table *table, const json_t *line, bool over)
{
    const char *place = json_text(line, "place"), *price = json_text(line, "price");
    char **cells = terminal_table_add(table);

    cells[0] = mem_text(json_text(line, "name"));
    cells[1] = mem_printf("%s%s%s", json_text(line, "what"), place ? " " : "", place ? place : "");
    cells[2] = price ? mem_printf("%s / %s", price, json_text(line, "per")) : mem_text("none");
    fill_side(line, json_object_get(line, "used"), cells + 3);
    if (!over)
        fill_side(line, json_object_get(line, "month"), cells + 5);
}

static bool is_same_reason(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "unknown"), json_object_get(b, "unknown")) &&
           json_whole(a, "unknown_days") == json_whole(b, "unknown_days");
}

/* A reason once, with all lines that are unknown for it. */
static void print_unknown(const json_t *lines, FILE *out)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *first = json_array_get(lines, i), *line;
        bool told = false;
        size_t j;

        for (j = 0; j < i; j++)
            told = told || is_same_reason(json_array_get(lines, j), first);
        if (told || !json_text(first, "unknown"))
            continue;
        json_array_foreach(lines, j, line) {
            const char *place = json_text(line, "place");

            if (j >= i && is_same_reason(line, first))
                (void)fprintf(out, "%s%s%s%s", j == i ? "unknown: " : ", ", json_text(line, "name"),
                              place ? " " : "", place ? place : "");
        }
        (void)fprintf(out, "; %lld days: %s\n", (long long)json_whole(first, "unknown_days"),
                      json_text(first, "unknown"));
    }
}

static void print_lines(const json_t *pipeline, bool over, FILE *out, bool color)
{
    struct terminal_table table = {
        .titles = {"UNIT", "WHAT", "PRICE", over ? "USED" : "SO FAR", "COSTS"}, .left = 3};
    const json_t *line;
    size_t i;

    if (!over) {
        table.titles[5] = "WHOLE MONTH";
        table.titles[6] = "COSTS";
    }
    json_array_foreach(json_object_get(pipeline, "lines"), i, line)
        add_line(&table, line, over);
    terminal_table_print(&table, out, color);
    terminal_table_fini(&table);
    (void)fputc('\n', out);
    print_unknown(json_object_get(pipeline, "lines"), out);
}

static void print_total(const char *title, const json_t *total, const char *currency, FILE *out)
{
    const char *least = json_text(total, "amount"), *most = json_text(total, "amount_at_most");
    const json_t *lack;
    size_t i;

    if (!json_is_object(total))
        return;
    (void)fprintf(out, "%s: %s%s", title,
                  json_array_size(json_object_get(total, "lacks")) ? "at least " : "", least);
    if (strcmp(least, most) != 0)
        (void)fprintf(out, " to %s", most);
    (void)fprintf(out, " %s", currency);
    json_array_foreach(json_object_get(total, "lacks"), i, lack)
        (void)fprintf(out, "%s%s",
                      i ? ", " : "; not or not wholly in it: ", json_string_value(lack));
    (void)fputc('\n', out);
}

/* What the rows of a setting take for granted, each once. */
static void print_assumed(const json_t *settings, FILE *out)
{
    for (size_t i = 0; i < json_array_size(settings); i++) {
        const json_t *row = json_array_get(settings, i);
        const char *setting = json_text(row, "setting"), *assumes = json_text(row, "assumes");
        bool told = false;

        for (size_t j = 0; j < i; j++)
            told = told || (!strcmp(json_text(json_array_get(settings, j), "setting"), setting) &&
                            !strcmp(json_text(json_array_get(settings, j), "assumes"), assumes));
        if (!told)
            (void)fprintf(out, "%s: %s\n", setting, assumes);
    }
}

static void print_settings(const json_t *pipeline, FILE *out, bool color)
{
    struct terminal_table table = {
        .titles = {"SETTING", "IS", "IF IT WERE", "UNIT", "IN A MONTH", "COSTS"}, .left = 4};
    const json_t *settings = json_object_get(pipeline, "settings"), *row;
    size_t i;

    json_array_foreach(settings, i, row) {
        json_int_t change = json_whole(row, "change");
        char **cells = terminal_table_add(&table);
        cleanup_free char *size = quantity_text(row, change < 0 ? -change : change);

        cells[0] = mem_text(json_text(row, "setting"));
        cells[1] = mem_text(json_text(row, "now"));
        cells[2] = mem_text(json_text(row, "other"));
        cells[3] = mem_text(json_text(row, "name"));
        cells[4] = mem_printf("%s%s", change < 0 ? "-" : "+", size);
        cells[5] = amount_text(json_object_get(row, "amount"));
    }
    if (table.count) {
        (void)fputc('\n', out);
        terminal_table_print(&table, out, color);
        print_assumed(settings, out);
    }
    terminal_table_fini(&table);
}

static void print_pipeline(const json_t *pipeline, const char *month, FILE *out, bool color)
{
    const char *unknown = json_text(pipeline, "unknown");
    const json_t *total = json_object_get(pipeline, "total");
    bool over = !json_is_object(json_object_get(total, "month"));
    const char *currency = json_text(pipeline, "currency");

    (void)fprintf(out, "\n%s, %s (UTC)%s%s\n", json_text(pipeline, "name"), month,
                  unknown ? ": unknown: " : "", unknown ? unknown : "");
    if (unknown)
        return;
    print_lines(pipeline, over, out, color);
    print_total(over ? "total" : "so far", json_object_get(total, "used"), currency, out);
    print_total("whole month, as it is going", json_object_get(total, "month"), currency, out);
    (void)fprintf(out, "%s\n", json_text(pipeline, "rounding"));
    print_settings(pipeline, out, color);
}

/* Since when the daemon counts, and what of that a month is told by. */
static void print_daemon(const json_t *daemon, FILE *out)
{
    const json_t *steady = json_object_get(daemon, "steady");
    char since[TIMESTAMP_ROOM];

    if (!json_is_object(daemon))
        return;
    timestamp_text(json_whole(daemon, "since"), since);
    (void)fprintf(out, "  the daemon has counted since %s: %lld looks, %lld of them steady", since,
                  (long long)json_whole(daemon, "looks"), (long long)json_whole(steady, "looks"));
    if (json_whole(steady, "looks"))
        (void)fprintf(out, ", with %lld to %lld calls until the next",
                      (long long)json_whole(steady, "least"),
                      (long long)json_whole(steady, "most"));
    (void)fputc('\n', out);
}

static void print_calls(const json_t *calls, FILE *out)
{
    const json_t *look = json_object_get(calls, "look"), *line;
    const char *service, *lacks = json_text(calls, "lacks");
    json_t *count;
    size_t i;
    bool more = false;

    (void)fprintf(out, "billingd's calls: %lld in a look, %lld looks in a month, %s%lld calls",
                  (long long)json_whole(look, "calls"), (long long)json_whole(calls, "looks"),
                  !strcmp(json_text(calls, "source"), "look") ? "at least " : "about ",
                  (long long)json_whole(calls, "calls"));
    if (json_is_integer(json_object_get(calls, "calls_most")))
        (void)fprintf(out, ", %lld to %lld", (long long)json_whole(calls, "calls_least"),
                      (long long)json_whole(calls, "calls_most"));
    (void)fputs(" (", out);
    json_object_foreach(json_object_get((json_t *)calls, "by"), service, count) {
        (void)fprintf(out, "%s%s %lld", more ? ", " : "", service,
                      (long long)json_integer_value(count));
        more = true;
    }
    (void)fprintf(out, ")\n");
    print_daemon(json_object_get(calls, "daemon"), out);
    if (json_text(calls, "daemon_unknown"))
        (void)fprintf(out, "unknown: what the daemon does beside its looks: %s\n",
                      json_text(calls, "daemon_unknown"));
    json_array_foreach(json_object_get(calls, "lines"), i, line) {
        cleanup_free char *amount = amount_text(json_object_get(line, "amount"));

        (void)fprintf(out, "  %s: %lld requests, %s %s\n", json_text(line, "name"),
                      (long long)json_whole(line, "quantity"), amount,
                      json_text(calls, "currency"));
    }
    if (lacks)
        (void)fprintf(out, "  not in it: %s\n", lacks);
    json_array_foreach(json_object_get(calls, "intervals"), i, line)
        (void)fprintf(out, "  with reconcile.interval %s: %lld calls\n",
                      json_text(line, "interval"), (long long)json_whole(line, "calls"));
}

void cost_view_print(const json_t *document, FILE *out, bool color)
{
    const json_t *pipeline;
    size_t i;

    print_calls(json_object_get(document, "calls"), out);
    json_array_foreach(json_object_get(document, "pipelines"), i, pipeline)
        print_pipeline(pipeline, json_text(document, "month"), out, color);
}
