/* time_zone.h -- the system's tz database: which zones there are, and what their clocks show.
 *
 * The one place that reads it, and that touches TZ: the C library knows zones only as the process's
 * own, so a zone is borrowed for a moment and the process's given back.  Any thread may ask. */
#ifndef BASE_TIME_ZONE_H
#define BASE_TIME_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* True for a zone of the database ("Asia/Seoul", "UTC"); anything else is no name, or no file. */
bool time_zone_exists(const char *name);
/* The zone of the database that is nearest to a name that is none; new text, NULL when none is
 * near, or the database has no list (zone1970.tab). */
char *time_zone_nearest(const char *name);
/* "2025b": the version of the database, or "unknown"; static. */
const char *time_zone_version(void);

/* A stretch of time through which a zone's clocks are not changed. */
struct time_zone_span {
    int64_t offset_s; /* seconds east of Greenwich */
    int64_t end_s;    /* the first second behind it */
};
/* The span that holds from_s, cut off at to_s (UTC seconds).  A zone that does not exist is UTC. */
struct time_zone_span time_zone_span(const char *name, int64_t from_s, int64_t to_s);
/* Seconds east of Greenwich at that moment. */
int64_t time_zone_offset(const char *name, int64_t at_s);

#endif
