/* http.c -- the glue between curl_multi_socket_action and uv_poll, and whose turn it is.  What is
 * easy to get wrong:
 *  - a uv_poll_t must be stopped before libcurl closes its socket (close_socket) and freed
 *    only in its close callback; for a while two may exist for one file descriptor;
 *  - libuv reports an error by stopping the handle: libcurl is asked to look, then it is restarted;
 *  - easy handles are added and removed outside libcurl's callbacks only. */
#include "aws/http_private.h"

#include "aws/loop_watch.h"
#include "base/mem.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { KEPT_CONNECTIONS = 64 };
/* Of all descriptors, which the rest of the process keeps; and how many a connection takes while
 * its host is looked up. */
enum { OTHER_DESCRIPTORS = 16, DESCRIPTORS_EACH = 3 };

const struct http_options http_defaults = {
    .connect_timeout_ms = 3000,
    .total_timeout_ms = 30000,
    .stall_s = 30,
    .body_limit = 16u << 20,
    .in_flight = 32u << 20,
    .usual = 256u << 10,
    .header_limit = 64u << 10,
    .per_host = 64,
    .total = 128,
    .user_agent = "billingd",
};

/* One registered socket. */
struct watcher {
    uv_poll_t poll;
    struct http *http;
    curl_socket_t socket;
    int events; /* UV_READABLE | UV_WRITABLE; 0 once stopped */
    struct watcher *next;
};

static void unlink_transfer(struct http_transfer *t)
{
    if (!t->easy) {
        TAILQ_REMOVE(&t->host->waiting, t, next);
        return;
    }
    TAILQ_REMOVE(&t->http->running, t, next);
    t->http->running_count--;
    t->host->running--;
}

/* ---- the end of a transfer ---- */

static void kick(struct http *http, uint64_t delay_ms);

/* Its reply is larger than usual, and there was no room for it: it is asked again when there is. */
static void wait_for_room(struct http_transfer *t)
{
    struct http *http = t->http;

    unlink_transfer(t);
    (void)curl_multi_remove_handle(http->multi, t->easy);
    http_transfer_reset(t);
    t->wants_room = false;
    t->whole = http->cautious = true;
    TAILQ_INSERT_HEAD(&t->host->waiting, t, next);
    kick(http, 0);
}

/* Tells the caller, who may do anything: nothing of t or its http is touched after that, but http
 * itself stays in memory until its handles are closed. */
static void finish(struct http_transfer *t, CURLcode code)
{
    struct http_reply reply;

    if (t->wants_room) {
        wait_for_room(t);
        return;
    }
    http_transfer_reply(t, code, &reply);
    unlink_transfer(t);
    /* Its place is free before the caller asks for more. */
    if (t->easy)
        (void)curl_multi_remove_handle(t->http->multi, t->easy);
    t->http->reserved -= t->reserved - t->body.len;
    t->reserved = t->body.len;
    kick(t->http, 0);
    t->done(t->arg, &reply);
    if (t->easy)
        curl_easy_cleanup(t->easy);
    t->easy = NULL;
    http_transfer_free(t);
}

/* What is left when it has none waits for the kick. */
static bool has_time(struct http *http)
{
    if (loop_watch_has_time(http->kick.loop))
        return true;
    kick(http, 1);
    return false;
}

