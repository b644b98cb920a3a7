#include "reconcile/task_private.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "resources/table.h"

#include <stdarg.h>
#include <string.h>

static void add_slot(struct task *task, const struct call *call)
{
    for (size_t i = 0; i < task->slot_count; i++)
        if (task->slots[i].call == call)
            return;
    if (task->slot_count == KIND_READS)
        abort(); /* a kind with more reads than KIND_READS: our bug, seen by the first test */
    task->slots[task->slot_count++].call = call;
}

/* Only documents that hold something declared are read. */
static bool is_read(const struct task *task, const struct field *field)
{
    const json_t *want = json_object_get(task->desired, field->name);

    if (field->flags & (FIELD_ALWAYS | FIELD_REPORTED))
        return true;
    if (field->flags & FIELD_LOCAL)
        return !json_string_length(want);
    return want != NULL;
}

struct task *task_new(const struct task_options *options)
{
    struct task *task = mem_new(sizeof *task);

    task->options = *options;
    task->kind = options->kind;
    task->desired = json_share(options->desired);
    task->facts = json_copy((json_t *)options->facts);
    task->replies = json_object();
    task->known = json_object();
    task->notes = json_array();
    add_slot(task, task->kind->read);
    for (const struct field *f = task->kind->fields; f->name; f++)
        if (f->read && is_read(task, f) && !options->remove)
            add_slot(task, f->read);
        else if (f->read && (f->flags & (FIELD_REPORTED | FIELD_LOCAL)) && is_read(task, f))
            add_slot(task, f->read);
    return task;
}

static void slot_reset(struct slot *slot)
{
    json_decref(slot->params);
    json_decref(slot->reply);
    json_decref(slot->document);
    *slot = (struct slot){.call = slot->call};
}

void task_free(struct task *task)
{
    if (!task)
        return;
    for (size_t i = 0; i < task->slot_count; i++)
        slot_reset(&task->slots[i]);
    plan_fini(&task->plan);
    plan_fini(&task->work);
    json_decref(task->desired);
    json_decref(task->facts);
    json_decref(task->replies);
    json_decref(task->known);
    json_decref(task->notes);
    free(task->text);
    free(task);
}

void task_scope(const struct task *task, struct scope *scope)
{
    bool there = task->slots[0].state == SLOT_DONE && task->slots[0].document;

    *scope = (struct scope){
        .kind = task->kind,
        .desired = task->desired,
        .observed = there ? task->known : NULL,
        .document = there ? task->slots[0].document : NULL,
        .replies = task->replies,
        .facts = task->facts,
    };
}

void task_say(struct task *task, const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    free(task->text);
    task->text = text;
}

void task_end(struct task *task, enum task_verdict verdict)
{
    task->state = TASK_DONE;
    task->verdict = verdict;
}

/* Fields of every document read so far. */
static void fold(struct task *task)
{
    json_object_clear(task->known);
    for (const struct field *f = task->kind->fields; f->name; f++) {
        const struct call *read = f->read ? f->read : task->kind->read;
        json_t *value;

        for (size_t i = 0; f->member && i < task->slot_count; i++) {
            if (task->slots[i].call != read || task->slots[i].state != SLOT_DONE)
                continue;
            value = value_from_wire(f, json_at(task->slots[i].document, f->member));
            if (value)
                json_object_set_new(task->known, f->name, value);
        }
    }
}

static void slot_finish(struct task *task, struct slot *slot)
{
    struct scope scope;
    size_t matches;

    task_scope(task, &scope);
    scope.observed = task->known;
    json_object_set(task->replies, slot->call->op, slot->reply);
    matches = slot->reply ? table_take(&scope, slot->call, slot->reply, &slot->document) : 0;
    slot->state = SLOT_DONE;
    if (slot->call->unique && matches != 1) {
        task_say(task,
                 matches ? "%zu of them have this name; say which one with its id"
                         : "there is none of this name",
                 matches);
        task_end(task, VERDICT_BLOCKED);
    }
    fold(task);
}

