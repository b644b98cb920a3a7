#include "reconcile/item.h"

#include "aws/retry.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <string.h>

enum { AHEAD_MOST_MS = 2000 }; /* what was looked at longer ago is looked at again */

/* A write under way. */
struct item_write {
    struct item *item;
    struct aws_call *call;
    const char *op;
    json_t *fields;
    size_t slot;
    unsigned depth; /* round trips up to its reply */
    LIST_ENTRY(item_write) next;
};

static void end_write(struct item_write *write)
{
    LIST_REMOVE(write, next);
    json_decref(write->fields);
    free(write);
}

static bool is_held(void *arg, const char *field)
{
    const struct item *item = arg;

    return breaker_is_open(item->share->breaker, item->resource->address, field,
                           clock_monotonic_ms());
}

void item_start(struct item *item, const json_t *desired, const json_t *facts, int settle_timeout_s)
{
    item->task = task_new(&(struct task_options){
        .kind = item->resource->kind,
        .address = item->resource->address,
        .desired = desired,
        .facts = facts,
        .ignored = item->resource->ignored,
        .remove = item->resource->absent,
        .settle_timeout_s = settle_timeout_s,
        .making = item->share->making,
        .held = is_held,
        .held_arg = item,
        .usage = item->usage,
    });
    if (item->resource->mode.observe) {
        cleanup_free char *why = manifest_resource_mode_text(&item->resource->mode);

        task_observe(item->task, why);
    }
}

void item_fini(struct item *item)
{
    while (!LIST_EMPTY(&item->writes)) {
        aws_call_cancel(LIST_FIRST(&item->writes)->call);
        end_write(LIST_FIRST(&item->writes));
    }
    task_free(item->task);
    free(item->after);
    free(item->after_named);
    free(item->told_text);
    free(item->made);
}

/* What the breaker has to know: each write of a field of something that existed. */
static void remember_write(const struct item *item, const struct item_write *write)
{
    size_t i;
    json_t *field;

    if (task_plan(item->task)->action != PLAN_UPDATE)
        return;
    json_array_foreach(write->fields, i, field)
        breaker_wrote(item->share->breaker, item->resource->address, json_string_value(field),
                      clock_monotonic_ms());
}

/* What it is, as far as a create of it would make another.  What was made and is not seen is taken
 * for gone by the next pass, not before: a list may be late. */
static void remember_made(const struct item *item)
{
    const char *made = NULL;
    struct scope scope;

    if (task_state(item->task) != TASK_DONE)
        return;
    if (!task_is_forgotten(item->task)) {
        task_scope(item->task, &scope);
        made = create_token_made(item->resource->kind->create, scope.document);
    }
    create_token_saw(item->share->tokens, item->resource->address, made ? made : item->made);
}

static void note_made(struct item *item, const json_t *result)
{
    const char *made = create_token_made(item->resource->kind->create, result);

    if (!made)
        return;
    free(item->made);
    item->made = mem_text(made);
}

static void tell(struct item *item)
{
    const char *text = task_text(item->task);
    bool told = item->told_text && item->told_state == task_state(item->task) &&
                !strcmp(item->told_text, text);

    if (!told) {
        item->told_state = task_state(item->task);
        free(item->told_text);
        item->told_text = mem_text(text);
        remember_made(item);
    }
    item->share->moved(item->share->arg, item, !told);
}

static void on_read(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    struct item *item = arg;

    if (depth > item->depth)
        item->depth = depth;
    task_reply(item->task, slot, reply);
    item_pump(item);
}

/* A list has it not, and its own read is next. */
static void on_missed(void *arg, size_t slot, unsigned depth, int64_t told_ms)
{
    struct item *item = arg;

    if (depth > item->depth)
        item->depth = depth;
    if (!item->missed_ms || told_ms < item->missed_ms)
        item->missed_ms = told_ms;
    task_missed(item->task, slot);
    item->share->moved(item->share->arg, item, false);
}

