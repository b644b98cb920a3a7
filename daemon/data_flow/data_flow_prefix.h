/* data_flow_prefix.h -- where in a bucket a stream puts the objects of a day. */
#ifndef DAEMON_DATA_FLOW_DATA_FLOW_PREFIX_H
#define DAEMON_DATA_FLOW_DATA_FLOW_PREFIX_H

#include <stdint.h>

/* The part of a Firehose prefix that is the same for all objects of the UTC day of time_s: up to
 * the first thing that changes within a day or that only Firehose knows.  A prefix without
 * expressions is followed by yyyy/MM/dd/HH/.  New text. Source: Amazon Data Firehose, "Custom
 * prefixes for Amazon S3 objects"; Java DateTimeFormatter. */
char *data_flow_prefix_of_day(const char *prefix, int64_t time_s);

#endif
