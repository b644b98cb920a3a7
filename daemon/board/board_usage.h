/* board_usage.h -- what is on the board of usage, as documents of the API: the audits.
 *
 * Each returns a new reference; times are those of board_document.h. */
#ifndef DAEMON_BOARD_BOARD_USAGE_H
#define DAEMON_BOARD_BOARD_USAGE_H

#include "daemon/board/board.h"

/* [{"pipeline", "verdict", "at", "from", "to", "reasons", "hops": [{"hop", "events"}], "days":
 * [{"day", "hops"}], "gaps", "newest_object", "newest_event", "delivered_until"}] */
json_t *board_usage_audit(const struct board *board);

#endif
