/* service_web.c -- what the daemon's web server answers, and where it listens. */
#include "base/log.h"
#include "base/mem.h"
#include "base/secret/secret.h"
#include "daemon/service/service_private.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LEAST_TOKEN = 16, TOKEN_ROOM = 512, USUAL_MODE = 0660 };

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"
static const struct web_route routes[] = {
    {"/", "text/html; charset=utf-8", service_gather_page, WEB_GET, false},
    {"/-/ready", TEXT, service_ready_answer, WEB_GET, false},
    {"/-/drift", TEXT, service_api_drift, WEB_GET, false},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", service_gather_metrics, WEB_GET,
     false},
    {"/api/v1/status", JSON, service_gather_status, WEB_GET, false},
    {"/api/v1/resources", JSON, service_gather_resources, WEB_GET, false},
    {"/api/v1/plan", JSON, service_gather_plan, WEB_GET, false},
    {"/api/v1/events", JSON, service_events_answer, WEB_GET, false},
    {"/api/v1/look", JSON, service_events_look, WEB_GET, false},
    {"/api/v1/audit", JSON, service_gather_audit, WEB_GET, false},
    {"/api/v1/periods", JSON, service_gather_periods, WEB_GET, false},
    {"/api/v1/openapi.json", JSON, service_api_openapi, WEB_GET, false},
    {"/-/reload", JSON, service_action_reload, WEB_POST, false},
    {"/-/look", JSON, service_action_look, WEB_POST, false},
    {"/-/pause", JSON, service_pausing_pause, WEB_POST, true},
    {"/-/resume", JSON, service_pausing_resume, WEB_POST, true},
    {0},
};

/* The first line of the file.  -1 and *e when there is none that is hard to guess. */
static int read_token(const char *path, char token[static TOKEN_ROOM], struct err *e)
{
    FILE *file;

    *token = '\0';
    if (!path)
        return 0;
    file = yaml_read_open(path);
    if (!file)
        return err_set(e, errno == EACCES ? ERR_DENIED : ERR_INVALID, "web.token_file: %s: %s",
                       path, strerror(errno));
    if (!fgets(token, TOKEN_ROOM, file))
        *token = '\0';
    (void)fclose(file);
    token[strcspn(token, "\r\n")] = '\0';
    if (strlen(token) < LEAST_TOKEN || strpbrk(token, " \t"))
        return err_set(e, ERR_INVALID,
                       "web.token_file: %s: its first line must be a token of at least %d bytes "
                       "without blanks, such as `openssl rand -hex 32` writes",
                       path, LEAST_TOKEN);
    secret_learn_lasting(token);
    return 0;
}

int service_web_listen(struct service *service, const char *listen,
                       const struct manifest_web *settings, struct err *e)
{
    char token[TOKEN_ROOM];
    struct web_setup setup = {
        .listen = listen, .routes = routes, .arg = service, .has_time = loop_watch_has_time};

    if (read_token(settings ? settings->token_file : NULL, token, e))
        return -1;
    setup.token = *token ? token : NULL;
    setup.hosts = settings ? settings->hosts : NULL;
    setup.socket_mode = settings ? settings->socket_mode : USUAL_MODE;
    if (listen) {
        service->web = web_start(&service->loop, &setup, e);
        if (!service->web)
            return -1;
    }
    free(service->listen);
    service->listen = mem_text(listen);
    service->socket_mode = setup.socket_mode;
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
    FILE *file = yaml_read_open(path);
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
    err_clear(&e);
    if (found && *found == '[') { /* a list: its first */
        char *first = mem_text_n(found + 1, strcspn(found + 1, ",]"));

        free(found);
        found = first;
        if (!web_check(found, &e))
            return found;
    }
    free(found);
    return mem_text(WEB_DEFAULT);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

/* Other names and another token, at the same place. */
static int configure(struct service *service, const struct manifest_web *settings)
{
    char token[TOKEN_ROOM];
    struct err e = {0};

    if (read_token(settings->token_file, token, &e)) {
        log_error("listen", "{s:s}", "error", e.text);
        service_ready_reject(service, "the file in web.token_file cannot be used");
        return -1;
    }
    if (service->web)
        web_configure(service->web, settings->hosts, *token ? token : NULL);
    return 0;
}

int service_web_move(struct service *service, const struct manifest *manifest)
{
    cleanup_free char *old = NULL;
    struct err e = {0}, again = {0};

    if (same_text(manifest->listen, service->listen) &&
        service->socket_mode == manifest->web.socket_mode)
        return configure(service, &manifest->web);
    if (service->web)
        old = mem_text(web_address(service->web));
    web_stop(service->web);
    service->web = NULL;
    if (!service_web_listen(service, manifest->listen, &manifest->web, &e)) {
        if (service->web)
            log_info("listening", "{s:s}", "listen", web_address(service->web));
        return 0;
    }
    log_error("listen", "{s:s}", "error", e.text);
    if (service_web_listen(service, old, service->manifest ? &service->manifest->web : NULL,
                           &again))
        log_error("listen", "{s:s}", "error", again.text);
    service_ready_reject(service, "the address in listen: cannot be used");
    return -1;
}