/* A read whose key nobody knows has nothing to find. */
static bool is_hopeless(const struct task *task, const struct field *missing)
{
    const struct call *source = missing->read ? missing->read : task->kind->read;

    for (size_t i = 0; i < task->slot_count; i++)
        if (task->slots[i].call == source)
            return task->slots[i].state == SLOT_DONE;
    return true;
}

/* Long lists go in pieces: keeps `chunk` items from `offset` on. */
static void cut_list(struct slot *slot)
{
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe(slot->params, next, key, value) {
        json_t *piece;

        if (!json_is_array(value))
            continue;
        piece = json_array();
        slot->total = json_array_size(value);
        for (size_t i = 0; i < (size_t)slot->call->chunk && slot->offset + i < slot->total; i++)
            json_array_append(piece, json_array_get(value, slot->offset + i));
        json_object_set_new(slot->params, key, piece);
    }
}

static bool prepare_read(struct task *task, struct slot *slot)
{
    const struct field *missing = NULL;
    struct scope scope;

    if (slot->state != SLOT_TODO)
        return false;
    if (slot->next_page) {
        slot->next_page = false;
        return true;
    }
    task_scope(task, &scope);
    scope.observed = task->known;
    json_decref(slot->params);
    slot->params = table_params(&scope, slot->call, &missing);
    if (slot->params && slot->call->chunk)
        cut_list(slot);
    if (!slot->params && is_hopeless(task, missing))
        slot_finish(task, slot);
    return slot->params != NULL;
}

static void after_reads(struct task *task);

bool task_next(struct task *task, struct task_request *request)
{
    if (task->state == TASK_WRITING)
        return task_next_write(task, request);
    if (task->state != TASK_READING && task->state != TASK_VERIFYING)
        return false;
    for (size_t i = 0; i < task->slot_count; i++) {
        struct slot *slot = &task->slots[i];

        if (!prepare_read(task, slot))
            continue;
        slot->state = SLOT_SENT;
        *request = (struct task_request){.call = slot->call, .params = slot->params, .slot = i};
        return true;
    }
    after_reads(task);
    return task->state == TASK_WRITING && task_next_write(task, request);
}

static bool reads_are_done(const struct task *task)
{
    for (size_t i = 0; i < task->slot_count; i++)
        if (task->slots[i].state != SLOT_DONE)
            return false;
    return true;
}

static void remake_plan(struct task *task, struct plan *plan)
{
    struct scope scope;

    plan_fini(plan);
    task_scope(task, &scope);
    plan_make(&scope, task->options.remove, task->options.held, task->options.held_arg, plan);
}

static void after_reads(struct task *task)
{
    struct scope scope;

    if (!reads_are_done(task) || (task->state != TASK_READING && task->state != TASK_VERIFYING))
        return;
    task_scope(task, &scope);
    json_array_clear(task->notes);
    if (task->kind->note && scope.observed)
        task->kind->note(&scope, task->notes);
    remake_plan(task, task->applying ? &task->work : &task->plan);
    if (task->applying)
        task_after_verify(task);
    else
        task->state = TASK_PLANNED;
}

void task_fail(struct task *task, const char *op, const struct aws_reply *reply)
{
    const struct aws_error *error = &reply->error;

    task_say(task, "%s: %s: %s%s%s%s", op, error->code, error->message,
             error->request_id[0] ? " (request " : "", error->request_id,
             error->request_id[0] ? ")" : "");
    task->failure = reply->kind == ERR_RETRY    ? VERDICT_RETRY
                    : reply->kind == ERR_DENIED ? VERDICT_DENIED
                                                : VERDICT_FAILED;
}

static void page_arrived(struct task *task, struct slot *slot, const json_t *result)
{
    if (!slot->reply)
        slot->reply = json_deep_copy(result);
    else
        table_join(slot->reply, result);
    if (++slot->pages < TASK_PAGES && table_next_page(slot->call, result, slot->params)) {
        slot->state = SLOT_TODO;
        slot->next_page = true;
        return;
    }
    if (slot->call->chunk && slot->offset + (size_t)slot->call->chunk < slot->total) {
        slot->offset += (size_t)slot->call->chunk;
        slot->state = SLOT_TODO;
        return;
    }
    slot_finish(task, slot);
}

