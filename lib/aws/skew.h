/* skew.h -- what time it is for a host whose clock, or ours, is wrong.
 *
 * AWS refuses signatures more than 5 minutes off (S3: 15).  The offset is server minus local, kept
 * per host, used for signing and (the newest) as base/clock's agreed time, and dropped when the
 * local wall clock jumps. */
#ifndef AWS_SKEW_H
#define AWS_SKEW_H

#include <stdbool.h>
#include <stdint.h>

struct skew_host;
struct skew {
    struct skew_host *hosts; /* zero to start */
};

/* Milliseconds since the epoch, by that host's clock. */
int64_t skew_now_ms(struct skew *skew, const char *host);
/* After a refusal that may be about time: date is the reply's Date header (NULL: none), signed_ms
 * the time that was signed.  True when they are 4 minutes or more apart: the offset is kept, and
 * signing again is worth while. */
bool skew_learn(struct skew *skew, const char *host, const char *date, int64_t signed_ms);
void skew_fini(struct skew *skew);

#endif
