/* capture.h -- what a pattern of somebody's (PCRE2's language) finds in lines of text. */
#ifndef AWS_CODEC_CAPTURE_H
#define AWS_CODEC_CAPTURE_H

#include "base/err.h"

#include <stddef.h>

struct capture;

/* A pattern with one group.  NULL and *e (ERR_INVALID, with the place) when it is none, or has
 * another number of groups. */
struct capture *capture_new(const char *pattern, struct err *e);
void capture_free(struct capture *capture);
/* What the group holds of the first match in a line of any bytes: 1 with *found (within line); 0
 * when nothing matches, or the group took no part; -1 when the pattern gave up, as one that tries
 * too many ways does. */
int capture_find(struct capture *capture, const char *line, size_t length, const char **found,
                 size_t *found_length);

#endif
