/* board_usage.h -- what is on the board of usage, as documents of the API: the audits.
 *
 * Times are those of board_document.h. */
#ifndef DAEMON_BOARD_BOARD_USAGE_H
#define DAEMON_BOARD_BOARD_USAGE_H

#include "daemon/board/board.h"

/* [{"pipeline", "verdict", "at", "from", "to", "reasons", "hops": [{"hop", "events"}], "days":
 * [{"day", "hops"}], "gaps", "newest_object", "newest_event", "delivered_until"}]; adds a part of
 * that to the list, and returns whether there is more. */
bool board_usage_audit(const struct board *board, struct board_part *part, json_t *list);

#endif
