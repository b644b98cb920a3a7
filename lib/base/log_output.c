#include "base/log_output.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What poll(2) says of a pipe holds for this much: POSIX's least PIPE_BUF. */
enum { CAREFUL_BYTES = 512 };

enum way { WAY_STDIO, WAY_WRITE, WAY_SEND, WAY_CAREFUL };

static enum way way = WAY_STDIO;
static int descriptor = STDERR_FILENO;
static struct str kept;
static size_t sent;    /* of kept */
static char last_byte; /* that went out */
static uint64_t lost;

void log_output_never_wait(void)
{
    struct stat is;

    if (way != WAY_STDIO)
        return;
    way = WAY_WRITE;
    last_byte = '\n';
    if (fstat(STDERR_FILENO, &is))
        return; /* closed: every write fails, and that is counted */
    if (S_ISSOCK(is.st_mode)) {
        way = WAY_SEND;
    } else if (S_ISFIFO(is.st_mode) || isatty(STDERR_FILENO)) {
        int again = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (again < 0)
            way = WAY_CAREFUL;
        else
            descriptor = again;
    }
}

/* Like write(2), without waiting: EAGAIN. */
static ssize_t give(const char *bytes, size_t length)
{
    if (way == WAY_SEND)
        return send(descriptor, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (way == WAY_CAREFUL) {
        struct pollfd takes = {.fd = descriptor, .events = POLLOUT};

        if (poll(&takes, 1, 0) < 1) {
            errno = EAGAIN;
            return -1;
        }
        if (length > CAREFUL_BYTES)
            length = CAREFUL_BYTES;
    }
    return write(descriptor, bytes, length);
}

static void forget(void)
{
    str_fini(&kept);
    sent = 0;
}

/* What cannot be written now will not be written later either: that would be old news. */
static void lose(void)
{
    /* One at the very front only ends what was cut before. */
    for (size_t i = sent ? sent : 1; i < kept.len; i++)
        lost += kept.data[i] == '\n';
    forget();
}

bool log_output_flush(void)
{
    while (sent < kept.len) {
        ssize_t given = give(kept.data + sent, kept.len - sent);

        if (given > 0) {
            sent += (size_t)given;
            last_byte = kept.data[sent - 1];
        } else if (given < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return true;
        } else if (given == 0 || errno != EINTR) {
            lose();
        }
    }
    forget();
    return false;
}

/* Makes what is left begin at the front. */
static void close_up(void)
{
    if (!sent)
        return;
    memmove(kept.data, kept.data + sent, kept.len - sent);
    kept.len -= sent;
    sent = 0;
}

bool log_output_line(const char *text, size_t length)
{
    uint64_t before = lost;

    if (way == WAY_STDIO)
        return fwrite(text, 1, length, stderr) == length;
    if (kept.len - sent + length + 1 > LOG_OUTPUT_ROOM)
        (void)log_output_flush();
    if (kept.len - sent + length + 1 > LOG_OUTPUT_ROOM)
        return false;
    close_up();
    if (!kept.len && last_byte != '\n')
        str_add_char(&kept, '\n'); /* ends a line that was cut when writing failed */
    str_add_n(&kept, text, length);
    (void)log_output_flush();
    if (lost == before)
        return true;
    lost--; /* told by the result */
    return false;
}

void log_output_drain(int patience_ms)
{
    struct pollfd takes = {.fd = descriptor, .events = POLLOUT};

    while (log_output_flush())
        if (poll(&takes, 1, patience_ms) < 1)
            return;
}

uint64_t log_output_lost(void)
{
    return lost;
}