static void drain(struct http *http)
{
    CURLMsg *message;
    int left;

    while (http->multi && has_time(http) &&
           (message = curl_multi_info_read(http->multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        char *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish((struct http_transfer *)(void *)transfer, code);
    }
}

/* ---- sockets and time ---- */

static void release(struct http *http)
{
    if (--http->handles)
        return;
    curl_global_cleanup();
    free(http);
}

static void on_watcher_closed(uv_handle_t *handle)
{
    struct watcher *watcher = handle->data;
    struct http *http = watcher->http;

    free(watcher);
    release(http);
}

static void stop_watcher(struct watcher *watcher)
{
    struct watcher **at = &watcher->http->watchers;

    while (*at != watcher)
        at = &(*at)->next;
    *at = watcher->next;
    watcher->events = 0;
    (void)uv_poll_stop(&watcher->poll);
    uv_close((uv_handle_t *)&watcher->poll, on_watcher_closed);
}

/* libcurl does not know this socket any more. */
static void forget_socket(struct http *http, curl_socket_t socket)
{
    for (struct watcher *watcher = http->watchers; watcher; watcher = watcher->next)
        if (watcher->socket == socket) {
            stop_watcher(watcher);
            return;
        }
}

static void run(struct http *http, curl_socket_t socket, int flags)
{
    CURLMcode code;
    int running;

    if (!http->multi)
        return;
    code = curl_multi_socket_action(http->multi, socket, flags, &running);
    if (code && code != CURLM_BAD_SOCKET) { /* nothing works any more after that */
        (void)fprintf(stderr, "libcurl: %s\n", curl_multi_strerror(code));
        abort();
    }
    if (code == CURLM_BAD_SOCKET)
        forget_socket(http, socket);
    drain(http);
}

static void on_timeout(uv_timer_t *timer)
{
    run(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl must not be called from here, so 0 ms means the loop's next turn. */
static int set_timeout(CURLM *multi, long ms, void *arg)
{
    struct http *http = arg;

    (void)multi;
    if (uv_is_closing((uv_handle_t *)&http->timeout))
        return 0;
    if (ms < 0)
        return uv_timer_stop(&http->timeout);
    return uv_timer_start(&http->timeout, on_timeout, (uint64_t)ms, 0);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watcher *watcher = poll->data;
    int flags = 0;

    if (status >= 0 && !loop_watch_has_time(poll->loop))
        return; /* it is as ready in the next round */
    if (status >= 0)
        flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    run(watcher->http, watcher->socket, flags);
    /* A uv_poll_t that reports an error is stopped already; libcurl may still want it. */
    if (status < 0 && watcher->events && !uv_is_closing((uv_handle_t *)poll) &&
        !uv_is_active((uv_handle_t *)poll))
        (void)uv_poll_start(poll, watcher->events, on_poll);
}

static struct watcher *start_watcher(struct http *http, curl_socket_t socket)
{
    struct watcher *watcher = mem_new(sizeof *watcher);

    if (uv_poll_init_socket(http->timeout.loop, &watcher->poll, socket)) {
        free(watcher);
        return NULL;
    }
    watcher->http = http;
    watcher->socket = socket;
    watcher->poll.data = watcher;
    watcher->next = http->watchers;
    http->watchers = watcher;
    http->handles++;
    return watcher;
}

static int set_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *assigned)
{
    struct http *http = arg;
    struct watcher *watcher = assigned;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)curl_multi_assign(http->multi, socket, NULL);
        if (watcher)
            stop_watcher(watcher);
        return 0;
    }
    if (!watcher) {
        if ((watcher = start_watcher(http, socket)) == NULL)
            return -1;
        (void)curl_multi_assign(http->multi, socket, watcher);
    }
    watcher->events =
        (what != CURL_POLL_OUT ? UV_READABLE : 0) | (what != CURL_POLL_IN ? UV_WRITABLE : 0);
    return uv_poll_start(&watcher->poll, watcher->events, on_poll) ? -1 : 0;
}

/* A descriptor that is still in epoll must not be closed: libuv would abort later. */
static int close_socket(void *arg, curl_socket_t socket)
{
    struct http *http = arg;

    if (http->multi)
        (void)curl_multi_assign(http->multi, socket, NULL);
    forget_socket(http, socket);
    return close(socket);
}

/* ---- whose turn it is ---- */

static struct http_host *host_of(struct http *http, const char *url)
{
    size_t scheme = strcspn(url, ":") + 3, n = scheme;
    struct http_host *host;

    if (strlen(url) > scheme)
        n += strcspn(url + scheme, "/?");
    n = strnlen(url, n);
    SLIST_FOREACH(host, &http->hosts, next)
        if (strncmp(host->origin, url, n) == 0 && !host->origin[n])
            return host;
    host = mem_new(sizeof *host);
    host->origin = mem_text_n(url, n);
    TAILQ_INIT(&host->waiting);
    SLIST_INSERT_HEAD(&http->hosts, host, next);
    return host;
}

/* The oldest of those whose host has a place; NULL: none. */
static struct http_transfer *next_in_line(struct http *http)
{
    struct http_transfer *oldest = NULL, *first;
    struct http_host *host;

    if (http->running_count >= http->options.total)
        return NULL;
    SLIST_FOREACH(host, &http->hosts, next) {
        first = TAILQ_FIRST(&host->waiting);
        if (first && host->running < http->options.per_host &&
            (!oldest || first->number < oldest->number))
            oldest = first;
    }
    return oldest;
}

/* As much as its body may become; where it may be sent again, as nearly all have. */
static size_t first_room(const struct http_transfer *t)
{
    size_t limit = http_transfer_limit(t), usual = t->http->options.usual;

    return t->request.again && !t->whole && !t->http->cautious && usual < limit ? usual : limit;
}

/* One that is alone always has. */
static bool has_room(const struct http_transfer *t)
{
    size_t reserved = t->http->reserved;

    return !reserved || (reserved <= t->http->options.in_flight &&
                         first_room(t) <= t->http->options.in_flight - reserved);
}

/* Not from inside libcurl's callbacks. */
static void start(struct http *http, struct http_transfer *t)
{
    unlink_transfer(t);
    t->reserved = first_room(t);
    http->reserved += t->reserved;
    http_transfer_open(t);
    TAILQ_INSERT_TAIL(&http->running, t, next);
    http->running_count++;
    t->host->running++;
    (void)curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    (void)curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETDATA, http);
    if (curl_multi_add_handle(http->multi, t->easy))
        abort(); /* only a handle that is in use already, or no memory */
}

