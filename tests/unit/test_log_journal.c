/* Records as the journal gets them, on a real socket: their fields, bytes with line breaks, one
 * that is larger than a datagram, and a journal that takes nothing for a while or for good. */
#include "base/log.h"
#include "base/log_event.h"
#include "base/log_journal.h"
#include "base/mem.h"
#include "check.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LARGE = 16000000, FLOOD = 20000 };

static char path[] = "/tmp/test_log_journal_XXXXXX/socket";
static char received[65536];

static int listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    memcpy(address.sun_path, path, sizeof path);
    CHECK(!bind(fd, (struct sockaddr *)&address, sizeof address));
    return fd;
}

static ssize_t receive(int fd)
{
    return recv(fd, received, sizeof received - 1, MSG_DONTWAIT);
}

/* The value of a field of what was received, new text; NULL: it has none. */
static char *field(const char *bytes, size_t length, const char *name)
{
    size_t long_name = strlen(name);

    for (const char *at = bytes; at < bytes + length;) {
        const char *end = memchr(at, '\n', (size_t)(bytes + length - at));
        const char *equals = memchr(at, '=', (size_t)(end - at));
        size_t size = equals ? (size_t)(end - equals - 1) : 0;
        const char *value = equals ? equals + 1 : end + 9;

        for (int i = 8; !equals && i > 0; i--)
            size = size << 8 | (unsigned char)end[i];
        if (!strncmp(at, name, long_name) && at + long_name == (equals ? equals : end))
            return mem_text_n(value, size);
        at = value + size + 1;
    }
    return NULL;
}

static void check_field(size_t length, const char *name, const char *want)
{
    cleanup_free char *have = field(received, length, name);

    CHECK_TEXT(have, want);
}

static void test_fields(int fd)
{
    size_t length;

    log_error("held", "{s:s, s:s, s:s, s:i}", "resource", "shop/bucket", "error",
              "line one\nBILLINGD_EVENT=forged\nPRIORITY=7", "code", "A=B", "ms", 12);
    length = (size_t)receive(fd);
    check_field(length, "MESSAGE",
                "held shop/bucket code=A=B ms=12: line one BILLINGD_EVENT=forged PRIORITY=7");
    check_field(length, "PRIORITY", "3");
    check_field(length, "SYSLOG_IDENTIFIER", "billingd");
    check_field(length, "MESSAGE_ID", log_event_id("held"));
    check_field(length, "BILLINGD_EVENT", "held");
    check_field(length, "BILLINGD_RESOURCE", "shop/bucket");
    check_field(length, "BILLINGD_PIPELINE", "shop");
    check_field(length, "BILLINGD_REASON", "line one\nBILLINGD_EVENT=forged\nPRIORITY=7");
    check_field(length, "BILLINGD_CODE", "A=B");
    check_field(length, "BILLINGD_MS", "12");
    log_warning("backfill_waits", "{s:s, s:s, s:s}", "pipeline", "shop", "why", "one \033[31mred",
                "error", "two");
    length = (size_t)receive(fd);
    check_field(length, "MESSAGE", "backfill_waits shop: one \\u001b[31mred: two");
    check_field(length, "PRIORITY", "4");
    check_field(length, "BILLINGD_PIPELINE", "shop");
    check_field(length, "BILLINGD_RESOURCE", NULL);
    check_field(length, "BILLINGD_REASON", "one \\u001b[31mred");
    check_field(length, "BILLINGD_ERROR", "two"); /* one field, one value */
    log_info("an event nobody listed", NULL);
    length = (size_t)receive(fd);
    check_field(length, "MESSAGE", "an event nobody listed");
    check_field(length, "MESSAGE_ID", NULL);
    log_debug("attempt", NULL);
    CHECK(receive(fd) < 0);
    CHECK(log_goes_to_journal());
}

static void test_secret(int fd)
{
    size_t length;

    CHECK(!setenv("TEST_JOURNAL_SECRET", "swordfish-and-more", 1));
    log_error("failed", "{s:s, s:[s]}", "error", "no: swordfish-and-more", "list",
              "swordfish-and-more");
    length = (size_t)receive(fd);
    received[length] = '\0';
    CHECK(memmem(received, length, "swordfish", 9) == NULL);
    check_field(length, "BILLINGD_REASON", "no: ***");
}

/* The sealed file that came instead of bytes; -1: none did. */
static int receive_file(int fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {received, sizeof received};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    int file = -1;

    CHECK_INT(recvmsg(fd, &message, MSG_DONTWAIT), 0);
    if (CMSG_FIRSTHDR(&message))
        memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof file);
    return file;
}

