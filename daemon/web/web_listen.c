/* web_listen.c -- from the text of an address to a bound socket. */
#include "daemon/web/web_listen.h"

#include "base/log.h"
#include "base/mem.h"
#include "daemon/web/web_unix.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "[host]:port" or "host:port" -> its two parts, in text. */
static int split(char *text, const char **host, const char **port, struct err *e)
{
    char *colon = strrchr(text, ':');
    bool bracket = *text == '[';

    if (!colon || colon == text || (bracket ? colon[-1] != ']' : strchr(text, ':') != colon))
        return err_set(e, ERR_INVALID,
                       "listen: \"%s\" is not an address with a port such as 127.0.0.1:9464 or "
                       "[::1]:9464, nor a socket such as unix:/run/billingd/http.sock",
                       text);
    colon[0] = '\0';
    if (bracket)
        colon[-1] = '\0';
    *host = bracket ? text + 1 : text;
    *port = colon + 1;
    return 0;
}

static int resolve(const char *listen, struct addrinfo **found, struct err *e)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    cleanup_free char *text = mem_text(listen);
    const char *host = "", *port = "";

    if (split(text, &host, &port, e))
        return -1;
    if (!*port || strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 ||
        strtoul(port, NULL, 10) > 65535)
        return err_set(e, ERR_INVALID, "listen: \"%s\": the port must be 0 to 65535", listen);
    if (getaddrinfo(strcmp(host, "localhost") ? host : "127.0.0.1", port, &hints, found) || !*found)
        return err_set(e, ERR_INVALID,
                       "listen: \"%s\": %s is not an IP address (names are not looked up)", listen,
                       host);
    return 0;
}

static void note_address(int fd, char address[WEB_ADDRESS])
{
    struct sockaddr_storage bound = {0};
    socklen_t length = sizeof(bound);
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    bool six;

    (void)getsockname(fd, (struct sockaddr *)&bound, &length);
    (void)getnameinfo((struct sockaddr *)&bound, length, host, sizeof(host), port, sizeof(port),
                      NI_NUMERICHOST | NI_NUMERICSERV);
    six = bound.ss_family == AF_INET6;
    (void)snprintf(address, WEB_ADDRESS, "%s%s%s:%s", six ? "[" : "", host, six ? "]" : "", port);
    if (strncmp(host, "127.", 4) != 0 && strcmp(host, "::1") != 0)
        log_warning("web_exposed", "{s:s, s:s}", "address", address, "error",
                    "metrics have no password: whoever reaches this address can read them");
}

static int open_network(const char *where, struct web_listen *opened, struct err *e)
{
    struct addrinfo *found = NULL;
    int one = 1, fd, problem = 0;

    if (resolve(where, &found, e))
        return -1;
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        (found->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) ||
        bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, WEB_BACKLOG))
        problem = errno;
    freeaddrinfo(found);
    if (problem) {
        if (fd >= 0)
            (void)close(fd);
        return web_unix_fail(where, problem, e);
    }
    note_address(fd, opened->address);
    opened->fd = fd;
    return 0;
}

static const char *path_of(const char *where)
{
    return strncmp(where, "unix:", 5) ? NULL : where + 5;
}

int web_listen_check(const char *where, struct err *e)
{
    struct addrinfo *found = NULL;

    if (path_of(where))
        return web_unix_check(path_of(where), e);
    if (resolve(where, &found, e))
        return -1;
    freeaddrinfo(found);
    return 0;
}

int web_listen_open(const char *where, int mode, struct web_listen *opened, struct err *e)
{
    const char *path = path_of(where);

    *opened = (struct web_listen){.fd = -1, .local = path != NULL};
    if (!path)
        return open_network(where, opened, e);
    if (web_unix_check(path, e))
        return -1;
    (void)snprintf(opened->address, WEB_ADDRESS, "unix:%s", path);
    opened->fd = web_unix_open(path, mode, &opened->device, &opened->inode, e);
    return opened->fd < 0 ? -1 : 0;
}

void web_listen_remove(const struct web_listen *opened)
{
    if (opened->local)
        web_unix_remove(path_of(opened->address), opened->device, opened->inode);
}
