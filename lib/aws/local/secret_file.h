/* secret_file.h -- small files that hold secrets, read without ever waiting for whoever writes
 * them: a FIFO, a socket or a device is refused (but /dev/null, which is empty). */
#ifndef AWS_LOCAL_SECRET_FILE_H
#define AWS_LOCAL_SECRET_FILE_H

#include "base/err.h"

#include <stddef.h>

/* 1 and the text (new, NUL-ended, to be freed with mem_free_secret) and its length; 0 when there is
 * no such file; -1 and *e (ERR_INVALID, "PATH: why") when it cannot be read or has more than limit
 * bytes.  Uses no state: may be called in any thread. */
int secret_file_read(const char *path, size_t limit, char **text, size_t *length, struct err *e);
/* Replaces the file, or makes it, for its owner alone; whoever reads sees the old text or the new
 * one.  -1 and *e (ERR_INVALID) when it cannot be written: the old one is still there. */
int secret_file_write(const char *path, const char *text, struct err *e);

#endif
