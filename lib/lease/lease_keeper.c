#include "lease/lease_keeper.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"
#include "lease/lease_document.h"
#include "state/state_object.h"

#include <string.h>

enum {
    CALL_LEAST_MS = 5000, /* a call to S3, or a quarter of the period */
    END_MS = 3000,        /* a call at the end */
    END_TRIES = 2,
    HURRY_MS = 250, /* between looks for a bucket that was just made */
    HURRIES = 40,
    REFUSALS_MOST = 3 /* of what reads as nobody's: two that begin at once see each other sooner */
};

struct lease_keeper {
    struct lease_keeper_setup setup;
    json_t *place, *holder;
    struct lease lease;
    struct aws_fence fence; /* of the writes that the lease allows */
    struct aws_fence limit; /* of the calls for it */
    int64_t limit_ms;
    struct flow *flow; /* NULL: none runs */
    bool asleep, ending, hurried;
    int hurries;
    enum lease_role told;
    char *who, *why, *problem;
    char *theirs; /* fingerprint of their spec, where it is another than ours; NULL: it is not */
    char *before; /* fingerprint of the spec that was in force before ours; NULL: none */
    void (*ended)(void *arg);
    void *ended_arg;
};

static int64_t left_ms(const void *arg)
{
    const struct lease_keeper *keeper = arg;

    return keeper->ending ? 0 : lease_left_ms(&keeper->lease, clock_boot_ms());
}

static int64_t limit_ms(const void *arg)
{
    const struct lease_keeper *keeper = arg;
    int64_t left_ms = keeper->ending ? 0 : lease_left_ms(&keeper->lease, clock_boot_ms());

    /* That it ran out is told at once, not when a call for it has had its time. */
    return left_ms && left_ms < keeper->limit_ms ? left_ms : keeper->limit_ms;
}

/* ---- calls ---- */

static void set_text(char **text, const char *value)
{
    char *copy = mem_text(value);

    free(*text);
    *text = copy;
}

static void note_failure(struct lease_keeper *keeper, const struct err *e)
{
    if (e->kind != ERR_CANCELLED)
        set_text(&keeper->problem, e->text);
    lease_failed(&keeper->lease, clock_boot_ms());
}

static const char *our_spec(const struct lease_keeper *keeper)
{
    return json_text(keeper->holder, "spec");
}

static void see_spec(struct lease_keeper *keeper, const json_t *document)
{
    const char *spec = lease_document_spec(document), *ours = our_spec(keeper);

    bool other = spec && ours && strcmp(spec, ours) != 0;

    set_text(&keeper->theirs, other ? spec : NULL);
    if (other)
        set_text(&keeper->before, spec);
}

static void look(struct flow *flow, struct lease_keeper *keeper)
{
    struct state_object object = {0};
    struct lease_seen seen;
    struct err e = {0};

    if (state_object_read(flow, keeper->setup.session, keeper->place, &object, &e)) {
        note_failure(keeper, &e);
        if (e.kind == ERR_INVALID)
            lease_read_foreign(&keeper->lease, clock_boot_ms());
        return;
    }
    free(keeper->who);
    keeper->who = lease_document_who(object.value);
    see_spec(keeper, object.value);
    if (lease_document_read(&object, &seen, &e)) {
        set_text(&keeper->problem, e.text);
        lease_read_foreign(&keeper->lease, clock_boot_ms());
    } else {
        lease_read(&keeper->lease, &seen, clock_boot_ms());
        if (keeper->lease.known != LEASE_FREE) /* writing it may be what fails */
            set_text(&keeper->problem, NULL);
        if (keeper->lease.known != LEASE_NO_BUCKET)
            keeper->hurries = 0;
    }
    state_object_fini(&object);
}

/* As state_object_write.  The content has its number before it is sent. */
static int put(struct flow *flow, struct lease_keeper *keeper, struct state_object *object,
               struct err *e)
{
    json_auto_t *document = NULL;

    object->etag = *keeper->lease.etag ? mem_text(keeper->lease.etag) : NULL;
    (void)lease_sends(&keeper->lease, clock_boot_ms());
    document = lease_document(keeper->holder, &keeper->lease, keeper->ending);
    return state_object_write(flow, (struct state_object_at){keeper->setup.session, keeper->place},
                              object, document, e);
}

