/* web.c -- one request per connection: read the head, answer, drain, close. */
#include "daemon/web/web.h"

#include "base/mem.h"
#include "daemon/web/web_listen.h"
#include "daemon/web/web_request.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum {
    DRAIN_MS = 2000, /* for a client to read the end of an answer and close */
    STUCK_MS = 1000, /* an answer not taken for so long gives way when others wait */
    /* While somebody waits, time goes by in ticks.  A client has two of them to say what it wants:
     * however long the loop was held up before, its socket is read between two. */
    TICK_MS = 10,
    GRACE_TICKS = 2,
};

struct connection {
    struct web *web;
    struct connection *next, **link; /* link: where the pointer to this one is */
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct str answer;
    size_t length;
    bool answered; /* what still comes is thrown away */
    bool written;  /* all of the answer is on its way */
    bool ended;    /* the client has sent all it will */
    uint64_t answered_ms;
    unsigned tick; /* of its start */
    int open_handles;
    char head[WEB_HEAD + 1];
};

struct web {
    uv_tcp_t listener;
    uv_timer_t ticker;
    int open_handles; /* of these two */
    const struct web_route *routes;
    void *arg;
    struct connection *connections; /* newest first */
    size_t count;
    bool waiting; /* uv holds a connection that we had no room for */
    unsigned tick;
    char address[WEB_ADDRESS];
};

/* ---- answers ---- */

static int answer_healthy(void *arg, struct str *body)
{
    (void)arg;
    str_add(body, "billingd is healthy\n");
    return 200;
}

#define PLAIN "text/plain; charset=utf-8"

static const struct web_route healthy = {"/-/healthy", PLAIN, answer_healthy};

static const struct web_route *find_route(const struct web *web, const char *path)
{
    if (!strcmp(path, healthy.path))
        return &healthy;
    for (const struct web_route *route = web->routes; route->path; route++) {
        if (!strcmp(path, route->path))
            return route;
    }
    return NULL;
}

struct reason {
    int status;
    const char *phrase;
    const char *text; /* the body of a refusal */
};

static const struct reason *find_reason(int status)
{
    static const struct reason reasons[] = {
        {200, "OK", ""},
        {400, "Bad Request", "this is not an HTTP request"},
        {404, "Not Found", "there are /-/healthy, /-/ready and /metrics"},
        {405, "Method Not Allowed", "only GET and HEAD are allowed"},
        {408, "Request Timeout", "the request did not arrive in time"},
        {409, "Conflict", ""},
        {413, "Content Too Large", "a request must not have a body"},
        {414, "URI Too Long", "the request line is too long"},
        {431, "Request Header Fields Too Large", "the headers are too long"},
        {503, "Service Unavailable", ""},
        {505, "HTTP Version Not Supported", "only HTTP/1.0 and HTTP/1.1 are spoken"},
        {500, "Internal Server Error", ""}, /* also any status not in this list */
    };
    const struct reason *reason = reasons;

    while (reason->status != status && reason->status != 500)
        reason++;
    return reason;
}

static void on_drained(uv_timer_t *timer);
static void drop(struct connection *connection);

static void on_shutdown(uv_shutdown_t *request, int status)
{
    if (status < 0 && status != UV_ECANCELED)
        drop(request->data);
}

/* Half-closes and reads on: closing with unread bytes would reset the connection, and the client
 * would lose the answer. */
static void on_written(uv_write_t *request, int status)
{
    struct connection *connection = request->data;

    if (uv_is_closing((uv_handle_t *)&connection->tcp))
        return;
    connection->written = true;
    if (status < 0 || connection->ended ||
        uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp, on_shutdown)) {
        drop(connection);
        return;
    }
    (void)uv_timer_start(&connection->timer, on_drained, DRAIN_MS, 0);
}

