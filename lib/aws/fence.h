/* fence.h -- for how long calls may still be sent: a fence is asked right before each attempt's
 * bytes go out, and a call under it ends when it does. */
#ifndef AWS_FENCE_H
#define AWS_FENCE_H

#include <stdbool.h>
#include <stdint.h>

struct aws_fence {
    /* Milliseconds for which it still stands open; 0: nothing is sent, and the call ends with the
     * code AWS_FENCE_CODE and ERR_RETRY. */
    int64_t (*left_ms)(const void *arg);
    const void *arg;
    const char *why; /* it is shut, for people; borrowed */
    bool reads;      /* calls that change nothing are under it as well */
};

#define AWS_FENCE_CODE "NotSent"

#endif
