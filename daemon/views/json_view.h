/* json_view.h -- what is printed for programs (-o json). */
#ifndef DAEMON_VIEWS_JSON_VIEW_H
#define DAEMON_VIEWS_JSON_VIEW_H

#include <jansson.h>

/* Prints a document on standard output, indented, with a line break at its end.  -1 when it could
 * not be written. */
int json_view_print(const json_t *document);

#endif
