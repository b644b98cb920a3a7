/* web.c -- listens, and makes room for one more. */
#include "daemon/web/web.h"

#include "base/mem.h"
#include "daemon/web/web_client.h"
#include "daemon/web/web_listen.h"

#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    MOST_LISTENERS = 8,
    /* Who has its answer, or does not take it, for so long gives way when others wait: as many as
     * they are, so that one behind thousands is not kept waiting by their number. */
    STUCK_MS = 1000,
    /* While somebody waits, time goes by in ticks.  A client has two of them to say what it wants:
     * however long the loop was held up before, its socket is read between two. */
    TICK_MS = 5,
    GRACE_TICKS = 2,
    OTHER_FILES = 256,
    LEAST_ROOM = 32,
};

struct listener {
    struct web *web;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } io;
    struct web_listen socket;
    bool waiting; /* uv holds a connection that we had no room for */
};

struct web {
    uv_loop_t *loop;
    struct listener listeners[MOST_LISTENERS];
    size_t listener_count;
    uv_timer_t ticker;
    int open_handles; /* of these */
    bool stopping;
    struct web_routes routes;
    struct web_client *clients; /* newest first */
    size_t count, room;         /* connections; most of them */
    unsigned tick;
    char *address;
};

/* ---- connections ---- */

static void free_when_empty(struct web *web)
{
    if (web->open_handles || web->clients)
        return;
    json_decref(web->routes.hosts);
    free(web->routes.token);
    free(web->address);
    free(web);
}

static void accept_one(struct listener *listener);

static void on_ended(struct web_client *client)
{
    struct web *web = client->owner;

    *client->link = client->next;
    if (client->next)
        client->next->link = client->link;
    web_client_free(client);
    web->count--;
    for (size_t i = 0; i < web->listener_count && !web->stopping; i++)
        if (web->listeners[i].waiting && web->count < web->room)
            accept_one(&web->listeners[i]);
    free_when_empty(web);
}

static void accept_one(struct listener *listener)
{
    struct web *web = listener->web;
    struct web_client *client = mem_new(sizeof *client);

    *client = (struct web_client){.routes = &web->routes,
                                  .ended = on_ended,
                                  .owner = web,
                                  .local = listener->socket.local,
                                  .next = web->clients,
                                  .link = &web->clients,
                                  .tick = web->tick};
    if (client->next)
        client->next->link = &client->next;
    web->clients = client;
    web->count++;
    listener->waiting = false;
    web_client_accept(client, &listener->io.stream);
}

/* ---- room for one more ---- */

typedef bool gives_way(const struct web *web, const struct web_client *client);

static bool is_silent(const struct web *web, const struct web_client *client)
{
    return client->state == WEB_CLIENT_READING && !client->answered &&
           web->tick - client->tick >= GRACE_TICKS;
}

static bool has_answer(const struct web_client *client)
{
    return client->state == WEB_CLIENT_LEAVING ||
           (client->state == WEB_CLIENT_READING && client->answered);
}

static bool stood_still(const struct web *web, const struct web_client *client)
{
    return uv_now(web->loop) - client->moved_ms >= STUCK_MS;
}

static bool is_idle(const struct web *web, const struct web_client *client)
{
    return has_answer(client) && stood_still(web, client);
}

static bool is_stuck(const struct web *web, const struct web_client *client)
{
    return client->state == WEB_CLIENT_ANSWERING && stood_still(web, client);
}

/* Who has its answer since the longest time; NULL: nobody. */
static struct web_client *find_answered(const struct web *web)
{
    struct web_client *found = NULL;

    for (struct web_client *each = web->clients; each; each = each->next)
        if (has_answer(each) && (!found || each->moved_ms <= found->moved_ms))
            found = each;
    return found;
}

/* How many wait: those that uv holds, and behind them the kernel's queue, which Linux tells as a
 * listening socket's unacknowledged segments (tcp_get_info). */
static unsigned count_waiting(const struct web *web)
{
    unsigned waiting = 0;

    for (size_t i = 0; i < web->listener_count; i++) {
        const struct listener *listener = &web->listeners[i];
        struct tcp_info info = {0};
        socklen_t length = sizeof info;

        if (!listener->waiting)
            continue;
        if (listener->socket.local ||
            getsockopt(listener->socket.fd, IPPROTO_TCP, TCP_INFO, &info, &length))
            info.tcpi_unacked = 0;
        waiting += 1 + info.tcpi_unacked;
    }
    return waiting;
}

/* Drops the oldest of those, as many as wait.  False: there was none. */
static bool drop_oldest(struct web *web, gives_way *is_one)
{
    unsigned many = 0, waiting = count_waiting(web);

    for (struct web_client *each = web->clients; each; each = each->next)
        many += is_one(web, each);
    if (!many)
        return false;
    for (struct web_client *each = web->clients; each; each = each->next)
        if (is_one(web, each) && many-- <= waiting)
            web_client_drop(each);
    return true;
}

static bool drop_answered(struct web *web)
{
    struct web_client *found = find_answered(web);

    if (found)
        web_client_drop(found);
    return found != NULL;
}

static bool is_closing_any(const struct web *web)
{
    for (struct web_client *each = web->clients; each; each = each->next)
        if (web_client_is_closing(each))
            return true;
    return false;
}

static void on_tick(uv_timer_t *timer);

static void make_room(struct web *web)
{
    if (!is_closing_any(web)) /* else room comes anyway */
        (void)(drop_oldest(web, is_silent) || drop_oldest(web, is_idle) || drop_answered(web) ||
               drop_oldest(web, is_stuck));
    if (!uv_is_active((uv_handle_t *)&web->ticker))
        (void)uv_timer_start(&web->ticker, on_tick, TICK_MS, TICK_MS);
}

