/* day_range.h -- which billing days --month, --day, --since, --from and --to choose. */
#ifndef DAEMON_VERBS_BILLING_DAY_RANGE_H
#define DAEMON_VERBS_BILLING_DAY_RANGE_H

#include "billing/prices/calendar.h"
#include "daemon/verbs/options.h"

#include <stdbool.h>

struct day_range {
    struct day first, last;
    bool has_first, has_last; /* false: the flags leave that side open */
};

/* --month is a whole month, --day one day, --since a day or so long ago ("36h", "7d"), --from and
 * --to days, both in.  -1 and *e (ERR_INVALID) when one is malformed, two contradict, or the range
 * is empty. */
int day_range_read(const struct options *options, const char *zone, int64_t now_s,
                   struct day_range *range, struct err *e);

/* Whether the words of day_range_read are well-formed, before a spec is loaded.  -1 to go on, else
 * EXIT_BAD_USAGE, told. */
int day_range_check(const struct options *options);

#endif