/* What waits for room is not overtaken: else small replies could keep a large one out for ever. */
static void on_kick(uv_timer_t *timer)
{
    struct http *http = timer->data;
    struct http_transfer *t;

    drain(http);
    while (http->multi && (t = next_in_line(http)) != NULL && has_room(t) && has_time(http))
        start(http, t);
}

static void kick(struct http *http, uint64_t delay_ms)
{
    if (!uv_is_closing((uv_handle_t *)&http->kick))
        (void)uv_timer_start(&http->kick, on_kick, delay_ms, 0);
}

/* ---- public ---- */

struct http_transfer *http_send(struct http *http, const struct http_request *request,
                                http_done_fn *done, void *arg)
{
    struct http_transfer *t = mem_new(sizeof *t);

    t->http = http;
    t->host = host_of(http, request->url);
    t->number = http->sent++;
    t->request = *request;
    t->done = done;
    t->arg = arg;
    TAILQ_INSERT_TAIL(&t->host->waiting, t, next);
    kick(http, 0);
    return t;
}

void http_cancel(struct http_transfer *t)
{
    if (!t)
        return;
    unlink_transfer(t);
    kick(t->http, 0);
    http_transfer_free(t);
}

char *http_keep(const struct http_reply *reply)
{
    struct http_transfer *t = reply->transfer;

    t->reserved = 0; /* the caller's now */
    return str_take(&t->body);
}

void http_give_back(struct http *http, size_t bytes)
{
    http->reserved -= bytes;
    kick(http, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void ignore_sigpipe(void)
{
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        (void)signal(SIGPIPE, SIG_IGN);
}

/* What there are descriptors for: without one, libcurl says that nobody is there to connect to. */
static unsigned most_connections(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    return limit.rlim_cur < OTHER_DESCRIPTORS + 2 * DESCRIPTORS_EACH
               ? 1
               : (unsigned)(limit.rlim_cur - OTHER_DESCRIPTORS) / DESCRIPTORS_EACH;
}

struct http *http_new(uv_loop_t *loop, const struct http_options *options, struct err *e)
{
    unsigned most;
    struct http *http;

    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        (void)err_set(e, ERR_INVALID, "libcurl does not start");
        return NULL;
    }
    ignore_sigpipe();
    http = mem_new(sizeof *http);
    http->options = *options;
    most = most_connections();
    if (http->options.total > most)
        http->options.total = most;
    TAILQ_INIT(&http->running);
    SLIST_INIT(&http->hosts);
    if ((http->multi = curl_multi_init()) == NULL)
        abort();
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timeout);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS,
                            (long)(most < KEPT_CONNECTIONS ? most : KEPT_CONNECTIONS));
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)most);
    (void)uv_timer_init(loop, &http->timeout);
    (void)uv_timer_init(loop, &http->kick);
    http->timeout.data = http;
    http->kick.data = http;
    http->handles = 2;
    return http;
}

static void free_line(struct http_line *line)
{
    struct http_transfer *t;

    while ((t = TAILQ_FIRST(line)) != NULL) {
        TAILQ_REMOVE(line, t, next);
        http_transfer_free(t);
    }
}

void http_free(struct http *http)
{
    struct http_host *host;
    CURLM *multi;

    if (!http)
        return;
    free_line(&http->running);
    while ((host = SLIST_FIRST(&http->hosts)) != NULL) {
        SLIST_REMOVE_HEAD(&http->hosts, next);
        free_line(&host->waiting);
        free(host->origin);
        free(host);
    }
    /* libcurl still calls set_socket and close_socket while it closes connections. */
    multi = http->multi;
    (void)curl_multi_cleanup(multi);
    http->multi = NULL;
    while (http->watchers)
        stop_watcher(http->watchers);
    uv_close((uv_handle_t *)&http->timeout, on_timer_closed);
    uv_close((uv_handle_t *)&http->kick, on_timer_closed);
}
