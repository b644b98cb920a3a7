/* board_station.h -- where on the way from a call to a bill a resource stands, and how it goes. */
#ifndef DAEMON_BOARD_BOARD_STATION_H
#define DAEMON_BOARD_BOARD_STATION_H

#include "reconcile/task.h"
#include "spec/manifest.h"

/* In the order of the flow; the last two stand beside it. */
enum board_station {
    BOARD_GATEWAY,
    BOARD_LOG_GROUP,
    BOARD_FILTER,
    BOARD_STREAM,
    BOARD_BUCKET,
    BOARD_TABLES,
    BOARD_ROLLUPS,
    BOARD_BILL,
    BOARD_ROLES,
    BOARD_ALARMS,
};
enum { BOARD_STATIONS = BOARD_ALARMS + 1 };

/* From the best to the worst: of several the highest is told. */
enum board_state {
    BOARD_NONE,     /* there is nothing to look at */
    BOARD_IN_SYNC,  /* AWS is as wanted */
    BOARD_SILENT,   /* nobody called: nothing is wrong, and nothing is proved */
    BOARD_SETTLING, /* written, not seen as wanted yet */
    BOARD_UNKNOWN,
    BOARD_DIFFERS,  /* and will be tried again */
    BOARD_OBSERVED, /* differs, and the spec or a pause says to leave it */
    BOARD_HELD,
    BOARD_BLOCKED,
    BOARD_DENIED,
    BOARD_FAILED,
};

/* "gateway", "log_group", ... */
const char *board_station_name(enum board_station station);
/* "in_sync", "unknown", ... */
const char *board_station_state_name(enum board_state state);
/* Where a resource of a pipeline stands. */
enum board_station board_station_of(const struct manifest_pipeline *pipeline,
                                    const struct manifest_resource *resource);
/* How a task that is done ended. */
enum board_state board_station_state_of(const struct task *task);

#endif
