/* text_diff.h -- two texts line by line: what went, what came, a little of what stayed. */
#ifndef DAEMON_VIEWS_TEXT_DIFF_H
#define DAEMON_VIEWS_TEXT_DIFF_H

#include <stdbool.h>
#include <stdio.h>

/* Prints the lines that differ ("-" in red, "+" in green) with one line of context around them,
 * each after indent.  Texts of more than TEXT_DIFF_LINES lines are shown whole, one after the
 * other. */
void text_diff_print(const char *have, const char *want, const char *indent, FILE *out, bool color);

enum { TEXT_DIFF_LINES = 2000 };

#endif
