#include "base/log_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SEND_BUFFER = 8388608, PAUSE_MS = 10 }; /* the first: as libsystemd asks for */

enum outcome { SENT, LATER, FAILED };

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int descriptor = -1;
static bool patient = true;
static struct str kept; /* records, each behind its length (size_t) */
static size_t sent;     /* of kept */
static uint64_t lost;

bool log_journal_is_stderr(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat is;
    char name[64];

    if (!stream || fstat(STDERR_FILENO, &is))
        return false;
    (void)snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)is.st_dev,
                   (unsigned long long)is.st_ino);
    return !strcmp(stream, name);
}

bool log_journal_open(const char *path)
{
    size_t length = strlen(path);

    if (descriptor >= 0 || length >= sizeof address.sun_path || access(path, W_OK))
        return false;
    memcpy(address.sun_path, path, length + 1);
    descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return false;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &(int){SEND_BUFFER}, sizeof(int));
    return true;
}

bool log_journal_is_open(void)
{
    return descriptor >= 0;
}

void log_journal_never_wait(void)
{
    patient = false;
}

/* ---- a record ---- */

void log_journal_field(struct str *record, const char *name, const char *value)
{
    size_t length = strlen(value);

    str_add(record, name);
    if (strchr(value, '\n')) { /* the length in 64 bits, the lowest byte first */
        str_add_char(record, '\n');
        for (unsigned i = 0; i < 8; i++)
            str_add_char(record, (char)(unsigned char)((uint64_t)length >> (8 * i)));
    } else {
        str_add_char(record, '=');
    }
    str_add_n(record, value, length);
    str_add_char(record, '\n');
}

/* ---- sending ---- */

/* A sealed file with the record; -1: there is none. */
static int file_of(const char *bytes, size_t length)
{
    int file = memfd_create("billingd-log", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (file < 0)
        return -1;
    if (write(file, bytes, length) == (ssize_t)length &&
        !fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
        return file;
    (void)close(file);
    return -1;
}

static enum outcome send_message(struct msghdr *message)
{
    ssize_t taken;

    message->msg_name = &address;
    message->msg_namelen = sizeof address;
    do
        taken = sendmsg(descriptor, message, MSG_NOSIGNAL | (patient ? 0 : MSG_DONTWAIT));
    while (taken < 0 && errno == EINTR);
    return taken >= 0 ? SENT : errno == EAGAIN || errno == EWOULDBLOCK ? LATER : FAILED;
}

/* Larger than a datagram may be. */
static enum outcome send_file(const char *bytes, size_t length)
{
    union {
        struct cmsghdr header; /* for its alignment */
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_control = control.room, .msg_controllen = sizeof control.room};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int file = file_of(bytes, length);
    enum outcome outcome;

    if (file < 0)
        return FAILED;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(header), &file, sizeof file);
    outcome = send_message(&message);
    (void)close(file);
    return outcome;
}

static enum outcome send_bytes(char *bytes, size_t length)
{
    struct iovec part = {bytes, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    enum outcome outcome = send_message(&message);

    if (outcome == FAILED && (errno == EMSGSIZE || errno == ENOBUFS))
        return send_file(bytes, length);
    return outcome;
}

/* ---- what waits ---- */

bool log_journal_flush(void)
{
    while (sent < kept.len) {
        size_t length;
        enum outcome outcome;

        memcpy(&length, kept.data + sent, sizeof length);
        outcome = send_bytes(kept.data + sent + sizeof length, length);
        if (outcome == LATER)
            return true;
        lost += outcome == FAILED;
        sent += sizeof length + length;
    }
    str_fini(&kept);
    sent = 0;
    return false;
}

static bool keep(const struct str *record)
{
    if (sent) {
        memmove(kept.data, kept.data + sent, kept.len - sent);
        kept.len -= sent;
        sent = 0;
    }
    if (kept.len + sizeof record->len + record->len > LOG_JOURNAL_ROOM)
        return false;
    str_add_n(&kept, &record->len, sizeof record->len);
    str_add_n(&kept, record->data, record->len);
    return true;
}

int log_journal_send(const struct str *record)
{
    enum outcome outcome = log_journal_flush() ? LATER : send_bytes(record->data, record->len);

    if (outcome == LATER)
        return keep(record) ? 0 : 1;
    return outcome == SENT ? 0 : -1;
}

/* A datagram socket that is not connected cannot tell when its peer has room again. */
void log_journal_drain(int patience_ms)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    size_t before = SIZE_MAX;

    for (int waited_ms = 0; log_journal_flush() && waited_ms < patience_ms; waited_ms += PAUSE_MS) {
        if (kept.len - sent < before)
            waited_ms = 0;
        before = kept.len - sent;
        (void)nanosleep(&pause, NULL);
    }
}

uint64_t log_journal_lost(void)
{
    return lost;
}
