/* daemon_ask.h -- asks the running daemon, at the address where its spec says that it listens. */
#ifndef DAEMON_VERBS_DAEMON_ASK_H
#define DAEMON_VERBS_DAEMON_ASK_H

#include "base/err.h"

#include <jansson.h>

/* GET of a path whose answer is a JSON object, within a few seconds; new reference.  listen:
 * "127.0.0.1:9464", or "unix:/run/billingd.sock"; an address that stands for all of the machine's
 * is asked on loopback.  NULL and *e: nobody listens there, or it is no billingd (ERR_ABSENT for
 * the former, else ERR_RETRY). */
json_t *daemon_ask(const char *listen, const char *path, struct err *e);
/* The same for a path whose answer is any text; new text. */
char *daemon_ask_text(const char *listen, const char *path, struct err *e);

#endif
