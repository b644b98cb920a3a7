/* identity.c -- credentials that are there when asked for.
 *
 * One fetch at a time: the others use the old key until a minute before it expires, then wait.  The
 * fetch starts 10 to 15 minutes before expiry, or with a third of a short life left.  When it fails
 * the old key stays in use and the fetch is tried again after a growing pause.
 *
 * A fetch: the environment, else the shared files (read off the loop) and what they lead to, then
 * who must be asked (origin.c), then role after role.
 *
 * Instance metadata may hand out keys that have ended when AWS has trouble renewing them; the SDKs
 * go on with such keys ("static stability"), since AWS takes them then, and so does this. */
#include "aws/credentials/identity.h"

#include "aws/credentials/assume_role.h"
#include "aws/credentials/origin.h"
#include "aws/credentials/provider.h"
#include "aws/local/background.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"

#include <string.h>

enum {
    EARLY_S = 600,
    EARLY_SPREAD_S = 300,
    SHORT_LIFE_S = 1800,
    LAST_S = 60,
    WAITING_LIMIT = 1000,
    PAUSE_MS = 30000,     /* while the old key works; doubled to PAUSE_MOST_MS */
    PAUSE_BARE_MS = 1000, /* without any key */
    PAUSE_MOST_MS = 300000,
    ENDED_S = 900, /* keys of instance metadata that have ended: asked for again after this... */
    ENDED_SPREAD_S = 600, /* ... to as much more */
};

struct aws_identity {
    struct identity_set *set;
    char *role_arn, *external_id; /* NULL: ambient */
    struct aws_credentials credentials;
    unsigned generation;
    bool usable, stale;        /* stale: fetch at the next use, even though usable */
    bool awaited;              /* the fetch: nobody goes on with the old key */
    bool of_metadata;          /* the keys in use are an instance's own */
    int64_t refresh_s, last_s; /* epoch seconds; 0: never */
    json_t *story;             /* of the keys in use */

    bool fetching;              /* something is under way: */
    struct background *reading; /* the shared files */
    struct fetch *asking;       /* the chain's origin */
    char *region;               /* where STS is asked */
    struct aws_chain chain;     /* ambient: what is being fetched */
    size_t step;                /* its role */
    struct aws_role role;       /* of role_arn */

    struct err error; /* of the last fetch */
    bool failing;     /* the last fetch that ended failed */
    unsigned failures;
    int64_t retry_ms; /* monotonic */
    struct identity_waiter *waiting;
    size_t waiting_count;
    char *account; /* NULL: nobody has asked yet */
    struct aws_identity *next;
};

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

struct aws_identity *identity_of(struct identity_set *set, const char *role_arn,
                                 const char *external_id)
{
    struct aws_identity *identity = set->first;

    while (identity && !(same_text(identity->role_arn, role_arn) &&
                         same_text(identity->external_id, external_id)))
        identity = identity->next;
    if (identity)
        return identity;
    identity = mem_new(sizeof *identity);
    identity->set = set;
    identity->role_arn = mem_text(role_arn);
    identity->external_id = mem_text(external_id);
    identity->role.arn = mem_text(role_arn);
    identity->role.external_id = mem_text(external_id);
    identity->next = set->first;
    set->first = identity;
    return identity;
}

static void wake_all(struct aws_identity *identity)
{
    while (identity->waiting) {
        struct identity_waiter *waiter = identity->waiting;

        identity->waiting = waiter->next;
        waiter->wake(waiter->arg);
    }
    identity->waiting_count = 0;
}

/* ---- the end of a fetch ---- */

static json_t *story_of(const struct aws_identity *identity)
{
    const struct aws_chain *chain = &identity->chain;
    json_t *story = json_pack("{s:s*, s:s*, s:O*, s:[]}", "source", chain->source, "setting",
                              chain->origin.setting, "passed_over", chain->passed_over, "roles");

    for (size_t i = 0; i < chain->role_count; i++)
        (void)json_array_append_new(json_object_get(story, "roles"),
                                    json_string(chain->roles[i].arn));
    if (identity->role_arn)
        (void)json_array_append_new(json_object_get(story, "roles"),
                                    json_string(identity->role_arn));
    return story;
}

