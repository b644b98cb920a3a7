#include "daemon/views/standard_streams.h"

#include "daemon/views/exit_code.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void standard_streams_open(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        /* The lowest free one is taken, so in this order it is the one that is closed. */
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY) != descriptor)
            abort();
    }
}

int standard_streams_close(int code)
{
    bool failed = ferror(stdout) != 0;
    int reason = fflush(stdout) ? errno : 0;

    if (!failed && !reason)
        return code;
    /* The write that failed has taken its reason along: the next one gives it again. */
    clearerr(stdout);
    if (!reason && (putchar('\n') == EOF || fflush(stdout)))
        reason = errno;
    if (reason != EPIPE)
        (void)fprintf(stderr, "billingd: standard output: %s: what was printed is not complete\n",
                      reason ? strerror(reason) : "a write failed");
    return EXIT_FAILED;
}
