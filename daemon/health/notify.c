/* notify.c -- sd_notify's protocol: KEY=value lines in one datagram to $NOTIFY_SOCKET. */
#include "daemon/health/notify.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static bool owes_ready; /* it did not get through, and systemd waits for it */

/* Whether it got through, or nobody listens to it. */
static bool send_one(const char *message)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    ssize_t sent;
    int fd;

    if (length < 2 || length >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
        return true;
    memcpy(address.sun_path, path, length);
    if (*path == '@')
        address.sun_path[0] = '\0'; /* the abstract namespace; its names have no NUL at the end */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
                  (struct sockaddr *)&address,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    (void)close(fd);
    return sent >= 0;
}

static void notify(const char *message)
{
    owes_ready = owes_ready && !send_one("READY=1");
    (void)send_one(message);
}

void notify_ready(void)
{
    owes_ready = !send_one("READY=1");
}

void notify_reloading(void)
{
    cleanup_free char *message = NULL;
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    message = mem_printf("RELOADING=1\nMONOTONIC_USEC=%lld",
                         (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify(message);
}

void notify_stopping(void)
{
    notify("STOPPING=1");
}

void notify_status(const char *format, ...)
{
    cleanup_free char *message = NULL;
    char text[512]; /* one line for people; more is cut off */
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *c = text; *c; c++) {
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    }
    message = mem_printf("STATUS=%s", text);
    notify(message);
}

void notify_watchdog(void)
{
    notify("WATCHDOG=1");
}

static unsigned long long number(const char *name)
{
    const char *text = getenv(name);

    if (!text || !*text || strspn(text, "0123456789") != strlen(text))
        return 0;
    return strtoull(text, NULL, 10);
}

int64_t notify_watchdog_interval_ms(void)
{
    unsigned long long period_us = number("WATCHDOG_USEC"), pid = number("WATCHDOG_PID");

    if (!period_us || period_us > INT64_MAX ||
        (getenv("WATCHDOG_PID") && pid != (unsigned)getpid()))
        return 0;
    return period_us < 2000 ? 1 : (int64_t)(period_us / 2000);
}