static void log_write(const struct item *item, const char *op, const struct aws_reply *reply)
{
    if (reply->result)
        log_debug("wrote", "{s:s, s:s, s:i}", "resource", item->resource->address, "op", op, "ms",
                  (int)reply->elapsed_ms);
    else
        log_debug("write_refused", "{s:s, s:s, s:s, s:s, s:s}", "resource", item->resource->address,
                  "op", op, "code", reply->error.code, "error", reply->error.message, "request_id",
                  reply->error.request_id);
}

/* What anybody reads of the service from now on comes from AWS, not from earlier in the pass. */
static void forget_reads(struct item *item)
{
    read_cache_stale(item->share->cache, item->session, item->resource->kind->service);
}

/* Who holds the places, as it is read now; new text, NULL: not known. */
static char *who_holds(const struct item *item, const struct aws_error *error)
{
    struct scope scope;

    task_scope(item->task, &scope);
    return scope.kind->explain ? scope.kind->explain(&scope, error->code, error->message) : NULL;
}

static void remember_quota(const struct item *item, const char *op, const struct aws_reply *reply)
{
    const char *address = item->resource->address;
    cleanup_free char *why = NULL;

    if (reply->result) {
        quota_accepted(item->share->quota, address, op);
    } else if (retry_is_quota(item->resource->kind->service, reply->error.status,
                              reply->error.code)) {
        why = who_holds(item, &reply->error);
        quota_refused(item->share->quota, address, &reply->error, why);
    }
}

static void on_written(void *arg, const struct aws_reply *reply)
{
    struct item_write *write = arg;
    struct item *item = write->item;
    size_t slot = write->slot;

    log_write(item, write->op, reply);
    remember_quota(item, write->op, reply);
    if (reply->result) {
        remember_write(item, write);
        note_made(item, reply->result);
        item->written_depth = write->depth;
        item->made_depth = item->made_depth ? item->made_depth : write->depth;
    }
    if (write->depth > item->depth)
        item->depth = write->depth;
    end_write(write);
    forget_reads(item);
    task_reply(item->task, slot, reply);
    item_pump(item);
}

static void send_write(struct item *item, const struct task_request *request)
{
    json_auto_t *params = create_token_add(item->share->tokens, item->resource->address,
                                           request->call, request->params);
    struct item_write *write = mem_new(sizeof *write);

    *write = (struct item_write){.item = item,
                                 .op = request->call->op,
                                 .fields = json_share(request->fields),
                                 .slot = request->slot,
                                 .depth = item->depth + 1};
    LIST_INSERT_HEAD(&item->writes, write, next);
    item->share->writes++;
    write->call =
        aws_client_send(item->share->client,
                        &(struct aws_request){item->session, item->resource->kind->service,
                                              request->call->op, params},
                        on_written, write);
    aws_client_fence(write->call, request->call->op, item->fence);
}

/* A new look is answered by AWS, not by what was read before it began. */
static void look_anew(struct item *item)
{
    if (task_look_count(item->task) == item->looks)
        return;
    item->looks = task_look_count(item->task);
    item->since = read_cache_calls(item->share->cache);
}

static struct read_request read_of(struct item *item, const struct task_request *request)
{
    return (struct read_request){.session = item->session,
                                 .service = item->resource->kind->service,
                                 .op = request->call->op,
                                 .params = request->params,
                                 .depth = item->depth,
                                 .since = item->since,
                                 .done = on_read,
                                 .arg = item,
                                 .slot = request->slot,
                                 .whose = item->whose,
                                 .missed = on_missed};
}

static void send_read(struct item *item, const struct task_request *request)
{
    const struct read_request read = read_of(item, request);
    struct scope scope;
    unsigned depth;
    const struct aws_reply *reply;

    task_scope(item->task, &scope);
    reply = wide_reads_get(item->share->wide, &read, request->call, &scope, &depth);
    if (!reply)
        return;
    if (depth > item->depth)
        item->depth = depth;
    task_reply(item->task, request->slot, reply);
}

