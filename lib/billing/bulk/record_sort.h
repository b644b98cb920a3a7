/* record_sort.h -- more records than memory holds, in order: sorted pieces in a temporary file,
 * merged as they are read.
 *
 * The file lies in $TMPDIR, else in /var/tmp, under no name: whatever ends the process frees its
 * room. It takes the records' bytes and 4 more each.  Adding and beginning may sort and write for
 * half a second: off the loop. */
#ifndef BILLING_BULK_RECORD_SORT_H
#define BILLING_BULK_RECORD_SORT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Of one record; and of pieces, so that merging them keeps within the memory: 2,048 pieces are some
 * 64 GiB of records with the usual memory. */
enum { RECORD_SORT_LONGEST = 1 << 20, RECORD_SORT_PIECES = 2048 };

struct record_sort;

/* memory: how many bytes of records and their places are kept before they go to the file; 0: 32
 * MiB. While it sorts half as much comes on top. */
struct record_sort *record_sort_new(size_t memory);
void record_sort_free(struct record_sort *sort);
/* Copies it.  -1 and *e: longer than RECORD_SORT_LONGEST (ERR_INVALID), or the file cannot be
 * written (ERR_RETRY, with the directory and a remedy). */
int record_sort_add(struct record_sort *sort, const void *record, size_t length, struct err *e);
/* Nothing is added any more; reading begins, also once more, at the least record.  -1 and *e as
 * above. */
int record_sort_begin(struct record_sort *sort, struct err *e);
/* The next record by its bytes, as memcmp orders them, a shorter one before what it begins; equal
 * ones come as often as they were added.  1 with *record (borrowed until the next call); 0 at the
 * end; -1 and *e when the file cannot be read. */
int record_sort_next(struct record_sort *sort, const char **record, size_t *length, struct err *e);
/* Records added. */
uint64_t record_sort_count(const struct record_sort *sort);
/* Bytes in the temporary file. */
uint64_t record_sort_spilled(const struct record_sort *sort);

#endif
