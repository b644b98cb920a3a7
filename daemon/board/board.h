/* board.h -- what the daemon knows, for page and API: as the last looks left it.
 *
 * A pass is forgotten when it ends; this keeps what people ask for.  Nothing here is guessed: what
 * was not looked at since the start or the last reload is unknown, and so is what was looked at too
 * long ago. */
#ifndef DAEMON_BOARD_BOARD_H
#define DAEMON_BOARD_BOARD_H

#include "billing/rollup/rollup.h"
#include "reconcile/engine.h"

struct board;

/* Of a document that is too long for one round of the loop: its rows from `next` on, `most` of
 * them.  A reload changes which rows there are. */
struct board_part {
    size_t next, most;
    const char *only; /* the rows of this pipeline alone; borrowed, NULL: all */
};

struct board *board_new(void);
/* NULL is harmless. */
void board_free(struct board *board);

/* For another spec, for board_take; of many pipelines it takes a while.  board is only asked for the
 * addresses of its resources, which nothing but board_take changes, so that it may be in use by
 * another thread. */
struct board *board_prepare(const struct board *board, const struct manifest *manifest);
/* Another spec: its resources are unknown until a pass ended.  When one that was there changed last
 * is kept.  next has what was before. */
void board_take(struct board *board, struct board *next);
/* What a pass that has ended found of a resource; *from: where the one before was found, 0 at the
 * begin.  A pass is told in parts, since differences of many are copied; then board_looked. */
void board_task(struct board *board, const struct task *task, size_t *from, int64_t now_ms);
/* All its resources were told; of a pipeline that was refused nothing is known. */
void board_looked(struct board *board, const struct manifest *manifest, const struct pass *pass,
                  int64_t now_ms);
/* The closed days of a pipeline as they were seen, the last of which is `closed`; of none of them
 * is there data where status is empty.  status NULL: they could not be looked at.  What was not
 * well stays then, what was well is unknown. */
void board_days(struct board *board, const char *pipeline, const struct rollup_status *status,
                struct day closed, int64_t now_ms);
/* An audit (audit.h has its form); NULL: it could not be made; a gap is told all
 * the same until an audit says that it is over. */
void board_audit(struct board *board, const char *pipeline, const json_t *audit, int64_t now_ms);
/* The closed months, [{"month": "2025-10", "number": "shop-2025-10-c1", "correction", "closed":
 * seconds since 1970, "currency", "total": what it came to; both null: not known}], with a row for
 * each document; the board takes the reference.  due_s: from
 * so many seconds after its end a month that is not closed is overdue; -1: never.  NULL: the
 * archive could not be read: only what was overdue is told all the same. */
void board_months(struct board *board, const char *pipeline, json_t *documents, int64_t due_s,
                  int64_t now_ms);
/* Those that were told last; borrowed, NULL: none since the spec was read. */
const json_t *board_known_months(const struct board *board, const char *pipeline);
/* Gaps that are not closed, be they older than the audit's hours. */
void board_open_gaps(struct board *board, const char *pipeline, size_t count);

#endif