static void set_times(struct aws_identity *identity)
{
    int64_t now_s = clock_now_ms() / 1000, end_s = identity->credentials.expires_s;
    int64_t life = end_s - now_s;
    double chance = identity->set->chance();
    int64_t early = life < SHORT_LIFE_S ? life / 3 : EARLY_S + (int64_t)(chance * EARLY_SPREAD_S);

    identity->refresh_s = identity->last_s = 0;
    if (!end_s)
        return;
    if (identity->of_metadata && life <= 0) {
        log_warning(
            "credentials_ended", "{s:s}", "error",
            "instance metadata gave keys that have ended; they are used until it has others");
        identity->refresh_s = now_s + ENDED_S + (int64_t)(chance * ENDED_SPREAD_S);
        return;
    }
    identity->refresh_s = end_s - early;
    identity->last_s = end_s - (early < LAST_S ? early : LAST_S);
}

static bool is_usable(const struct aws_identity *identity)
{
    return identity->usable && (!identity->last_s || clock_now_ms() / 1000 < identity->last_s);
}

static void fetch_failed(struct aws_identity *identity, const struct err *e)
{
    bool usable;
    int64_t pause;

    if (identity->of_metadata)
        identity->last_s = 0; /* until AWS refuses them */
    usable = is_usable(identity);
    pause = usable ? PAUSE_MS : PAUSE_BARE_MS;

    for (unsigned i = 0; i < identity->failures && pause < PAUSE_MOST_MS; i++)
        pause *= 2;
    identity->failures++;
    identity->failing = identity->stale = true;
    identity->awaited = false;
    identity->retry_ms = clock_monotonic_ms() + (pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS);
    identity->error = *e;
    if (!identity->generation) { /* nothing better is known */
        json_decref(identity->story);
        identity->story = story_of(identity);
    }
    aws_chain_fini(&identity->chain);
    if (usable)
        log_warning("credentials_refresh_failed", "{s:s}", "error", e->text);
    wake_all(identity);
}

/* A service that gives what AWS has just refused as expired: to ask it again for every call would
 * help nobody. */
static bool was_refused(const struct aws_identity *identity, const struct aws_credentials *keys)
{
    const char *refused = identity->credentials.access_key_id;

    return !identity->usable && refused && keys->access_key_id &&
           strcmp(refused, keys->access_key_id) == 0 &&
           identity->chain.origin.kind != AWS_ORIGIN_KEYS && !identity->chain.role_count;
}

static void fail_refused(struct aws_identity *identity)
{
    struct err e = {0};

    (void)err_set(&e, ERR_RETRY, "%s: gave the same keys again that AWS refuses as expired",
                  identity->chain.source);
    fetch_failed(identity, &e);
}

static void fetched(struct aws_identity *identity, struct aws_credentials *credentials)
{
    if (was_refused(identity, credentials)) {
        aws_credentials_fini(credentials);
        fail_refused(identity);
        return;
    }
    aws_credentials_fini(&identity->credentials);
    identity->credentials = *credentials;
    memset(credentials, 0, sizeof *credentials);
    identity->credentials.derived = mem_new(sizeof *identity->credentials.derived);
    identity->generation++;
    identity->usable = true;
    identity->failing = false;
    identity->awaited = false;
    identity->of_metadata = !identity->role_arn && !identity->chain.role_count &&
                            identity->chain.origin.kind == AWS_ORIGIN_METADATA;
    set_times(identity);
    json_decref(identity->story);
    identity->story = story_of(identity);
    log_debug("credentials", "{s:O}", "story", identity->story);
    identity->failures = 0;
    err_clear(&identity->error);
    aws_chain_fini(&identity->chain);
    wake_all(identity);
}

static void assume(struct aws_identity *identity);

