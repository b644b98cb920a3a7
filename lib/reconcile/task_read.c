/* task_read.c -- the reading half of a task: which documents to read, their pages and pieces, and
 * the fields found in them.  A read may need what another one told, so each round may make more of
 * them possible. */
#include "aws/reply/reply_check.h"
#include "aws/reply/reply_page.h"
#include "base/json.h"
#include "base/mem.h"
#include "reconcile/task_private.h"
#include "reconcile/task_unique.h"
#include "resources/ignore.h"
#include "resources/members.h"
#include "resources/table.h"

#include <string.h>

void task_read_scope(const struct task *task, struct scope *scope)
{
    bool there = task->slots[0].state == SLOT_DONE && task->slots[0].document;

    if (task->forgotten)
        abort(); /* it would look as if it were not there */
    *scope = (struct scope){
        .kind = task->kind,
        .desired = task->desired,
        .observed = there ? task->known : NULL,
        .document = there ? task->slots[0].document : NULL,
        .replies = task->replies,
        .facts = task->facts,
        .beside = task->beside,
        .ignored = task->options.ignored,
    };
}

void task_read_ignore(struct task *task)
{
    json_auto_t *paths = json_array();
    struct scope scope;

    if ((!task->options.ignored && !task->yielded) || task->made)
        return; /* what this pass made gets all that the spec says */
    if (task->options.ignored)
        json_array_extend(paths, (json_t *)task->options.ignored);
    if (task->yielded)
        json_array_extend(paths, task->yielded);
    task_read_scope(task, &scope);
    json_decref(task->desired);
    task->desired = ignore_apply(task->kind, paths, task->wish, scope.observed);
}

void task_read_beside(struct task *task)
{
    struct scope scope;

    json_array_clear(task->beside);
    task_read_scope(task, &scope);
    for (size_t i = 0; scope.observed && !task->options.remove && i < task->slot_count; i++)
        members_judge(&scope, task->slots[i].call, task->slots[i].document, task->slots[i].reply,
                      task->beside);
}

static struct slot fresh_slot(const struct call *call, bool fallback)
{
    return (struct slot){
        .call = call, .fallback = fallback, .state = fallback ? SLOT_DONE : SLOT_TODO};
}

static void add_slot(struct task *task, const struct call *call, bool fallback)
{
    for (size_t i = 0; i < task->slot_count; i++)
        if (task->slots[i].call == call)
            return;
    task->slots = mem_resize(task->slots, task->slot_count + 1, sizeof *task->slots);
    task->slots[task->slot_count++] = fresh_slot(call, fallback);
}

void task_read_prepare(struct task *task)
{
    add_slot(task, task->kind->read, false);
    for (const struct field *f = task->kind->fields; f->name; f++)
        if (f->read && kind_reads(f, task->desired, task->options.remove))
            add_slot(task, f->read, false);
    for (const struct field *f = task->kind->fields; f->name; f++)
        if (f->fallback && kind_reads(f, task->desired, task->options.remove))
            add_slot(task, f->fallback, true);
    for (const struct member *m = kind_member(task->kind->members); m; m = kind_member(m + 1))
        if (m->read && m->read->account_wide && !task->options.remove)
            add_slot(task, m->read, false);
}

static void slot_reset(struct slot *slot)
{
    json_decref(slot->params);
    json_decref(slot->reply);
    json_decref(slot->document);
    page_tokens_fini(&slot->tokens);
    *slot = fresh_slot(slot->call, slot->fallback);
}

void task_read_fini(struct task *task)
{
    for (size_t i = 0; i < task->slot_count; i++)
        slot_reset(&task->slots[i]);
    free(task->slots);
}

void task_read_forget(struct task *task)
{
    for (size_t i = 0; i < task->slot_count; i++) {
        enum slot_state state = task->slots[i].state;

        slot_reset(&task->slots[i]);
        task->slots[i].state = state;
    }
}

/* Fields of every document read so far. */
static void fold(struct task *task)
{
    json_object_clear(task->known);
    for (const struct field *f = task->kind->fields; f->name; f++) {
        const struct call *read = f->read ? f->read : task->kind->read;
        json_t *value;

        for (size_t i = 0; f->member && i < task->slot_count; i++) {
            const struct call *call = task->slots[i].call;

            if (!task->slots[i].document || (call != read && call != f->fallback))
                continue;
            value = value_from_wire(f, json_at(task->slots[i].document, f->member));
            if (value)
                json_object_set_new(task->known, f->name, value);
        }
    }
}

