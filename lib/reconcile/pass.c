/* pass.c -- the items of a pass: their requests, their order, and who may write when. */
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "reconcile/engine_private.h"
#include "resources/table.h"

#include <string.h>

static bool is_held(void *arg, const char *field)
{
    const struct item *item = arg;

    return breaker_is_open(item->pass->engine->breaker, item->resource->address, field,
                           clock_monotonic_ms());
}

static void add_after(struct item *item, size_t index)
{
    item->after = mem_resize(item->after, item->after_count + 1, sizeof *item->after);
    item->after[item->after_count++] = index;
}

/* Present things come after what they need; things to be removed go before it. */
static void order_items(struct pass *pass, const struct pipeline_pass *pipeline)
{
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct manifest_resource *resource = &pipeline->spec->resources[i];

        for (size_t j = 0; j < resource->need_count; j++) {
            size_t need = resource->needs[j];

            if (!resource->absent)
                add_after(&pass->items[pipeline->first + i], pipeline->first + need);
            else if (pipeline->spec->resources[need].absent)
                add_after(&pass->items[pipeline->first + need], pipeline->first + i);
        }
    }
}

void pass_add_items(struct pass *pass, size_t index)
{
    struct pipeline_pass *pipeline = &pass->pipelines[index];

    for (size_t i = 0; i < pipeline->count; i++) {
        struct item *item = &pass->items[pipeline->first + i];
        const struct manifest_resource *resource = &pipeline->spec->resources[i];

        *item = (struct item){.pass = pass, .resource = resource, .pipeline = index};
        item->task = task_new(&(struct task_options){
            .kind = resource->kind,
            .address = resource->address,
            .desired = json_array_get(pipeline->desired, i),
            .facts = pipeline->facts,
            .remove = resource->absent,
            .settle_timeout_s = pass->engine->manifest->settle_timeout_s,
            .held = is_held,
            .held_arg = item,
        });
        pass->shown[pass->shown_count++] = item;
    }
    order_items(pass, pipeline);
}

void pass_free_items(struct pass *pass)
{
    for (size_t i = 0; i < pass->item_count; i++) {
        aws_call_cancel(pass->items[i].write);
        task_free(pass->items[i].task);
        free(pass->items[i].after);
        free(pass->items[i].told_text);
    }
    free(pass->items);
    free(pass->shown);
}

/* What the breaker has to know: fields of something that existed and was written. */
static void remember_repairs(struct item *item)
{
    const struct plan *plan = task_plan(item->task);
    const char *last = "";
    size_t i;
    json_t *difference;

    if (plan->action != PLAN_UPDATE || !task_writes(item->task))
        return;
    json_array_foreach(plan->differences, i, difference) {
        const char *name = json_text(difference, "field");
        size_t n = strcspn(name, ".[");
        cleanup_free char *field = mem_text_n(name, n);

        if (strncmp(last, name, n) || !*last)
            breaker_wrote(item->pass->engine->breaker, item->resource->address, field,
                          clock_monotonic_ms());
        last = name;
    }
}

static void tell(struct item *item)
{
    struct pass *pass = item->pass;
    const char *text = task_text(item->task);

    if (task_state(item->task) == TASK_DONE && !item->counted) {
        item->counted = true;
        remember_repairs(item);
        pass_schedule(pass);
    }
    if (item->told_state == task_state(item->task) && item->told_text &&
        !strcmp(item->told_text, text))
        return;
    item->told_state = task_state(item->task);
    free(item->told_text);
    item->told_text = mem_text(text);
    if (pass->events.on_task)
        pass->events.on_task(pass->events.arg, pass, item->task);
}

static void on_read(void *arg, size_t slot, const struct aws_reply *reply, unsigned depth)
{
    struct item *item = arg;

    if (depth > item->depth)
        item->depth = depth;
    task_reply(item->task, slot, reply);
    item_pump(item);
}

static void log_write(const struct item *item, const struct aws_reply *reply)
{
    const char *op = item->write_op;

    if (reply->result)
        log_debug("wrote", "{s:s, s:s, s:i}", "resource", item->resource->address, "op", op, "ms",
                  (int)reply->elapsed_ms);
    else
        log_debug("write_refused", "{s:s, s:s, s:s, s:s, s:s}", "resource", item->resource->address,
                  "op", op, "code", reply->error.code, "error", reply->error.message, "request_id",
                  reply->error.request_id);
}

void item_forget_reads(struct item *item)
{
    read_cache_stale(item->pass->cache, item->pass->pipelines[item->pipeline].session,
                     item->resource->kind->service);
}

static void on_written(void *arg, const struct aws_reply *reply)
{
    struct item *item = arg;
    struct pass *pass = item->pass;

    log_write(item, reply);
    item->write = NULL;
    item->depth++;
    item_forget_reads(item);
    task_reply(item->task, 0, reply);
    if (pass->stopping && task_state(item->task) != TASK_DONE)
        task_block(item->task, "stopped before it was done");
    item_pump(item);
}

