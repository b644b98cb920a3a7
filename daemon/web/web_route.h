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
    size_t queued; /* bytes of answers on their way */
    /* The round of the loop that was answered in last (its uv_now), and the work for it. */
    uint64_t round_ms, spent_ns;
};

/* Answers a request into bytes; local: it came by a Unix socket.  False: the connection ends with
 * it. */
bool web_route_answer(const struct web_routes *routes, const struct web_request *request,
                      bool local, struct str *out);

#endif
