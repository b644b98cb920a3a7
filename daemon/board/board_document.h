/* board_document.h -- what is on the board, as the documents of the API (docs/openapi.yaml).
 *
 * What returns a value returns a new reference; the others add a part of the rows to a list, and
 * return whether there are more.  Times are texts in UTC, or null for what never happened. */
#ifndef DAEMON_BOARD_BOARD_DOCUMENT_H
#define DAEMON_BOARD_BOARD_DOCUMENT_H

#include "base/str.h"
#include "daemon/board/board.h"

/* Of what upkeep finds every hour, or more often: nobody knows it any more after so long. */
enum { BOARD_DOCUMENT_STALE_PART_MS = 3 * 3600000 };

/* Whether what is known is too old to be believed: the look is overdue. */
bool board_document_is_stale(const struct board *board, int64_t now_ms);
/* When the last pass ended, ms; 0: none did. */
int64_t board_document_looked(const struct board *board);
/* The API's text of a moment in ms; null for 0. */
json_t *board_document_time(int64_t ms);
/* And back; 0 for null. */
int64_t board_document_ms(const json_t *time);

/* [{"pipeline", "state", "stations": [{"station", "state", "resources", "changed", "checked"}]}] */
bool board_document_pipelines(const struct board *board, int64_t now_ms, struct board_part *part,
                              json_t *list);
size_t board_document_pipeline_count(const struct board *board);
/* What a list of many pipelines shows of each: [{"pipeline", "state", "rank", "resources",
 * "differ", "unknown", "unwell"}].  rank: the higher, the worse; differ, unknown: resources;
 * unwell: names of stations.  Not a document of the API. */
bool board_document_briefs(const struct board *board, int64_t now_ms, struct board_part *part,
                           json_t *list);
/* {"in_sync": 22, ...}, of resources. */
json_t *board_document_counts(const struct board *board, int64_t now_ms);
/* [{"address", "pipeline", "kind", "title", "station", "state", "loss", "fields", "changed",
 * "checked"}] */
bool board_document_resources(const struct board *board, int64_t now_ms, struct board_part *part,
                              json_t *list);
/* Those that are not in sync: [{"address", "title", "state", "action", "loss", "differences":
 * [{"field", "want", "have", "loss", "held", "why"}]}]; "why" only for who is trusted. */
bool board_document_plan(const struct board *board, int64_t now_ms, bool trusted,
                         struct board_part *part, json_t *list);
/* How many resources a row of it would be for; whether drift is among them. */
size_t board_document_drift(const struct board *board, int64_t now_ms, struct str *lines,
                            bool *drift);

#endif
