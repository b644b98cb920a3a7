/* key_layout.h -- where log objects are written, and where each reader looks for them, at a moment.
 *
 * Places are "bucket/key".  Sources: "Custom prefixes for Amazon S3 objects" (Firehose), "Set up
 * partition projection", "Supported types for partition projection" (Athena). */
#ifndef SPEC_LINT_KEY_LAYOUT_H
#define SPEC_LINT_KEY_LAYOUT_H

#include <jansson.h>
#include <stdint.h>

/* What the keys begin with that a stream (its values) writes for records that come at time_s; new
 * text, NULL where that is not known. */
char *key_layout_written(const json_t *stream, int64_t time_s);
/* Where billingd itself puts and looks for the objects of that UTC hour, below a folder
 * (billing/store/object_list.h); new text. */
char *key_layout_below(const char *folder, int64_t time_s);
/* The same of what a stream delivers; new text, NULL where its folder is not known. */
char *key_layout_listed(const json_t *stream, int64_t time_s);
/* The folder in which a table (its values) looks for what came in the UTC hour of time_s, by its
 * projection; new text.  NULL where partitions are not projected, or not by time alone. */
char *key_layout_looked(const json_t *table, int64_t time_s);
/* Why the table's projection never looks for that hour: "projection.year.range is 2025,2045"; new
 * text, NULL where it does, or where that is not known. */
char *key_layout_excluded(const json_t *table, int64_t time_s);

#endif