static void answer(struct connection *connection, int status, const char *type,
                   const struct str *body, bool head_only)
{
    const struct reason *reason = find_reason(status);
    struct str *out = &connection->answer;
    uv_buf_t buffer;

    connection->answered = true;
    connection->answered_ms = uv_now(connection->web->listener.loop);
    str_addf(out,
             "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
             "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n",
             reason->status, reason->phrase, type, body->len);
    if (status == 405)
        str_add(out, "Allow: GET, HEAD\r\n");
    str_add(out, "\r\n");
    if (!head_only)
        str_add_n(out, str_text(body), body->len);
    buffer = uv_buf_init(out->data, (unsigned)out->len);
    if (uv_write(&connection->write, (uv_stream_t *)&connection->tcp, &buffer, 1, on_written))
        drop(connection);
}

static void refuse(struct connection *connection, int status, bool head_only)
{
    cleanup_str struct str body = {0};

    str_addf(&body, "%d %s: %s\n", status, find_reason(status)->phrase, find_reason(status)->text);
    answer(connection, status, PLAIN, &body, head_only);
}

static void handle(struct connection *connection)
{
    struct web *web = connection->web;
    struct web_request request = {0};
    const struct web_route *route;
    cleanup_str struct str body = {0};
    bool head_only;
    int status = web_request_parse(connection->head, connection->length, &request);

    if (!status)
        return;
    if (status != 200) {
        refuse(connection, status, false);
        return;
    }
    head_only = !strcmp(request.method, "HEAD");
    route = find_route(web, request.path);
    if (!route || (!head_only && strcmp(request.method, "GET") != 0)) {
        refuse(connection, route ? 405 : 404, head_only);
        return;
    }
    status = route->answer(web->arg, &body);
    answer(connection, status, route->type, &body, head_only);
}

/* ---- connections ---- */

static void accept_one(struct web *web);

static void free_when_empty(struct web *web)
{
    if (!web->open_handles && !web->connections)
        free(web);
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct web *web = connection->web;

    if (--connection->open_handles)
        return;
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    str_fini(&connection->answer);
    free(connection);
    web->count--;
    if (web->waiting && !uv_is_closing((uv_handle_t *)&web->listener))
        accept_one(web);
    free_when_empty(web);
}

static void drop(struct connection *connection)
{
    if (uv_is_closing((uv_handle_t *)&connection->tcp))
        return;
    uv_close((uv_handle_t *)&connection->tcp, on_connection_closed);
    uv_close((uv_handle_t *)&connection->timer, on_connection_closed);
}

static void on_drained(uv_timer_t *timer)
{
    drop(timer->data);
}

static void on_timeout(uv_timer_t *timer)
{
    struct connection *connection = timer->data;

    if (connection->answered || !connection->length) {
        drop(connection);
        return;
    }
    (void)uv_timer_start(timer, on_drained, DRAIN_MS, 0);
    refuse(connection, 408, false);
}

/* After the answer everything lands in the same place and is forgotten. */
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = handle->data;

    (void)suggested;
    if (connection->answered)
        connection->length = 0;
    *buffer = uv_buf_init(connection->head + connection->length,
                          (unsigned)(WEB_HEAD - connection->length));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;

    (void)buffer;
    if (got == UV_EOF && connection->answered && uv_stream_get_write_queue_size(stream)) {
        connection->ended = true; /* the answer is still on its way out */
        return;
    }
    if (got < 0) {
        drop(connection);
        return;
    }
    if (connection->answered)
        return;
    connection->length += (size_t)got;
    connection->head[connection->length] = '\0';
    handle(connection);
}

