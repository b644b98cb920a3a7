/* service.h -- `billingd run`: keeps AWS as the spec says until it is told to stop.
 *
 * Everything happens on one loop: passes by a timer, SIGHUP (reload), SIGUSR1 (look now), SIGTERM
 * and SIGINT (stop), the web server, and systemd's watchdog.  docs/operations.md is its manual. */
#ifndef DAEMON_SERVICE_SERVICE_H
#define DAEMON_SERVICE_SERVICE_H

#include "daemon/verbs/options.h"

/* Runs until a signal ends it, or with --once until one pass is done.  Returns the exit code. */
int service_run(const struct options *options);

#endif
