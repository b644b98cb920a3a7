/* The glue between curl_multi_socket_action and uv_poll.  What is easy to get wrong:
 *  - a uv_poll_t must be stopped before libcurl closes its socket (close_socket) and freed only in
 *    its close callback; for a while two may exist for one file descriptor;
 *  - libuv reports an error by stopping the handle: libcurl is asked to look, then it is restarted;
 *  - easy handles are added and removed outside libcurl's callbacks only. */
#include "aws/http.h"

#include "base/mem.h"
#include "base/str.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STREAMED_FROM = 1 << 20, KEPT_CONNECTIONS = 16, IDLE_S = 30, DNS_S = 60 };

const struct http_options http_defaults = {
    .connect_timeout_ms = 3000,
    .total_timeout_ms = 30000,
    .stall_s = 30,
    .body_limit = 16u << 20,
    .header_limit = 64u << 10,
    .per_host = 16,
    .total = 48,
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

struct http_transfer {
    struct http *http;
    struct http_request request;
    http_done_fn *done;
    void *arg;
    CURL *easy; /* NULL while waiting */
    struct curl_slist *lines;
    struct aws_header *headers;
    size_t header_count, header_bytes;
    struct str body;
    bool too_large;
    char problem[CURL_ERROR_SIZE];
    struct http_transfer *next;
};

struct http {
    struct http_options options;
    CURLM *multi;
    uv_timer_t timeout; /* libcurl's */
    uv_timer_t kick;    /* starts waiting transfers, outside of everything */
    struct watcher *watchers;
    struct http_transfer *transfers; /* oldest first: running and waiting */
    unsigned handles;                /* uv handles not closed yet */
};

static void forget_headers(struct http_transfer *t)
{
    for (size_t i = 0; i < t->header_count; i++) {
        free(t->headers[i].name);
        free(t->headers[i].value);
    }
    t->header_count = 0;
    t->header_bytes = 0;
}

static void free_transfer(struct http_transfer *t)
{
    if (t->easy) {
        if (t->http->multi)
            (void)curl_multi_remove_handle(t->http->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->lines);
    forget_headers(t);
    free(t->headers);
    if (t->body.data)
        explicit_bzero(t->body.data, t->body.len); /* replies of STS hold secrets */
    str_fini(&t->body);
    free(t);
}

static void unlink_transfer(struct http_transfer *t)
{
    struct http_transfer **at = &t->http->transfers;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
}

/* ---- what libcurl hands over while it runs ---- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t n = size * count;

    if (n > t->http->options.body_limit - t->body.len) {
        t->too_large = true;
        return 0;
    }
    str_add_n(&t->body, data, n);
    return n;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t n = size * count, name, start, end = n;

    if (n > 5 && strncmp(line, "HTTP/", 5) == 0) {
        forget_headers(t); /* a reply after "100 Continue" */
        return n;
    }
    t->header_bytes += n;
    if (t->header_bytes > t->http->options.header_limit) {
        t->too_large = true;
        return 0;
    }
    for (name = 0; name < n && line[name] != ':'; name++)
        ;
    if (name == n)
        return n;
    for (start = name + 1; start < n && strchr(" \t", line[start]); start++)
        ;
    while (end > start && strchr(" \t\r\n", line[end - 1]))
        end--;
    t->headers = mem_resize(t->headers, t->header_count + 1, sizeof *t->headers);
    t->headers[t->header_count].name = mem_text_n(line, name);
    t->headers[t->header_count++].value = mem_text_n(line + start, end - start);
    return n;
}

/* ---- the end of a transfer ---- */

static enum http_failure failure_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return HTTP_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
        return HTTP_REFUSED;
    default:
        return HTTP_CONNECTION;
    }
}

static void kick(struct http *http);

/* Tells the caller, who may do anything: nothing of t or its http is touched after that, but http
 * itself stays in memory until its handles are closed. */
static void finish(struct http_transfer *t, CURLcode code)
{
    struct http_reply reply = {.failure = t->too_large ? HTTP_TOO_LARGE : failure_of(code)};
    long status = 0;

    if (reply.failure == HTTP_OK) {
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        reply.raw.status = (int)status;
        reply.raw.headers = t->headers;
        reply.raw.header_count = t->header_count;
        reply.raw.body = str_text(&t->body);
        reply.raw.body_length = t->body.len;
        t->problem[0] = '\0';
    } else if (t->too_large) {
        (void)snprintf(t->problem, sizeof t->problem, "reply exceeds the limit");
    } else if (!t->problem[0]) {
        (void)snprintf(t->problem, sizeof t->problem, "%s", curl_easy_strerror(code));
    }
    reply.problem = t->problem;
    unlink_transfer(t);
    /* Its place is free before the caller asks for more. */
    if (t->easy)
        (void)curl_multi_remove_handle(t->http->multi, t->easy);
    kick(t->http);
    t->done(t->arg, &reply);
    if (t->easy)
        curl_easy_cleanup(t->easy);
    t->easy = NULL;
    free_transfer(t);
}

