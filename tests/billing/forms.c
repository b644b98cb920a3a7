/* forms -- statements as other programs read them, for tests: one statement per line on standard
 * input.
 *
 * forms ubl        a line for each: what keeps it from being an invoice, as a JSON list, or, when
 * nothing does, the document as a JSON text forms 1.2, 1.4   FOCUS of all of them forms lines the
 * table of all of them */
#include "base/mem.h"
#include "billing/bookkeeping/focus.h"
#include "billing/bookkeeping/line_table.h"
#include "billing/bookkeeping/ubl.h"

#include <stdio.h>
#include <string.h>

static json_t *invoice(const json_t *statement)
{
    json_t *missing = ubl_missing(statement);
    struct err e = {0};
    cleanup_free char *text = ubl_text(statement, &e);

    if (!text == !json_array_size(missing)) /* the one or the other */
        abort();
    if (!text)
        return missing;
    json_decref(missing);
    return json_string(text);
}

static void add(struct str *out, const char *form, const json_t *statement)
{
    if (strcmp(form, "ubl") == 0) {
        json_auto_t *said = invoice(statement);
        cleanup_free char *text = json_dumps(said, JSON_ENCODE_ANY);

        str_addf(out, "%s\n", text);
    } else if (strcmp(form, "lines") == 0) {
        line_table_add(out, statement);
    } else {
        focus_add(out, statement, strcmp(form, "1.2") == 0 ? FOCUS_1_2 : FOCUS_1_4);
    }
}

int main(int count, char **arguments)
{
    const char *form = count > 1 ? arguments[1] : "ubl";
    cleanup_free char *line = NULL;
    struct str out = {0};
    size_t room = 0;

    if (strcmp(form, "lines") == 0)
        line_table_head(&out);
    else if (strcmp(form, "ubl") != 0)
        focus_head(&out, strcmp(form, "1.2") == 0 ? FOCUS_1_2 : FOCUS_1_4);
    while (getline(&line, &room, stdin) > 0) {
        json_auto_t *statement = json_loads(line, 0, NULL);

        if (!statement)
            abort();
        add(&out, form, statement);
    }
    (void)fwrite(out.data, 1, out.len, stdout);
    str_fini(&out);
    return 0;
}
