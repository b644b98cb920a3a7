/* json_view.h -- what is printed for programs (-o json). */
#ifndef DAEMON_VIEWS_JSON_VIEW_H
#define DAEMON_VIEWS_JSON_VIEW_H

#include <jansson.h>

/* Prints a document on standard output, indented, with a line break at its end.  -1 when it could
 * not be written. */
int json_view_print(const json_t *document);
/* The same without known secrets: of what AWS or a spec tells, and is no data of a bill. */
int json_view_print_told(const json_t *document);
/* A value as one line for people, at most so many columns wide, without known secrets: a text as it
 * is, all else as compact JSON, nothing for NULL; new text. */
char *json_view_line(const json_t *value, const char *nothing, int columns);

#endif
