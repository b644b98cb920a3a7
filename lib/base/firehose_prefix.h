/* firehose_prefix.h -- a Firehose prefix ("logs/!{timestamp:yyyy}/") as far as many objects share
 * it.
 *
 * Kinds, lints, billing and the daemon all ask, and have nothing but lib/base in common.  Source:
 * Amazon Data Firehose, "Custom prefixes for Amazon S3 objects"; Java DateTimeFormatter. */
#ifndef BASE_FIREHOSE_PREFIX_H
#define BASE_FIREHOSE_PREFIX_H

#include <stdbool.h>
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
/* What Firehose writes before a key's own name for records that come at time_s, in that time zone
 * (NULL, "": UTC): a sample of what is random stands for it.  New text; NULL where an expression or
 * a letter is not known. */
char *firehose_prefix_at(const char *prefix, int64_t time_s, const char *time_zone);
/* A moment by a pattern of Java's DateTimeFormatter, as UTC shows it; NULL as above. */
char *firehose_prefix_date(const char *pattern, int64_t time_s);

#endif
