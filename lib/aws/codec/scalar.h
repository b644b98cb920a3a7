/* scalar.h -- numbers, booleans, blobs and times as text, and back. */
#ifndef AWS_CODEC_SCALAR_H
#define AWS_CODEC_SCALAR_H

#include "aws/codec/shape.h"
#include "base/str.h"

/* Appends the text of a scalar as query, headers, paths and XML hold it. */
void scalar_add(struct str *out, struct shape shape, const json_t *value, const char *time_format);
/* New reference, or NULL when the text is no such scalar. */
json_t *scalar_read(struct shape shape, const char *text, size_t length);
/* A timestamp as a JSON number (epoch seconds), or as JSON text of another format. */
json_t *scalar_time_json(const json_t *seconds, const char *format);
/* Epoch seconds as a JSON number, whole where they can be: 1.7E9 is 1700000000; NULL for a time
 * outside the years 0 to 9999. */
json_t *scalar_time(double seconds);
/* ISO 8601 with offset and fraction, RFC 822, or a number; NULL when it is none of these. */
json_t *scalar_time_read(const char *text);

#endif
