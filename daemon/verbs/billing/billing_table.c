#include "daemon/verbs/billing/billing_table.h"

#include "base/json.h"
#include "billing/bookkeeping/focus.h"
#include "billing/bookkeeping/line_table.h"
#include "billing/statement/statement.h"

static void flush(struct str *rows)
{
    (void)fputs(str_text(rows), stdout);
    str_fini(rows);
}

static enum focus_version version_of(enum output_format output)
{
    return output == OUTPUT_FOCUS ? FOCUS_1_2 : FOCUS_1_4;
}

static int print_line(const struct price_book *book, const json_t *bill, const json_t *line,
                      enum output_format output, struct err *e)
{
    const struct statement statement = {.book = book, .bill = bill, .line = line};
    json_auto_t *document = statement_make(&statement, e);
    struct str rows = {0};

    if (!document)
        return -1;
    if (output == OUTPUT_LINES)
        line_table_add(&rows, document);
    else
        focus_add(&rows, document, version_of(output));
    flush(&rows);
    return 0;
}

int billing_table_print(const struct price_book *book, const struct bill_packed *packed,
                        enum output_format output, struct err *e)
{
    const json_t *bill = bill_packed_head(packed);
    struct str head = {0};

    if (output == OUTPUT_LINES)
        line_table_head(&head);
    else
        focus_head(&head, version_of(output));
    flush(&head);
    for (size_t i = 0; i < bill_packed_count(packed); i++) {
        json_auto_t *line = bill_packed_line(packed, i);

        if (print_line(book, bill, line, output, e))
            return -1;
    }
    return output == OUTPUT_LINES
               ? print_line(book, bill, json_object_get(bill, "unattributed"), output, e)
               : 0;
}
