/* service_web.c -- what the daemon's web server answers, and where it listens. */
#include "base/log.h"
#include "base/mem.h"
#include "daemon/service/service_private.h"

#include <string.h>

static const struct web_route routes[] = {
    {"/-/ready", "text/plain; charset=utf-8", service_view_ready},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", service_view_metrics},
    {0},
};

int service_web_listen(struct service *service, const char *listen, struct err *e)
{
    if (!listen)
        return 0;
    service->web = web_start(&service->loop, listen, routes, service, e);
    return service->web ? 0 : -1;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

int service_web_move(struct service *service, const struct manifest *manifest)
{
    const struct manifest *now = service->next ? service->next : service->manifest;
    cleanup_free char *old = NULL;
    struct err e = {0}, again = {0};

    if (same_text(manifest->listen, now->listen))
        return 0;
    if (service->web)
        old = mem_text(web_address(service->web));
    web_stop(service->web);
    service->web = NULL;
    if (!service_web_listen(service, manifest->listen, &e)) {
        if (service->web)
            log_info("listening", "{s:s}", "listen", web_address(service->web));
        return 0;
    }
    log_error("listen", "{s:s}", "error", e.text);
    if (service_web_listen(service, old, &again))
        log_error("listen", "{s:s}", "error", again.text);
    return -1;
}
