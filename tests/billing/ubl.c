/* ubl -- electronic invoices for tests: reads one statement per line, and prints a line for each:
 * what keeps it from being an invoice, as a JSON list, or, when nothing does, the document as a
 * JSON text. */
#include "billing/bookkeeping/ubl.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static json_t *answer(const json_t *statement)
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

int main(void)
{
    cleanup_free char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        json_auto_t *statement = json_loads(line, 0, NULL), *said = NULL;
        cleanup_free char *text = NULL;

        if (!statement)
            abort();
        said = answer(statement);
        text = json_dumps(said, JSON_ENCODE_ANY);
        (void)puts(text);
    }
    return 0;
}
