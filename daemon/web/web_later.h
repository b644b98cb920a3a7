/* web_later.h -- an answer that is not known yet, and the connection that waits for it. */
#ifndef DAEMON_WEB_WEB_LATER_H
#define DAEMON_WEB_WEB_LATER_H

#include "daemon/web/web.h"

struct web_later {
    /* Called with the answer; NULL: nobody waits any more. */
    void (*answered)(void *arg, int status, struct web_exchange *exchange);
    void *arg;
};

#endif
