/* web.h -- the small HTTP server for monitors: GET and HEAD of fixed paths, inside the uv loop.
 *
 * By hand instead of libmicrohttpd: that one drops clients for silence only, so that a few which
 * drip bytes can hold every connection, and it stops accepting when many time out together. No
 * authentication: whoever reaches the address may read.  Listen on loopback. */
#ifndef DAEMON_WEB_WEB_H
#define DAEMON_WEB_WEB_H

#include "base/err.h"
#include "base/str.h"

#include <uv.h>

struct web;

struct web_route {
    const char *path; /* "/-/ready"; compared letter by letter, a query string is not looked at */
    const char *type; /* Content-Type of its answers */
    /* Appends the body and returns the status (200, 503).  Must not block. */
    int (*answer)(void *arg, struct str *body);
};

/* Most connections at a time.  One more takes the place of the oldest that has not asked anything
 * yet, else of one that has its answer, else of one that does not read it; until then it waits in
 * the kernel's queue.  One request per connection; a client that has not finished after
 * WEB_TIMEOUT_S is dropped, however busy. */
enum { WEB_CONNECTIONS = 128, WEB_TIMEOUT_S = 5 };

/* Serves routes (ends with {0}; borrowed, as is arg) on "127.0.0.1:9464", "[::1]:9464" or
 * "localhost:9464"; port 0 takes a free one.  /-/healthy is always there and answers while the loop
 * turns.  SIGPIPE is ignored from now on.  NULL and *e when the address is wrong (ERR_INVALID),
 * taken (ERR_RETRY) or not allowed (ERR_DENIED). */
struct web *web_start(uv_loop_t *loop, const char *listen, const struct web_route *routes,
                      void *arg, struct err *e);
#define WEB_DEFAULT "127.0.0.1:9464"

/* Whether it is an address at all: -1 and *e (ERR_INVALID) when not.  Opens nothing. */
int web_check(const char *listen, struct err *e);
/* "127.0.0.1:9464" as bound, with the real port; borrowed. */
const char *web_address(const struct web *web);
/* Drops all connections and closes the socket; frees itself when the loop runs next.  NULL is
 * harmless. */
void web_stop(struct web *web);

#endif
