/* http.h -- HTTP/1.1 requests by libcurl's multi interface on a libuv loop.
 *
 * Connections are kept and used again, redirects are never followed, paths are sent as given (a
 * signature covers them), certificates are verified.  libcurl sends a request again by itself when
 * a kept connection turns out to be dead before the first byte of a reply: a request may reach AWS
 * twice, so creations need client tokens or a look before they are repeated. */
#ifndef AWS_HTTP_H
#define AWS_HTTP_H

#include "aws/codec/message.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct http;
struct http_transfer;

struct http_options {
    long connect_timeout_ms;
    long total_timeout_ms; /* of one transfer once started; bodies over 1 MiB are timed by stalls */
    long stall_s;          /* a large upload slower than 1 KiB/s for so long is given up */
    size_t body_limit;     /* bytes of a reply's body */
    size_t in_flight;      /* bytes of all replies that are on their way or not given back yet: a
                              transfer waits for room for as much as its limit */
    size_t usual;          /* bytes that nearly all bodies stay below: who may be asked again gets
                              room for so many at first, and for its limit when it has more */
    size_t header_limit;   /* bytes of a reply's headers */
    unsigned per_host;     /* transfers running at once for one scheme, host and port */
    unsigned total;        /* ... and altogether; fewer where descriptors are few */
    const char *ca_bundle; /* file or directory; NULL: the system's; borrowed */
    const char *user_agent;
};
extern const struct http_options http_defaults;

/* Everything is borrowed until done is called or the transfer cancelled. */
struct http_request {
    const char *method;
    const char *url; /* only a URL that says http:// is sent without TLS */
    const struct aws_header *headers;
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_length;
    bool direct; /* never through a proxy */
    bool again;  /* it may be sent again: see options.usual */
    /* Asked when the connection is there, right before the request's first byte; false: it fails
     * as HTTP_CONNECTION, and nothing was sent.  NULL: it may. */
    bool (*may_go_out)(const void *may_arg);
    const void *may_arg;
    /* 0: as the options say. */
    long connect_timeout_ms, total_timeout_ms;
    size_t body_limit;
};

enum http_failure {
    HTTP_OK,         /* a whole reply, whatever its status */
    HTTP_CONNECTION, /* not reached, reset, or the reply ended too early */
    HTTP_TIMEOUT,
    HTTP_TOO_LARGE, /* the reply */
    HTTP_REFUSED,   /* bad certificate, bad URL: trying again does not help */
};

struct http_reply {
    enum http_failure failure;
    bool connected;                 /* somebody took the connection, whatever came then */
    bool sent;                      /* of the request at least a part */
    const char *problem;            /* what failed, for people; "" when nothing did */
    struct aws_raw_reply raw;       /* only when failure is HTTP_OK */
    struct http_transfer *transfer; /* for http_keep */
};
/* Never called from inside http_send. reply is gone afterwards. */
typedef void http_done_fn(void *arg, const struct http_reply *reply);

/* Options' texts are borrowed for good. Ignores SIGPIPE in the process.  NULL and *e when libcurl
 * cannot start. */
struct http *http_new(uv_loop_t *loop, const struct http_options *options, struct err *e);
/* Cancels everything; the loop must run once more before it can be closed.  May be called from
 * done.  NULL is harmless. */
void http_free(struct http *http);
/* Waits its turn, then runs; waiting does not count against the timeouts. */
struct http_transfer *http_send(struct http *http, const struct http_request *request,
                                http_done_fn *done, void *arg);
/* Inside done: the reply's body, NUL behind it, from now on the caller's, who frees it.  Its
 * body_length bytes count as in flight until http_give_back. */
char *http_keep(const struct http_reply *reply);
/* After http_free it is harmless, but not after the loop has closed its handles. */
void http_give_back(struct http *http, size_t bytes);
/* done is not called any more. NULL is harmless. */
void http_cancel(struct http_transfer *transfer);

#endif