static void renew(struct flow *flow, struct lease_keeper *keeper)
{
    struct state_object object = {0};
    struct err e = {0};
    int written = put(flow, keeper, &object, &e);

    if (written < 0) {
        note_failure(keeper, &e);
    } else if (!written) {
        lease_refused(&keeper->lease, clock_boot_ms());
        if (keeper->lease.failures > REFUSALS_MOST)
            set_text(&keeper->problem, "S3 reads as if the lease were nobody's, and refuses to "
                                       "write it as if it were not");
    } else {
        set_text(&keeper->problem, NULL);
        set_text(&keeper->who, NULL);
        lease_written(&keeper->lease, object.etag, clock_boot_ms());
    }
    state_object_fini(&object);
}

/* ---- what is told ---- */

enum lease_role lease_keeper_role(const struct lease_keeper *keeper)
{
    const struct lease *lease = &keeper->lease;
    int64_t now_ms = clock_boot_ms();

    switch (lease->known) {
    case LEASE_UNREAD:
        return lease->failed ? LEASE_ROLE_UNKNOWN : LEASE_ROLE_ASKING;
    case LEASE_NO_BUCKET:
        return LEASE_ROLE_NO_BUCKET;
    case LEASE_FREE: /* a moment before it is ours */
        return keeper->problem ? LEASE_ROLE_UNKNOWN : LEASE_ROLE_ASKING;
    case LEASE_OURS:
        return lease_left_ms(lease, now_ms) ? LEASE_ROLE_LEADS : LEASE_ROLE_UNKNOWN;
    case LEASE_THEIRS:
        if (lease_is_led(lease, now_ms))
            return LEASE_ROLE_STANDBY;
        return lease->failed ? LEASE_ROLE_UNKNOWN : LEASE_ROLE_WAITING;
    case LEASE_FOREIGN:
        break;
    }
    return LEASE_ROLE_UNKNOWN;
}

static void tell(struct lease_keeper *keeper)
{
    enum lease_role role = lease_keeper_role(keeper);

    if (role == keeper->told && !keeper->hurried)
        return;
    keeper->told = role;
    keeper->hurried = false;
    keeper->setup.changed(keeper->setup.arg);
}

const char *lease_keeper_role_name(enum lease_role role)
{
    static const char *const names[] = {
        [LEASE_ROLE_ASKING] = "asking",       [LEASE_ROLE_LEADS] = "leads",
        [LEASE_ROLE_STANDBY] = "standby",     [LEASE_ROLE_WAITING] = "waiting",
        [LEASE_ROLE_NO_BUCKET] = "no_bucket", [LEASE_ROLE_UNKNOWN] = "unknown"};

    return names[role];
}

const char *lease_keeper_who(const struct lease_keeper *keeper)
{
    return keeper->who ? keeper->who : "";
}

const char *lease_keeper_other_spec(const struct lease_keeper *keeper)
{
    enum lease_role role = lease_keeper_role(keeper);

    return (role == LEASE_ROLE_STANDBY || role == LEASE_ROLE_WAITING) && keeper->theirs
               ? keeper->theirs
               : "";
}

const char *lease_keeper_spec_before(const struct lease_keeper *keeper)
{
    return keeper->before;
}

const char *lease_keeper_problem(const struct lease_keeper *keeper)
{
    return keeper->problem ? keeper->problem : "";
}

const char *lease_keeper_why(struct lease_keeper *keeper)
{
    const char *who = keeper->who ? keeper->who : "another billingd";
    const char *other = lease_keeper_other_spec(keeper);

    free(keeper->why);
    switch (lease_keeper_role(keeper)) {
    case LEASE_ROLE_LEADS:
        keeper->why = mem_text("");
        break;
    case LEASE_ROLE_STANDBY:
        keeper->why = *other ? mem_printf("standby: %s leads, by another spec (%s; ours is %s)",
                                          who, other, our_spec(keeper))
                             : mem_printf("standby: %s leads", who);
        break;
    case LEASE_ROLE_WAITING:
        keeper->why = mem_printf("standby: the lease is of %s, and taken over when nobody renews "
                                 "it for two of its periods",
                                 who);
        break;
    case LEASE_ROLE_NO_BUCKET:
        keeper->why = mem_text("nobody leads: the bucket, where the lease lies, is not there");
        break;
    case LEASE_ROLE_ASKING:
    case LEASE_ROLE_UNKNOWN:
        keeper->why = mem_text("who leads is not known: the lease could not be read or renewed");
    }
    return keeper->why;
}

const struct aws_fence *lease_keeper_fence(const struct lease_keeper *keeper)
{
    return &keeper->fence;
}

/* ---- from start to end ---- */