static void drain(struct http *http)
{
    CURLMsg *message;
    int left;

    while (http->multi && (message = curl_multi_info_read(http->multi, &left)) != NULL) {
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
    uv_update_time(http->timeout.loop);
    return uv_timer_start(&http->timeout, on_timeout, (uint64_t)ms, 0);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watcher *watcher = poll->data;
    int flags = 0;

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

/* ---- the start of a transfer ---- */

static void add_lines(struct http_transfer *t)
{
    bool typed = false;

    for (size_t i = 0; i < t->request.header_count; i++) {
        const struct aws_header *h = &t->request.headers[i];
        /* curl's spelling of a header without a value is "Name;" */
        cleanup_free char *line =
            *h->value ? mem_printf("%s: %s", h->name, h->value) : mem_printf("%s;", h->name);

        typed = typed || strcasecmp(h->name, "Content-Type") == 0;
        t->lines = curl_slist_append(t->lines, line);
    }
    t->lines = curl_slist_append(t->lines, "Expect:");
    if (!typed)
        t->lines = curl_slist_append(t->lines, "Content-Type:");
}

static void set_method(struct http_transfer *t)
{
    const char *method = t->request.method;
    bool sends = t->request.body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
                 strcmp(method, "PATCH") == 0;

    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (sends) { /* also without a body, for "Content-Length: 0" */
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->request.body ? t->request.body : "");
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request.body_length);
    }
    curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_limits(struct http_transfer *t, const struct http_options *options)
{
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, options->connect_timeout_ms);
    if (t->request.body_length > STREAMED_FROM) {
        curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1024L);
        curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, options->stall_s);
    } else {
        curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, options->total_timeout_ms);
    }
}

/* A bundle replaces the system's trust, it does not add to it.  Never a file and a directory
 * together, as libcurl's defaults have it: then it reads the whole file again for each connection
 * (libcurl keeps the parsed one only without CURLOPT_CAPATH), which costs 5 MB and time. */
static void set_trust(CURL *easy, const char *bundle)
{
    const char *file = bundle ? bundle : curl_version_info(CURLVERSION_NOW)->cainfo;
    struct stat info;

    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (bundle && stat(bundle, &info) == 0 && S_ISDIR(info.st_mode)) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(easy, CURLOPT_CAPATH, bundle);
    } else if (bundle || (file && access(file, R_OK) == 0)) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static void set_connection(struct http_transfer *t, const struct http_options *options)
{
    bool plain = strncasecmp(t->request.url, "http://", 7) == 0;

    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(t->easy, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
    curl_easy_setopt(t->easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_S);
    /* A resolver thread that hangs is left behind instead of waited for by the whole loop. */
    curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETDATA, t->http);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, options->user_agent);
    set_trust(t->easy, options->ca_bundle);
}

static void start(struct http_transfer *t)
{
    if ((t->easy = curl_easy_init()) == NULL)
        abort();
    add_lines(t);
    set_connection(t, &t->http->options);
    set_limits(t, &t->http->options);
    set_method(t);
    curl_easy_setopt(t->easy, CURLOPT_URL, t->request.url);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->lines);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->problem);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    if (curl_multi_add_handle(t->http->multi, t->easy))
        abort(); /* only a handle that is in use already, or no memory */
}

static bool same_host(const char *a, const char *b)
{
    size_t scheme = strcspn(a, ":") + 3, n = scheme;

    if (strlen(a) > scheme)
        n += strcspn(a + scheme, "/?");
    return strncmp(a, b, n) == 0 && strchr("/?", b[n]);
}

static bool has_room(const struct http_transfer *t)
{
    unsigned here = 0, all = 0;

    for (const struct http_transfer *o = t->http->transfers; o; o = o->next) {
        all += o->easy != NULL;
        here += o->easy && same_host(o->request.url, t->request.url);
    }
    return here < t->http->options.per_host && all < t->http->options.total;
}

static void on_kick(uv_timer_t *timer)
{
    struct http *http = timer->data;

    for (struct http_transfer *t = http->transfers; t; t = t->next)
        if (!t->easy && has_room(t))
            start(t);
}

static void kick(struct http *http)
{
    if (!uv_is_closing((uv_handle_t *)&http->kick))
        (void)uv_timer_start(&http->kick, on_kick, 0, 0);
}

/* ---- public ---- */

struct http_transfer *http_send(struct http *http, const struct http_request *request,
                                http_done_fn *done, void *arg)
{
    struct http_transfer *t = mem_new(sizeof *t), **at = &http->transfers;

    t->http = http;
    t->request = *request;
    t->done = done;
    t->arg = arg;
    while (*at)
        at = &(*at)->next;
    *at = t;
    kick(http);
    return t;
}

void http_cancel(struct http_transfer *t)
{
    if (!t)
        return;
    unlink_transfer(t);
    kick(t->http);
    free_transfer(t);
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

struct http *http_new(uv_loop_t *loop, const struct http_options *options, struct err *e)
{
    struct http *http;

    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        (void)err_set(e, ERR_INVALID, "libcurl does not start");
        return NULL;
    }
    ignore_sigpipe();
    http = mem_new(sizeof *http);
    http->options = *options;
    if ((http->multi = curl_multi_init()) == NULL)
        abort();
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timeout);
    (void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    (void)uv_timer_init(loop, &http->timeout);
    (void)uv_timer_init(loop, &http->kick);
    http->timeout.data = http;
    http->kick.data = http;
    http->handles = 2;
    return http;
}

void http_free(struct http *http)
{
    CURLM *multi;

    if (!http)
        return;
    while (http->transfers) {
        struct http_transfer *t = http->transfers;

        http->transfers = t->next;
        free_transfer(t);
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
