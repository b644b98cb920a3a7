#include "reconcile/pass_pauses.h"

#include "base/clock.h"
#include "base/mem.h"
#include "state/claim.h"
#include "state/pause.h"
#include "state/state_object.h"

static void take(struct pass_pauses *pauses, const struct aws_reply *reply)
{
    struct state_object object = {0};
    const char *what = "whether it is paused is not known";
    const json_t *claim;
    struct err e = {0};

    if (!state_object_take(reply, pauses->place, &object, &e))
        pauses->list = pause_list(object.value, &e);
    if (pauses->list && claim_of(object.value, &claim, &e)) {
        what = "which spec is in force is not known";
        json_decref(pauses->list);
        pauses->list = NULL;
    }
    if (pauses->list && object.value) {
        pauses->document = json_incref(object.value);
        pauses->etag = mem_text(object.etag);
    }
    pauses->writable = pauses->list && !object.no_bucket;
    state_object_fini(&object);
    if (pauses->list)
        return;
    pauses->unknown = mem_printf("%s: %s", what, e.text);
    pauses->unknown_kind = e.kind;
}

static void on_answer(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    struct pass_pauses *pauses = arg;

    (void)slot;
    (void)depth;
    pauses->waiting = false;
    take(pauses, reply);
    pauses->answered(pauses->arg);
}

void pass_pauses_ask(struct pass_pauses *pauses, struct read_cache *cache,
                     const struct pass_pauses_wish *wish)
{
    const char *bucket = state_object_bucket(wish->pipeline, wish->desired);
    struct read_request request = {.session = wish->session,
                                   .service = "s3",
                                   .op = "GetObject",
                                   .done = on_answer,
                                   .arg = pauses,
                                   .whose = pauses};
    const struct aws_reply *reply;
    unsigned depth;

    if (!bucket) { /* nowhere to pause it */
        pauses->list = json_array();
        return;
    }
    pauses->place = state_object_place(bucket, wish->pipeline->name, "pauses", wish->account);
    request.params = pauses->place;
    reply = read_cache_get(cache, &request, &depth);
    if (reply)
        take(pauses, reply);
    else
        pauses->waiting = true;
}

void pass_pauses_fini(struct pass_pauses *pauses)
{
    json_decref(pauses->place);
    json_decref(pauses->list);
    json_decref(pauses->document);
    free(pauses->etag);
    free(pauses->unknown);
}

bool pass_pauses_cover(const struct pass_pauses *pauses, const struct item *item)
{
    return pause_find(pauses->list, task_address(item->task), clock_agreed_ms() / 1000) != NULL;
}

char *pass_pauses_observe(const struct pass_pauses *pauses, const struct item *items, size_t count,
                          const char *pipeline)
{
    int64_t now_s = clock_agreed_ms() / 1000;
    const json_t *whole = pause_find(pauses->list, pipeline, now_s);

    for (size_t i = 0; i < count; i++) {
        const struct task *task = items[i].task; /* NULL: refused, and nothing of it is known */
        const json_t *pause = task ? pause_find(pauses->list, task_address(task), now_s) : NULL;
        cleanup_free char *text = pause ? pause_text(pause) : NULL;

        if (text && !task_observed(task))
            task_observe(items[i].task, text);
    }
    return whole ? pause_text(whole) : NULL;
}

void pass_pauses_hold(const struct pass_pauses *pauses, struct item *item)
{
    cleanup_free char *reason = NULL;

    if (!pauses->unknown || !task_wants_writes(item->task))
        return;
    reason = mem_printf("nothing is written: %s", pauses->unknown);
    if (pauses->unknown_kind == ERR_DENIED)
        item_deny(item, reason);
    else if (pauses->unknown_kind == ERR_RETRY)
        item_retry(item, reason);
    else
        item_block(item, reason);
}
