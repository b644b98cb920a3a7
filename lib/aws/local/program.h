/* program.h -- a command run to its end for what it prints, within limits of time and size.
 *
 * Its standard error goes nowhere: it may tell secrets, and nobody could say which. */
#ifndef AWS_LOCAL_PROGRAM_H
#define AWS_LOCAL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct program;

struct program_limits {
    uint64_t time_ms; /* after that it is killed, with all that it started in its process group */
    size_t bytes;     /* of its output, likewise */
};

/* How it ended. */
struct program_end {
    bool timed_out, too_large;
    int64_t code; /* exit code; 0 when a signal ended it */
    int signal;   /* 0: none */
    char *output; /* NUL-ended; overwritten after done */
    size_t length;
};
typedef void program_done_fn(void *arg, const struct program_end *end);

struct program_caller {
    program_done_fn *done;
    void *arg;
};

/* Runs `/bin/sh -c command`.  NULL and libuv's error in *status when it cannot be started; else
 * done is called once, never from inside. */
struct program *program_start(uv_loop_t *loop, const char *command,
                              const struct program_limits *limits, struct program_caller caller,
                              int *status);
/* Kills it; done is not called any more.  NULL is harmless. */
void program_cancel(struct program *program);

#endif
