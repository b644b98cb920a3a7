/* board_rows.h -- which rows of a board a part of a document is made of. */
#ifndef DAEMON_BOARD_BOARD_ROWS_H
#define DAEMON_BOARD_BOARD_ROWS_H

#include "daemon/board/board.h"

/* Whether the board has a pipeline of that name. */
bool board_rows_know(const struct board *board, const char *pipeline);
/* Where the part ends, of the rows of resources (false: of pipelines); moves `next` to the first
 * that is wanted.  *more: others follow. */
size_t board_rows_end(const struct board *board, struct board_part *part, bool resources,
                      bool *more);

#endif
