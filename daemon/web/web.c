/* web.c -- listens, and makes room for one more. */
#include "daemon/web/web.h"

#include "base/mem.h"
#include "daemon/web/web_client.h"
#include "daemon/web/web_listen.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_LISTENERS = 8,
    STUCK_MS = 1000, /* an answer not taken for so long gives way when others wait */
    /* While somebody waits, time goes by in ticks.  A client has two of them to say what it wants:
     * however long the loop was held up before, its socket is read between two. */
    TICK_MS = 5,
    GRACE_TICKS = 2,
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
    size_t count;
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
        if (web->listeners[i].waiting && web->count < WEB_CONNECTIONS)
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

/* Whom to drop for somebody who waits, NULL: nobody yet.  Who never sent a whole request goes
 * first, the oldest of them, then who has its answer, then who does not take it. */
static struct web_client *find_victim(const struct web *web)
{
    struct web_client *silent = NULL, *done = NULL, *stuck = NULL;
    uint64_t now_ms = uv_now(web->loop);

    for (struct web_client *each = web->clients; each; each = each->next) {
        bool reads = each->state == WEB_CLIENT_READING;

        if (web_client_is_closing(each))
            return NULL; /* room comes anyway */
        if (reads && !each->answered && web->tick - each->tick >= GRACE_TICKS)
            silent = each;
        else if (reads && !each->answered)
            continue;
        else if (reads || each->state == WEB_CLIENT_LEAVING)
            done = !done || each->moved_ms <= done->moved_ms ? each : done;
        else if (now_ms - each->moved_ms >= STUCK_MS)
            stuck = each;
    }
    return silent ? silent : done ? done : stuck;
}

static void on_tick(uv_timer_t *timer);

static void make_room(struct web *web)
{
    struct web_client *victim = find_victim(web);

    if (victim)
        web_client_drop(victim);
    if (!uv_is_active((uv_handle_t *)&web->ticker))
        (void)uv_timer_start(&web->ticker, on_tick, TICK_MS, TICK_MS);
}

static void on_tick(uv_timer_t *timer)
{
    struct web *web = timer->data;
    bool waiting = false;

    web->tick++;
    for (size_t i = 0; i < web->listener_count; i++)
        waiting = waiting || web->listeners[i].waiting;
    if (waiting)
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
    listener->waiting = web->count >= WEB_CONNECTIONS;
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

static struct web *new_web(uv_loop_t *loop, const struct web_setup *setup)
{
    struct web *web = mem_new(sizeof *web);

    *web = (struct web){.loop = loop,
                        .open_handles = 1,
                        .routes = {setup->routes, setup->arg,
                                   setup->hosts ? json_deep_copy(setup->hosts) : NULL,
                                   mem_text(setup->token)}};
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
