/* duration.h -- how long, as the command line says it: 90s, 30m, 4h, 7d. */
#ifndef STATE_DURATION_H
#define STATE_DURATION_H

#include <stdint.h>

/* Seconds; -1 when the text is no duration, or none above 0. */
int64_t duration_seconds(const char *text);

#endif
