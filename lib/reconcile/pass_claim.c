#include "reconcile/pass_claim.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "state/claim.h"
#include "state/state_object.h"

#include <string.h>

/* ---- what is left to a later spec ---- */

static void leave_fields(const struct pass_claim *claim, const struct pass_claim_place *place,
                         size_t index)
{
    struct item *item = &place->items[index];
    json_auto_t *fields =
        claim_contested(claim->claim, item->resource, json_array_get(place->desired, index));

    if (json_array_size(fields))
        task_yield(item->task, fields, claim->conflict);
    if (task_wants_writes(item->task) && claim_contests_presence(claim->claim, item->resource))
        item_block(item, claim->conflict);
}

enum { TURNS_MOST = 2 };

/* A daemon that is started goes by its spec, but not again and again. */
static bool takes_turns(const struct pass_claim *claim, const struct pass_claim_place *place,
                        const char *ours)
{
    return !place->by_hand && claim_turns(claim->claim, ours) >= TURNS_MOST;
}

static char *conflict_text(const json_t *claim, const char *ours, bool turns)
{
    cleanup_free char *who = claim_text(claim);

    if (turns)
        return mem_printf("it is left as another spec wants it: %s, and this one (%s) have taken "
                          "turns within a day; give one spec to all, or apply this one",
                          who, ours);
    return mem_printf("it is left as another spec wants it: %s, after this one (%s) was read; "
                      "reload this one, or apply it, to put it in force again",
                      who, ours);
}

/* Whom this spec takes the place of, and where that is seen: told before it is done. */
static void tell_replaced(const struct pass_claim *claim, const struct pass_claim_place *place)
{
    cleanup_free char *who = claim_text(claim->claim);
    struct str text = {0};

    for (size_t i = 0; i < place->count; i++) {
        const struct item *item = &place->items[i];
        json_auto_t *fields =
            claim_contested(claim->claim, item->resource, json_array_get(place->desired, i));
        size_t j, k;
        json_t *field, *difference;

        json_array_foreach(fields, j, field)
            json_array_foreach(task_plan(item->task)->differences, k, difference) {
                const char *name = json_text(difference, "field");
                size_t n = strcspn(name, ".[");

                if (!strncmp(name, json_string_value(field), n) && !json_string_value(field)[n])
                    str_addf(&text, "%s%s %s", text.len ? ", " : "", task_address(item->task),
                             name);
            }
    }
    if (text.len)
        json_array_append_new(
            place->warnings,
            json_sprintf("%s: another spec was in force before this one, and wants otherwise: %s "
                         "(%s)",
                         place->pipeline->name, str_text(&text), who));
    str_fini(&text);
}

static void leave(struct pass_claim *claim, const struct pass_claim_place *place, bool turns)
{
    claim->conflict = conflict_text(claim->claim, claim->id, turns);
    for (size_t i = 0; i < place->count; i++)
        if (place->items[i].task)
            leave_fields(claim, place, i);
}

static bool is_ours(const struct pass_claim *claim)
{
    return claim->claim && !strcmp(json_text(claim->claim, "id"), claim->id);
}

void pass_claim_meet(struct pass_claim *claim, const struct pass_claim_place *place)
{
    const char *name = place->pipeline->name;
    const json_t *first = json_object_get(place->seen, name);
    bool same, later, turns;
    struct err e = {0};

    if (!place->pauses->list || !place->pauses->place)
        return; /* not known, or nowhere to tell */
    (void)claim_of(place->pauses->document, &claim->claim, &e);
    claim->id = claim_id(place->desired);
    same = !claim->claim || is_ours(claim);
    later = !same && first && !json_equal(claim->claim, first);
    turns = !same && !later && takes_turns(claim, place, claim->id);
    if (later || turns)
        leave(claim, place, turns);
    else if (!same && !first)
        tell_replaced(claim, place);
    if (!first || (claim->claim && same))
        json_object_set_new(place->seen, name,
                            claim->claim ? json_copy((json_t *)claim->claim) : json_null());
}

/* ---- what we say ---- */

static bool has_writes(const struct pass_claim_place *place)
{
    for (size_t i = 0; i < place->count; i++)
        if (place->items[i].task && task_wants_writes(place->items[i].task))
            return true;
    return false;
}

static bool is_due(const struct pass_claim *claim, const struct pass_claim_place *place)
{
    return claim->id && !claim->conflict && place->pauses->writable && !is_ours(claim) &&
           (claim->claim || claim->takes_place) &&
           !manifest_resource_mode(place->pipeline, "bucket")->observe && has_writes(place);
}

/* What the answer is given to, until it comes. */
struct pass_claim_sent {
    struct pass_claim *claim;
    struct pass_claim_place place;
};

static void take(const struct pass_claim_sent *sent, const struct aws_reply *reply)
{
    static const char meanwhile[] = "another spec was put in force, or a pause asked for, "
                                    "meanwhile: the next look goes by it";
    const struct pass_claim_place *place = &sent->place;
    cleanup_free char *said = NULL;

    if (reply->result) {
        json_object_set(place->seen, place->pipeline->name, sent->claim->ours);
        return;
    }
    if (!state_object_is_refused(&reply->error)) {
        said = aws_error_summary(&reply->error);
        json_array_append_new(
            place->warnings,
            json_sprintf("%s: that this spec takes the place of another could not be said (%s): "
                         "a daemon that runs with that one changes it back",
                         place->pipeline->name, said));
        return;
    }
    json_array_append_new(place->warnings, json_sprintf("%s: nothing is written: %s",
                                                        place->pipeline->name, meanwhile));
    for (size_t i = 0; i < place->count; i++)
        if (place->items[i].task && task_wants_writes(place->items[i].task))
            item_retry(&place->items[i], meanwhile);
}

static void on_written(void *arg, const struct aws_reply *reply)
{
    struct pass_claim_sent *sent = arg;
    struct pass_claim *claim = sent->claim;

    claim->call = NULL;
    claim->waiting = false;
    take(sent, reply);
    claim->answered(claim->arg);
}

void pass_claim_write(struct pass_claim *claim, const struct pass_claim_place *place,
                      const struct aws_fence *fence)
{
    json_auto_t *document = NULL, *params = NULL;
    struct aws_request request = {place->items->session, "s3", "PutObject", NULL};

    if (!place->count || !is_due(claim, place))
        return;
    claim->ours = claim_new(place->pipeline, place->desired, claim->claim);
    document = claim_document(place->pauses->document, claim->ours);
    params = state_object_params(place->pauses->place, place->pauses->etag, document);
    request.params = params;
    claim->sent = mem_new(sizeof *claim->sent);
    *claim->sent = (struct pass_claim_sent){claim, *place};
    claim->waiting = true;
    place->items->share->writes++;
    claim->call = aws_client_send(place->items->share->client, &request, on_written, claim->sent);
    aws_client_fence(claim->call, "PutObject", fence);
}

void pass_claim_forget(struct pass_claim *claim)
{
    free(claim->id);
    claim->id = NULL;
}

void pass_claim_fini(struct pass_claim *claim)
{
    aws_call_cancel(claim->call);
    json_decref(claim->ours);
    free(claim->id);
    free(claim->conflict);
    free(claim->sent);
}
