#include "daemon/views/terminal_table.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/text_width.h"

enum { GAP = 2 };

char **terminal_table_add(struct terminal_table *table)
{
    char **row;

    table->rows = mem_resize(table->rows, table->count + 1, sizeof *table->rows);
    row = table->rows[table->count++];
    for (size_t c = 0; c < TERMINAL_TABLE_COLUMNS; c++)
        row[c] = NULL;
    return row;
}

static int width_of(const struct terminal_table *table, size_t column)
{
    int widest = text_width(table->titles[column]);

    for (size_t i = 0; i < table->count; i++) {
        const char *cell = table->rows[i][column];
        int width = cell ? text_width(cell) : 0;

        widest = width > widest ? width : widest;
    }
    return widest;
}

static bool is_last(const struct terminal_table *table, size_t column)
{
    return column + 1 == TERMINAL_TABLE_COLUMNS || !table->titles[column + 1];
}

struct page {
    const struct terminal_table *table;
    int widths[TERMINAL_TABLE_COLUMNS];
    FILE *out;
    bool color;
};

static void print_row(const struct page *page, const char *const *cells, enum terminal_style style)
{
    const struct terminal_table *table = page->table;
    cleanup_str struct str line = {0};

    for (size_t c = 0; c < TERMINAL_TABLE_COLUMNS && table->titles[c]; c++) {
        const char *cell = cells[c] ? cells[c] : "";
        int pad = page->widths[c] - text_width(cell);
        bool left = c < table->left;

        if (table->hidden && c == table->hidden)
            continue;
        str_addf(&line, "%*s%s%*s%*s", left ? 0 : pad, "", cell, left ? pad : 0, "",
                 is_last(table, c) ? 0 : GAP, "");
    }
    (void)fprintf(page->out, "%s%s%s\n", terminal_style(page->color, style), str_text(&line),
                  terminal_style(page->color, STYLE_PLAIN));
}

void terminal_table_print(const struct terminal_table *table, FILE *out, bool color)
{
    struct page page = {.table = table, .out = out, .color = color};

    for (size_t c = 0; c < TERMINAL_TABLE_COLUMNS && table->titles[c]; c++)
        page.widths[c] = width_of(table, c);
    print_row(&page, table->titles, STYLE_DIM);
    for (size_t i = 0; i < table->count; i++)
        print_row(&page, (const char *const *)table->rows[i],
                  table->bold && i + 1 == table->bold ? STYLE_BOLD : STYLE_PLAIN);
}

void terminal_table_fini(struct terminal_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        for (size_t c = 0; c < TERMINAL_TABLE_COLUMNS; c++)
            free(table->rows[i][c]);
    free(table->rows);
    *table = (struct terminal_table){0};
}
