/* web_host.h -- whether a request was meant for us: the answer to DNS rebinding.
 *
 * A page of another site can make a browser come here by a name of its own that resolves to our
 * address, and then read the answers as its own.  Such a request has that name as its host. */
#ifndef DAEMON_WEB_WEB_HOST_H
#define DAEMON_WEB_WEB_HOST_H

#include <jansson.h>
#include <stdbool.h>

/* Whether "name:port" is an IP address, localhost or below it, this machine's own name, or one of
 * hosts (texts; NULL: none).  NULL (HTTP/1.0, which no browser speaks) is. */
bool web_host_is_ours(const char *host, const json_t *hosts);
/* Whether an Origin is a page of ours, by the Host of the same request.  NULL (no browser, or a
 * plain link) is. */
bool web_host_is_origin(const char *origin, const char *host);

#endif