static void on_tick(uv_timer_t *timer)
{
    struct web *web = timer->data;

    web->tick++;
    if (count_waiting(web))
        make_room(web);
    else
        (void)uv_timer_stop(timer);
}

/* Without uv_accept uv stops listening and keeps this connection for later. */
static void on_connection(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    struct web *web = listener->web;

    if (status < 0)
        return;
    listener->waiting = web->count >= web->room;
    if (listener->waiting)
        make_room(web);
    else
        accept_one(listener);
}

/* ---- start and end ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct web *web = handle->data;

    web->open_handles--;
    free_when_empty(web);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct web *web = ((struct listener *)handle->data)->web;

    web->open_handles--;
    free_when_empty(web);
}

/* The socket is the handle's when this succeeds. */
static int attach(struct web *web, struct listener *listener)
{
    int fd = listener->socket.fd, problem;

    listener->web = web;
    if (listener->socket.local)
        (void)uv_pipe_init(web->loop, &listener->io.pipe, 0);
    else
        (void)uv_tcp_init(web->loop, &listener->io.tcp);
    listener->io.handle.data = listener;
    web->open_handles++;
    problem = listener->socket.local ? uv_pipe_open(&listener->io.pipe, fd)
                                     : uv_tcp_open(&listener->io.tcp, fd);
    if (problem)
        (void)close(fd);
    else
        problem = uv_listen(&listener->io.stream, WEB_BACKLOG, on_connection);
    return problem;
}

static int add_listener(struct web *web, const char *where, int mode, struct err *e)
{
    struct listener *listener = &web->listeners[web->listener_count];
    cleanup_free char *before = web->address;
    int problem;

    if (web->listener_count == MOST_LISTENERS)
        return err_set(e, ERR_INVALID, "listen: more than %d addresses", MOST_LISTENERS);
    if (web_listen_open(where, mode, &listener->socket, e))
        return -1;
    web->listener_count++;
    web->address = before ? mem_printf("%s, %s", before, listener->socket.address)
                          : mem_text(listener->socket.address);
    problem = attach(web, listener);
    return problem ? err_set(e, ERR_RETRY, "listen: %s: %s", where, uv_strerror(problem)) : 0;
}

/* The next of "one, two"; new text, NULL at the end. */
static char *next_address(const char **rest)
{
    size_t length;
    const char *at = *rest + strspn(*rest, " ");

    if (!*at)
        return NULL;
    length = strcspn(at, ",");
    *rest = at + length + (at[length] == ',');
    while (length && at[length - 1] == ' ')
        length--;
    return mem_text_n(at, length);
}

/* Connections that fit into what this process may open, with some files left for the rest of it. */
static size_t find_room(void)
{
    struct rlimit limit = {0};
    rlim_t wanted = WEB_CONNECTIONS + OTHER_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return LEAST_ROOM;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted)
        return WEB_CONNECTIONS;
    return limit.rlim_cur > OTHER_FILES + LEAST_ROOM ? (size_t)(limit.rlim_cur - OTHER_FILES)
                                                     : LEAST_ROOM;
}

static struct web *new_web(uv_loop_t *loop, const struct web_setup *setup)
{
    struct web *web = mem_new(sizeof *web);

    *web = (struct web){.loop = loop,
                        .open_handles = 1,
                        .room = find_room(),
                        .routes = {.routes = setup->routes,
                                   .arg = setup->arg,
                                   .hosts = setup->hosts ? json_deep_copy(setup->hosts) : NULL,
                                   .token = mem_text(setup->token),
                                   .has_time = setup->has_time}};
    web->ticker.data = web;
    (void)uv_timer_init(loop, &web->ticker);
    return web;
}

struct web *web_start(uv_loop_t *loop, const struct web_setup *setup, struct err *e)
{
    struct web *web;
    const char *rest = setup->listen;
    char *where;
    int failed = 0;

    if (web_check(setup->listen, e))
        return NULL;
    (void)signal(SIGPIPE, SIG_IGN);
    web = new_web(loop, setup);
    while (!failed && (where = next_address(&rest))) {
        failed = add_listener(web, where, setup->socket_mode ? setup->socket_mode : 0660, e);
        free(where);
    }
    if (!failed)
        return web;
    web_stop(web);
    return NULL;
}

void web_configure(struct web *web, const json_t *hosts, const char *token)
{
    json_decref(web->routes.hosts);
    free(web->routes.token);
    web->routes.hosts = hosts ? json_deep_copy(hosts) : NULL;
    web->routes.token = mem_text(token);
}

int web_check(const char *listen, struct err *e)
{
    const char *rest = listen;
    char *where = next_address(&rest);
    int failed = where ? 0 : web_listen_check("", e);

    for (; where && !failed; where = failed ? NULL : next_address(&rest)) {
        failed = web_listen_check(where, e);
        free(where);
    }
    return failed;
}

const char *web_address(const struct web *web)
{
    return web->address;
}

void web_stop(struct web *web)
{
    if (!web)
        return;
    web->stopping = true;
    for (size_t i = 0; i < web->listener_count; i++) {
        web_listen_remove(&web->listeners[i].socket);
        uv_close(&web->listeners[i].io.handle, on_listener_closed);
    }
    uv_close((uv_handle_t *)&web->ticker, on_handle_closed);
    for (struct web_client *each = web->clients; each; each = each->next)
        web_client_drop(each);
}
