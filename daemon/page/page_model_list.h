/* page_model_list.h -- many pipelines on one page: how many are in each state, and a row for some
 * of them, the worst first. */
#ifndef DAEMON_PAGE_PAGE_MODEL_LIST_H
#define DAEMON_PAGE_PAGE_MODEL_LIST_H

#include <jansson.h>

/* briefs: as board_document_briefs has them; from: the first row, from 1 on; what is no row's number
 * is the nearest.  {"states": [{"state", "count"}], "rows": [{"name", "state", "resources",
 * "differ", "unknown", "unwell"}], "first", "last", "count", "before", "after": the first row of
 * the page before and after, null: there is none}.  New reference. */
json_t *page_model_list(const json_t *briefs, json_int_t from);

#endif
