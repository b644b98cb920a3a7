/* secret_file.h -- small files that hold secrets, read without ever waiting for whoever writes
 * them: a FIFO, a socket or a device is refused (but /dev/null, which is empty). */
#ifndef AWS_LOCAL_SECRET_FILE_H
#define AWS_LOCAL_SECRET_FILE_H

#include <stddef.h>

/* Reading and writing use no state, not even that of err_set, which looks for secrets: they may run
 * in any thread. */
enum { SECRET_FILE_WHY = 96 };

struct secret_file {
    char *text; /* NUL-ended; NULL: not read */
    size_t length;
    char why[SECRET_FILE_WHY]; /* it could not be read; "" when it could, or is not there */
};

/* 1 with its text; 0 when there is no such file; -1 and file->why when it cannot be read or has
 * more than limit bytes. */
int secret_file_read(const char *path, size_t limit, struct secret_file *file);
/* Overwrites the text. */
void secret_file_fini(struct secret_file *file);
/* Replaces the file, or makes it, for its owner alone; whoever reads sees the old text or the new
 * one.  -1 and why when it cannot be written: the old one is still there. */
int secret_file_write(const char *path, const char *text, char why[static SECRET_FILE_WHY]);

#endif