static void accept_one(struct web *web)
{
    struct connection *connection = mem_new(sizeof(*connection));

    connection->web = web;
    connection->next = web->connections;
    connection->link = &web->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    web->connections = connection;
    web->count++;
    web->waiting = false;
    connection->tick = web->tick;
    connection->open_handles = 2;
    connection->tcp.data = connection->timer.data = connection;
    connection->write.data = connection->shutdown.data = connection;
    (void)uv_tcp_init(web->listener.loop, &connection->tcp);
    (void)uv_timer_init(web->listener.loop, &connection->timer);
    (void)uv_timer_start(&connection->timer, on_timeout, WEB_TIMEOUT_S * 1000, 0);
    if (uv_accept((uv_stream_t *)&web->listener, (uv_stream_t *)&connection->tcp) ||
        uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_read))
        drop(connection);
}

/* ---- room for one more ---- */

/* Whom to drop for somebody who waits, NULL: nobody yet.  Who has not asked goes first, the oldest
 * of them, then who has all of the answer, then who does not take it. */
static struct connection *find_victim(const struct web *web)
{
    struct connection *silent = NULL, *done = NULL, *stuck = NULL;
    uint64_t now_ms = uv_now(web->listener.loop);

    for (struct connection *each = web->connections; each; each = each->next) {
        if (uv_is_closing((uv_handle_t *)&each->tcp))
            return NULL; /* room comes anyway */
        if (!each->answered && web->tick - each->tick >= GRACE_TICKS)
            silent = each;
        else if (!each->answered)
            continue;
        else if (each->written)
            done = each;
        else if (now_ms - each->answered_ms >= STUCK_MS)
            stuck = each;
    }
    return silent ? silent : done ? done : stuck;
}

static void on_tick(uv_timer_t *timer);

static void make_room(struct web *web)
{
    struct connection *victim = find_victim(web);

    if (victim)
        drop(victim);
    if (!uv_is_active((uv_handle_t *)&web->ticker))
        (void)uv_timer_start(&web->ticker, on_tick, TICK_MS, TICK_MS);
}

static void on_tick(uv_timer_t *timer)
{
    struct web *web = timer->data;

    web->tick++;
    if (web->waiting)
        make_room(web);
    else
        (void)uv_timer_stop(timer);
}

/* Without uv_accept uv stops listening and keeps this connection for later. */
static void on_connection(uv_stream_t *listener, int status)
{
    struct web *web = listener->data;

    if (status < 0)
        return;
    web->waiting = web->count >= WEB_CONNECTIONS;
    if (web->waiting)
        make_room(web);
    else
        accept_one(web);
}

/* ---- start and end ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct web *web = handle->data;

    web->open_handles--;
    free_when_empty(web);
}

static void init_handles(struct web *web, uv_loop_t *loop)
{
    web->listener.data = web->ticker.data = web;
    (void)uv_tcp_init(loop, &web->listener);
    (void)uv_timer_init(loop, &web->ticker);
    web->open_handles = 2;
}

struct web *web_start(uv_loop_t *loop, const char *listen, const struct web_route *routes,
                      void *arg, struct err *e)
{
    struct web *web = mem_new(sizeof(*web));
    int problem, fd = web_listen(listen, web->address, e);

    if (fd < 0) {
        free(web);
        return NULL;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    web->routes = routes;
    web->arg = arg;
    init_handles(web, loop);
    problem = uv_tcp_open(&web->listener, fd);
    if (problem)
        (void)close(fd);
    else
        problem = uv_listen((uv_stream_t *)&web->listener, WEB_BACKLOG, on_connection);
    if (problem) {
        (void)err_set(e, ERR_RETRY, "listen: %s: %s", listen, uv_strerror(problem));
        web_stop(web);
        return NULL;
    }
    return web;
}

int web_check(const char *listen, struct err *e)
{
    return web_listen_check(listen, e);
}

const char *web_address(const struct web *web)
{
    return web->address;
}

void web_stop(struct web *web)
{
    if (!web)
        return;
    web->waiting = false;
    uv_close((uv_handle_t *)&web->listener, on_handle_closed);
    uv_close((uv_handle_t *)&web->ticker, on_handle_closed);
    for (struct connection *each = web->connections; each; each = each->next)
        drop(each);
}
