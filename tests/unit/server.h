/* server.h -- a tiny HTTP server on the test's own loop, with faults on order.
 *
 * Each request is answered by the next reply of the script; the last one repeats.  Requests are
 * kept as they came, so that tests can look at them. */
#ifndef TESTS_SERVER_H
#define TESTS_SERVER_H

#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>
#include <string.h>
#include <uv.h>

struct server_reply {
    const char *bytes; /* everything from "HTTP/1.1" on; NULL: never answers */
    size_t filler;     /* so many "x" after it */
    bool close;        /* then closes */
    bool reset;        /* then resets the connection (RST) */
    unsigned delay_ms; /* before the first byte */
};

struct server {
    uv_tcp_t listener;
    const struct server_reply *script;
    /* In place of a script: what to answer to a request, new text. */
    char *(*make)(const char *request);
    size_t script_length, answered;
    char *requests[64]; /* the first ones, head and body */
    size_t request_count;
    unsigned connections, open, now, most; /* accepted, alive, requests being answered, at most */
    struct server_link *links;
    char url[64];
    char host[32];
};

struct server_link {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    struct server *server;
    const struct server_reply *reply;
    char *made; /* in place of the reply's bytes */
    struct str in, out;
    int handles;
    bool closing;
    struct server_link *next;
};

static void server_closed(uv_handle_t *handle)
{
    struct server_link *link = handle->data, **at = &link->server->links;

    if (--link->handles)
        return;
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    link->server->open--;
    str_fini(&link->in);
    str_fini(&link->out);
    free(link->made);
    free(link);
}

static void server_drop(struct server_link *link, bool reset)
{
    if (link->closing)
        return;
    link->closing = true;
    if (link->reply)
        link->server->now--;
    if (!reset || uv_tcp_close_reset(&link->tcp, server_closed))
        uv_close((uv_handle_t *)&link->tcp, server_closed);
    uv_close((uv_handle_t *)&link->timer, server_closed);
}

static void server_next(struct server_link *link);

static void server_written(uv_write_t *write, int status)
{
    struct server_link *link = write->data;
    const struct server_reply *reply = link->reply;

    if (link->closing)
        return;
    if (status || reply->close || reply->reset) {
        server_drop(link, reply->reset);
        return;
    }
    link->server->now--;
    link->reply = NULL;
    server_next(link);
}

static void server_answer(uv_timer_t *timer)
{
    struct server_link *link = timer->data;
    uv_buf_t buffer;

    str_fini(&link->out);
    str_add(&link->out, link->made ? link->made : link->reply->bytes);
    for (size_t i = 0; i < link->reply->filler; i++)
        str_add_char(&link->out, 'x');
    buffer = uv_buf_init(link->out.data, (unsigned)link->out.len);
    link->write.data = link;
    (void)uv_write(&link->write, (uv_stream_t *)&link->tcp, &buffer, 1, server_written);
}

/* Bytes of the first whole request, 0 while it is not. */
static size_t server_whole(const struct str *in)
{
    const char *end = in->len ? strstr(in->data, "\r\n\r\n") : NULL, *length;
    size_t head = end ? (size_t)(end - in->data) + 4 : 0, body = 0;

    length = end ? strstr(in->data, "Content-Length: ") : NULL;
    if (length && length < end)
        body = strtoul(length + 16, NULL, 10);
    return end && in->len >= head + body ? head + body : 0;
}

static void server_next(struct server_link *link)
{
    struct server *server = link->server;
    size_t whole = link->reply ? 0 : server_whole(&link->in), rest;
    char *tail;

    if (!whole)
        return;
    if (server->request_count < sizeof server->requests / sizeof *server->requests)
        server->requests[server->request_count] = mem_text_n(link->in.data, whole);
    server->request_count++;
    free(link->made);
    link->made = server->make ? server->make(link->in.data) : NULL;
    rest = link->in.len - whole;
    tail = mem_text_n(link->in.data + whole, rest);
    str_fini(&link->in);
    str_add_n(&link->in, tail, rest);
    free(tail);
    link->reply = &server->script[server->answered];
    if (server->answered + 1 < server->script_length)
        server->answered++;
    if (++server->now > server->most)
        server->most = server->now;
    if (link->reply->bytes)
        (void)uv_timer_start(&link->timer, server_answer, link->reply->delay_ms, 0);
}

static void server_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct server_link *link = stream->data;

    if (count > 0) {
        str_add_n(&link->in, buffer->base, (size_t)count);
        server_next(link);
    } else if (count < 0) {
        server_drop(link, false);
    }
    free(buffer->base);
}

static void server_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    (void)handle;
    *buffer = uv_buf_init(mem_new(wanted), (unsigned)wanted);
}

static void server_accept(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    struct server_link *link = mem_new(sizeof *link);

    (void)status;
    link->server = server;
    (void)uv_tcp_init(listener->loop, &link->tcp);
    (void)uv_timer_init(listener->loop, &link->timer);
    link->tcp.data = link->timer.data = link;
    link->handles = 2;
    link->next = server->links;
    server->links = link;
    server->connections++;
    server->open++;
    (void)uv_accept(listener, (uv_stream_t *)&link->tcp);
    (void)uv_read_start((uv_stream_t *)&link->tcp, server_room, server_read);
}

static void server_start(struct server *server, uv_loop_t *loop, const struct server_reply *script,
                         size_t length)
{
    struct sockaddr_in address;
    int size = sizeof address;

    memset(server, 0, sizeof *server);
    server->script = script;
    server->script_length = length;
    (void)uv_tcp_init(loop, &server->listener);
    server->listener.data = server;
    (void)uv_ip4_addr("127.0.0.1", 0, &address);
    (void)uv_tcp_bind(&server->listener, (struct sockaddr *)&address, 0);
    (void)uv_listen((uv_stream_t *)&server->listener, 64, server_accept);
    (void)uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &size);
    (void)snprintf(server->host, sizeof server->host, "127.0.0.1:%d", ntohs(address.sin_port));
    (void)snprintf(server->url, sizeof server->url, "http://%s", server->host);
}

/* The loop must run once more; then server_fini. */
static void server_stop(struct server *server)
{
    uv_close((uv_handle_t *)&server->listener, NULL);
    for (struct server_link *link = server->links; link; link = link->next)
        server_drop(link, false);
}

static void server_fini(struct server *server)
{
    for (size_t i = 0; i < sizeof server->requests / sizeof *server->requests; i++)
        free(server->requests[i]);
}

#endif
