#include "billing/statement_store/statement_tables.h"

#include "billing/bookkeeping/focus.h"
#include "billing/bookkeeping/line_table.h"
#include "billing/bulk/gzip.h"

enum { MEMBER = 1 << 20 }; /* bytes of rows that are packed at a time */

const char *const statement_tables_names[STATEMENT_TABLES] = {
    "statements.focus.csv.gz", "statements.focus-1.4.csv.gz", "statements.lines.csv.gz"};

static void pack(struct statement_tables *tables, size_t least)
{
    for (size_t i = 0; i < STATEMENT_TABLES; i++)
        if (tables->rows[i].len >= least) {
            gzip_pack(str_text(&tables->rows[i]), tables->rows[i].len, &tables->packed[i]);
            str_fini(&tables->rows[i]);
        }
}

static void begin(struct statement_tables *tables)
{
    if (tables->begun)
        return;
    tables->begun = true;
    focus_head(&tables->rows[0], FOCUS_1_2);
    focus_head(&tables->rows[1], FOCUS_1_4);
    line_table_head(&tables->rows[2]);
}

void statement_tables_add(struct statement_tables *tables, const json_t *document)
{
    begin(tables);
    focus_add(&tables->rows[0], document, FOCUS_1_2);
    focus_add(&tables->rows[1], document, FOCUS_1_4);
    line_table_add(&tables->rows[2], document);
    pack(tables, MEMBER);
}

void statement_tables_end(struct statement_tables *tables)
{
    begin(tables);
    pack(tables, 1);
}

void statement_tables_fini(struct statement_tables *tables)
{
    for (size_t i = 0; i < STATEMENT_TABLES; i++) {
        str_fini(&tables->packed[i]);
        str_fini(&tables->rows[i]);
    }
    *tables = (struct statement_tables){0};
}
