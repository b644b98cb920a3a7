/* firehose_prefix.h -- a Firehose prefix ("logs/!{timestamp:yyyy}/") as far as many objects share
 * it.
 *
 * Kinds, lints, billing and the daemon all ask, and have nothing but lib/base in common.  Source:
 * Amazon Data Firehose, "Custom prefixes for Amazon S3 objects"; Java DateTimeFormatter. */
#ifndef BASE_FIREHOSE_PREFIX_H
#define BASE_FIREHOSE_PREFIX_H

#include <stdint.h>

/* What all keys begin with: the prefix up to its first expression; new text. */
char *firehose_prefix_fixed(const char *prefix);
/* The folder that all objects lie in: likewise, up to the last slash, "" for the bucket itself; new
 * text. */
char *firehose_prefix_folder(const char *prefix);
/* What the keys of the UTC day of time_s begin with: up to the first thing that changes within a
 * day or that only Firehose knows.  A prefix without expressions is followed by yyyy/MM/dd/HH/. New
 * text. */
char *firehose_prefix_of_day(const char *prefix, int64_t time_s);

#endif
