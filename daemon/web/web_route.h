/* web_route.h -- which answer a request gets. */
#ifndef DAEMON_WEB_WEB_ROUTE_H
#define DAEMON_WEB_WEB_ROUTE_H

#include "daemon/web/web.h"
#include "daemon/web/web_request.h"

struct web_routes {
    const struct web_route *routes; /* ends with {0}; borrowed */
    void *arg;
    json_t *hosts;
    char *token;
    bool (*has_time)(const uv_loop_t *loop); /* NULL: always */
    size_t queued;                           /* bytes of answers on their way */
};

/* Where a request came from. */
struct web_arrival {
    bool local;       /* by a Unix socket */
    const char *body; /* request->body_size bytes */
};
/* 200: its body, if it has one, is to be read; else the status of a refusal. */
int web_route_takes(const struct web_routes *routes, const struct web_request *request);
/* Answers a request into bytes.  Returns NULL, or what the answer waits for: nothing is in out
 * then. */
struct web_later *web_route_answer(const struct web_routes *routes,
                                   const struct web_request *request,
                                   const struct web_arrival *arrival, struct str *out);
/* The bytes of an answer that came later; those of a shared body are not among them. */
void web_route_tell(const struct web_request *request, int status, struct web_exchange *exchange,
                    struct str *out);

#endif
