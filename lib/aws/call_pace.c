/* call_pace.c -- the queue in which calls wait for the budget of calls per minute.
 *
 * First come, first served; only the timer of the first one runs.  Waiting is nobody's failure: a
 * call's deadline begins anew where the wait ends, and a fence that was shut meanwhile is seen. */
#include "aws/call_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

enum { TOLD_AGAIN_MS = 3600 * 1000 };

bool call_pace_is_free(const struct aws_call *call)
{
    /* Without keys nothing goes, and who we are is asked once in a pass. */
    return call->unpaced || !call->identity ||
           strcmp(call->operation.name, "GetCallerIdentity") == 0;
}

bool call_pace_admits(struct aws_call *call)
{
    struct aws_client *client = call->client;
    const struct aws_call *first = TAILQ_FIRST(&client->paced);
    int64_t now_ms = clock_monotonic_ms();

    if (!call_pace_is_free(call) &&
        ((first && first != call) || pace_wait_ms(&client->pace, now_ms) > 0))
        return false;
    pace_note(&client->pace, now_ms);
    return true;
}

/* The first of the queue goes when it may. */
static void arm_first(struct aws_client *client)
{
    struct aws_call *first = TAILQ_FIRST(&client->paced);

    if (first)
        (void)uv_timer_start(&first->timer, first->wake,
                             (uint64_t)pace_wait_ms(&client->pace, clock_monotonic_ms()), 0);
}

static void tell(struct aws_client *client)
{
    int64_t now_ms = clock_monotonic_ms();

    if (client->paced_told_ms && now_ms - client->paced_told_ms < TOLD_AGAIN_MS)
        return;
    client->paced_told_ms = now_ms;
    log_info("calls_wait", "{s:I}", "calls_per_minute", (json_int_t)client->pace.most);
}

void call_pace_wait(struct aws_call *call)
{
    struct aws_client *client = call->client;

    call->state = CALL_PACED;
    (void)uv_timer_stop(&call->timer);
    if (!call->in_pace) {
        call->in_pace = true;
        call->paced_ms = clock_monotonic_ms();
        TAILQ_INSERT_TAIL(&client->paced, call, pace_next);
        client->paced_count++;
        tell(client);
    }
    if (TAILQ_FIRST(&client->paced) == call)
        arm_first(client);
}

void call_pace_waited(struct aws_call *call, int64_t since_ms)
{
    int64_t now_ms = clock_monotonic_ms(), end_ms;

    call->waited_ms += now_ms - since_ms;
    call->deadline_ms += now_ms - since_ms;
    end_ms = call->fence ? now_ms + call->fence->left_ms(call->fence->arg) : call->deadline_ms;
    if (end_ms < call->deadline_ms)
        call->deadline_ms = end_ms;
}

void call_pace_leave(struct aws_call *call)
{
    struct aws_client *client = call->client;

    if (!call->in_pace)
        return;
    call->in_pace = false;
    TAILQ_REMOVE(&client->paced, call, pace_next);
    client->paced_count--;
    call_pace_waited(call, call->paced_ms);
    arm_first(client);
}

void call_pace_set(struct aws_client *client, size_t per_minute)
{
    pace_set(&client->pace, per_minute);
    arm_first(client);
}
