/* web_unix.h -- a listening Unix socket, and what is done about its file.
 *
 * The file outlives a process that was killed, and then stands in the way of the next.  It is
 * removed only when it is a socket of this user's that nobody listens on. */
#ifndef DAEMON_WEB_WEB_UNIX_H
#define DAEMON_WEB_WEB_UNIX_H

#include "base/err.h"

#include <sys/types.h>

/* 0 when the path is absolute and short enough; else -1 and *e (ERR_INVALID). */
int web_unix_check(const char *path, struct err *e);
/* A listening, non-blocking socket at path (checked before) with these permissions, and which file
 * it made.  -1 and *e as web_start tells. */
int web_unix_open(const char *path, int mode, dev_t *device, ino_t *inode, struct err *e);
/* Removes the file if it is still that one. */
void web_unix_remove(const char *path, dev_t device, ino_t inode);
/* Says why nothing can listen there, by errno; returns -1. */
int web_unix_fail(const char *where, int problem, struct err *e);

#endif