static void test_large(int fd)
{
    char *text = malloc(LARGE + 1);
    struct stat is = {0};
    int file;
    const char *bytes;

    memset(text, 'x', LARGE);
    text[LARGE] = '\0';
    log_info("note", "{s:s}", "error", text);
    file = receive_file(fd);
    CHECK(file >= 0 && !fstat(file, &is) && is.st_size > LARGE);
    CHECK_INT(fcntl(file, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    bytes = mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(bytes != MAP_FAILED);
    if (bytes != MAP_FAILED) {
        cleanup_free char *value = field(bytes, (size_t)is.st_size, "BILLINGD_REASON");

        CHECK(value && !strcmp(value, text));
    }
    (void)close(file);
    free(text);
}

/* Takes all that is there; adds the events and those that a record tells were dropped. */
static void take_all(int fd, long long *got, long long *told)
{
    static long long last = -1;
    ssize_t length;

    while ((length = receive(fd)) >= 0) {
        cleanup_free char *number = field(received, (size_t)length, "BILLINGD_NUMBER");
        cleanup_free char *lines = field(received, (size_t)length, "BILLINGD_LINES");

        *got += number != NULL;
        *told += lines ? atoll(lines) : 0;
        CHECK(!number || atoll(number) > last);
        last = number ? atoll(number) : last;
    }
}

/* The journal stands still: nobody waits, whole records are dropped and counted, the rest comes in
 * order when it moves again. */
static void test_full(int fd)
{
    long long got = 0, told = 0;

    for (int i = 0; i < FLOOD; i++)
        log_info("rollup", "{s:i}", "number", i);
    CHECK(log_flush());
    CHECK(log_dropped() > 0 && log_dropped() < FLOOD);
    do
        take_all(fd, &got, &told);
    while (log_flush());
    take_all(fd, &got, &told);
    CHECK_INT(got + told, FLOOD);
    CHECK_INT(told, (long long)log_dropped());
}

/* From here on standard error, as the log knows it, is a pipe: its end to read. */
static int never_wait(void)
{
    int ends[2], before = dup(STDERR_FILENO);

    CHECK(!pipe(ends) && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    log_never_wait();
    CHECK(dup2(before, STDERR_FILENO) == STDERR_FILENO);
    return ends[0];
}

/* Its socket is gone: the line goes to standard error after all. */
static void test_gone(int fd, int errors)
{
    uint64_t dropped = log_dropped();
    ssize_t length;

    (void)close(fd);
    (void)unlink(path);
    log_error("stalled", "{s:s}", "error", "here");
    length = read(errors, received, sizeof received - 1);
    received[length > 0 ? length : 0] = '\0';
    CHECK_TEXT(received, "{\"event\":\"stalled\",\"level\":\"error\",\"error\":\"here\"}\n");
    CHECK(log_dropped() == dropped);
}

static void test_stream(void)
{
    struct stat is;
    char name[64];

    CHECK(!fstat(STDERR_FILENO, &is));
    (void)snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)is.st_dev,
                   (unsigned long long)is.st_ino);
    CHECK(!setenv("JOURNAL_STREAM", name, 1) && log_journal_is_stderr());
    CHECK(!setenv("JOURNAL_STREAM", "9:1", 1) && !log_journal_is_stderr()); /* sent elsewhere */
    CHECK(!unsetenv("JOURNAL_STREAM") && !log_journal_is_stderr());
    CHECK(!log_journal_open("/nonexistent/socket") && !log_journal_is_open());
}

static void test_ids(void)
{
    for (const struct log_event *event = log_events; event->name; event++) {
        CHECK_INT(strlen(event->id), 32);
        CHECK_INT(strspn(event->id, "0123456789abcdef"), 32);
        for (const struct log_event *other = log_events; other < event; other++)
            CHECK(strcmp(other->id, event->id) != 0 && strcmp(other->name, event->name) != 0);
    }
}

int main(void)
{
    char *slash = strrchr(path, '/');
    int fd, errors;

    *slash = '\0';
    CHECK(mkdtemp(path) != NULL);
    *slash = '/';
    test_stream();
    test_ids();
    fd = listen_here();
    CHECK(log_journal_open(path));
    test_fields(fd);
    test_secret(fd);
    test_large(fd);
    errors = never_wait();
    test_full(fd);
    test_gone(fd, errors);
    *slash = '\0';
    (void)rmdir(path);
    return check_done();
}