static void keep(struct flow *flow, void *arg)
{
    struct lease_keeper *keeper = arg;
    struct err e = {0};

    flow_fence(flow, &keeper->limit);
    flow_unpaced(flow); /* a lease that waits its turn is lost */
    while (!flow_is_cancelled(flow)) {
        int64_t now_ms = clock_boot_ms();
        enum lease_wish wish = lease_wish(&keeper->lease, now_ms);

        if (wish == LEASE_WAIT) {
            keeper->asleep = true;
            (void)flow_sleep(flow, lease_rest_ms(&keeper->lease, now_ms), &e);
            keeper->asleep = false;
        } else if (wish == LEASE_READ)
            look(flow, keeper);
        else
            renew(flow, keeper);
        if (!flow_is_cancelled(flow))
            tell(keeper);
    }
}

/* What was ours is left as nobody's, so that who comes next need not wait. */
static void give_up(struct flow *flow, void *arg)
{
    struct lease_keeper *keeper = arg;

    flow_fence(flow, &keeper->limit);
    flow_unpaced(flow);
    for (int i = 0; i < END_TRIES; i++) {
        struct state_object object = {0};
        struct err e = {0};
        int written;

        if (keeper->lease.failed)
            look(flow, keeper);
        if (keeper->lease.failed || keeper->lease.known != LEASE_OURS)
            return;
        written = put(flow, keeper, &object, &e);
        state_object_fini(&object);
        if (written)
            return;
        lease_refused(&keeper->lease, clock_boot_ms());
    }
}

static void on_ended(void *arg)
{
    struct lease_keeper *keeper = arg;

    keeper->flow = NULL;
    keeper->ended(keeper->ended_arg);
}

static void on_stopped(void *arg)
{
    struct lease_keeper *keeper = arg;

    if (!keeper->ending)
        keeper->flow =
            flow_start(keeper->setup.loop, keeper->setup.client, keep, on_stopped, keeper);
    else
        keeper->flow =
            flow_start(keeper->setup.loop, keeper->setup.client, give_up, on_ended, keeper);
}

static void name_holder(struct lease_keeper *keeper, const json_t *holder)
{
    json_decref(keeper->holder);
    keeper->holder = json_copy((json_t *)holder);
    json_object_set_new(keeper->holder, "id", json_string(keeper->lease.id));
}

struct lease_keeper *lease_keeper_start(const struct lease_keeper_setup *setup)
{
    struct lease_keeper *keeper = mem_new(sizeof *keeper);
    int64_t period_ms = (int64_t)setup->period_s * 1000;
    char id[37];

    keeper->setup = *setup;
    keeper->place = json_incref((json_t *)setup->place);
    keeper->limit_ms = period_ms / 4 > CALL_LEAST_MS ? period_ms / 4 : CALL_LEAST_MS;
    keeper->fence = (struct aws_fence){left_ms, keeper,
                                       "the lease under which it would be sent has run out; the "
                                       "next look goes by who leads then",
                                       false};
    keeper->limit = (struct aws_fence){limit_ms, keeper, "", true};
    random_uuid(id);
    lease_init(&keeper->lease, id, period_ms);
    name_holder(keeper, setup->holder);
    on_stopped(keeper);
    return keeper;
}

void lease_keeper_free(struct lease_keeper *keeper)
{
    if (!keeper)
        return;
    json_decref(keeper->place);
    json_decref(keeper->holder);
    free(keeper->who);
    free(keeper->why);
    free(keeper->problem);
    free(keeper->theirs);
    free(keeper->before);
    free(keeper);
}

void lease_keeper_end(struct lease_keeper *keeper, void (*ended)(void *arg), void *arg)
{
    keeper->ending = true;
    keeper->limit_ms = END_MS;
    keeper->ended = ended;
    keeper->ended_arg = arg;
    flow_cancel(keeper->flow);
}

void lease_keeper_change(struct lease_keeper *keeper, const json_t *holder, int period_s)
{
    const char *spec = json_text(holder, "spec"), *before = our_spec(keeper);

    if (spec && before && strcmp(spec, before) != 0)
        set_text(&keeper->before, before);
    name_holder(keeper, holder);
    keeper->lease.next_period_ms = (int64_t)period_s * 1000;
}

bool lease_keeper_hurry(struct lease_keeper *keeper)
{
    if (keeper->hurries >= HURRIES)
        return false;
    if (!keeper->asleep || keeper->hurried)
        return true;
    keeper->hurried = true;
    lease_hurry(&keeper->lease, clock_boot_ms() + (keeper->hurries++ ? HURRY_MS : 0));
    flow_cancel(keeper->flow);
    return true;
}
