/* service_lease.c -- of several daemons that look after a pipeline one leads: it writes and pays
 * for queries, the others look.  A lease for each pipeline with a bucket of its own to keep it in
 * (lib/lease); without one every daemon does as if it were alone. */
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/health/service_metrics.h"
#include "daemon/service/service_private.h"
#include "lease/lease_document.h"
#include "state/claim.h"

#include <string.h>
#include <unistd.h>

/* One of a spec before stays until the end: calls under way may still ask its fence. */
struct service_lease {
    struct lease_keeper *keeper;
    json_t *place;
    char *pipeline;
    bool ending, ended;
    enum lease_role told;
    struct service *service;
    struct service_lease *next;
};

/* ---- which pipelines have one ---- */

/* Nothing is written where everything is only observed, so nobody need lead; and what lies in a
 * bucket that is only observed is not written either. */
static bool wants_one(const struct manifest_pipeline *pipeline)
{
    const struct manifest_resource *bucket = manifest_resource_find(pipeline, "bucket");

    return !pipeline->mode.observe && bucket && !bucket->absent && !bucket->mode.observe;
}

/* New reference; NULL: it has no bucket for one. */
static json_t *place_of(const struct service *service, const struct pass *pass, size_t index)
{
    const struct manifest_pipeline *pipeline = &service->manifest->pipelines[index];
    const char *bucket = pass_bucket(pass, index);

    return bucket && wants_one(pipeline)
               ? state_object_place(bucket, pipeline->name, LEASE_NAME, pass_account(pass, index))
               : NULL;
}

/* Who we are, and a fingerprint of what our spec wants of the pipeline; new reference. */
static json_t *holder_of(const char *spec)
{
    char host[65] = "";

    (void)gethostname(host, sizeof host - 1);
    return json_pack("{s:s, s:I, s:s, s:s}", "host", *host ? host : "unknown", "pid",
                     (json_int_t)getpid(), "version", BILLINGD_VERSION, "spec", spec);
}

static bool is_over(const struct service *service)
{
    for (const struct service_lease *lease = service->leases.first; lease; lease = lease->next)
        if (!lease->ended)
            return false;
    return true;
}

static void on_ended(void *arg)
{
    struct service_lease *lease = arg;
    struct service *service = lease->service;

    lease->ended = true;
    if (service->leases.ended && is_over(service))
        service->leases.ended(service);
}

static void end(struct service_lease *lease)
{
    if (lease->ending)
        return;
    lease->ending = true;
    lease_keeper_end(lease->keeper, on_ended, lease);
}

/* ---- what is told ---- */

void service_lease_measure(const struct service *service)
{
    metric_clear(&service_metrics.leader);
    for (const struct service_lease *lease = service->leases.first; lease; lease = lease->next)
        if (!lease->ending)
            metric_set(&service_metrics.leader,
                       lease_keeper_role(lease->keeper) == LEASE_ROLE_LEADS, lease->pipeline, NULL);
}

/* Who is alone leads from the start: no news. */
static void tell(struct service_lease *lease, enum lease_role role, enum lease_role before)
{
    const char *problem = lease_keeper_problem(lease->keeper);

    if (role == LEASE_ROLE_LEADS && before != LEASE_ROLE_ASKING && before != LEASE_ROLE_NO_BUCKET)
        log_info("leads", "{s:s}", "pipeline", lease->pipeline);
    else if (role == LEASE_ROLE_STANDBY || role == LEASE_ROLE_WAITING)
        log_info("standby", "{s:s, s:s, s:s}", "pipeline", lease->pipeline, "leader",
                 lease_keeper_who(lease->keeper), "why", lease_keeper_why(lease->keeper));
    else if (role == LEASE_ROLE_UNKNOWN)
        log_warning("leader_unknown", "{s:s, s:s}", "pipeline", lease->pipeline, "error",
                    *problem ? problem : lease_keeper_why(lease->keeper));
}

/* True when what a look may do is another than before. */
static bool take_news(struct service *service)
{
    bool other = false;

    for (struct service_lease *lease = service->leases.first; lease; lease = lease->next) {
        enum lease_role role = lease_keeper_role(lease->keeper), before = lease->told;

        if (lease->ending || role == LEASE_ROLE_ASKING || role == before)
            continue;
        lease->told = role;
        tell(lease, role, before);
        if (before == LEASE_ROLE_LEADS)
            upkeep_cancel(service->upkeep); /* its writes are not sent any more anyway */
        if (before == LEASE_ROLE_LEADS ||
            (role == LEASE_ROLE_LEADS && before != LEASE_ROLE_ASKING &&
             before != LEASE_ROLE_NO_BUCKET))
            other = true;
        if (other && role == LEASE_ROLE_LEADS)
            upkeep_refresh(service->upkeep); /* others wrote since we looked */
    }
    service_lease_measure(service);
    return other;
}

