/* pace.h -- at most so many calls in any minute: which may go now, and when the next one may.
 *
 * Pure: time is an argument.  A window that slides, and no bucket that fills: a full bucket lets
 * twice its size go within a minute. */
#ifndef AWS_PACE_H
#define AWS_PACE_H

#include <stddef.h>
#include <stdint.h>

enum { PACE_WINDOW_MS = 60000 };

struct pace {
    size_t most;       /* calls within the window; 0: as many as there are */
    int64_t window_ms; /* 0: a minute */
    int64_t *sent_ms;  /* of the last `most` calls, oldest at next once all are used */
    size_t next, used;
};

/* From now on so many; what was sent within the window still counts.  {0} has no limit. */
void pace_set(struct pace *pace, size_t most);
void pace_fini(struct pace *pace);
/* Milliseconds until one more may go; 0: now. */
int64_t pace_wait_ms(const struct pace *pace, int64_t now_ms);
/* A call goes, whether it had to wait for that or not. */
void pace_note(struct pace *pace, int64_t now_ms);

#endif
