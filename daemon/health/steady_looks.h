/* steady_looks.h -- which of the daemon's calls a month may be told by.
 *
 * A look and what follows it until the next one are steady when nothing was left over for them: not
 * the first look at a spec, which finds all to be made and every day to be built, none after a
 * failure, none that looks at everything anew, since somebody asked or another daemon led before.
 * What comes each hour or day (audits, the rollup of a day that closed) is steady. */
#ifndef DAEMON_SERVICE_STEADY_LOOKS_H
#define DAEMON_SERVICE_STEADY_LOOKS_H

#include <stdbool.h>

/* How it stands when a look begins. */
struct steady_looks_start {
    unsigned refreshes; /* how often everything was to be looked at anew: a new spec, somebody who
                           asked, another leader */
    bool well;          /* the last look and the work after it ended without failure */
    bool at_work;       /* the work for the data is still under way */
};

/* A look begins: the one before it, with what followed, is over and counted in the metrics. */
void steady_looks_begin(const struct steady_looks_start *start);
/* An HTTP request to AWS was sent. */
void steady_looks_count(const char *service, const char *operation);

#endif
