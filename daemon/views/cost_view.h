/* cost_view.h -- what the pipelines cost, for people: verb_cost's document as tables. */
#ifndef DAEMON_VIEWS_COST_VIEW_H
#define DAEMON_VIEWS_COST_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* {"month", "at", "calls": cost_calls.h, "pipelines": [cost_look's document with "name" and
 * "rounding", or {"name", "unknown"}]} */
void cost_view_print(const json_t *document, FILE *out, bool color);

#endif
