#include "billing/statement/statement_render.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_DECIMALS = 8 };

const char *statement_render_title(const json_t *document)
{
    static const struct {
        const char *kind, *title;
    } titles[] = {
        {"credit_note", "Credit note"}, {"draft", "Draft"}, {"unattributed", "Unattributed usage"}};
    const char *kind = json_text(document, "kind");

    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (kind && !strcmp(kind, titles[i].kind))
            return titles[i].title;
    return "Invoice";
}

char *statement_render_amount(const char *amount)
{
    const char *digits = amount + (*amount == '-');
    size_t whole = strcspn(digits, ".");
    struct str text = {0};

    if (digits != amount)
        str_add(&text, "\xe2\x88\x92"); /* minus */
    for (size_t i = 0; i < whole; i++) {
        if (i && (whole - i) % 3 == 0)
            str_add_char(&text, ',');
        str_add_char(&text, digits[i]);
    }
    if (strlen(digits + whole) > SHOWN_DECIMALS + 1) {
        str_add_n(&text, digits + whole, SHOWN_DECIMALS + 1);
        str_add(&text, "\xe2\x80\xa6"); /* ellipsis */
    } else {
        str_add(&text, digits + whole);
    }
    return str_take(&text);
}

/* ---- text ---- */

static void add_pair(struct str *text, const char *name, const char *value)
{
    if (value && *value)
        str_addf(text, "%-14s%s\n", name, value);
}

static void add_party_text(struct str *text, const char *what, const json_t *party)
{
    const char *name = json_text(party, "name");
    const json_t *line;
    size_t i;

    if (!json_is_object(party))
        return;
    add_pair(text, what, name ? name : json_text(party, "customer"));
    json_array_foreach(json_object_get(party, "address"), i, line)
        add_pair(text, "", json_string_value(line));
    add_pair(text, "", json_text(party, "country"));
    add_pair(text, "  tax id", json_text(party, "tax_id"));
    add_pair(text, "  customer", json_text(party, "customer"));
    add_pair(text, "  reference", json_text(party, "reference"));
}

static void add_amount(struct str *text, const char *name, const char *amount, const char *currency)
{
    cleanup_free char *shown = statement_render_amount(amount ? amount : "0");

    str_addf(text, "%-14s%s %s\n", name, shown, currency ? currency : "");
}

static void add_head_text(struct str *text, const json_t *document)
{
    const json_t *period = json_object_get(document, "period"), *reference;
    size_t i;

    str_addf(text, "%s%s%s\n\n", statement_render_title(document),
             json_text(document, "number") ? " " : "",
             json_text(document, "number") ? json_text(document, "number") : "");
    add_pair(text, "issued", json_text(document, "issue_date"));
    add_pair(text, "due", json_text(document, "due_date"));
    str_addf(text, "%-14s%s to %s (%s)\n", "period", json_text(period, "from"),
             json_text(period, "to"), json_text(period, "time_zone"));
    json_array_foreach(json_object_get(document, "references"), i, reference)
        add_pair(text, "corrects", json_text(reference, "number"));
    add_party_text(text, "from", json_object_get(document, "seller"));
    add_party_text(text, "to", json_object_get(document, "buyer"));
}

static void add_taxes_text(struct str *text, const json_t *document, const char *currency)
{
    const json_t *tax;
    size_t i;

    json_array_foreach(json_object_get(document, "taxes"), i, tax) {
        cleanup_free char *name = mem_printf("tax %s %%", json_text(tax, "rate"));

        add_amount(text, name, json_text(tax, "amount"), currency);
        add_pair(text, "", json_text(tax, "reason"));
    }
}

char *statement_render_text(const json_t *document)
{
    const char *currency = json_text(document, "currency");
    struct str text = {0};
    const json_t *line;
    size_t i;

    add_head_text(&text, document);
    str_add_char(&text, '\n');
    json_array_foreach(json_object_get(document, "lines"), i, line)
        str_addf(&text, "%3s  %s\n     %s\n", json_text(line, "id"), json_text(line, "description"),
                 json_text(line, "working"));
    str_add_char(&text, '\n');
    add_amount(&text, "subtotal", json_text(document, "subtotal"), currency);
    add_amount(&text, "rounding", json_text(document, "rounding"), currency);
    add_amount(&text, "net", json_text(document, "net"), currency);
    add_taxes_text(&text, document, currency);
    add_amount(&text, "total", json_text(document, "total"), currency);
    add_pair(&text, "terms", json_text(document, "terms"));
    add_pair(&text, "rounding rule", json_text(document, "rounding_rule"));
    return str_take(&text);
}

