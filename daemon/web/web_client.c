#include "daemon/web/web_client.h"

#include "base/mem.h"
#include "daemon/web/web_answer.h"
#include "daemon/web/web_later.h"
#include "daemon/web/web_shared.h"

#include <string.h>

enum {
    DRAIN_MS = 2000, /* for a client to read the end of an answer and close */
    NEXT_ROUND_MS = 1,
};

bool web_client_is_closing(const struct web_client *client)
{
    return uv_is_closing(&client->io.handle);
}

static void drop_answer(struct web_client *client)
{
    client->routes->queued -= client->queued;
    if (client->shared && client->queued) /* it was sent, or begun */
        web_shared_sent(client->shared, &client->routes->queued);
    client->queued = 0;
    web_shared_drop(client->shared);
    client->shared = NULL;
    str_fini(&client->answer);
    client->answer = (struct str){0};
}

void web_client_free(struct web_client *client)
{
    drop_answer(client);
    free(client->head);
    free(client);
}

static void on_closed(uv_handle_t *handle)
{
    struct web_client *client = handle->data;

    if (!--client->open_handles)
        client->ended(client);
}

/* Whatever the answer will be, nobody waits for it any more. */
static void expect_nothing(struct web_client *client)
{
    if (client->later)
        client->later->answered = NULL;
    client->later = NULL;
}

void web_client_drop(struct web_client *client)
{
    if (web_client_is_closing(client))
        return;
    expect_nothing(client);
    uv_close(&client->io.handle, on_closed);
    uv_close((uv_handle_t *)&client->timer, on_closed);
}

static void on_overdue(uv_timer_t *timer);

static void move_to(struct web_client *client, enum web_client_state state, unsigned limit_ms)
{
    client->state = state;
    client->moved_ms = uv_now(client->timer.loop);
    (void)uv_timer_start(&client->timer, on_overdue, limit_ms, 0);
}

/* ---- the end of an answer ---- */

static void serve(struct web_client *client);
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);
static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer);

static void on_shutdown(uv_shutdown_t *request, int status)
{
    if (status < 0 && status != UV_ECANCELED)
        web_client_drop(request->data);
}

/* Half-closes and reads on: closing with unread bytes would reset the connection, and the client
 * would lose the answer. */
static void leave(struct web_client *client)
{
    client->length = 0;
    move_to(client, WEB_CLIENT_LEAVING, DRAIN_MS);
    if (uv_shutdown(&client->shutdown, &client->io.stream, on_shutdown) ||
        uv_read_start(&client->io.stream, on_room, on_read))
        web_client_drop(client);
}

static void on_written(uv_write_t *request, int status)
{
    struct web_client *client = request->data;

    if (web_client_is_closing(client))
        return;
    drop_answer(client);
    client->answered++;
    if (status < 0) {
        web_client_drop(client);
    } else if (!client->request.keep) {
        leave(client);
    } else {
        client->request = (struct web_request){0};
        move_to(client, WEB_CLIENT_READING, (client->length ? WEB_TIMEOUT_S : WEB_IDLE_S) * 1000);
        if (uv_read_start(&client->io.stream, on_room, on_read))
            web_client_drop(client);
        else
            serve(client); /* what came together with the request before */
    }
}

/* ---- answering ---- */

/* A whole request was taken: what follows it moves to the front. */
static void take(struct web_client *client, size_t size)
{
    if (size > client->length) /* refused before it was whole */
        size = client->length;
    client->length -= size;
    memmove(client->head, client->head + size, client->length);
    if (client->length)
        return;
    free(client->head);
    client->head = NULL;
}

static void send_answer(struct web_client *client)
{
    uv_buf_t buffers[2] = {uv_buf_init(client->answer.data, (unsigned)client->answer.len)};
    unsigned count = 1;

    if (client->shared) {
        const struct str *text = &client->shared->text;

        web_shared_send(client->shared, &client->routes->queued);
        buffers[count++] = uv_buf_init(text->data, (unsigned)text->len);
    }
    client->queued = client->answer.len;
    client->routes->queued += client->queued;
    take(client, client->request.size + client->request.body_size);
    (void)uv_read_stop(&client->io.stream); /* who does not read need not send */
    move_to(client, WEB_CLIENT_ANSWERING, WEB_TIMEOUT_S * 1000);
    if (uv_write(&client->write, &client->io.stream, buffers, count, on_written))
        web_client_drop(client);
}

static void refuse(struct web_client *client, int status)
{
    cleanup_str struct str body = {0};

    client->request.keep = false;
    web_answer_refusal(status, &body);
    web_answer_add(&(struct web_answer){.status = status,
                                        .type = WEB_ANSWER_PLAIN,
                                        .body = &body,
                                        .fields = status == 405 ? "Allow: POST\r\n" : ""},
                   &client->answer);
    send_answer(client);
}

/* What costs nothing is answered at once, whatever others ask for. */
static bool asks_health(const char *head)
{
    static const char health[] = "GET /-/healthy ";

    return !strncmp(head, health, sizeof health - 1);
}

/* Whether the round of the loop has time for another answer. */
static bool has_time(const struct web_client *client)
{
    const struct web_routes *routes = client->routes;

    return !routes->has_time || routes->has_time(client->timer.loop);
}

