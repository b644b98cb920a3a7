/* service.h -- `billingd run`: keeps AWS as the spec says until it is told to stop.
 *
 * Everything happens on one loop: passes by a timer, SIGHUP (reload), SIGUSR1 (look now), SIGTERM
 * and SIGINT (stop), the web server, and systemd's watchdog.  docs/operations.md is its manual. */
#ifndef DAEMON_SERVICE_SERVICE_H
#define DAEMON_SERVICE_SERVICE_H

#include <stdbool.h>

struct manifest;

struct service_orders {
    const char *path;          /* of the spec */
    bool once;                 /* one pass, then the end */
    bool skip_pass_role_check; /* write although IAM's simulation denies iam:PassRole */
    bool strict;               /* a spec with warnings is rejected */
};

/* From here on no signal that asks for a look ends the process: service_run answers it.  Call it
 * before anything that takes time, such as reading a spec. */
void service_hold_signals(void);

/* Runs until a signal ends it; once: until one pass is done.  manifest is taken over; a reload
 * reads its file again.  NULL: the file is read here, and when it (or the AWS configuration) is
 * wrong the daemon stays all the same, tells so at every place where it can be asked, and tries
 * again at SIGHUP.  Returns an exit_code. */
int service_run(struct manifest *manifest, const struct service_orders *orders);

#endif
