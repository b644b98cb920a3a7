#include "daemon/views/bill_view.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text_width.h"
#include "billing/bill/bill.h"
#include "billing/bill/bill_days.h"
#include "billing/bill/bill_render.h"
#include "billing/prices/rating.h"
#include "daemon/views/count_text.h"
#include "daemon/views/terminal_table.h"

#include <string.h>

enum { NAME_WIDTH = 28, SHOWN_DECIMALS = 6, MINIMUM = 6 };

/* An amount cut, or filled, to the decimals that are shown. */
static char *shown(const json_t *line, const char *key)
{
    const char *text = json_text(line, key);
    const char *dot = text ? strchr(text, '.') : NULL;
    const char *decimals = dot ? dot + 1 : "";

    return text
               ? mem_printf(
                     "%.*s.%.*s%.*s", dot ? (int)(dot - text) : (int)strlen(text), text,
                     SHOWN_DECIMALS, decimals,
                     strlen(decimals) < SHOWN_DECIMALS ? SHOWN_DECIMALS - (int)strlen(decimals) : 0,
                     "000000")
               : mem_text("");
}

static void add_row(struct terminal_table *table, const json_t *line, const char *customer,
                    const char *name)
{
    char **row = terminal_table_add(table);

    row[0] = text_width_exact(customer);
    row[1] = text_width_fit(name, NAME_WIDTH);
    row[2] = count_text(json_integer_value(json_object_get(line, "calls")));
    row[3] = count_text(json_integer_value(json_object_get(line, "bytes")));
    row[4] = shown(line, "call_charge");
    row[5] = shown(line, "data_charge");
    row[MINIMUM] = shown(line, "minimum_charge");
    row[7] = mem_text(json_text(line, "total"));
}

static void print_table(const struct bill_packed *packed, FILE *out, bool color)
{
    const json_t *bill = bill_packed_head(packed);
    struct terminal_table table = {.titles = {"CUSTOMER", "NAME", "CALLS", "BYTES", "CALL CHARGE",
                                              "DATA CHARGE", "MINIMUM", "TOTAL"},
                                   .left = 2};
    const json_t *totals = json_object_get(bill, "totals");
    const char *minimum = json_text(totals, "minimum_charge");

    for (size_t i = 0; i < bill_packed_count(packed); i++) {
        json_auto_t *line = bill_packed_line(packed, i);

        add_row(&table, line, json_text(line, "customer"), json_text(line, "name"));
    }
    add_row(&table, totals, "total", "");
    table.bold = table.count;
    add_row(&table, json_object_get(bill, "unattributed"), "unattributed", "(billed to nobody)");
    if (!minimum || strspn(minimum, "0.") == strlen(minimum))
        table.hidden = MINIMUM;
    terminal_table_print(&table, out, color);
    terminal_table_fini(&table);
}

static void print_volume(const json_t *bill, const char *what, const char *calls, const char *bytes,
                         FILE *out)
{
    const json_t *totals = json_object_get(bill, "totals");
    cleanup_free char *call_count = count_text(json_integer_value(json_object_get(totals, calls)));
    cleanup_free char *byte_count = count_text(json_integer_value(json_object_get(totals, bytes)));

    if (strcmp(call_count, "0") || strcmp(byte_count, "0"))
        (void)fprintf(out, "%-14s%s calls, %s bytes\n", what, call_count, byte_count);
}

static void print_warning(json_int_t calls, const char *text, FILE *out, bool color)
{
    cleanup_free char *count = count_text(calls);

    if (calls)
        (void)fprintf(out, "%swarning%s       %s %s %s\n", terminal_style(color, STYLE_YELLOW),
                      terminal_style(color, STYLE_PLAIN), count, calls == 1 ? "call" : "calls",
                      text);
}

/* Calls that are billed although something about them is not known, and those of other log groups.
 */
static void print_warnings(const json_t *bill, FILE *out, bool color)
{
    static const char *const texts[RATING_DOUBTS] = {
        [RATING_LENGTH_UNKNOWN] = "without a readable response length: billed as 0 bytes",
        [RATING_LENGTH_REFUSED] =
            "with a response length above billing.max_response: billed as 0 bytes",
        [RATING_ESTIMATED] = "without a time of their own: dated by their log event",
        [RATING_REPAIRED] = "whose line was no JSON: billed by what stands whole in it",
    };
    const json_t *warnings = json_object_get(bill, "warnings");

    for (int i = 0; i < RATING_DOUBTS; i++)
        print_warning(json_whole(warnings, rating_doubt_names[i]), texts[i], out, color);
    print_warning(
        json_whole(warnings, "foreign_calls"),
        "of log groups that billing.log_groups does not name: NOT billed; `billingd audit` "
        "names them",
        out, color);
}

