/* board_months.h -- months on the board, as documents of the API: closed or not, and their days. */
#ifndef DAEMON_BOARD_BOARD_MONTHS_H
#define DAEMON_BOARD_BOARD_MONTHS_H

#include "daemon/board/board.h"

/* [{"pipeline", "time_zone", "checked", "archive_checked", "totals": {state: months},
 * "money" (board_money.h), "months": [{"month", "open", "state",
 * "number", "closed", "days": [{"day", "state"}]}]}], without a hole up to the month that now_ms
 * lies in.  Adds a part of that to the list, and returns whether there is more.  Times are those of
 * board_document.h. */
bool board_months_document(const struct board *board, int64_t now_ms, bool trusted,
                           struct board_part *part, json_t *list);

#endif
