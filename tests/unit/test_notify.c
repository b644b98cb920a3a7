/* sd_notify's datagrams, received by a real socket, by path and in the abstract namespace. */
#include "check.h"
#include "daemon/health/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char received[1024];

static int listen_on(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    memcpy(address.sun_path, name, length);
    if (*name == '@')
        address.sun_path[0] = '\0';
    CHECK(bind(fd, (struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0);
    CHECK(setenv("NOTIFY_SOCKET", name, 1) == 0);
    return fd;
}

static const char *receive(int fd)
{
    ssize_t length = recv(fd, received, sizeof(received) - 1, MSG_DONTWAIT);

    received[length > 0 ? length : 0] = '\0';
    return length < 0 ? "(nothing)" : received;
}

static void test_messages(int fd)
{
    struct timespec before, after;
    long long at = 0;

    notify_ready();
    CHECK_TEXT(receive(fd), "READY=1");
    notify_stopping();
    CHECK_TEXT(receive(fd), "STOPPING=1");
    notify_watchdog();
    CHECK_TEXT(receive(fd), "WATCHDOG=1");
    notify_status("%d/%d in sync,\nnext check %s", 14, 14, "3m12s");
    CHECK_TEXT(receive(fd), "STATUS=14/14 in sync, next check 3m12s");

    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    notify_reloading();
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(sscanf(receive(fd), "RELOADING=1\nMONOTONIC_USEC=%lld", &at) == 1);
    CHECK(at >= (long long)before.tv_sec * 1000000 + before.tv_nsec / 1000);
    CHECK(at <= (long long)after.tv_sec * 1000000 + after.tv_nsec / 1000);
    CHECK_TEXT(receive(fd), "(nothing)");
}

static void test_absence(void)
{
    /* Nobody there, no such kind of address, a name too long: nothing happens, nothing blocks. */
    static const char *const names[] = {"@billingd-nobody-listens", "relative", "/", "", NULL};
    char name[300];

    for (int i = 0; names[i]; i++) {
        CHECK(setenv("NOTIFY_SOCKET", names[i], 1) == 0);
        notify_ready();
    }
    memset(name, 'a', sizeof(name));
    name[0] = '/';
    name[sizeof(name) - 1] = '\0';
    CHECK(setenv("NOTIFY_SOCKET", name, 1) == 0);
    notify_ready();
    CHECK(unsetenv("NOTIFY_SOCKET") == 0);
    notify_ready();
}

/* A receiver that does not read must not stop us. */
static void test_full(void)
{
    char name[64];
    int fd;

    (void)snprintf(name, sizeof(name), "@billingd-test-full-%d", (int)getpid());
    fd = listen_on(name);
    for (int i = 0; i < 2000; i++)
        notify_watchdog();
    CHECK_TEXT(receive(fd), "WATCHDOG=1");
    (void)close(fd);
}

/* systemd ends who does not say that it is ready: it is said as soon as there is room. */
static void test_ready_is_not_lost(void)
{
    char name[64];
    int fd, ready = 0;

    (void)snprintf(name, sizeof(name), "@billingd-test-ready-%d", (int)getpid());
    fd = listen_on(name);
    for (int i = 0; i < 2000; i++)
        notify_watchdog();
    notify_ready();
    while (strcmp(receive(fd), "(nothing)") != 0)
        ready += !strcmp(received, "READY=1");
    CHECK_INT(ready, 0);
    notify_status("looking");
    CHECK_TEXT(receive(fd), "READY=1");
    CHECK_TEXT(receive(fd), "STATUS=looking");
    notify_status("looking");
    CHECK_TEXT(receive(fd), "STATUS=looking");
    (void)close(fd);
}

static int64_t interval(const char *usec, const char *pid)
{
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    if (usec)
        (void)setenv("WATCHDOG_USEC", usec, 1);
    if (pid)
        (void)setenv("WATCHDOG_PID", pid, 1);
    return notify_watchdog_interval_ms();
}

static void test_watchdog(void)
{
    char me[16], other[16];

    (void)snprintf(me, sizeof(me), "%d", (int)getpid());
    (void)snprintf(other, sizeof(other), "%d", (int)getppid());
    CHECK_INT(interval(NULL, NULL), 0);
    CHECK_INT(interval("60000000", me), 30000);
    CHECK_INT(interval("60000000", NULL), 30000);
    CHECK_INT(interval("60000000", other), 0);
    CHECK_INT(interval("0", me), 0);
    CHECK_INT(interval("", me), 0);
    CHECK_INT(interval("-5", me), 0);
    CHECK_INT(interval("abc", me), 0);
    CHECK_INT(interval("100", me), 1);
    CHECK_INT(interval("99999999999999999999999", me), 0);
}

int main(void)
{
    char name[64];
    int fd;

    (void)snprintf(name, sizeof(name), "@billingd-test-%d", (int)getpid());
    fd = listen_on(name);
    test_messages(fd);
    (void)close(fd);

    (void)snprintf(name, sizeof(name), "/tmp/billingd-test-%d.socket", (int)getpid());
    fd = listen_on(name);
    test_messages(fd);
    (void)close(fd);
    (void)unlink(name);

    test_full();
    test_ready_is_not_lost();
    test_absence();
    test_watchdog();
    return check_done();
}