/* What AWS refused for a quota lately is answered by that refusal. */
static bool is_resting(struct item *item, const struct task_request *request)
{
    const struct quota *quota = item->share->quota;
    const char *address = item->resource->address, *op = request->call->op;
    const struct aws_error *refusal = quota_refusal(quota, address, op);
    cleanup_free char *why = refusal ? who_holds(item, refusal) : NULL;
    struct aws_reply reply = {.kind = ERR_INVALID};

    if (!refusal || !quota_rests(quota, address, op, why, &reply.error))
        return false;
    task_reply(item->task, request->slot, &reply);
    return true;
}

void item_pump(struct item *item)
{
    struct task_request request;

    while (!item->share->stopping && task_next(item->task, &request)) {
        look_anew(item);
        if (request.write && is_resting(item, &request))
            continue;
        if (request.write)
            send_write(item, &request);
        else
            send_read(item, &request);
    }
    if (item->share->stopping && LIST_EMPTY(&item->writes) && task_state(item->task) != TASK_DONE)
        task_block(item->task, "stopped before it was done");
    tell(item);
}

void item_wake(struct item *item)
{
    item->since = read_cache_calls(item->share->cache);
    task_wake(item->task);
    item_pump(item);
}

void item_forget(struct item *item)
{
    struct scope scope;
    const char *made;

    if (task_is_forgotten(item->task))
        return;
    task_scope(item->task, &scope);
    made = create_token_made(item->resource->kind->create, scope.document);
    if (made && !item->made)
        item->made = mem_text(made);
    task_forget(item->task);
}

static void tell_name(const struct item *item, const char *name)
{
    json_t *makers = json_object_get(item->share->making, name);

    if (!makers) {
        makers = json_object();
        json_object_set_new(item->share->making, name, makers);
    }
    json_object_set_new(makers, item->resource->address, json_true());
}

void item_tell_names(const struct item *item)
{
    struct scope scope;

    if (task_plan(item->task)->action != PLAN_CREATE || task_observed(item->task))
        return;
    task_scope(item->task, &scope);
    for (const struct field *f = scope.kind->fields; f->name; f++) {
        const char *name = f->flags & FIELD_KEY ? json_text(scope.desired, f->name) : NULL;

        if (name && *name)
            tell_name(item, name);
    }
}

bool item_writes_shared(const struct item *item)
{
    const struct plan *plan = task_plan(item->task);

    for (size_t i = 0; i < plan->call_count; i++)
        if (plan->calls[i].call->shared)
            return true;
    return false;
}

static void on_ahead(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    (void)arg;
    (void)slot;
    (void)reply;
    (void)depth;
}

void item_look_ahead(struct item *item, unsigned since)
{
    struct task_request request;
    size_t at = 0;

    while (task_look_ahead(item->task, &at, &request)) {
        struct read_request read = read_of(item, &request);
        unsigned depth;

        read.since = since;
        read.whose = NULL; /* it is kept for item_confirm */
        read.done = on_ahead;
        read.missed = NULL;
        (void)read_cache_get(item->share->cache, &read, &depth);
        item->ahead_since = since;
        item->ahead_ms = clock_monotonic_ms();
    }
}

void item_confirm(struct item *item, unsigned since)
{
    int64_t now_ms = clock_monotonic_ms();
    bool ahead = item->ahead_ms && now_ms - item->ahead_ms < AHEAD_MOST_MS;

    task_confirm(item->task, item->missed_ms && now_ms - item->missed_ms < AHEAD_MOST_MS);
    item->looks = task_look_count(item->task);
    item->since = ahead ? item->ahead_since : since;
    item_pump(item);
}

void item_release(struct item *item)
{
    item->released = true;
    task_apply(item->task);
    item_pump(item);
}

void item_block(struct item *item, const char *reason)
{
    task_block(item->task, reason);
    tell(item);
}

void item_retry(struct item *item, const char *reason)
{
    task_retry(item->task, reason);
    tell(item);
}

void item_deny(struct item *item, const char *reason)
{
    task_deny(item->task, reason);
    tell(item);
}
