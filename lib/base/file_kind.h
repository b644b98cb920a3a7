/* file_kind.h -- what a file begins with that somebody handed in, where that is no text of ours:
 * what it is, and what is to be done with it. */
#ifndef BASE_FILE_KIND_H
#define BASE_FILE_KIND_H

#include <stdbool.h>
#include <stddef.h>

/* The rest of "the file is ..."; NULL: these first bytes of a file are none of it.  A mark of its
 * byte order in front is passed over. */
const char *file_kind_told(const char *bytes, size_t length);
/* UTF-16 without a mark of its byte order, or no text at all: one of the first two bytes is NUL. */
bool file_kind_is_wide(const char *bytes, size_t length);

#endif
