/* lint_path.h -- places in S3 as "bucket/prefix/", so that lints can compare them. */
#ifndef SPEC_LINT_LINT_PATH_H
#define SPEC_LINT_LINT_PATH_H

#include <jansson.h>
#include <stdbool.h>

/* Of a location "s3://bucket/prefix"; new memory, NULL when it is none. */
char *lint_path_of(const char *location);
/* Of the folder that a stream (its values) writes below; new memory, NULL when it is not known. */
char *lint_path_of_stream(const json_t *stream);
/* Whether one path lies within the other; no where one is NULL. */
bool lint_path_nested(const char *a, const char *b);

#endif