/* Whether a whole request must wait for another round. */
static bool is_round_full(const struct web_client *client)
{
    return (client->request.size || strstr(client->head, "\r\n\r\n")) &&
           !asks_health(client->head) && !has_time(client);
}

static void on_turn(uv_timer_t *timer)
{
    serve(timer->data);
}

/* Who waits longest has the next turn: libuv keeps the order of timers that are due together. */
static void wait_for_turn(struct web_client *client)
{
    client->state = WEB_CLIENT_WAITING;
    (void)uv_read_stop(&client->io.stream);
    (void)uv_timer_start(&client->timer, on_turn, NEXT_ROUND_MS, 0);
}

static void on_turn_to_send(uv_timer_t *timer);

/* Handing a long text to the kernel takes some milliseconds, and many may wait for the same. */
static void send_in_turn(struct web_client *client)
{
    if (!has_time(client)) {
        client->state = WEB_CLIENT_WAITING;
        (void)uv_timer_start(&client->timer, on_turn_to_send, NEXT_ROUND_MS, 0);
        return;
    }
    send_answer(client);
}

static void on_turn_to_send(uv_timer_t *timer)
{
    send_in_turn(timer->data);
}

static void on_later(void *arg, int status, struct web_exchange *exchange)
{
    struct web_client *client = arg;

    client->later = NULL;
    if (!exchange->type)
        exchange->type = "application/json";
    web_route_tell(&client->request, status, exchange, &client->answer);
    if (strcmp(client->request.method, "HEAD") != 0)
        client->shared = web_shared_hold(exchange->shared);
    send_in_turn(client);
}

/* The head stays until it is answered: the request's texts lie in it. */
static void expect(struct web_client *client, struct web_later *later)
{
    client->later = later;
    later->answered = on_later;
    later->arg = client;
    (void)uv_read_stop(&client->io.stream);
    move_to(client, WEB_CLIENT_EXPECTING, WEB_LATER_S * 1000);
}

/* 0: more bytes are needed; 200: the request is whole; else the status of a refusal. */
static int read_request(struct web_client *client)
{
    struct web_request *request = &client->request;
    int status = 200;

    if (!request->size) {
        status = web_request_parse(client->head, client->length, request);
        if (status == 200)
            status = web_route_takes(client->routes, request);
    }
    return status == 200 && client->length < request->size + request->body_size ? 0 : status;
}

/* It had its turn, and its body is not whole. */
static void read_on(struct web_client *client)
{
    if (client->state != WEB_CLIENT_WAITING)
        return;
    move_to(client, WEB_CLIENT_READING, WEB_TIMEOUT_S * 1000);
    if (uv_read_start(&client->io.stream, on_room, on_read))
        web_client_drop(client);
}

static void answer(struct web_client *client)
{
    struct web_request *request = &client->request;
    struct web_later *later;
    int status = read_request(client);

    if (!status) {
        read_on(client);
        return;
    }
    if (status != 200) {
        refuse(client, status);
        return;
    }
    later = web_route_answer(client->routes, request,
                             &(struct web_arrival){client->local, client->head + request->size},
                             &client->answer);
    if (later)
        expect(client, later);
    else
        send_answer(client);
}

static void serve(struct web_client *client)
{
    if (!client->length)
        return;
    client->head[client->length] = '\0';
    if (is_round_full(client)) {
        wait_for_turn(client);
        return;
    }
    answer(client);
}

static void on_overdue(uv_timer_t *timer)
{
    struct web_client *client = timer->data;

    if (client->state == WEB_CLIENT_READING && client->length) {
        refuse(client, 408);
    } else if (client->state == WEB_CLIENT_EXPECTING) {
        expect_nothing(client);
        refuse(client, 504);
    } else {
        web_client_drop(client);
    }
}

/* ---- reading ---- */

/* While it leaves, everything lands in the same place and is forgotten. */
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct web_client *client = handle->data;

    const struct web_request *request = &client->request;
    bool has_head = client->state == WEB_CLIENT_READING && request->size;
    size_t most = has_head ? request->size + request->body_size : WEB_HEAD;

    (void)suggested;
    if (!client->head)
        client->head = mem_new(WEB_HEAD + 1);
    *buffer = uv_buf_init(client->head + client->length, (unsigned)(most - client->length));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct web_client *client = stream->data;

    (void)buffer;
    if (got < 0) {
        web_client_drop(client);
        return;
    }
    if (client->state != WEB_CLIENT_READING || !got)
        return;
    if (!client->length && client->answered) /* the first bytes of one more request */
        move_to(client, WEB_CLIENT_READING, WEB_TIMEOUT_S * 1000);
    client->length += (size_t)got;
    serve(client);
}

void web_client_accept(struct web_client *client, uv_stream_t *listener)
{
    uv_loop_t *loop = listener->loop;

    client->open_handles = 2;
    if (client->local)
        (void)uv_pipe_init(loop, &client->io.pipe, 0);
    else
        (void)uv_tcp_init(loop, &client->io.tcp);
    (void)uv_timer_init(loop, &client->timer);
    client->io.handle.data = client->timer.data = client;
    client->write.data = client->shutdown.data = client;
    move_to(client, WEB_CLIENT_READING, WEB_TIMEOUT_S * 1000);
    if (uv_accept(listener, &client->io.stream) ||
        uv_read_start(&client->io.stream, on_room, on_read))
        web_client_drop(client);
}
