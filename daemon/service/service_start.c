/* service_start.c -- the start of the daemon.
 *
 * Whoever was told to keep a service up is not helped by one that is down because of a typing
 * error: with a spec that is wrong it starts too, does nothing but tell so, and waits for SIGHUP.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/health/notify.h"
#include "daemon/health/service_metrics.h"
#include "daemon/service/service_private.h"
#include "daemon/views/exit_code.h"

#include <stdio.h>

static void tell_start(const struct service *service)
{
    size_t resources = 0;

    for (size_t i = 0; i < service->manifest->pipeline_count; i++)
        resources += service->manifest->pipelines[i].resource_count;
    log_info("started", "{s:s, s:s, s:I, s:I, s:i, s:s*}", "version", BILLINGD_VERSION, "spec",
             service->orders.path, "pipelines", (json_int_t)service->manifest->pipeline_count,
             "resources", (json_int_t)resources, "interval_s", service->manifest->interval_s,
             "listen", service->web ? web_address(service->web) : NULL);
}

static int fail(const struct err *e, int code)
{
    if (log_goes_to_journal())
        log_error("start_failed", "{s:s, s:i}", "error", e->text, "exit_code", code);
    else
        (void)fprintf(stderr, "billingd: %s\n", e->text);
    return code;
}

/* What there is to go by, and the address of the web server.  When all is right the spec waits in
 * service->next. */
static int open_leniently(struct service *service)
{
    struct err e = {0};
    cleanup_free char *listen = NULL;

    service->next = service_reload_read(service);
    if (service->next && service_reload_connect(service)) {
        manifest_free(service->next);
        service->next = NULL;
    }
    listen =
        service->next ? mem_text(service->next->listen) : service_web_guess(service->orders.path);
    if (!service_web_listen(service, listen, service->next ? &service->next->web : NULL, &e))
        return EXIT_DONE;
    if (e.kind == ERR_RETRY)
        return fail(&e, EXIT_FAILED); /* taken: systemd tries again */
    log_error("listen", "{s:s}", "error", e.text);
    service_ready_reject(service, "the address in listen: cannot be used");
    manifest_free(service->next);
    service->next = NULL;
    err_clear(&e);
    return service_web_listen(service, WEB_DEFAULT, NULL, &e) ? fail(&e, EXIT_FAILED) : EXIT_DONE;
}

/* One pass of a timer or a shell needs no web server, which could be in the daemon's way. */
static int open_strictly(struct service *service)
{
    struct err e = {0};

    service->client = aws_client_new(&service->loop, &e);
    if (!service->client)
        return fail(&e, EXIT_BAD_CONFIG);
    if (service->orders.once ||
        !service_web_listen(service, service->next->listen, &service->next->web, &e))
        return EXIT_DONE;
    return fail(&e, e.kind == ERR_INVALID ? EXIT_BAD_CONFIG : EXIT_FAILED);
}

/* Up, with nothing to go by. */
static void wait_for_spec(struct service *service)
{
    log_error("rejected", "{s:s, s:s, s:s*}", "spec", service->orders.path, "error",
              "nothing is looked at until it is mended and reloaded (SIGHUP)", "listen",
              service->web ? web_address(service->web) : NULL);
    notify_ready();
    service_ready_status(service);
}

int service_start(struct service *service)
{
    int code;

    service_metrics_start(BILLINGD_VERSION);
    code = service->next ? open_strictly(service) : open_leniently(service);
    if (code != EXIT_DONE)
        return code;
    if (!service->next) {
        wait_for_spec(service);
        return EXIT_DONE;
    }
    service_swap_take(service);
    tell_start(service);
    notify_ready();
    service_pass_look(service);
    return EXIT_DONE;
}
