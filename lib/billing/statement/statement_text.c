/* statement_text.c -- a statement as plain text, and what both forms say alike. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/statement/statement_render.h"

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

static void add_party(struct str *text, const char *what, const json_t *party)
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

static void add_head(struct str *text, const json_t *document)
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
    add_party(text, "from", json_object_get(document, "seller"));
    add_party(text, "to", json_object_get(document, "buyer"));
}

static void add_taxes(struct str *text, const json_t *document, const char *currency)
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

    add_head(&text, document);
    str_add_char(&text, '\n');
    json_array_foreach(json_object_get(document, "lines"), i, line)
        str_addf(&text, "%3s  %s\n     %s\n", json_text(line, "id"), json_text(line, "description"),
                 json_text(line, "working"));
    str_add_char(&text, '\n');
    add_amount(&text, "subtotal", json_text(document, "subtotal"), currency);
    add_amount(&text, "rounding", json_text(document, "rounding"), currency);
    add_amount(&text, "net", json_text(document, "net"), currency);
    add_taxes(&text, document, currency);
    add_amount(&text, "total", json_text(document, "total"), currency);
    add_pair(&text, "terms", json_text(document, "terms"));
    add_pair(&text, "rounding rule", json_text(document, "rounding_rule"));
    return str_take(&text);
}