static void print_evidence(const struct bill_packed *packed, FILE *out)
{
    const json_t *bill = bill_packed_head(packed);
    const json_t *source = json_object_get(bill, "source");
    const char *rollup = json_text(source, "rollup_hash");
    cleanup_free char *hash = bill_packed_hash(packed);

    print_volume(bill, "free quota", "free_calls", "free_bytes", out);
    print_volume(bill, "excluded", "excluded_calls", "excluded_bytes", out);
    (void)fprintf(out, "%-14s%s; shown to %d decimals\n", "rounding", json_text(bill, "rounding"),
                  SHOWN_DECIMALS);
    (void)fprintf(out, "%-14s%s\n", "price book", json_text(bill, "price_book"));
    (void)fprintf(out, "%-14s%s\n", "customers", json_text(bill, "customers_hash"));
    if (source)
        (void)fprintf(out, "%-14s%s (%s)\n", "query", json_text(source, "query_hash"),
                      json_text(source, "query"));
    if (json_text(source, "raw_query_hash"))
        (void)fprintf(out, "%-14s%s (usage_raw)\n", "query", json_text(source, "raw_query_hash"));
    if (rollup)
        (void)fprintf(out, "%-14s%s\n", "rollup SQL", rollup);
    (void)fprintf(out, "%-14s%s\n", "bill", hash);
}

static void print_draft(const json_t *bill, FILE *out, bool color)
{
    json_auto_t *reasons = json_array();
    const json_t *reason;
    const char *borrowed = json_text(bill, "borrowed");
    const char *raw_from = json_text(json_object_get(bill, "source"), "raw_from");
    const char *begin = terminal_style(color, STYLE_YELLOW),
               *end = terminal_style(color, STYLE_PLAIN);
    size_t i;

    if (!bill_is_draft(bill))
        return;
    bill_days_reasons(json_object_get(bill, "open_days"), reasons);
    json_array_foreach(reasons, i, reason)
        (void)fprintf(out, "%sdraft%s         %s\n", begin, end, json_string_value(reason));
    if (raw_from)
        (void)fprintf(
            out,
            "%spreview%s       days from %s on are counted from the log events that lie in the "
            "bucket\n",
            begin, end, raw_from);
    if (borrowed)
        (void)fprintf(out, "%sdraft%s         no close signs it: %s\n", begin, end, borrowed);
}

void bill_view_print(const struct bill_packed *packed, FILE *out, bool color)
{
    const json_t *bill = bill_packed_head(packed);
    const char *first = json_text(bill, "first_day");
    bool partial = first && strcmp(first + strlen("2025-10-"), "01") != 0;

    (void)fprintf(out, "%s%s of %s%s%s%s, days of %s, %s%s\n\n", terminal_style(color, STYLE_BOLD),
                  bill_is_draft(bill) ? "Draft bill" : "Bill", json_text(bill, "month"),
                  partial ? " (from " : "", partial ? first : "", partial ? " on)" : "",
                  json_text(bill, "time_zone"), json_text(bill, "currency"),
                  terminal_style(color, STYLE_PLAIN));
    print_table(packed, out, color);
    (void)fputc('\n', out);
    print_draft(bill, out, color);
    print_warnings(bill, out, color);
    print_evidence(packed, out);
}

/* ---- for programs ---- */

enum { PIECE_BYTES = 1 << 16 };

struct printing {
    FILE *out;
    struct str text;
    bool nested;
};

static void print_piece(struct printing *printing, size_t length)
{
    const char *at = str_text(&printing->text), *end = at + length;

    while (printing->nested && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        if (!newline)
            break;
        (void)fwrite(at, 1, (size_t)(newline + 1 - at), printing->out);
        (void)fputs("  ", printing->out);
        at = newline + 1;
    }
    (void)fwrite(at, 1, (size_t)(end - at), printing->out);
    printing->text.len = 0;
}

static void print_more(void *arg)
{
    struct printing *printing = arg;

    if (printing->text.len >= PIECE_BYTES)
        print_piece(printing, printing->text.len);
}

void bill_view_json(const struct bill_packed *bill, FILE *out, bool nested)
{
    struct printing printing = {.out = out, .nested = nested};

    bill_packed_json(bill, &(struct bill_text){&printing.text, print_more, &printing});
    if (printing.text.len) /* the newline is the last byte, and may be alone */
        print_piece(&printing, printing.text.len - (nested ? 1 : 0));
    str_fini(&printing.text);
}

void bill_view_csv(const struct bill_packed *bill, FILE *out)
{
    struct printing printing = {.out = out};

    bill_render_csv(bill, &(struct bill_text){&printing.text, print_more, &printing});
    print_piece(&printing, printing.text.len);
    str_fini(&printing.text);
}

static char *value_text(const json_t *value)
{
    if (json_is_integer(value))
        return mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return mem_text(json_is_string(value) ? json_string_value(value) : "nothing");
}

void bill_view_differences(const json_t *differences, const char *first, const char *second,
                           FILE *out)
{
    const json_t *difference;
    size_t i;

    json_array_foreach(differences, i, difference) {
        const char *customer = json_text(difference, "customer");
        bool warns = !strncmp(json_text(difference, "field"), "warnings.", strlen("warnings."));
        cleanup_free char *name = text_width_exact(customer ? customer
                                                   : warns  ? "all customers"
                                                            : "unattributed");
        cleanup_free char *a = value_text(json_object_get(difference, "first"));
        cleanup_free char *b = value_text(json_object_get(difference, "second"));

        (void)fprintf(out, "%s: %s: %s %s, %s %s\n", name, json_text(difference, "field"), first, a,
                      second, b);
    }
}
