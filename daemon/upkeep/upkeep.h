/* upkeep.h -- the daemon's care for data: partitions registered, rollups built, gaps closed.
 *
 * Runs beside the passes, one at a time, for what a finished pass found in place; each run looks at
 * everything again, so a run that failed, was cancelled or killed is made up for by the next. */
#ifndef DAEMON_SERVICE_UPKEEP_H
#define DAEMON_SERVICE_UPKEEP_H

#include "daemon/board/board.h"
#include "daemon/health/health.h"
#include "reconcile/engine.h"

struct upkeep;

/* Called each time a run is over. */
typedef void upkeep_end_fn(void *arg);

struct upkeep_setup {
    uv_loop_t *loop;
    struct aws_client *client; /* borrowed, as are those below */
    struct health *health;     /* is told how each part went */
    struct board *board;       /* and what was found */
    upkeep_end_fn *ended;
    void *arg;
};

struct upkeep *upkeep_new(const struct upkeep_setup *setup);
/* Only when no run is under way. NULL is harmless. */
void upkeep_free(struct upkeep *upkeep);

/* Begins a run for the pipelines that have a `billing` section and whose bucket, workgroup and
 * tables the pass left in place.  While a run is under way the new one follows it.  A part that
 * failed before is left out until it is its time again.  It takes some milliseconds for some
 * pipelines, from *from on, which begins at 0; true when there are more. */
bool upkeep_start_part(struct upkeep *upkeep, const struct manifest *manifest,
                       const struct pass *pass, size_t *from);
bool upkeep_is_running(const struct upkeep *upkeep);
/* The run under way ends soon: its queries are stopped.  A second call ends even that.  What would
 * have followed is dropped. */
void upkeep_cancel(struct upkeep *upkeep);
/* The next run does not wait, whatever failed before, and takes nothing from memory.  NULL is
 * harmless. */
void upkeep_refresh(struct upkeep *upkeep);
/* How often that was said. */
unsigned upkeep_refreshes(const struct upkeep *upkeep);
/* Milliseconds until the first of what failed is to be tried again, by a run that a look begins;
 * -1: nothing is. */
int64_t upkeep_wait_ms(const struct upkeep *upkeep);
/* Whether the last run failed somewhere. */
bool upkeep_failed(const struct upkeep *upkeep);

#endif