static void act(uv_timer_t *timer)
{
    struct service *service = timer->data;
    bool other;

    if (!service->manifest || service->stopping)
        return;
    other = take_news(service);
    if (service->pass)
        pass_wake(service->pass);
    service->leases.acted(service, other);
}

static void on_changed(void *arg)
{
    const struct service_lease *lease = arg;
    uv_timer_t *timer = &lease->service->leases.timer;

    if (!uv_is_closing((uv_handle_t *)timer))
        (void)uv_timer_start(timer, act, 0, 0);
}

void service_lease_reasons(const struct service *service, json_t *reasons)
{
    for (struct service_lease *lease = service->leases.first; lease; lease = lease->next) {
        enum lease_role role = lease_keeper_role(lease->keeper);

        if (!lease->ending && (role == LEASE_ROLE_UNKNOWN || role == LEASE_ROLE_WAITING))
            json_array_append_new(
                reasons, json_sprintf("%s: %s", lease->pipeline, lease_keeper_why(lease->keeper)));
    }
}

void service_lease_add(const struct service *service, const char *before, const char *after,
                       struct str *text)
{
    for (struct service_lease *lease = service->leases.first; lease; lease = lease->next)
        if (!lease->ending && lease_keeper_role(lease->keeper) == LEASE_ROLE_STANDBY)
            str_addf(text, "%s%s: %s%s", before, lease->pipeline, lease_keeper_why(lease->keeper),
                     after);
}

json_t *service_lease_document(const struct service *service, const char *pipeline)
{
    const struct service_lease *lease = service->leases.first;
    enum lease_role role;

    while (lease && (lease->ending || strcmp(lease->pipeline, pipeline) != 0))
        lease = lease->next;
    if (!lease)
        return json_null();
    role = lease_keeper_role(lease->keeper);
    return json_pack("{s:s, s:s?}", "role", lease_keeper_role_name(role), "holder",
                     role == LEASE_ROLE_STANDBY || role == LEASE_ROLE_WAITING
                         ? lease_keeper_who(lease->keeper)
                         : NULL);
}

/* ---- pipelines and their leases ---- */

static struct service_lease *start(struct service *service, const struct pass *pass, size_t index,
                                   const json_t *place)
{
    struct service_lease *lease = mem_new(sizeof *lease);
    json_auto_t *holder = holder_of(pass_spec(pass, index));

    *lease = (struct service_lease){.place = json_incref((json_t *)place),
                                    .pipeline = mem_text(service->manifest->pipelines[index].name),
                                    .service = service,
                                    .next = service->leases.first};
    service->leases.first = lease;
    lease->keeper = lease_keeper_start(
        &(struct lease_keeper_setup){&service->loop, service->client, pass_session(pass, index),
                                     place, holder, service->manifest->lease_s, on_changed, lease});
    return lease;
}

/* The lease that the spec before had stays, if it lies at the same place. */
static void meet(struct service *service, const struct pass *pass, size_t index)
{
    struct service_lease **slot = &service->leases.of[index], *lease = *slot;
    json_auto_t *place = place_of(service, pass, index), *holder = NULL;

    if (lease && (!place || !json_equal(place, lease->place))) {
        end(lease);
        *slot = NULL;
    } else if (lease) {
        holder = holder_of(pass_spec(pass, index));
        lease_keeper_change(lease->keeper, holder, service->manifest->lease_s);
    }
    if (place && !*slot)
        *slot = start(service, pass, index, place);
}

void service_lease_meet(struct service *service, const struct pass *pass)
{
    for (size_t i = 0; i < service->leases.count; i++)
        if (!service->leases.met[i] && pass_spec(pass, i)) {
            service->leases.met[i] = true;
            meet(service, pass, i);
        }
}

void service_lease_replace(const struct service *service, struct pass *pass)
{
    for (size_t i = 0; i < service->leases.count; i++)
        if (service->leases.of[i])
            pass_replaces(pass, i, lease_keeper_spec_before(service->leases.of[i]->keeper));
}

const char *service_lease_other_spec(const struct service *service, size_t pipeline)
{
    const struct service_lease *lease = service->leases.of[pipeline];

    return lease ? lease_keeper_other_spec(lease->keeper) : "";
}

