/* web_shared.h -- a text that many clients are sent, kept once and counted once. */
#ifndef DAEMON_WEB_WEB_SHARED_H
#define DAEMON_WEB_WEB_SHARED_H

#include "daemon/web/web.h"

struct web_shared {
    struct str text;
    size_t holders, readers; /* readers: clients that are sent it */
};

/* One more holds it; NULL is nothing. */
struct web_shared *web_shared_hold(struct web_shared *shared);
/* A client is sent it, or is no more; *queued: bytes on their way, in which it counts once. */
void web_shared_send(struct web_shared *shared, size_t *queued);
void web_shared_sent(struct web_shared *shared, size_t *queued);

#endif
