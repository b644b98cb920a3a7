/* lint_path.h -- places in S3 as "bucket/prefix/", so that lints can compare them. */
#ifndef SPEC_LINT_LINT_PATH_H
#define SPEC_LINT_LINT_PATH_H

#include "spec/lint/lint_subject.h"

#include <stdbool.h>

/* Of a location "s3://bucket/prefix"; new memory, NULL when it is none. */
char *lint_path_of(const char *location);
/* Of the folder that a stream (its values) writes below; new memory, NULL when it is not known. */
char *lint_path_of_stream(const json_t *stream);
/* Whether one path lies within the other; no where one is NULL. */
bool lint_path_nested(const char *a, const char *b);

/* Every place that a pipeline writes to or reads: [{"path", "what" (for people), "use", "id",
 * "field" (of the resource that says it; "" for what billingd keeps by itself), "pipeline"?}]; new
 * reference.  Uses: "stream", "error", "table", "results", "archive" (all of close.archive),
 * "folder" (the pipeline's part of it), "numbers", "state". */
json_t *lint_path_places(const struct lint_subject *subject);
/* Whether the two, of one pipeline or of two, must not lie in one another, and do. */
bool lint_path_mixed(const json_t *a, const json_t *b);

/* Adds places of a pipeline to those of others (an object, empty at first), so that the next ones
 * can be held against all of them without going through all of them. */
void lint_path_remember(json_t *others, json_t *places);
/* The first of them that the place of another pipeline is mixed with, borrowed; NULL: none. */
const json_t *lint_path_mixed_in(const json_t *others, const json_t *place);

#endif
