/* service_action.c -- who may act by POST, and how often; reload and look. */
#include "base/clock.h"
#include "daemon/service/service_private.h"

#include <signal.h>

enum { REST_MS = 5000 }; /* between two of the same action */

int service_action_admits(const struct service *service, const struct web_exchange *exchange)
{
    const struct manifest *manifest = service->manifest;

    if (!manifest || !manifest->web.actions)
        return 404;
    return manifest->web.token_file && !exchange->trusted ? 401 : 0;
}

int service_action_is_time(struct service *service, struct web_exchange *exchange,
                           enum service_action action)
{
    int64_t now_ms = clock_monotonic_ms(), *done_ms = &service->asked_ms[action];

    if (*done_ms && now_ms - *done_ms < REST_MS) {
        str_addf(&exchange->fields, "Retry-After: %d\r\n",
                 (int)((REST_MS - (now_ms - *done_ms) + 999) / 1000));
        return 429;
    }
    *done_ms = now_ms;
    return 0;
}

/* Through the signal that means the same, so that both do the same. */
static int act(struct service *service, struct web_exchange *exchange, enum service_action action)
{
    int status = service_action_admits(service, exchange);

    if (!status)
        status = service_action_is_time(service, exchange, action);
    if (status)
        return status;
    (void)raise(action == SERVICE_RELOAD ? SIGHUP : SIGUSR1);
    str_add(&exchange->body, "{\"accepted\":true}\n");
    return 202;
}

int service_action_reload(void *service, struct web_exchange *exchange)
{
    return act(service, exchange, SERVICE_RELOAD);
}

int service_action_look(void *service, struct web_exchange *exchange)
{
    return act(service, exchange, SERVICE_LOOK);
}
