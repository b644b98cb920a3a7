/* web_listen.h -- from the text of an address to a bound socket. */
#ifndef DAEMON_WEB_WEB_LISTEN_H
#define DAEMON_WEB_WEB_LISTEN_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* A Unix socket's path has room for 107 bytes. */
enum { WEB_ADDRESS = 128, WEB_BACKLOG = 4096 };

struct web_listen {
    int fd;                    /* listening, non-blocking */
    char address[WEB_ADDRESS]; /* what it is bound to, with the real port */
    bool local;                /* a Unix socket */
    dev_t device;              /* of that one's file, so that only our own is removed */
    ino_t inode;
};

/* Listens on "127.0.0.1:9464", "[::1]:9464", "localhost:9464" or "unix:/path".  Warns when that is
 * neither loopback nor a Unix socket.  mode: of a Unix socket; one that nobody listens on any more
 * and that this user made is replaced, anything else at its path stays.  -1 and *e as web_start
 * tells. */
int web_listen_open(const char *where, int mode, struct web_listen *opened, struct err *e);
/* Removes the file of a Unix socket if it is still the one that was made; does not close. */
void web_listen_remove(const struct web_listen *opened);
/* 0 when the text is an address; else -1 and *e. */
int web_listen_check(const char *where, struct err *e);

#endif
