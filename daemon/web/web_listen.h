/* web_listen.h -- the listening socket of the web server. */
#ifndef DAEMON_WEB_WEB_LISTEN_H
#define DAEMON_WEB_WEB_LISTEN_H

#include "base/err.h"

enum { WEB_ADDRESS = 64, WEB_BACKLOG = 512 };

/* A listening, non-blocking socket for "127.0.0.1:9464", "[::1]:9464" or "localhost:9464", and in
 * address the text of what it is bound to, with the real port.  Warns when that is not loopback.
 * -1 and *e as web_start tells. */
int web_listen(const char *where, char address[WEB_ADDRESS], struct err *e);
/* 0 when the text is an address; else -1 and *e. */
int web_listen_check(const char *where, struct err *e);

#endif
