/* id_list.h -- a customer's own list of request ids, read piece by piece: CSV, JSON lines, or the
 * lines of their log.
 *
 * Each line stands for itself, so that one that is broken takes no other with it; none is passed
 * over in silence. */
#ifndef BILLING_DISPUTE_ID_LIST_H
#define BILLING_DISPUTE_ID_LIST_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum id_list_format { ID_LIST_CSV, ID_LIST_JSONL, ID_LIST_LOG };

struct id_list_form {
    enum id_list_format format;
    /* CSV: a name of the first line, or a column's number, from 1 on, where no line has names;
     * JSON: a member, or a path of them ("context.requestId"); NULL: what is called as an id is
     * (request id, requestId, id), and of a CSV of one column that column. */
    const char *column;
    const char *pattern; /* log: capture.h; else NULL */
};

struct id_list_taker {
    /* An id (UTF-8, no control characters, not empty), on that line.  -1 and *e ends the reading.
     */
    int (*id)(void *arg, const char *id, size_t length, uint64_t line, struct err *e);
    /* A line that holds none, and why, for people. */
    int (*unreadable)(void *arg, uint64_t line, const char *why, struct err *e);
    void *arg;
};

struct id_list;

/* form and taker are borrowed until the end.  NULL and *e (ERR_INVALID): the pattern is wrong. */
struct id_list *id_list_new(const struct id_list_form *form, const struct id_list_taker *taker,
                            struct err *e);
void id_list_free(struct id_list *list);
/* The next bytes, cut anywhere.  -1 and *e: the taker's, or the file is something else than a list
 * of that form (ERR_INVALID, with a remedy). */
int id_list_feed(struct id_list *list, const char *bytes, size_t length, struct err *e);
/* There are no more; as id_list_feed. */
int id_list_end(struct id_list *list, struct err *e);
/* Lines so far, and how many of them were blank. */
uint64_t id_list_lines(const struct id_list *list);
uint64_t id_list_blank(const struct id_list *list);

#endif
