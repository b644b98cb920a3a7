/* web_client.h -- one connection: a request is read, answered, and perhaps another follows. */
#ifndef DAEMON_WEB_WEB_CLIENT_H
#define DAEMON_WEB_WEB_CLIENT_H

#include "daemon/web/web_request.h"
#include "daemon/web/web_route.h"

#include <uv.h>

enum web_client_state {
    WEB_CLIENT_READING,   /* the head of a request */
    WEB_CLIENT_WAITING,   /* for its turn: enough was answered in this round of the loop */
    WEB_CLIENT_EXPECTING, /* an answer that is not known yet */
    WEB_CLIENT_ANSWERING,
    WEB_CLIENT_LEAVING, /* all is said; for the client to read it and close */
};

struct web_client {
    struct web_routes *routes;
    /* It is closed, and may be freed. */
    void (*ended)(struct web_client *client);
    void *owner;
    bool local;              /* by a Unix socket */
    struct web_client *next; /* for the owner, as are these */
    struct web_client **link;
    unsigned tick;

    enum web_client_state state;
    struct web_request request; /* the one under way, once its head is there; its size 0: none */
    struct web_later *later;    /* what its answer waits for */
    unsigned answered;          /* requests */
    uint64_t moved_ms;          /* when its state changed */
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } io;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    int open_handles;
    struct str answer;
    struct web_shared *shared; /* what follows it; NULL: nothing */
    size_t queued;             /* bytes of it that are counted in routes */
    char *head; /* of a request with its body: WEB_HEAD + 1 bytes; NULL while it holds none */
    size_t length;
};

/* Accepts from the listener; fields before `state` are set by the owner.  `ended` follows always,
 * and never before this returned. */
void web_client_accept(struct web_client *client, uv_stream_t *listener);
/* Closes it, if it is not closing already. */
void web_client_drop(struct web_client *client);
bool web_client_is_closing(const struct web_client *client);
/* Frees what it holds, and itself; after `ended`. */
void web_client_free(struct web_client *client);

#endif
