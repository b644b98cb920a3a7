#include "daemon/verbs/daemon_ask.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_S = 5, ANSWER_MOST = 16 << 20 };

static int limit(int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) ||
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

/* -1 and errno. */
static int connect_to(int family, const struct sockaddr *address, socklen_t length)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), problem;

    if (fd < 0)
        return -1;
    if (!limit(fd) && !connect(fd, address, length))
        return fd;
    problem = errno;
    (void)close(fd);
    errno = problem;
    return -1;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return connect_to(AF_UNIX, (const struct sockaddr *)&address, sizeof address);
}

static int connect_tcp(const char *listen)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    const char *colon = strrchr(listen, ':');
    bool bracket = *listen == '[';
    cleanup_free char *host =
        mem_text_n(listen + bracket, (size_t)(colon - listen) - (bracket ? 2U : 0U));
    const char *name = !strcmp(host, "0.0.0.0") ? "127.0.0.1" : !strcmp(host, "::") ? "::1" : host;
    struct addrinfo *found = NULL;
    int fd = -1;

    if (getaddrinfo(name, colon + 1, &hints, &found))
        return -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen);
    freeaddrinfo(found);
    return fd;
}

static int exchange(int fd, const char *request, struct str *answer)
{
    char bytes[16384];
    ssize_t n;

    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        return -1;
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0 && answer->len < ANSWER_MOST)
        str_add_n(answer, bytes, (size_t)n);
    return n ? -1 : 0;
}

/* The body of an answer 200; new text. */
static char *take_answer(const struct str *answer)
{
    const char *text = str_text(answer), *body = strstr(text, "\r\n\r\n");
    int status = 0;

    if (!body || sscanf(text, "HTTP/1.%*1d %3d", &status) != 1 || status != 200)
        return NULL;
    return mem_text(body + 4);
}

static void tell_strange(const char *listen, struct err *e)
{
    (void)err_set(e, ERR_RETRY,
                  "what answers at %s is not this billingd, or does not answer in %d s", listen,
                  PATIENCE_S);
}

/* 1 when the connection was ended without an answer: the daemon listens anew, after a reload. */
static int ask_once(const char *listen, const char *path, struct str *answer, struct err *e)
{
    bool local = !strncmp(listen, "unix:", 5);
    int fd = local ? connect_unix(listen + 5) : connect_tcp(listen);
    cleanup_free char *request =
        mem_printf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
                   local ? "localhost" : listen);
    int failed, why;

    if (fd < 0)
        return err_set(e, ERR_ABSENT, "no daemon answers at %s (%s)", listen, strerror(errno));
    failed = exchange(fd, request, answer);
    why = errno;
    (void)close(fd);
    return !answer->len && (!failed || why == ECONNRESET || why == EPIPE);
}

static char *ask_one(const char *listen, const char *path, struct err *e)
{
    cleanup_str struct str answer = {0};
    int cut = ask_once(listen, path, &answer, e);
    char *text;

    if (cut > 0)
        cut = ask_once(listen, path, &answer, e);
    if (cut < 0)
        return NULL;
    text = take_answer(&answer);
    if (!text)
        tell_strange(listen, e);
    return text;
}

/* Asks one address after the other until one of them gives what is wanted. */
static char *ask(const char *listen, const char *path, json_t **json, struct err *e)
{
    char *text = NULL;

    while (!text && *listen) {
        size_t n = strcspn(listen, ",");
        cleanup_free char *one = mem_text_n(listen, n);

        err_clear(e);
        text = ask_one(one, path, e);
        if (text && json) {
            *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
            if (!json_is_object(*json)) {
                json_decref(*json);
                *json = NULL;
                free(text);
                text = NULL;
                tell_strange(one, e);
            }
        }
        listen += n;
        listen += strspn(listen, ", ");
    }
    return text;
}

json_t *daemon_ask(const char *listen, const char *path, struct err *e)
{
    json_t *json = NULL;

    free(ask(listen, path, &json, e));
    return json;
}

char *daemon_ask_text(const char *listen, const char *path, struct err *e)
{
    return ask(listen, path, NULL, e);
}
