/* athena_csv.h -- the CSV of Athena's result objects, piece by piece.
 *
 * Every field is quoted but NULL, which is nothing at all; quotes are doubled. */
#ifndef BILLING_STORE_ATHENA_CSV_H
#define BILLING_STORE_ATHENA_CSV_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct athena_csv {
    /* Given each row (borrowed), the header first; they are not collected then.  May be NULL. */
    void (*take)(void *arg, const json_t *row);
    void *arg;
    json_t *rows; /* collected: [[text or null]], with the header */
    json_t *row;  /* under way */
    char *field;
    size_t length, room;
    bool quoted, inside, after_quote, broken;
};
/* Takes the next bytes, cut anywhere.  -1 when they are no such CSV. */
int athena_csv_feed(struct athena_csv *csv, const char *bytes, size_t length);
/* The end: rows (new reference, empty when they were taken), or NULL when it ends inside a field.
 * Frees the rest. */
json_t *athena_csv_finish(struct athena_csv *csv);

#endif
