#include "daemon/web/web_route.h"

#include "base/mem.h"
#include "daemon/web/web_answer.h"
#include "daemon/web/web_host.h"
#include "daemon/web/web_shared.h"

#include <string.h>
#include <strings.h>

static int answer_healthy(void *arg, struct web_exchange *exchange)
{
    (void)arg;
    str_add(&exchange->body, "billingd is healthy\n");
    return 200;
}

static const struct web_route healthy = {"/-/healthy", WEB_ANSWER_PLAIN, answer_healthy, WEB_GET,
                                         false};

static const struct web_route *find_route(const struct web_routes *routes, const char *path)
{
    if (!strcmp(path, healthy.path))
        return &healthy;
    for (const struct web_route *route = routes->routes; route->path; route++)
        if (!strcmp(path, route->path))
            return route;
    return NULL;
}

/* ---- who asks ---- */

/* Takes as long wherever the first difference is. */
static bool is_same(const char *given, const char *token)
{
    size_t length = strlen(token);
    unsigned char differs = strlen(given) != length;

    for (size_t i = 0; i < length && given[i]; i++)
        differs |= (unsigned char)(given[i] ^ token[i]);
    return !differs;
}

/* A browser asks its user for a name and a password: the password is the token. */
static bool is_basic(const char *encoded, const char *token)
{
    size_t length;
    cleanup_free char *text = str_from_base64(encoded, &length);
    const char *password = text && strlen(text) == length ? strchr(text, ':') : NULL;

    return password && is_same(password + 1, token);
}

static bool knows_token(const char *authorization, const char *token)
{
    const char *rest = authorization ? strchr(authorization, ' ') : NULL;

    if (!rest || !token)
        return false;
    rest += strspn(rest, " ");
    if (!strncasecmp(authorization, "Bearer ", 7))
        return is_same(rest, token);
    return !strncasecmp(authorization, "Basic ", 6) && is_basic(rest, token);
}

/* ---- answers ---- */

/* "application/json; charset=utf-8" */
static bool is_json(const char *type)
{
    size_t length = strlen("application/json");

    return type && !strncasecmp(type, "application/json", length) &&
           (!type[length] || strchr("; \t", type[length]));
}

/* 0: the route may answer. */
static int find_refusal(const struct web_routes *routes, const struct web_request *request,
                        const struct web_route *route, bool local)
{
    bool get = !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");

    if (!local && !web_host_is_ours(request->host, routes->hosts))
        return 421;
    if (!route)
        return 404;
    if (route->method == WEB_GET ? !get : strcmp(request->method, "POST") != 0)
        return 405;
    if (route->method == WEB_POST &&
        (!request->action || (!local && !web_host_is_origin(request->origin, request->host))))
        return 403;
    if (request->body_size && !is_json(request->type))
        return 415;
    return route != &healthy && routes->queued > WEB_QUEUED ? 503 : 0;
}

static void add_fields(const struct web_route *route, int status, struct str *fields)
{
    if (status == 405)
        str_addf(fields, "Allow: %s\r\n", route->method == WEB_POST ? "POST" : "GET, HEAD");
    if (status == 401)
        str_add(fields, "WWW-Authenticate: Basic realm=\"billingd\", charset=\"UTF-8\"\r\n");
}

int web_route_takes(const struct web_routes *routes, const struct web_request *request)
{
    const struct web_route *route = find_route(routes, request->path);

    if (!request->body_size)
        return 200;
    if (!route || !route->takes_body)
        return 413;
    if (strcmp(request->method, "POST") != 0)
        return 405;
    return request->expects ? 417 : 200;
}

void web_route_tell(const struct web_request *request, int status, struct web_exchange *exchange,
                    struct str *out)
{
    if (!exchange->body.len && !exchange->shared) {
        exchange->type = WEB_ANSWER_PLAIN;
        web_answer_refusal(status, &exchange->body);
    }
    web_answer_add(
        &(struct web_answer){.status = status,
                             .type = exchange->type,
                             .body = exchange->shared ? &exchange->shared->text : &exchange->body,
                             .apart = exchange->shared != NULL,
                             .fields = str_text(&exchange->fields),
                             .head_only = !strcmp(request->method, "HEAD"),
                             .keep = request->keep},
        out);
}

struct web_later *web_route_answer(const struct web_routes *routes,
                                   const struct web_request *request,
                                   const struct web_arrival *arrival, struct str *out)
{
    const struct web_route *route = find_route(routes, request->path);
    struct web_exchange exchange = {.query = request->query,
                                    .content = arrival->body,
                                    .content_size = request->body_size,
                                    .trusted = arrival->local ||
                                               knows_token(request->authorization, routes->token)};
    int status = find_refusal(routes, request, route, arrival->local);

    exchange.type = status ? WEB_ANSWER_PLAIN : route->type;
    if (!status)
        status = route->answer(routes->arg, &exchange);
    if (!exchange.later) {
        add_fields(route, status, &exchange.fields);
        web_route_tell(request, status, &exchange, out);
    }
    str_fini(&exchange.body);
    str_fini(&exchange.fields);
    return exchange.later;
}
