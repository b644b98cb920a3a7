/* http_private.h -- what http.c and http_transfer.c share.  Nobody else may include it: it brings
 * libcurl along. */
#ifndef AWS_HTTP_PRIVATE_H
#define AWS_HTTP_PRIVATE_H

#include "aws/http.h"
#include "base/str.h"

#include <curl/curl.h>

struct http_transfer {
    struct http *http;
    struct http_request request;
    http_done_fn *done;
    void *arg;
    CURL *easy; /* NULL while waiting */
    struct curl_slist *lines;
    struct aws_header *headers;
    size_t header_count, header_bytes;
    struct str body;
    bool too_large;
    char problem[CURL_ERROR_SIZE];
    struct http_transfer *next;
};

struct http {
    struct http_options options;
    CURLM *multi;
    uv_timer_t timeout; /* libcurl's */
    uv_timer_t kick;    /* starts waiting transfers, outside of everything */
    struct watcher *watchers;
    struct http_transfer *transfers; /* oldest first: running and waiting */
    unsigned handles;                /* uv handles not closed yet */
};

/* ---- http_transfer.c ---- */

/* Makes its easy handle, ready for libcurl's multi interface. */
void http_transfer_open(struct http_transfer *t);
/* What is told of a transfer that ended with code; borrows from t. */
void http_transfer_reply(struct http_transfer *t, CURLcode code, struct http_reply *reply);
/* Also one that runs; not one that is still in the list of its http. */
void http_transfer_free(struct http_transfer *t);

#endif