static void send_write(struct item *item, const struct task_request *request)
{
    struct pass *pass = item->pass;

    pass->writes++;
    item->write_op = request->call->op;
    item->write = aws_client_send(pass->engine->client,
                                  &(struct aws_request){pass->pipelines[item->pipeline].session,
                                                        item->resource->kind->service,
                                                        request->call->op, request->params},
                                  on_written, item);
}

void item_pump(struct item *item)
{
    struct pass *pass = item->pass;
    struct task_request request;

    while (task_next(item->task, &request)) {
        struct read_request read = {pass->pipelines[item->pipeline].session,
                                    item->resource->kind->service, request.call->op, request.params,
                                    item->depth};
        const struct aws_reply *reply;
        unsigned depth;

        if (request.write) {
            send_write(item, &request);
            continue;
        }
        reply = read_cache_get(pass->cache, &read, on_read, item, request.slot, &depth);
        if (!reply)
            continue;
        if (depth > item->depth)
            item->depth = depth;
        task_reply(item->task, request.slot, reply);
    }
    if (pass->stopping && !item->write && task_state(item->task) != TASK_DONE)
        task_block(item->task, "stopped before it was done");
    tell(item);
    pass_schedule(pass);
}

static bool is_in_place(const struct item *item)
{
    enum task_verdict verdict = task_verdict(item->task);

    return verdict == VERDICT_SYNCED || verdict == VERDICT_REPAIRED || verdict == VERDICT_HELD;
}

static bool writes_shared(const struct item *item)
{
    const struct plan *plan = task_plan(item->task);

    for (size_t i = 0; i < plan->call_count; i++)
        if (plan->calls[i].call->shared)
            return true;
    return false;
}

/* Two items that rewrite documents of one kind take turns, or one would undo the other. */
static bool must_wait_its_turn(const struct item *item)
{
    const struct pass *pass = item->pass;

    if (!writes_shared(item))
        return false;
    for (size_t i = 0; i < pass->item_count; i++) {
        const struct item *other = &pass->items[i];

        if (other != item && other->task && other->released &&
            other->resource->kind == item->resource->kind && writes_shared(other) &&
            task_state(other->task) != TASK_DONE)
            return true;
    }
    return false;
}

/* The first item in the way: not done yet, or done but not in place. */
static const struct item *in_the_way(const struct item *item, bool *failed)
{
    for (size_t i = 0; i < item->after_count; i++) {
        const struct item *other = &item->pass->items[item->after[i]];

        *failed = task_state(other->task) == TASK_DONE && !is_in_place(other);
        if (*failed || task_state(other->task) != TASK_DONE)
            return other;
    }
    return NULL;
}

static void take_depths(struct item *item)
{
    for (size_t i = 0; i < item->after_count; i++) {
        const struct item *other = &item->pass->items[item->after[i]];

        if (other->depth > item->depth)
            item->depth = other->depth;
    }
}

static void try_release(struct item *item)
{
    const struct plan *plan = task_plan(item->task);
    const struct item *other;
    bool failed = false;

    if (plan->action != PLAN_NONE && plan->action != PLAN_BLOCKED) {
        other = in_the_way(item, &failed);
        if (other && failed) {
            cleanup_free char *reason =
                mem_printf("waits for %s, which is %s", other->resource->address,
                           task_verdict_name(task_verdict(other->task)));

            task_block(item->task, reason);
            tell(item);
            return;
        }
        if (other || must_wait_its_turn(item))
            return;
        take_depths(item);
    }
    if (writes_shared(item))
        item_forget_reads(item);
    item->released = true;
    task_apply(item->task);
    item_pump(item);
}

void pass_release(struct pass *pass)
{
    for (size_t i = 0; i < pass->item_count; i++) {
        struct item *item = &pass->items[i];

        if (item->task && !item->released && task_state(item->task) == TASK_PLANNED)
            try_release(item);
    }
}

static void add_role(json_t *roles, const json_t *role, const char *service)
{
    json_auto_t *wanted = json_pack("{s:O, s:s}", "role", role, "service", service);
    size_t i;
    json_t *known;

    json_array_foreach(roles, i, known)
        if (json_equal(known, wanted))
            return;
    json_array_append(roles, wanted);
}

json_t *pass_roles_passed(const struct pass *pass, size_t index)
{
    const struct pipeline_pass *pipeline = &pass->pipelines[index];
    json_t *roles = json_array();

    for (size_t i = pipeline->first; i < pipeline->first + pipeline->count; i++) {
        const struct item *item = &pass->items[i];
        const json_t *desired = json_array_get(pipeline->desired, i - pipeline->first);

        if (!item->task || task_state(item->task) != TASK_PLANNED)
            continue;
        for (const struct field *f = item->resource->kind->fields; f->name; f++)
            for (size_t j = 0; f->passes && j < task_plan(item->task)->call_count; j++)
                if (json_object_get(desired, f->name) &&
                    table_sends(item->resource->kind, task_plan(item->task)->calls[j].call, f))
                    add_role(roles, json_object_get(desired, f->name), f->passes);
    }
    return roles;
}