/* What the reply does not tell is asked elsewhere, where a table says so. */
static void ask_elsewhere(struct task *task, const struct slot *slot)
{
    for (const struct field *f = task->kind->fields; f->name; f++) {
        const struct call *read = f->read ? f->read : task->kind->read;

        if (!f->fallback || read != slot->call || !slot->document ||
            json_at(slot->document, f->member))
            continue;
        for (size_t i = 0; i < task->slot_count; i++)
            if (task->slots[i].call == f->fallback)
                task->slots[i].state = SLOT_TODO;
    }
}

static void slot_finish(struct task *task, struct slot *slot)
{
    struct scope scope;
    size_t matches;

    task_read_scope(task, &scope);
    scope.observed = task->known;
    json_object_set(task->replies, slot->call->op, slot->reply);
    matches = slot->reply ? table_take(&scope, slot->call, slot->reply, &slot->document) : 0;
    slot->state = SLOT_DONE;
    if (slot->call->unique && matches != 1) {
        cleanup_free char *text = task_unique_text(&scope, slot->call, slot->reply, matches);

        task_outcome_say(task, "%s", text);
        task_outcome_end(task, VERDICT_BLOCKED);
    }
    ask_elsewhere(task, slot);
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

/* What a read is built of is known: all that words send for. */
static bool may_build(const struct task *task, const struct slot *slot)
{
    for (size_t i = 0; slot->call->build && i < task->slot_count; i++)
        if (!task->slots[i].call->build && task->slots[i].state != SLOT_DONE)
            return false;
    return true;
}

/* A read that is built, and has nothing to ask. */
static bool is_needless(const struct scope *scope, const struct call *call)
{
    json_auto_t *built = call->build ? call->build(scope) : NULL;

    return call->build && !built;
}

static bool prepare_read(struct task *task, struct slot *slot)
{
    const struct field *missing = NULL;
    struct scope scope;

    if (slot->state != SLOT_TODO || !may_build(task, slot))
        return false;
    if (slot->next_page) {
        slot->next_page = false;
        return true;
    }
    task_read_scope(task, &scope);
    scope.observed = task->known;
    json_decref(slot->params);
    slot->params = NULL;
    if (is_needless(&scope, slot->call)) {
        slot_finish(task, slot);
        return false;
    }
    slot->params = table_params(&scope, slot->call, &missing);
    if (slot->params && slot->call->chunk)
        cut_list(slot);
    if (!slot->params && is_hopeless(task, missing))
        slot_finish(task, slot);
    return slot->params != NULL;
}

bool task_read_next(struct task *task, struct task_request *request)
{
    for (size_t i = 0; i < task->slot_count; i++) {
        struct slot *slot = &task->slots[i];

        if (!prepare_read(task, slot))
            continue;
        slot->state = SLOT_SENT;
        *request = (struct task_request){.call = slot->call, .params = slot->params, .slot = i};
        return true;
    }
    return false;
}

bool task_read_is_done(const struct task *task)
{
    for (size_t i = 0; i < task->slot_count; i++)
        if (task->slots[i].state != SLOT_DONE)
            return false;
    return true;
}

/* True when there is one more page, or when that goes on for ever: the task is over then. */
static bool next_page(struct task *task, struct slot *slot, const json_t *result)
{
    const char *token = table_next_page(slot->call, result, slot->params);
    struct err e = {0};

    if (!token)
        return false;
    slot->tokens.most = TASK_PAGES;
    if (page_tokens_add(
            &slot->tokens,
            &(struct page_tokens_page){task->kind->service, slot->call->op, result, token}, &e)) {
        task_outcome_say(task, "%s", e.text);
        task_outcome_end(task, VERDICT_RETRY);
    }
    slot->state = SLOT_TODO;
    slot->next_page = true;
    return true;
}

/* Where the member that a read takes its document from, or one that the table says is always
 * there, is not there, nothing was read: that is no "there is none".  (What aws/reply knows of the
 * operation was checked before.)  New text, NULL: nothing is missing. */
static char *what_is_missing(const struct task *task, const struct call *call, const json_t *result)
{
    const struct reply_page_rule *rule =
        call->page ? NULL : reply_page_find(task->kind->service, call->op);

    if (rule && reply_page_has_more(rule, result))
        return mem_text("has more pages than are asked for");
    if (call->take && !call->parse && !json_at(result, call->take))
        return mem_printf("has no %s", call->take);
    return reply_check_always(call->always, result);
}

/* What others read too is theirs as well, so it is copied before something is added to it. */
static void add_page(struct slot *slot, const json_t *result)
{
    json_t *joined;

    if (!slot->reply) {
        slot->reply = json_share(result);
        return;
    }
    if (!slot->joined) {
        joined = json_deep_copy(slot->reply);
        json_decref(slot->reply);
        slot->reply = joined;
        slot->joined = true;
    }
    table_join(slot->reply, result);
}

static void page_arrived(struct task *task, struct slot *slot, const json_t *result)
{
    cleanup_free char *missing = what_is_missing(task, slot->call, result);

    if (missing) {
        task_outcome_say(task, "%s: InvalidReply: the reply %s", slot->call->op, missing);
        task_outcome_end(task, VERDICT_RETRY);
        return;
    }
    add_page(slot, result);
    if (next_page(task, slot, result))
        return;
    page_tokens_fini(&slot->tokens); /* the next piece is a list of its own */
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
    bool denied = reply->kind == ERR_DENIED, whole = call == task->kind->read;
    const char *why = call->why ? call->why : whole ? task->kind->shut_out : NULL;

    task_outcome_fail(task, denied ? why : NULL, call, reply);
    /* Of one document the permission is the likelier reason. */
    if (denied && !why && task->kind->shut_out)
        task_outcome_add(task, "; where that is given, ", task->kind->shut_out);
    task_outcome_end(task, task->failure);
}

/* Nobody lets us see it: that is told, and is no reason to leave everything else. */
static void not_told(struct task *task, struct slot *slot, const struct aws_reply *reply)
{
    json_t *text = json_sprintf("unknown: %s is refused: %s", slot->call->op, slot->call->why);

    task_outcome_lack(task, slot->call, reply);
    for (size_t i = 0; i < json_array_size(task->unread); i++)
        if (json_equal(json_array_get(task->unread, i), text)) {
            json_array_remove(task->unread, i);
            break;
        }
    json_array_append_new(task->unread, text);
    slot_finish(task, slot);
}

void task_read_reply(struct task *task, size_t index, const struct aws_reply *reply)
{
    struct slot *slot = &task->slots[index];

    if (reply->result)
        page_arrived(task, slot, reply->result);
    else if (table_is_absent(task->kind, slot->call, &reply->error))
        slot_finish(task, slot);
    else if (slot->call->account_wide && reply->kind == ERR_DENIED)
        not_told(task, slot, reply);
    else
        read_failed(task, slot->call, reply);
}

/* Before a write: it rests on the mark, too, which says whose the resource is and whether it is
 * protected. */
static bool is_marks(const struct task *task, const struct call *read)
{
    const struct field *owner = kind_owner(task->kind);

    return owner && read == (owner->read ? owner->read : task->kind->read);
}

static bool is_wanted_again(const struct task *task, const struct slot *slot,
                            const json_t *differences, bool before_write)
{
    bool wanted = differences ? before_write && is_marks(task, slot->call)
                              : !slot->call->account_wide; /* once a pass */

    for (size_t j = 0; j < json_array_size(differences); j++) {
        const char *name = json_text(json_array_get(differences, j), "field");
        cleanup_free char *plain = mem_text_n(name, strcspn(name, ".["));
        const struct field *f = kind_field(task->kind, plain);
        const struct call *read = f && f->read ? f->read : task->kind->read;

        wanted = wanted || read == slot->call;
    }
    return wanted;
}

void task_read_again(struct task *task, const json_t *differences)
{
    task->look_count++;
    for (size_t i = 0; i < task->slot_count; i++)
        if (is_wanted_again(task, &task->slots[i], differences, task->confirming))
            slot_reset(&task->slots[i]);
}

bool task_read_ahead(const struct task *task, const json_t *differences, size_t *at,
                     struct task_request *request)
{
    for (; *at < task->slot_count; (*at)++) {
        const struct slot *slot = &task->slots[*at];

        if (!slot->params || slot->joined || slot->offset ||
            (slot->reply && slot->state != SLOT_DONE) || /* the next page is under way */
            !is_wanted_again(task, slot, differences, true))
            continue;
        *request = (struct task_request){.call = slot->call, .params = slot->params, .slot = *at};
        (*at)++;
        return true;
    }
    return false;
}