/* ---- the page ---- */

/* No script, no asset: Content-Security-Policy says so to whoever opens it. */
static const char head_of_page[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<style>\n"
    "@page{size:A4;margin:16mm 15mm 18mm;@bottom-right{content:counter(page) \" / \" "
    "counter(pages);font:8pt system-ui,sans-serif;color:#555}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:2rem 1.25rem;max-width:52rem;background:#fff;color:#1a1a1a;"
    "font:15px/1.45 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"Noto Sans "
    "KR\",\"Malgun Gothic\",\"Noto Sans Arabic\",sans-serif;"
    "font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\n"
    "h1{margin:0 0 .25rem;font-size:1.7rem;line-height:1.2}\n"
    "h1 bdi{display:inline-block}\n"
    "h2{margin:2rem 0 .5rem;font-size:1.05rem;break-after:avoid}\n"
    "p{margin:.25rem 0}\n"
    ".draft{margin:0 0 1rem;padding:.5rem .75rem;border:2px solid #8a5a00;background:#fff6e0;"
    "color:#5c3c00;font-weight:600}\n"
    "dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0}\n"
    "dt{color:#555}dd{margin:0}.when{white-space:nowrap}\n"
    ".parties{display:grid;grid-template-columns:1fr 1fr;gap:1rem 2rem;margin:1.5rem 0}\n"
    ".parties h2{margin:0 0 .25rem;color:#555;font-size:.85rem;font-weight:600}\n"
    "address{font-style:normal}\n"
    ".name{font-weight:600}\n"
    "table{width:100%;border-collapse:collapse;break-inside:auto}\n"
    "thead{display:table-header-group}\n"
    "tr{break-inside:avoid}\n"
    "th,td{padding:.4rem .5rem;border-bottom:1px solid #d5d5d5;text-align:start;"
    "vertical-align:top}\n"
    "th{border-bottom:2px solid #777;font-size:.85rem;color:#444;font-weight:600}\n"
    "th:first-child,td:first-child{padding-inline-start:0}"
    "th::first-letter{text-transform:uppercase}th:last-child,td:last-child{padding-inline-end:0}\n"
    ".n{text-align:end}\n"
    ".usage .n,.usage .d,.usage th{white-space:nowrap}.usage .r{min-width:3rem}\n"
    ".rule::first-letter{text-transform:uppercase}\n"
    ".lines .n,.sums .n{white-space:nowrap}\n"
    ".working{display:block;color:#555;font-size:.85rem}\n"
    ".sums{width:auto;min-width:60%;margin:1rem 0 0 auto;break-inside:avoid}\n"
    ".sums th{border-bottom:1px solid #d5d5d5;font-size:inherit;font-weight:400;color:inherit}\n"
    ".sums .total th,.sums .total td{border-top:2px solid #1a1a1a;border-bottom:0;"
    "font-weight:700;font-size:1.15rem}\n"
    ".small{color:#555;font-size:.85rem}\n"
    "@media (max-width:40rem){body{padding:1rem}.parties{grid-template-columns:1fr}"
    ".sums{width:100%}"
    ".lines thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    ".lines tbody,.lines tr,.lines td{display:block}"
    ".lines tr{padding:.6rem 0;border-bottom:1px solid #d5d5d5}"
    ".lines td{padding:.1rem 0;border:0;text-align:start}"
    ".lines td[data-of]{display:flex;justify-content:space-between;gap:1rem}"
    ".lines td[data-of]::before{content:attr(data-of);color:#555}"
    "th,td{padding:.35rem .25rem}.usage{font-size:.75rem}.usage th{font-size:.7rem}}\n"
    "@media print{body{max-width:none;padding:0;font-size:9.5pt}h1{font-size:17pt}"
    "th,td{padding:.2rem .5rem}h2{margin-top:1.25rem}"
    ".draft{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n"
    "</style>\n";

/* ---- the page: pieces ---- */

static void add_escaped(struct str *page, const char *text)
{
    for (const char *c = text ? text : ""; *c; c++)
        str_add_html(page, (unsigned char)*c < ' ' || *c == 127 ? '?' : *c);
}

/* What others wrote, in whatever direction it runs. */
static void add_foreign(struct str *page, const char *text)
{
    str_add(page, "<bdi dir=\"auto\">");
    add_escaped(page, text);
    str_add(page, "</bdi>");
}

static void add_fact(struct str *page, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    str_addf(page, "<dt>%s</dt><dd>", name);
    add_foreign(page, value);
    str_add(page, "</dd>\n");
}

static void add_shown_amount(struct str *page, const char *amount)
{
    cleanup_free char *shown = statement_render_amount(amount ? amount : "0");

    add_escaped(page, shown);
}

static char *count_text(json_int_t count)
{
    cleanup_free char *text = mem_printf("%" JSON_INTEGER_FORMAT, count);

    return statement_render_amount(text);
}

/* ---- head ---- */

static void add_title(struct str *page, const json_t *document)
{
    const char *number = json_text(document, "number"), *kind = json_text(document, "kind");
    const char *title = statement_render_title(document);

    str_addf(page, "%s<title>%s ", head_of_page, title);
    add_escaped(page, number ? number : json_text(json_object_get(document, "period"), "month"));
    str_add(page, "</title>\n</head>\n<body>\n<header>\n");
    if (kind && !strcmp(kind, "draft"))
        str_add(page, "<p class=\"draft\">Draft: no invoice, and what arrives later is not on "
                      "it.</p>\n");
    if (kind && !strcmp(kind, "unattributed"))
        str_add(page, "<p class=\"draft\">Nobody is billed for this usage: it has no "
                      "customer.</p>\n");
    str_addf(page, "<h1>%s", title);
    if (number) {
        str_add_char(page, ' ');
        add_foreign(page, number);
    }
    str_add(page, "</h1>\n");
}

/* The zone of the days, and the two instants, each on one line. */
static void add_zone(struct str *page, const json_t *period)
{
    str_add(page, "<dt>Time zone</dt><dd>");
    add_foreign(page, json_text(period, "time_zone"));
    str_add(page, ", <span class=\"when\">");
    add_escaped(page, json_text(period, "begins"));
    str_add(page, "</span> to <span class=\"when\">");
    add_escaped(page, json_text(period, "ends"));
    str_add(page, "</span></dd>\n");
}

static void add_facts(struct str *page, const json_t *document)
{
    const json_t *period = json_object_get(document, "period"), *one;
    cleanup_free char *days =
        mem_printf("%s to %s", json_text(period, "from"), json_text(period, "to"));
    size_t i;

    str_add(page, "<dl class=\"facts\">\n");
    add_fact(page, "Issued", json_text(document, "issue_date"));
    add_fact(page, "Due", json_text(document, "due_date"));
    add_fact(page, "Period", days);
    add_zone(page, period);
    json_array_foreach(json_object_get(document, "references"), i, one) {
        const char *issued = json_text(one, "issue_date");
        cleanup_free char *text = mem_printf("%s%s%s", json_text(one, "number"),
                                             issued ? " of " : "", issued ? issued : "");

        add_fact(page, "Corrects", text);
    }
    add_fact(page, "Your reference", json_text(json_object_get(document, "buyer"), "reference"));
    str_add(page, "</dl>\n");
}

/* Nothing where there is no text. */
static void add_paragraph(struct str *page, const char *begin, const char *text)
{
    if (!text)
        return;
    str_add(page, begin);
    add_foreign(page, text);
    str_add(page, "</p>\n");
}

static void add_party(struct str *page, const char *what, const json_t *party)
{
    const char *name = json_text(party, "name"), *customer = json_text(party, "customer");
    const json_t *line;
    size_t i;

    if (!json_is_object(party))
        return;
    str_addf(page, "<section>\n<h2>%s</h2>\n<p class=\"name\">", what);
    add_foreign(page, name ? name : customer);
    str_add(page, "</p>\n<address>");
    json_array_foreach(json_object_get(party, "address"), i, line) {
        add_foreign(page, json_string_value(line));
        str_add(page, "<br>\n");
    }
    add_escaped(page, json_text(party, "country"));
    str_add(page, "</address>\n");
    add_paragraph(page, "<p>Tax ID ", json_text(party, "tax_id"));
    add_paragraph(page, "<p class=\"small\">Customer ", customer);
    str_add(page, "</section>\n");
}

/* ---- lines ---- */

static void add_unit_price(struct str *page, const json_t *line)
{
    const char *unit = json_text(line, "unit");

    add_shown_amount(page, json_text(line, "unit_price"));
    str_add(page, unit && !strcmp(unit, "byte")   ? " / GiB"
                  : unit && !strcmp(unit, "call") ? " / call"
                                                  : "");
}

static void add_line(struct str *page, const json_t *line)
{
    cleanup_free char *quantity = statement_render_amount(json_text(line, "quantity"));
    const char *unit = json_text(line, "unit");

    str_add(page, "<tr><td>");
    add_escaped(page, json_text(line, "description"));
    str_add(page, "<span class=\"working\">");
    add_escaped(page, json_text(line, "working"));
    str_addf(page, "</span></td><td class=\"n\" data-of=\"Quantity\">%s%s</td>", quantity,
             unit && !strcmp(unit, "byte") ? " B" : "");
    str_add(page, "<td class=\"n\" data-of=\"Price\"><span>");
    add_unit_price(page, line);
    str_add(page, "</span></td><td class=\"n\" data-of=\"Amount\"><span>");
    add_shown_amount(page, json_text(line, "amount"));
    str_add(page, "</span></td></tr>\n");
}

static void add_lines(struct str *page, const json_t *document)
{
    const json_t *line;
    size_t i;

    str_add(page, "<h2>Lines</h2>\n<table class=\"lines\">\n<thead><tr><th>What</th><th "
                  "class=\"n\">Quantity</th><th class=\"n\">Price</th><th class=\"n\">Amount, ");
    add_escaped(page, json_text(document, "currency"));
    str_add(page, "</th></tr></thead>\n<tbody>\n");
    json_array_foreach(json_object_get(document, "lines"), i, line)
        add_line(page, line);
    str_add(page, "</tbody>\n</table>\n");
}

/* ---- sums ---- */

static void add_sum(struct str *page, const char *row, const char *name, const char *amount,
                    const char *currency)
{
    str_addf(page, "<tr%s><th scope=\"row\">", row);
    add_escaped(page, name);
    str_add(page, "</th><td class=\"n\">");
    add_shown_amount(page, amount);
    if (currency) {
        str_add_char(page, ' ');
        add_escaped(page, currency);
    }
    str_add(page, "</td></tr>\n");
}

static const char *category_words(const char *category)
{
    return !category || !strcmp(category, "S") ? "Tax"
           : !strcmp(category, "Z")            ? "Tax, zero rated"
           : !strcmp(category, "E")            ? "Tax, exempt"
           : !strcmp(category, "AE")           ? "Tax, reverse charge"
                                               : "Outside the scope of tax";
}

static void add_sums(struct str *page, const json_t *document)
{
    const char *currency = json_text(document, "currency");
    const json_t *tax;
    size_t i;

    str_add(page, "<table class=\"sums\">\n<tbody>\n");
    add_sum(page, "", "Sum of the lines", json_text(document, "subtotal"), NULL);
    add_sum(page, "", "Rounding", json_text(document, "rounding"), NULL);
    add_sum(page, "", "Net", json_text(document, "net"), NULL);
    json_array_foreach(json_object_get(document, "taxes"), i, tax) {
        cleanup_free char *taxable = statement_render_amount(json_text(tax, "taxable"));
        cleanup_free char *name =
            mem_printf("%s %s %% of %s", category_words(json_text(tax, "category")),
                       json_text(tax, "rate"), taxable);

        add_sum(page, "", name, json_text(tax, "amount"), NULL);
    }
    add_sum(page, " class=\"total\"", "Total", json_text(document, "total"), currency);
    str_add(page, "</tbody>\n</table>\n");
}

static void add_terms(struct str *page, const json_t *document)
{
    const json_t *tax;
    size_t i;

    json_array_foreach(json_object_get(document, "taxes"), i, tax)
        add_paragraph(page, "<p>", json_text(tax, "reason"));
    add_paragraph(page, "<p>", json_text(document, "terms"));
    str_add(page, "<p class=\"small rule\">");
    add_escaped(page, json_text(document, "rounding_rule"));
    str_add(page, ".</p>\n");
}

/* ---- what was used ---- */

static void add_usage_head(struct str *page, const char *title, const char *const *columns)
{
    str_addf(page, "<h2>%s</h2>\n<table class=\"usage\">\n<thead><tr>", title);
    for (size_t i = 0; columns[i]; i++)
        str_addf(page, "<th>%s</th>", columns[i]);
    str_add(page, "<th class=\"n\">Calls</th><th class=\"n\">Bytes</th></tr></thead>\n<tbody>\n");
}

static void add_counts(struct str *page, json_int_t calls, json_int_t bytes)
{
    cleanup_free char *left = count_text(calls), *right = count_text(bytes);

    str_addf(page, "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n", left, right);
}

static void add_cell(struct str *page, const char *key, const char *text)
{
    str_addf(page, "<td class=\"%s\">", strcmp(key, "route") ? "d" : "r");
    if (text)
        add_foreign(page, text);
    else
        str_add(page, "\xe2\x80\x93"); /* the log does not say */
    str_add(page, "</td>");
}

/* Text of a member of the rows -> [calls, bytes]; new reference. */
static json_t *sums_by(const json_t *rows, const char *key)
{
    json_t *sums = json_object(), *sum;
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row) {
        const char *name = json_text(row, key) ? json_text(row, key) : "";

        sum = json_object_get(sums, name);
        if (!sum) {
            sum = json_pack("[i, i]", 0, 0);
            json_object_set_new(sums, name, sum);
        }
        json_integer_set(json_array_get(sum, 0),
                         json_integer_value(json_array_get(sum, 0)) + json_whole(row, "calls"));
        json_integer_set(json_array_get(sum, 1),
                         json_integer_value(json_array_get(sum, 1)) + json_whole(row, "bytes"));
    }
    return sums;
}

