/* http_private.h -- what http.c and http_transfer.c share.  Nobody else may include it: it brings
 * libcurl along. */
#ifndef AWS_HTTP_PRIVATE_H
#define AWS_HTTP_PRIVATE_H

#include "aws/http.h"
#include "base/str.h"

#include <curl/curl.h>
#include <sys/queue.h>

/* Those that wait, or run, oldest first. */
TAILQ_HEAD(http_line, http_transfer);

/* One scheme, host and port. */
struct http_host {
    char *origin; /* "https://host:port" */
    unsigned running;
    struct http_line waiting;
    SLIST_ENTRY(http_host) next;
};

struct http_transfer {
    struct http *http;
    struct http_host *host;
    struct http_request request;
    http_done_fn *done;
    void *arg;
    CURL *easy; /* NULL while waiting */
    struct curl_slist *lines;
    struct aws_header *headers;
    size_t header_count, header_bytes;
    struct str body;
    bool too_large;
    bool wants_room; /* it ended since its reply is larger than usual */
    bool whole;      /* so it waits for room for its limit */
    size_t reserved; /* of the room in flight, while it runs and until its body is gone */
    char problem[CURL_ERROR_SIZE];
    uint64_t number; /* in the order of http_send */
    TAILQ_ENTRY(http_transfer) next;
};

struct http {
    struct http_options options;
    CURLM *multi;
    uv_timer_t timeout; /* libcurl's */
    uv_timer_t kick;    /* starts waiting transfers, outside of everything */
    struct watcher *watchers;
    SLIST_HEAD(, http_host) hosts; /* all that were asked; few, and kept */
    struct http_line running;
    unsigned running_count;
    uint64_t sent;    /* transfers so far */
    size_t reserved;  /* of all transfers, and of bodies that are kept */
    bool cautious;    /* a reply was larger than usual: room for the limit of each from then on */
    unsigned handles; /* uv handles not closed yet */
};

/* ---- http_transfer.c ---- */

/* Bytes that its body may have. */
size_t http_transfer_limit(const struct http_transfer *t);
/* Makes its easy handle, ready for libcurl's multi interface. */
void http_transfer_open(struct http_transfer *t);
/* What is told of a transfer that ended with code; borrows from t. */
void http_transfer_reply(struct http_transfer *t, CURLcode code, struct http_reply *reply);
/* As it was before http_transfer_open; the handle is not libcurl's multi interface's any more. */
void http_transfer_reset(struct http_transfer *t);
/* Also one that runs; not one that is still in the list of its http. */
void http_transfer_free(struct http_transfer *t);

#endif
