/* service_web.c -- what the daemon's web server answers, and where it listens. */
#include "base/log.h"
#include "base/mem.h"
#include "daemon/service/service_private.h"

#include <stdio.h>
#include <string.h>

static const struct web_route routes[] = {
    {"/-/ready", "text/plain; charset=utf-8", service_ready_answer},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", service_ready_metrics},
    {"/api/v1/events", "application/json", service_events_answer},
    {"/api/v1/look", "application/json", service_events_look},
    {0},
};

int service_web_listen(struct service *service, const char *listen, struct err *e)
{
    if (listen) {
        service->web = web_start(&service->loop, listen, routes, service, e);
        if (!service->web)
            return -1;
    }
    free(service->listen);
    service->listen = mem_text(listen);
    return 0;
}

/* The value of a line "listen: 127.0.0.1:9464  # words", or NULL.  Parsing is no help with a file
 * that may not be YAML. */
static char *value_of(const char *line)
{
    const char *value = line + strlen("listen:");
    size_t length;

    if (strncmp(line, "listen:", strlen("listen:")) != 0)
        return NULL;
    value += strspn(value, " \t\"'");
    length = strcspn(value, " \t\"'#\r\n");
    return length ? mem_text_n(value, length) : NULL;
}

char *service_web_guess(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[512], *found = NULL;
    struct err e = {0};

    while (file && !found && fgets(line, sizeof line, file))
        found = value_of(line);
    if (file)
        (void)fclose(file);
    if (found && !strcmp(found, "off")) {
        free(found);
        return NULL;
    }
    if (found && !web_check(found, &e))
        return found;
    free(found);
    return mem_text(WEB_DEFAULT);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

int service_web_move(struct service *service, const struct manifest *manifest)
{
    cleanup_free char *old = NULL;
    struct err e = {0}, again = {0};

    if (same_text(manifest->listen, service->listen))
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
    service_ready_reject(service, "the address in listen: cannot be used");
    return -1;
}
