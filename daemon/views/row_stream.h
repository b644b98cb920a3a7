/* row_stream.h -- a list too long to keep, printed as its rows come: for people, CSV, JSON lines,
 * or one JSON document. */
#ifndef DAEMON_VIEWS_ROW_STREAM_H
#define DAEMON_VIEWS_ROW_STREAM_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum row_format { ROW_TEXT, ROW_CSV, ROW_JSON, ROW_JSONL };

struct row_column {
    const char *name; /* of the member and in CSV; for people in capitals */
    bool is_number;   /* else a text */
    int width;        /* for people: at least so many columns; 0: as wide as it is */
};

/* Of a row; text NULL: there is none. */
struct row_cell {
    const char *text;
    int64_t number;
    bool is_absent; /* there is no number */
};

struct row_stream;

/* To standard output.  columns end with {0}; list: the member with the rows in a JSON document,
 * which begins with head (all borrowed until the end). */
struct row_stream *row_stream_new(enum row_format format, const struct row_column *columns,
                                  const char *list, const json_t *head);
/* Without row_stream_end a table of which something was printed gets a last line that says so; one
 * that was killed has no line break at its end. */
void row_stream_free(struct row_stream *stream);
#define ROW_STREAM_INCOMPLETE "INCOMPLETE"
/* Rows come, or come anew: what was printed is not printed again, and must be the same. */
void row_stream_begin(struct row_stream *stream);
/* A cell for each column (texts are copied).  Prints now and then: off the loop.  -1 and *e
 * (ERR_RETRY) when it is not what was printed in its place. */
int row_stream_add(struct row_stream *stream, const struct row_cell *cells, struct err *e);
/* There are no more; prints what is left.  -1 and *e (ERR_RETRY) when fewer came than were printed.
 */
int row_stream_end(struct row_stream *stream, struct err *e);
/* Behind the rows: a member of a JSON document, a line {key: value} among JSON lines, nothing else
 * where.  Takes the reference. */
void row_stream_close(struct row_stream *stream, json_t *members);

#endif
