/* terminal_table.h -- rows of text in columns as wide as they need to be. */
#ifndef DAEMON_VIEWS_TERMINAL_TABLE_H
#define DAEMON_VIEWS_TERMINAL_TABLE_H

#include "daemon/views/terminal.h"

#include <stddef.h>
#include <stdio.h>

enum { TERMINAL_TABLE_COLUMNS = 8 };

/* Zero it and set titles. */
struct terminal_table {
    const char *titles[TERMINAL_TABLE_COLUMNS]; /* ends at the first NULL; borrowed */
    size_t left;                                /* columns of words; the others are numbers */
    size_t hidden;                              /* this column is not shown; 0: all are */
    size_t bold;                                /* this row, counted from 1; 0: none */
    char *(*rows)[TERMINAL_TABLE_COLUMNS];
    size_t count;
};

/* A new row of empty cells, for the caller to fill with new texts (NULL prints as nothing). */
char **terminal_table_add(struct terminal_table *table);
/* Titles, then all rows: words to the left, numbers to the right. */
void terminal_table_print(const struct terminal_table *table, FILE *out, bool color);
void terminal_table_fini(struct terminal_table *table);

#endif
