/* log_line.h -- a line of the access log: made of its format as API Gateway makes it, and read as
 * the view reads it (specs/sql/view.sql), key by key.
 *
 * API Gateway replaces each $context.NAME by a text, without a look at what stands around it.  A
 * variable that is absent or unknown prints "-".  Source: "Customize HTTP API access logs". */
#ifndef SPEC_LINT_LOG_LINE_H
#define SPEC_LINT_LOG_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One $context variable of a format. */
struct log_variable {
    const char *name; /* behind "$context.", in the format */
    size_t length;
    bool quoted; /* stands in a JSON string */
};

/* The next variable at *text; moves *text behind it.  *inside: within a JSON string, false at the
 * start.  False at the end. */
bool log_line_next(const char **text, bool *inside, struct log_variable *variable);
/* The variable is this one; ends in "*": one that begins so. */
bool log_line_is(const struct log_variable *variable, const char *name);
/* Its name is cut off at a colon, as in claims.cognito:username: it prints "-". */
bool log_line_is_cut(const struct log_variable *variable);

/* What a variable prints; a buffer of its own may hold it until the next call. */
typedef const char *log_value_fn(void *arg, const struct log_variable *variable);
/* The line that API Gateway makes; new text. */
char *log_line_render(const char *format, log_value_fn *value, void *arg);
/* What a variable prints for a usual request: log_value_fn without an argument. */
const char *log_line_ordinary(void *arg, const struct log_variable *variable);

/* Members of the object that stand whole, up to the first place that is no JSON: key -> text, null
 * for an unquoted "-" as well; of equal keys the first.  *end: where it ends or breaks; *repeated
 * (may be NULL): whether a key comes twice is told by that key, else NULL, borrowed from the
 * result. */
json_t *log_line_read(const char *line, size_t *end, const char **repeated);
/* Whether nothing but the members read stands in the line: an object, and blanks around it. */
bool log_line_is_whole(const char *line);

#endif
