/* terminal.h -- what people see: colour, one question, and the progress of `apply`.
 *
 * On a terminal progress is a small area redrawn in place; elsewhere one line per event.  The
 * cursor is never hidden and no mode of the terminal is changed, so there is nothing to restore
 * when the process dies.  Control characters in texts (AWS's messages) are shown as '?'. */
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
/* The escape sequence, or "" without color. */
const char *terminal_style(bool color, enum terminal_style style);

/* Columns text takes: wide (East Asian) characters count two, combining ones none. */
int terminal_width(const char *text);
/* text without control characters, cut to columns (then ending in an ellipsis); new memory. */
char *terminal_fit(const char *text, int columns);

/* Prints the question and reads a line: true only for "y" or "yes".  False without a question when
 * in or out is no terminal: then only --yes can say it. */
bool terminal_ask(FILE *in, FILE *out, const char *question);

/* ---- progress ---- */

struct progress;

enum progress_verdict { PROGRESS_UNCHANGED, PROGRESS_CHANGED, PROGRESS_BLOCKED, PROGRESS_FAILED };

/* total: resources in this run, for the count; color as terminal_use_color says. */
struct progress *progress_start(FILE *out, size_t total, bool color);
/* resource is at work: state is a word ("creating"), detail what it waits for, or NULL.  The first
 * call for a resource starts its clock.  Without a terminal a line is written when state or detail
 * changed. */
void progress_update(struct progress *progress, const char *resource, const char *state,
                     const char *detail);
/* resource is finished; text is what happened ("created", an error), or NULL.  A line is written
 * for all but PROGRESS_UNCHANGED. */
void progress_done(struct progress *progress, const char *resource, enum progress_verdict verdict,
                   const char *text);
/* Any other line, kept above the live area. */
void progress_print(struct progress *progress, const char *text);
/* Redraws the live area; call it about every 200 ms from a timer.  Nothing is drawn in the first
 * second; does nothing without a terminal. */
void progress_tick(struct progress *progress);
/* Takes the live area away and frees.  NULL is harmless. */
void progress_end(struct progress *progress);

#endif