/* What the log does not say ("") comes last, as in the rows. */
static int by_text(const void *a, const void *b)
{
    const char *one = *(const char *const *)a, *two = *(const char *const *)b;

    return *one && *two ? strcmp(one, two) : !*one - !*two;
}

/* Sums of the rows by one of their members, in the order of its texts. */
static void add_by(struct str *page, const json_t *rows, const char *title, const char *key)
{
    json_auto_t *sums = sums_by(rows, key);
    cleanup_free const char **names = mem_resize(NULL, json_object_size(sums), sizeof *names);
    size_t count = 0;
    const char *name;
    json_t *sum;

    json_object_foreach(sums, name, sum)
        names[count++] = name;
    qsort(names, count, sizeof *names, by_text);
    add_usage_head(page, title, (const char *const[]){title + strlen("By "), NULL});
    for (size_t i = 0; i < count; i++) {
        sum = json_object_get(sums, names[i]);
        str_add(page, "<tr>");
        add_cell(page, key, *names[i] ? names[i] : NULL);
        add_counts(page, json_integer_value(json_array_get(sum, 0)),
                   json_integer_value(json_array_get(sum, 1)));
    }
    str_add(page, "</tbody>\n</table>\n");
}

static void add_breakdown(struct str *page, const json_t *document)
{
    const json_t *rows = json_object_get(document, "breakdown"), *row;
    size_t i;

    if (!json_array_size(rows))
        return;
    add_by(page, rows, "By day", "day");
    add_by(page, rows, "By route", "route");
    add_by(page, rows, "By status", "status");
    add_usage_head(page, "By day, route and status",
                   (const char *const[]){"Day", "Route", "Status", NULL});
    json_array_foreach(rows, i, row) {
        str_add(page, "<tr>");
        add_cell(page, "day", json_text(row, "day"));
        add_cell(page, "route", json_text(row, "route"));
        add_cell(page, "status", json_text(row, "status"));
        add_counts(page, json_whole(row, "calls"), json_whole(row, "bytes"));
    }
    str_add(page, "</tbody>\n</table>\n");
}

char *statement_render_html(const json_t *document)
{
    struct str page = {0};

    add_title(&page, document);
    add_facts(&page, document);
    str_add(&page, "<div class=\"parties\">\n");
    add_party(&page, "From", json_object_get(document, "seller"));
    add_party(&page, "To", json_object_get(document, "buyer"));
    str_add(&page, "</div>\n</header>\n<main>\n");
    add_lines(&page, document);
    add_sums(&page, document);
    add_terms(&page, document);
    add_breakdown(&page, document);
    str_add(&page, "</main>\n</body>\n</html>\n");
    return str_take(&page);
}
