/* service.h -- `billingd run`: keeps AWS as the spec says until it is told to stop.
 *
 * Everything happens on one loop: passes by a timer, SIGHUP (reload), SIGUSR1 (look now), SIGTERM
 * and SIGINT (stop), the web server, and systemd's watchdog.  docs/operations.md is its manual. */
#ifndef DAEMON_SERVICE_SERVICE_H
#define DAEMON_SERVICE_SERVICE_H

#include <stdbool.h>

struct manifest;

/* Runs until a signal ends it; once: until one pass is done.  manifest is taken over; a reload
 * reads its file again.  Returns an exit_code. */
int service_run(struct manifest *manifest, bool once, bool skip_pass_role_check);

#endif