/* AWS's own words often do not say what a refused read means; some have none at all (HEAD). */
static void read_failed(struct task *task, const struct call *call, const struct aws_reply *reply)
{
    cleanup_free char *told = NULL;

    task_fail(task, call->op, reply);
    if (reply->kind == ERR_DENIED && call->why) {
        told = mem_text(task->text);
        task_say(task, "%s: %s", call->why, told);
    }
    task_end(task, task->failure);
}

void task_reply(struct task *task, size_t index, const struct aws_reply *reply)
{
    struct slot *slot = &task->slots[index];

    if (task->state == TASK_DONE)
        return; /* another read already ended it */
    if (task->state == TASK_WRITING) {
        task_write_reply(task, reply);
        return;
    }
    if (reply->result) {
        page_arrived(task, slot, reply->result);
    } else if (table_matches(slot->call->absent, &reply->error)) {
        slot_finish(task, slot);
    } else {
        read_failed(task, slot->call, reply);
        return;
    }
    after_reads(task);
}

/* Reads again the documents that hold any of the fields, all when fields is NULL. */
void task_read_again(struct task *task, const json_t *differences)
{
    for (size_t i = 0; i < task->slot_count; i++) {
        bool wanted = !differences;

        for (size_t j = 0; j < json_array_size(differences); j++) {
            const char *name = json_text(json_array_get(differences, j), "field");
            cleanup_free char *plain = mem_text_n(name, strcspn(name, ".["));
            const struct field *f = kind_field(task->kind, plain);
            const struct call *read = f && f->read ? f->read : task->kind->read;

            wanted = wanted || read == task->slots[i].call;
        }
        if (wanted)
            slot_reset(&task->slots[i]);
    }
}

void task_apply(struct task *task)
{
    if (task->state != TASK_PLANNED)
        return;
    task->applying = true;
    task->started_ms = clock_monotonic_ms();
    remake_plan(task, &task->work);
    for (size_t i = 0; i < task->work.call_count; i++)
        if (task->work.calls[i].call->shared && task->work.action != PLAN_BLOCKED) {
            task_read_again(task, NULL);
            task->state = TASK_READING;
            return;
        }
    task_after_verify(task);
}

void task_finish(struct task *task)
{
    enum plan_action action = task->plan.action;

    if (task->state != TASK_PLANNED)
        return;
    if (action == PLAN_BLOCKED)
        task_say(task, "%s", task->plan.reason);
    task_end(task, action == PLAN_BLOCKED                        ? VERDICT_BLOCKED
                   : action == PLAN_WAIT                         ? VERDICT_SETTLING
                   : action != PLAN_NONE                         ? VERDICT_DRIFTED
                   : json_array_size(task->plan.differences) > 0 ? VERDICT_HELD
                                                                 : VERDICT_SYNCED);
}

void task_block(struct task *task, const char *reason)
{
    task_say(task, "%s", reason);
    task_end(task, VERDICT_BLOCKED);
}

enum task_state task_state(const struct task *task)
{
    return task->state;
}

enum task_verdict task_verdict(const struct task *task)
{
    return task->verdict;
}

const char *task_verdict_name(enum task_verdict verdict)
{
    static const char *const names[] = {"",     "synced", "drifted", "repaired", "settling",
                                        "held", "retry",  "blocked", "denied",   "failed"};

    return names[verdict];
}

const struct plan *task_plan(const struct task *task)
{
    return &task->plan;
}

const struct kind *task_kind(const struct task *task)
{
    return task->kind;
}

const char *task_address(const struct task *task)
{
    return task->options.address;
}

const char *task_text(const struct task *task)
{
    return task->text ? task->text : "";
}

const json_t *task_notes(const struct task *task)
{
    return task->notes;
}

unsigned task_writes(const struct task *task)
{
    return task->writes;
}