/* One role of the chain, or the session's role. */
static void on_assumed(void *arg, const struct aws_reply *reply)
{
    struct aws_identity *identity = arg;
    const struct aws_role *role =
        identity->role_arn ? &identity->role : &identity->chain.roles[identity->step];
    struct aws_credentials credentials = {0};
    struct err e = {0};

    identity->fetching = false;
    if (reply->kind != ERR_NONE)
        (void)err_set(&e, reply->kind, "AssumeRole %s: %s: %s%s%s", role->arn, reply->error.code,
                      reply->error.message, reply->error.request_id[0] ? ", request id " : "",
                      reply->error.request_id);
    else
        (void)aws_assume_role_result(reply->result, &credentials, &e);
    if (e.kind != ERR_NONE) {
        fetch_failed(identity, &e);
    } else if (!identity->role_arn && ++identity->step < identity->chain.role_count) {
        aws_credentials_fini(&identity->chain.keys);
        identity->chain.keys = credentials;
        assume(identity);
    } else {
        fetched(identity, &credentials);
    }
}

static void assume(struct aws_identity *identity)
{
    struct identity_set *set = identity->set;
    bool ambient = !identity->role_arn;
    json_auto_t *params =
        aws_assume_role_params(ambient ? &identity->chain.roles[identity->step] : &identity->role);
    struct identity_request request = {.region = identity->region,
                                       .identity = ambient ? NULL : identity_of(set, NULL, NULL),
                                       .keys = ambient ? &identity->chain.keys : NULL,
                                       .service = "sts",
                                       .op = "AssumeRole",
                                       .params = params};

    identity->fetching = true;
    set->send(set->sender, &request, on_assumed, identity);
}

/* ---- keys to begin with ---- */

static void take_keys(struct aws_identity *identity)
{
    if (identity->chain.role_count)
        assume(identity);
    else
        fetched(identity, &identity->chain.keys);
}

static void on_asked(void *arg, struct aws_credentials *keys, const struct err *e)
{
    struct aws_identity *identity = arg;
    struct err told = {0};

    identity->fetching = false;
    identity->asking = NULL;
    if (keys) {
        identity->chain.keys = *keys;
        memset(keys, 0, sizeof *keys);
        take_keys(identity);
        return;
    }
    if (identity->chain.origin.last_resort && e->kind == ERR_DENIED)
        (void)aws_provider_nothing(identity->chain.passed_over, e->text, &told);
    fetch_failed(identity, told.kind == ERR_NONE ? e : &told);
}

static void resolved(struct aws_identity *identity)
{
    const struct origin_request request = {&identity->chain.origin, identity->region, on_asked,
                                           identity};

    if (identity->chain.origin.kind == AWS_ORIGIN_KEYS) {
        take_keys(identity);
        return;
    }
    identity->fetching = true;
    identity->asking = origin_ask(identity->set, &request);
}

static void read_files(void *job)
{
    aws_config_files_read(job);
}

static void free_files(void *job)
{
    aws_config_files_free(job);
}

static void on_files(void *arg, void *job)
{
    struct aws_identity *identity = arg;
    struct err e = {0};
    struct aws_config *config = aws_config_parse(job, &e);

    identity->reading = NULL;
    identity->fetching = false;
    if (config && !aws_provider_resolve(config, &identity->chain, &e))
        resolved(identity);
    else
        fetch_failed(identity, &e);
    aws_config_free(config);
}

/* Variables need no files; those are read again each time: keys may have been replaced since. */
static void resolve(struct aws_identity *identity)
{
    const struct background_work work = {read_files, on_files, free_files, aws_config_files_new(),
                                         identity};
    struct err e = {0};
    int found = aws_provider_environment(NULL, &identity->chain, &e);

    if (!found) {
        aws_chain_fini(&identity->chain);
        identity->fetching = true;
        identity->reading = background_start(identity->set->loop, &work);
        return;
    }
    aws_config_files_free(work.job);
    if (found > 0)
        resolved(identity);
    else
        fetch_failed(identity, &e);
}

static void fetch(struct aws_identity *identity, const char *region)
{
    identity->step = 0;
    identity->stale = false;
    free(identity->region);
    identity->region = mem_text(region);
    if (identity->role_arn)
        assume(identity);
    else
        resolve(identity);
}

