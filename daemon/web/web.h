/* web.h -- the small HTTP server for monitors and people: fixed paths, inside the uv loop.
 *
 * By hand: docs/architecture.md says why.  On an IP address whoever reaches it may read what is for
 * everybody; who comes by a Unix socket or knows the token is trusted with more. */
#ifndef DAEMON_WEB_WEB_H
#define DAEMON_WEB_WEB_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

struct web;

struct web_later;
struct web_shared;

/* One request and its answer. */
struct web_exchange {
    const char *query;   /* what follows "?", as it came; "" when nothing does */
    const char *content; /* the request's body, of a route that takes one */
    size_t content_size;
    bool trusted;              /* by a Unix socket, or with the token */
    struct web_later *later;   /* set to web_later_new(): the answer follows, see there */
    struct str body;           /* to be filled */
    struct web_shared *shared; /* the body, in its place; borrowed; of an answer that follows */
    const char *type;          /* Content-Type; that of the route unless set */
    struct str fields;         /* more header fields, each with its CR LF */
};

enum web_method { WEB_GET, WEB_POST }; /* WEB_GET: HEAD as well */

struct web_route {
    const char *path; /* "/-/ready"; compared letter by letter, without the query */
    const char *type; /* Content-Type of its answers */
    /* Fills in the exchange and returns the status (200, 503).  Must not block.  401 asks for the
     * token. */
    int (*answer)(void *arg, struct web_exchange *exchange);
    enum web_method method;
    bool takes_body; /* of JSON */
};

/* An answer that is not known yet: the returned status and what was filled in do not count.
 * web_later_answer must follow, within WEB_LATER_S: then the client is told 504, and whatever
 * follows is for nobody. */
struct web_later *web_later_new(void);
/* Answers, and frees it; the exchange's body and fields are taken over. */
void web_later_answer(struct web_later *later, int status, struct web_exchange *exchange);
enum { WEB_LATER_S = 30 };

/* A text that several are answered with: it is kept once, until the last of them has it.  Takes the
 * text over. */
struct web_shared *web_shared_new(struct str *text);
/* Nobody else is going to be answered with it.  NULL is harmless. */
void web_shared_drop(struct web_shared *shared);

struct web_setup {
    /* "127.0.0.1:9464", "[::1]:9464", "localhost:9464" or "unix:/run/billingd/http.sock"; several
     * with commas between.  Port 0 takes a free one. */
    const char *listen;
    const struct web_route *routes; /* ends with {0}; borrowed, as is arg */
    void *arg;
    const json_t *hosts; /* names besides web_host.h's own; copied; NULL: none */
    const char *token;   /* copied; NULL: there is none */
    /* Whether there is time for another answer in the round of the loop that is under way; NULL:
     * there always is. */
    bool (*has_time)(const uv_loop_t *loop);
    int socket_mode; /* of a Unix socket; 0: 0660 */
};

/* Most connections at a time; fewer where the process may not open so many files (its soft limit is
 * raised for it).  One more takes the place of the oldest that has not sent a whole
 * request yet, else of one that has its answer, else of one that does not read it; until then it
 * waits in the kernel's queue.  A request must be whole WEB_TIMEOUT_S after its first byte (the
 * first one: after the connection), and its answer be taken in as long; between two requests a
 * connection may rest for WEB_IDLE_S. */
enum { WEB_CONNECTIONS = 1024, WEB_TIMEOUT_S = 5, WEB_IDLE_S = 75 };
/* While so many bytes of answers wait for clients to take them, only /-/healthy is answered. */
enum { WEB_QUEUED = 16 << 20 };

/* Serves.  /-/healthy is always there and answers while the loop turns.  SIGPIPE is ignored from
 * now on.  NULL and *e when an address is wrong (ERR_INVALID), taken (ERR_RETRY) or not allowed
 * (ERR_DENIED). */
struct web *web_start(uv_loop_t *loop, const struct web_setup *setup, struct err *e);
#define WEB_DEFAULT "127.0.0.1:9464"

/* From now on other names and another token, as in web_setup. */
void web_configure(struct web *web, const json_t *hosts, const char *token);

/* Whether it is an address (or several) at all: -1 and *e (ERR_INVALID) when not.  Opens nothing.
 */
int web_check(const char *listen, struct err *e);
/* "127.0.0.1:9464" as bound, with the real port; several with ", " between; borrowed. */
const char *web_address(const struct web *web);
/* Drops all connections, closes the sockets and removes what it made in the file system; frees
 * itself when the loop runs next.  NULL is harmless. */
void web_stop(struct web *web);

#endif
