/* secret_escape.h -- a character as it was before JSON, XML, a URL or YAML escaped it. */
#ifndef BASE_SECRET_ESCAPE_H
#define BASE_SECRET_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

struct secret_escape {
    size_t at, length; /* 0 before the first */
    char meant;        /* never NUL */
};

/* Goes on to the next one in the text; false: there is none. */
bool secret_escape_next(struct secret_escape *escape, const char *text, size_t length);

#endif