struct service_lease_places {
    json_t *indices; /* name -> index in the manifest */
    struct service_lease **of;
    bool *met;
    size_t count;
};

struct service_lease_places *service_lease_prepare(const struct manifest *manifest)
{
    struct service_lease_places *places = mem_new(sizeof *places);

    places->count = manifest->pipeline_count;
    places->of = mem_new((places->count + 1) * sizeof(struct service_lease *));
    places->met = mem_new(places->count + 1);
    places->indices = json_object();
    for (size_t i = 0; i < places->count; i++)
        json_object_set_new(places->indices, manifest->pipelines[i].name,
                            json_integer((json_int_t)i));
    return places;
}

void service_lease_drop(struct service_lease_places *places)
{
    if (!places)
        return;
    json_decref(places->indices);
    free(places->of);
    free(places->met);
    free(places);
}

static void exchange(struct service_leases *leases, struct service_lease_places *places)
{
    struct service_lease_places before = {NULL, leases->of, leases->met, leases->count};

    leases->of = places->of;
    leases->met = places->met;
    leases->count = places->count;
    places->of = before.of;
    places->met = before.met;
    places->count = before.count;
}

static void sort_anew(struct service *service, struct service_lease_places *places)
{
    struct service_leases *leases = &service->leases;

    exchange(leases, places);
    for (struct service_lease *lease = leases->first; lease; lease = lease->next) {
        const json_t *index = json_object_get(places->indices, lease->pipeline);

        if (lease->ending)
            continue;
        if (index)
            leases->of[json_integer_value(index)] = lease;
        else
            end(lease);
        lease->told = LEASE_ROLE_ASKING;
    }
}

/* ---- what passes ask ---- */

static enum pass_gate_answer ask(void *arg, size_t pipeline, const char **why)
{
    const struct service *service = arg;
    const struct service_lease *lease = service->leases.of[pipeline];
    enum lease_role role = lease ? lease_keeper_role(lease->keeper) : LEASE_ROLE_LEADS;

    if (role == LEASE_ROLE_LEADS)
        return PASS_GATE_OPEN;
    if (role == LEASE_ROLE_NO_BUCKET)
        return PASS_GATE_NO_BUCKET;
    if (role == LEASE_ROLE_ASKING)
        return PASS_GATE_LATER;
    *why = lease_keeper_why(lease->keeper);
    return PASS_GATE_SHUT;
}

static bool hurry(void *arg, size_t pipeline)
{
    const struct service *service = arg;

    return lease_keeper_hurry(service->leases.of[pipeline]->keeper);
}

static const struct aws_fence *fence(void *arg, size_t pipeline)
{
    const struct service *service = arg;
    const struct service_lease *lease = service->leases.of[pipeline];

    return lease ? lease_keeper_fence(lease->keeper) : NULL;
}

void service_lease_take(struct service *service, struct service_lease_places *places)
{
    sort_anew(service, places);
    engine_gate(service->engine, &(struct pass_gate){ask, hurry, fence, service});
}

/* A single look cannot see again later whether somebody is there. */
static bool is_decided(const struct service *service, const struct service_lease *lease)
{
    enum lease_role role = lease_keeper_role(lease->keeper);

    return role != LEASE_ROLE_ASKING && !(role == LEASE_ROLE_WAITING && service->orders.once);
}

bool service_lease_is_decided(const struct service *service)
{
    for (const struct service_lease *lease = service->leases.first; lease; lease = lease->next)
        if (!lease->ending && !is_decided(service, lease))
            return false;
    return true;
}

/* ---- start and end ---- */

void service_lease_start(struct service *service,
                         void (*acted)(struct service *service, bool other))
{
    service->leases.acted = acted;
    (void)uv_timer_init(&service->loop, &service->leases.timer);
    service->leases.timer.data = service;
}

bool service_lease_end(struct service *service, void (*ended)(struct service *service))
{
    service->leases.ended = ended;
    for (struct service_lease *lease = service->leases.first; lease; lease = lease->next)
        end(lease);
    return is_over(service);
}

void service_lease_fini(struct service *service)
{
    while (service->leases.first) {
        struct service_lease *lease = service->leases.first;

        service->leases.first = lease->next;
        lease_keeper_free(lease->keeper);
        json_decref(lease->place);
        free(lease->pipeline);
        free(lease);
    }
    free(service->leases.of);
    free(service->leases.met);
}
