/* What a client sends, from the first byte to the answer: heads, bodies, one request after another,
 * in pieces of any size; who is let in, by names, origins and tokens.
 *
 * The first byte says how long the pieces are, and whether they come by a Unix socket. */
#include "fuzz.h"

#include "base/mem.h"
#include "daemon/web/web_route.h"

#include <stdlib.h>
#include <string.h>

static int answer_get(void *arg, struct web_exchange *exchange)
{
    (void)arg;
    str_addf(&exchange->body, "%zu%s", strlen(exchange->query),
             exchange->trusted ? " trusted\n" : "\n");
    return 200;
}

/* Only with its header, whatever else was sent. */
static int answer_post(void *arg, struct web_exchange *exchange)
{
    json_auto_t *json = json_loadb(exchange->content, exchange->content_size, 0, NULL);

    must(*(const bool *)arg);
    str_addf(&exchange->body, "%d\n", json != NULL);
    return 202;
}

static const struct web_route routes[] = {
    {"/", "text/html", answer_get, WEB_GET, false},
    {"/-/look", "application/json", answer_post, WEB_POST, false},
    {"/-/pause", "application/json", answer_post, WEB_POST, true},
    {0},
};

static bool lies_in(const char *text, const char *head, size_t size)
{
    return !text || (text >= head && text + strlen(text) < head + size);
}

static void check_request(const struct web_request *request, const char *head, size_t length)
{
    must(request->size >= 4 && request->size <= length && length <= WEB_HEAD);
    must(request->body_size <= WEB_BODY && request->size + request->body_size <= WEB_HEAD);
    must(request->path && *request->path == '/' && request->query && request->method);
    must(lies_in(request->path, head, request->size) &&
         lies_in(request->host, head, request->size));
    must(lies_in(request->query, head, request->size) &&
         lies_in(request->type, head, request->size));
    must(lies_in(request->authorization, head, request->size));
    must(!strpbrk(request->path, " \r\n") && !strpbrk(request->query, " \r\n"));
}

/* A head that nobody can take for two, with as many bytes behind it as it says. */
static void check_answer(const struct str *out, bool head_only)
{
    const char *text = str_text(out), *end = strstr(text, "\r\n\r\n");
    const char *length = strstr(text, "\r\nContent-Length: ");

    must(!strncmp(text, "HTTP/1.1 ", 9) && end && length && length < end);
    must(head_only || strtoul(length + 18, NULL, 10) == out->len - (size_t)(end + 4 - text));
}

/* Answers what is whole of it; the number of bytes taken, 0: more are needed, or it was refused. */
static size_t serve(struct web_routes *all, char *head, size_t length, bool local, int *status)
{
    struct web_request request = {0};
    cleanup_str struct str out = {0};
    bool *action = all->arg;

    *status = web_request_parse(head, length, &request);
    must(*status == 0 || *status == 200 || (*status >= 400 && *status <= 505));
    if (*status == 200) {
        check_request(&request, head, length);
        *status = web_route_takes(all, &request);
    }
    if (*status != 200)
        return 0;
    if (length < request.size + request.body_size) {
        *status = 0;
        return 0;
    }
    *action = request.action && (local || !request.origin || request.host);
    must(!web_route_answer(all, &request, &(struct web_arrival){local, head + request.size}, &out));
    check_answer(&out, !strcmp(request.method, "HEAD"));
    return request.size + request.body_size;
}

/* A client's bytes in pieces, as web_client keeps them.  A head is parsed in place once it is
 * whole, so each try has a copy. */
static void talk(struct web_routes *all, const uint8_t *data, size_t size, size_t piece, bool local)
{
    char kept[WEB_HEAD + 1], *head;
    size_t length = 0, taken, part;
    int status = 0;

    while (size || (length && status == 200)) {
        part = size < piece ? size : piece;
        part = part < WEB_HEAD - length ? part : WEB_HEAD - length;
        memcpy(kept + length, data, part);
        length += part;
        data += part;
        size -= part;
        head = mem_new(length + 1);
        memcpy(head, kept, length);
        taken = serve(all, head, length, local, &status);
        free(head);
        if (status != 0 && status != 200)
            return;
        must(status == 200 || length < WEB_HEAD);
        length -= taken;
        memmove(kept, kept + taken, length);
    }
}

FUZZ_TARGET(http_request)
{
    static char token[] = "a-token-that-is-long";
    static json_t *hosts;
    bool action = false;
    struct web_routes all = {.routes = routes, .arg = &action, .token = token};

    if (!size)
        return;
    if (!hosts)
        hosts = json_pack("[s, s]", "x", "billing.example.com");
    all.hosts = hosts;
    talk(&all, data + 1, size - 1, *data & 127 ? *data & 127 : WEB_HEAD, *data & 128);
}
