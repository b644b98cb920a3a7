#include "daemon/views/standard_streams.h"

#include "base/printable.h"
#include "daemon/views/exit_code.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the C library's stream writes to: a descriptor, by way of what makes bytes printable. */
struct stream {
    int descriptor;
    bool exact; /* the bytes are data */
    struct printable printable;
};

static struct stream output = {.descriptor = STDOUT_FILENO};
static struct stream errors = {.descriptor = STDERR_FILENO};

/* False, errno set, when not all of it could be written. */
static bool write_all(int descriptor, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(descriptor, bytes, length);

        if (n < 0 && errno == EAGAIN)
            (void)poll(&(struct pollfd){.fd = descriptor, .events = POLLOUT}, 1, -1);
        else if (n < 0 && errno != EINTR)
            return false;
        bytes += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* (fopencookie(3): 0 for an error, never a negative number.) */
static ssize_t write_stream(void *cookie, const char *bytes, size_t length)
{
    struct stream *stream = cookie;
    struct str shown = {0};
    bool good;

    if (stream->exact)
        return write_all(stream->descriptor, bytes, length) ? (ssize_t)length : 0;
    printable_add(&stream->printable, &shown, bytes, length);
    good = write_all(stream->descriptor, str_text(&shown), shown.len);
    str_fini(&shown);
    return good ? (ssize_t)length : 0;
}

static FILE *open_stream(struct stream *stream, int buffering)
{
    FILE *file = fopencookie(stream, "w", (cookie_io_functions_t){.write = write_stream});

    if (!file || setvbuf(file, NULL, buffering, BUFSIZ))
        abort();
    return file;
}

void standard_streams_exact(void)
{
    output.exact = !isatty(output.descriptor);
}

/* The end of a character that never came. */
static int end_stream(FILE *file, struct stream *stream)
{
    cleanup_str struct str rest = {0};
    int failed = fflush(file);

    printable_end(&stream->printable, &rest);
    return failed || !write_all(stream->descriptor, str_text(&rest), rest.len) ? -1 : 0;
}

void standard_streams_open(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        /* The lowest free one is taken, so in this order it is the one that is closed. */
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY) != descriptor)
            abort();
    }
    stdout = open_stream(&output, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
    stderr = open_stream(&errors, _IONBF);
}

int standard_streams_close(int code)
{
    bool failed = ferror(stdout) != 0;
    int reason = end_stream(stdout, &output) ? errno : 0;

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
