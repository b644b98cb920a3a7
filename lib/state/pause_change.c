#include "state/pause_change.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "spec/account_guard.h"
#include "state/pause.h"
#include "state/state_object.h"

#include <string.h>

enum { TRIES = 8, PAUSE_MS = 250 };

/* A pipeline's list, where it lies, and who we are there. */
struct listing {
    struct aws_session *session;
    json_t *place;
    char *caller;
};

static void listing_fini(struct listing *listing)
{
    json_decref(listing->place);
    free(listing->caller);
}

static int find_place(struct pause_change *change, const json_t *identity, struct listing *listing,
                      struct err *e)
{
    const struct manifest_pipeline *spec = &change->manifest->pipelines[change->pipeline];
    json_auto_t *facts = NULL, *desired = NULL;
    const char *account, *bucket;

    if (account_guard_check(change->manifest, identity, &account, e)) {
        change->foreign = e->kind == ERR_INVALID;
        return -1;
    }
    facts = manifest_resolve_facts(spec, account);
    json_object_set_new(facts, "account", json_string(account));
    desired = manifest_resolve(spec, facts);
    bucket = state_object_bucket(spec, desired);
    if (!bucket)
        return err_set(e, ERR_INVALID,
                       "it has no resource `bucket`, where pauses are kept; use mode: observe");
    listing->place = state_object_place(bucket, spec->name, "pauses", account);
    listing->caller = mem_text(json_text(identity, "Arn"));
    return 0;
}

static int find_listing(struct flow *flow, struct pause_change *change, struct listing *listing,
                        struct err *e)
{
    const struct manifest_pipeline *spec = &change->manifest->pipelines[change->pipeline];
    json_auto_t *identity = NULL;

    *listing = (struct listing){
        .session = aws_session(change->client, spec->region, spec->role_arn, spec->external_id)};
    identity = flow_call(
        flow, &(struct aws_request){listing->session, "sts", "GetCallerIdentity", NULL}, e);
    return identity ? find_place(change, identity, listing, e)
                    : err_wrap(e, "who we are is unknown");
}

/* ---- changing ---- */

static json_t *new_pause(struct pause_change *change, const char *caller)
{
    int64_t now_s = clock_agreed_ms() / 1000;
    cleanup_free char *by = mem_printf("%s%s", caller, change->way ? change->way : "");

    change->until_s = now_s + change->seconds;
    return json_pack("{s:s, s:s, s:s, s:I, s:I}", "address", change->address, "reason",
                     change->reason, "by", by, "since", (json_int_t)now_s, "until",
                     (json_int_t)change->until_s);
}

static bool has_pause(const json_t *pauses, const char *address)
{
    const json_t *pause;
    size_t i;

    json_array_foreach((json_t *)pauses, i, pause)
        if (!strcmp(json_text(pause, "address"), address) &&
            pause_is_in_force(pause, clock_agreed_ms() / 1000))
            return true;
    return false;
}

/* With the list in place of the one before.  What lies beside that stays, be it known (claim.h) or
 * of a later billingd; new reference. */
static json_t *changed_document(const struct pause_change *change, const json_t *before,
                                const json_t *pauses, const json_t *pause)
{
    json_auto_t *fresh = pause_document(pauses, change->address, pause, clock_agreed_ms() / 1000);
    json_t *document = json_copy((json_t *)(before ? before : fresh));

    json_object_set(document, "pauses", json_object_get(fresh, "pauses"));
    return document;
}

/* 1: done; 0: somebody else wrote meanwhile. */
static int change_once(struct flow *flow, struct pause_change *change,
                       const struct listing *listing, struct err *e)
{
    const char *address = change->address;
    struct state_object object;
    json_auto_t *pauses = NULL, *pause = NULL, *document = NULL;
    int result = -1;

    if (state_object_read(flow, listing->session, listing->place, &object, e))
        return err_wrap(e, "what is paused is not known");
    pauses = pause_list(object.value, e);
    if (!pauses)
        (void)err_wrap(e, "what is paused is not known");
    if (pauses && !change->reason && !has_pause(pauses, address)) {
        (void)err_set(e, ERR_ABSENT, "%s is not paused%s", address,
                      pause_find(pauses, address, clock_agreed_ms() / 1000)
                          ? " by itself: its pipeline is"
                          : "");
    } else if (pauses) {
        pause = change->reason ? new_pause(change, listing->caller) : NULL;
        document = changed_document(change, object.value, pauses, pause);
        result = state_object_write(
            flow, (struct state_object_at){listing->session, listing->place}, &object, document, e);
    }
    state_object_fini(&object);
    return result;
}

int pause_change_write(struct flow *flow, struct pause_change *change, struct err *e)
{
    struct listing listing;
    int changed = find_listing(flow, change, &listing, e);

    for (int i = 0; !changed && i < TRIES; i++) {
        changed = change_once(flow, change, &listing, e);
        if (!changed && flow_sleep(flow, PAUSE_MS, e))
            changed = -1;
    }
    if (!changed)
        changed = err_set(e, ERR_RETRY, "others keep writing the list of pauses: try again");
    listing_fini(&listing);
    return changed > 0 ? 0 : -1;
}

/* ---- listing ---- */

json_t *pause_change_list(struct flow *flow, struct pause_change *change, struct err *e)
{
    struct listing listing;
    struct state_object object = {0};
    json_t *pauses = NULL;
    int failed = find_listing(flow, change, &listing, e);

    if (!failed)
        failed = state_object_read(flow, listing.session, listing.place, &object, e);
    if (!failed)
        pauses = pause_list(object.value, e);
    state_object_fini(&object);
    listing_fini(&listing);
    if (!pauses)
        (void)err_wrap(e, "what is paused is not known");
    return pauses;
}
