#include "daemon/health/steady_looks.h"

#include "base/json.h"
#include "daemon/health/service_metrics.h"

static struct {
    bool steady, begun;
    unsigned refreshes;
    json_t *calls; /* since the look began: {"s3": {"GetObject": 1}} */
} now;

static double add_calls(void)
{
    const char *service, *operation;
    json_t *own, *calls;
    double sum = 0;

    json_object_foreach(now.calls, service, own)
        json_object_foreach(own, operation, calls) {
            sum += (double)json_integer_value(calls);
            metric_add(&service_metrics.steady_requests_total, (double)json_integer_value(calls),
                       service, operation, NULL);
        }
    return sum;
}

/* What a look and the time until the next one took. */
static void end_look(void)
{
    double sum = add_calls();

    metric_add(&service_metrics.steady_looks_total, 1, NULL);
    if (sum < metric_value(&service_metrics.steady_look_requests, sum + 1, "least", NULL))
        metric_set(&service_metrics.steady_look_requests, sum, "least", NULL);
    if (sum > metric_value(&service_metrics.steady_look_requests, -1, "most", NULL))
        metric_set(&service_metrics.steady_look_requests, sum, "most", NULL);
}

void steady_looks_begin(const struct steady_looks_start *start)
{
    bool same = now.begun && start->refreshes == now.refreshes;

    if (now.steady && same) /* else it was cut short */
        end_look();
    /* Work that takes longer than an interval is steady unless it began in a look that was not. */
    now.steady = same && start->well && (now.steady || !start->at_work);
    now.begun = true;
    now.refreshes = start->refreshes;
    json_decref(now.calls);
    now.calls = now.steady ? json_object() : NULL;
}

void steady_looks_count(const char *service, const char *operation)
{
    json_t *own = json_object_get(now.calls, service);

    if (!now.steady)
        return;
    if (!own) {
        own = json_object();
        json_object_set_new(now.calls, service, own);
    }
    json_object_set_new(own, operation, json_integer(json_whole(own, operation) + 1));
}
