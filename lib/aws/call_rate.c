/* call_rate.c -- the queues in which calls wait for what AWS takes of their operation a second, in
 * one account and region: all pipelines together (rate.h).
 *
 * Like call_pace.c: first come, first served, only the timer of the first one runs, and a call's
 * deadline begins anew where the wait ends.  An endpoint on this machine is no AWS and has none of
 * its limits, until it throttles. */
#include "aws/call_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

enum { TOLD_AGAIN_MS = 3600 * 1000, WORTH_TELLING_MS = 1000 };

static bool is_here(const struct aws_endpoint *endpoint)
{
    static const char *const hosts[] = {"localhost", "127.", "[::1]", NULL};

    for (size_t i = 0; hosts[i]; i++) {
        size_t n = strlen(hosts[i]);

        if (!strncmp(endpoint->host, hosts[i], n) &&
            (hosts[i][n - 1] == '.' || !endpoint->host[n] || endpoint->host[n] == ':'))
            return true;
    }
    return false;
}

/* Whose calls count together; new text. */
static char *key_of(const struct aws_call *call, const struct rate_rule *rule)
{
    const char *service = call->operation.model->name;
    const char *account = identity_account(call->identity);
    cleanup_free char *who =
        account ? mem_text(account) : mem_printf("%p", (const void *)call->identity);

    return mem_printf("%s %s %s %s", who, call->endpoint.region, service,
                      rule->together ? "" : call->operation.name);
}

static struct call_rate *rate_of(const struct aws_call *call)
{
    struct aws_client *client = call->client;
    const struct rate_rule *rule =
        rate_rule_find(call->operation.model->name, call->operation.name);
    cleanup_free char *key = key_of(call, rule);
    struct call_rate *rate;

    SLIST_FOREACH(rate, &client->rates, next)
        if (!strcmp(rate->key, key))
            return rate;
    rate = mem_new(sizeof *rate);
    rate->key = mem_text(key);
    rate_begin(&rate->rate, rule, !is_here(&call->endpoint), clock_monotonic_ms());
    TAILQ_INIT(&rate->waiting);
    SLIST_INSERT_HEAD(&client->rates, rate, next);
    return rate;
}

bool call_rate_admits(struct aws_call *call)
{
    const struct aws_call *first;

    if (!call->in_rate)
        call->rate = rate_of(call); /* another region may be known by now */
    if (call_pace_is_free(call))
        return true;
    first = TAILQ_FIRST(&call->rate->waiting);
    return (!first || first == call) && !rate_wait_ms(&call->rate->rate, clock_monotonic_ms());
}

void call_rate_note(struct aws_call *call)
{
    rate_note(&call->rate->rate, clock_monotonic_ms());
}

/* The first of the queue goes when it may. */
static void arm_first(struct call_rate *rate)
{
    struct aws_call *first = TAILQ_FIRST(&rate->waiting);

    if (first)
        (void)uv_timer_start(&first->timer, first->wake,
                             (uint64_t)rate_wait_ms(&rate->rate, clock_monotonic_ms()), 0);
}

void call_rate_throttled(struct aws_call *call)
{
    int64_t now_ms = clock_monotonic_ms();
    struct call_rate *rate = call->rate;

    rate_throttled(&rate->rate, now_ms);
    arm_first(rate);
}

static void tell(const struct aws_call *call)
{
    struct call_rate *rate = call->rate;
    int64_t now_ms = clock_monotonic_ms();

    if ((double)rate->count * 1000 < rate->rate.per_second * WORTH_TELLING_MS ||
        (rate->told_ms && now_ms - rate->told_ms < TOLD_AGAIN_MS))
        return;
    rate->told_ms = now_ms;
    log_info("calls_wait", "{s:s, s:s, s:f, s:b}", "service", call->operation.model->name, "op",
             call->operation.name, "per_second", rate->rate.per_second, "throttled",
             (int)rate_is_lowered(&rate->rate));
}

void call_rate_wait(struct aws_call *call)
{
    struct call_rate *rate = call->rate;

    call->state = CALL_PACED;
    (void)uv_timer_stop(&call->timer);
    if (!call->in_rate) {
        call->in_rate = true;
        call->rated_ms = clock_monotonic_ms();
        TAILQ_INSERT_TAIL(&rate->waiting, call, rate_next);
        rate->count++;
        call->client->rated_count++;
        tell(call);
    }
    if (TAILQ_FIRST(&rate->waiting) == call)
        arm_first(rate);
}

void call_rate_leave(struct aws_call *call)
{
    if (!call->in_rate)
        return;
    call->in_rate = false;
    TAILQ_REMOVE(&call->rate->waiting, call, rate_next);
    call->rate->count--;
    call->client->rated_count--;
    call_pace_waited(call, call->rated_ms);
    arm_first(call->rate);
}

void call_rate_free_all(struct aws_client *client)
{
    struct call_rate *rate;

    while ((rate = SLIST_FIRST(&client->rates)) != NULL) {
        SLIST_REMOVE_HEAD(&client->rates, next);
        free(rate->key);
        free(rate);
    }
}