static bool wants_fetch(const struct aws_identity *identity)
{
    if (identity->fetching ||
        (identity->error.kind != ERR_NONE && clock_monotonic_ms() < identity->retry_ms))
        return false;
    return !is_usable(identity) || identity->stale ||
           (identity->refresh_s && clock_now_ms() / 1000 >= identity->refresh_s);
}

enum identity_answer identity_ask(struct aws_identity *identity, const char *region,
                                  struct identity_waiter *waiter,
                                  const struct aws_credentials **credentials, struct err *e)
{
    struct identity_waiter **at = &identity->waiting;

    if (wants_fetch(identity))
        fetch(identity, region);
    if (is_usable(identity) && !(identity->fetching && identity->awaited)) {
        *credentials = &identity->credentials;
        return IDENTITY_READY;
    }
    if (!identity->fetching) {
        (void)err_set(e, identity->error.kind, "%s", identity->error.text);
        return IDENTITY_FAILED;
    }
    if (identity->waiting_count >= WAITING_LIMIT) {
        (void)err_set(e, ERR_RETRY, "too many calls wait for credentials");
        return IDENTITY_FAILED;
    }
    while (*at)
        at = &(*at)->next;
    *at = waiter;
    waiter->next = NULL;
    identity->waiting_count++;
    return IDENTITY_WAIT;
}

unsigned identity_generation(const struct aws_identity *identity)
{
    return identity->generation;
}

void identity_expire(struct aws_identity *identity, unsigned generation)
{
    if (identity->generation != generation)
        return; /* replaced in the meantime */
    identity->usable = false;
    err_clear(&identity->error);
}

void identity_forget(struct aws_identity *identity, struct identity_waiter *waiter)
{
    for (struct identity_waiter **at = &identity->waiting; *at; at = &(*at)->next)
        if (*at == waiter) {
            *at = waiter->next;
            identity->waiting_count--;
            return;
        }
}

const char *identity_account(const struct aws_identity *identity)
{
    return identity ? identity->account : NULL;
}

void identity_learn(struct aws_identity *identity, const char *op, const json_t *result)
{
    const char *account = json_string_value(json_object_get(result, "Account"));

    if (!identity || !account || strcmp(op, "GetCallerIdentity") != 0)
        return;
    free(identity->account);
    identity->account = mem_text(account);
}

void identity_refresh_all(struct identity_set *set)
{
    for (struct aws_identity *identity = set->first; identity; identity = identity->next) {
        identity->stale = identity->awaited = true;
        identity->failures = 0;
        err_clear(&identity->error);
    }
}

void identity_state_of(const struct identity_set *set, struct identity_state *state)
{
    *state = (struct identity_state){0};
    for (const struct aws_identity *identity = set->first; identity; identity = identity->next) {
        int64_t expires_s = identity->credentials.expires_s;

        state->failed = state->failed || identity->failing;
        if (!identity->generation)
            continue;
        state->fetched = true;
        if (expires_s && (!state->expires_s || expires_s < state->expires_s))
            state->expires_s = expires_s;
    }
}

json_t *identity_tell(const struct aws_identity *identity)
{
    const struct aws_credentials *keys = &identity->credentials;
    json_t *story = identity->story ? json_copy(identity->story) : NULL;
    char end[TIMESTAMP_ROOM];

    if (!story)
        return NULL;
    if (keys->access_key_id)
        (void)json_object_set_new(story, "access_key_id", json_string(keys->access_key_id));
    timestamp_text(keys->expires_s, end);
    if (keys->expires_s)
        (void)json_object_set_new(story, "expires", json_string(end));
    return story;
}

void identity_free_all(struct identity_set *set)
{
    while (set->first) {
        struct aws_identity *identity = set->first;

        set->first = identity->next;
        background_cancel(identity->reading);
        fetch_cancel(identity->asking);
        json_decref(identity->story);
        free(identity->role_arn);
        free(identity->external_id);
        free(identity->account);
        free(identity->region);
        aws_chain_role_fini(&identity->role);
        aws_credentials_fini(&identity->credentials);
        aws_chain_fini(&identity->chain);
        free(identity);
    }
    json_decref(set->sso_tokens);
    set->sso_tokens = NULL;
}
