/* terminal.h -- the terminal that people sit at: its colours, its size, and one question. */
#ifndef DAEMON_VIEWS_TERMINAL_H
#define DAEMON_VIEWS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum terminal_color { TERMINAL_COLOR_AUTO, TERMINAL_COLOR_ALWAYS, TERMINAL_COLOR_NEVER };

/* `--color` "auto", "always" or "never"; false for any other word. */
bool terminal_parse_color(const char *word, enum terminal_color *color);
/* Whether to colour what goes to out.  auto: only on a terminal, with $TERM set and not "dumb", and
 * $NO_COLOR empty or unset (https://no-color.org). */
bool terminal_use_color(enum terminal_color color, FILE *out);
/* A terminal that can move its cursor ($TERM is set and not "dumb"). */
bool terminal_is_live(FILE *out);
/* Columns and rows; from the terminal, else $COLUMNS and $LINES, else 80 x 24. */
void terminal_size(FILE *out, int *columns, int *rows);

enum terminal_style {
    STYLE_PLAIN, /* ends any other */
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_RED,
    STYLE_GREEN,
    STYLE_YELLOW,
    STYLE_CYAN,
};
/* The escape sequence, marked as ours (base/printable), or "" without color. */
const char *terminal_style(bool color, enum terminal_style style);

/* Prints the question and reads a line: true only for "y" or "yes".  False without a question when
 * in or out is no terminal: then only --yes can say it. */
bool terminal_ask(FILE *in, FILE *out, const char *question);

#endif
