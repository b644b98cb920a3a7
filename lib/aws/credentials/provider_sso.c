/* provider_sso.c -- IAM Identity Center: keys of a role for the token that `aws sso login` left.
 *
 * The token is renewed here, as the SDKs do, when the profile names an sso_session; the renewed one
 * is written back for the others, and kept here in case it cannot be. */
#include "aws/credentials/provider.h"

#include "aws/credentials/document.h"
#include "aws/credentials/fetch.h"
#include "aws/credentials/sso_token.h"
#include "aws/local/background.h"
#include "aws/local/secret_file.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret/secret.h"
#include "base/timestamp.h"

#include <string.h>

enum { EARLY_S = 300 };

/* ---- settings ---- */

static int take_session(const struct aws_config *config, const char *profile,
                        const struct aws_config_entry *session, struct aws_origin *origin,
                        struct err *e)
{
    static const char *const keys[] = {"sso_region", "sso_start_url"};
    const struct aws_config_entry *found[2];

    if (!aws_config_has(config, AWS_SECTION_SSO_SESSION, session->text))
        return err_set(e, ERR_INVALID, "%s:%d: there is no section [sso-session %s]", session->file,
                       session->line, session->text);
    if (aws_config_check(config, AWS_SECTION_SSO_SESSION, session->text, e))
        return -1;
    for (size_t i = 0; i < 2; i++) {
        const struct aws_config_entry *own = aws_config_entry(config, profile, keys[i]);

        found[i] = aws_config_find(config, AWS_SECTION_SSO_SESSION, session->text, keys[i]);
        if (!found[i] || !*found[i]->text)
            return err_set(e, ERR_INVALID, "%s:%d: [sso-session %s] has no %s", session->file,
                           session->line, session->text, keys[i]);
        if (own && strcmp(own->text, found[i]->text) != 0)
            return aws_config_wrong(own, "differs from that of the sso_session", e);
    }
    origin->region = mem_text(found[0]->text);
    origin->url = mem_text(found[1]->text);
    origin->session = true;
    origin->token_file = sso_token_path(session->text);
    return 0;
}

static int take_plain(const struct aws_config *config, const char *profile,
                      const struct aws_config_entry *first, struct aws_origin *origin,
                      struct err *e)
{
    const struct aws_config_entry *region = aws_config_entry(config, profile, "sso_region");
    const struct aws_config_entry *url = aws_config_entry(config, profile, "sso_start_url");

    if (!region)
        return aws_config_wrong(first, "the profile needs sso_region (or sso_session) as well", e);
    if (!url)
        return aws_config_wrong(first, "the profile needs sso_start_url (or sso_session) as well",
                                e);
    origin->region = mem_text(region->text);
    origin->url = mem_text(url->text);
    origin->token_file = sso_token_path(url->text);
    return 0;
}

/* The first of its keys, by which the profile asks for it. */
static const struct aws_config_entry *find_first(const struct aws_config *config,
                                                 const char *profile)
{
    static const char *const keys[] = {"sso_session", "sso_start_url", "sso_account_id",
                                       "sso_role_name"};
    const struct aws_config_entry *entry = NULL;

    for (size_t i = 0; i < sizeof keys / sizeof *keys && !entry; i++)
        entry = aws_config_entry(config, profile, keys[i]);
    return entry;
}

int aws_provider_sso(const struct aws_config *config, const char *profile,
                     struct aws_origin *origin, struct err *e)
{
    const struct aws_config_entry *first = find_first(config, profile);
    const struct aws_config_entry *account = aws_config_entry(config, profile, "sso_account_id");
    const struct aws_config_entry *role = aws_config_entry(config, profile, "sso_role_name");
    const struct aws_config_entry *session = aws_config_entry(config, profile, "sso_session");

    if (!first)
        return 0;
    if (!account || !role)
        return aws_config_wrong(first,
                                "the profile needs sso_account_id and sso_role_name as well: a "
                                "token alone signs nothing",
                                e);
    if (session ? take_session(config, profile, session, origin, e)
                : take_plain(config, profile, first, origin, e))
        return -1;
    if (!origin->token_file)
        return aws_config_wrong(first, "HOME is not set, so there is no ~/.aws/sso/cache", e);
    origin->kind = AWS_ORIGIN_SSO;
    origin->setting = mem_printf("%s:%d: %s", first->file, first->line, first->key);
    origin->profile = mem_text(profile);
    origin->account_id = mem_text(account->text);
    origin->role_name = mem_text(role->text);
    return 1;
}

/* ---- writing back ---- */

struct writing {
    char *path, *text;
    char why[SECRET_FILE_WHY];
};

static void write_file(void *job)
{
    struct writing *writing = job;

    (void)secret_file_write(writing->path, writing->text, writing->why);
}

static void on_written(void *arg, void *job)
{
    const struct writing *writing = job;

    (void)arg;
    if (*writing->why)
        log_warning("sso_token_not_kept", "{s:s, s:s}", "file", writing->path, "error",
                    writing->why);
}

static void release_writing(void *job)
{
    struct writing *writing = job;

    free(writing->path);
    mem_free_secret(writing->text);
    free(writing);
}

/* Nobody waits for it: the token is in use already. */
static void write_back(struct fetch *fetch)
{
    struct writing *writing = mem_new(sizeof *writing);
    const struct background_work work = {write_file, on_written, release_writing, writing, NULL};

    writing->path = mem_text(fetch->origin->token_file);
    writing->text = json_dumps(fetch->cached, JSON_INDENT(2));
    if (!writing->text)
        abort();
    (void)json_object_set(fetch->set->sso_tokens, writing->path, fetch->cached);
    (void)background_start(fetch->set->loop, &work);
}

/* ---- asking ---- */

static void learn_tokens(const struct fetch *fetch)
{
    secret_learn(json_text(fetch->cached, "accessToken"));
    secret_learn(json_text(fetch->cached, "refreshToken"));
    secret_learn(json_text(fetch->cached, "clientSecret"));
}

static void fail_login(struct fetch *fetch, const char *why)
{
    fetch_fail(fetch, ERR_DENIED, "%s: %s: run `aws sso login --profile %s`",
               fetch->origin->setting, why, fetch->origin->profile);
}

static void on_keys(struct fetch *fetch, const struct aws_reply *reply)
{
    const json_t *found = json_object_get(reply->result, "roleCredentials");
    struct aws_credentials keys = {0};

    if (reply->kind != ERR_NONE && reply->error.status == 401) {
        fail_login(fetch, "the token was refused");
        return;
    }
    if (reply->kind != ERR_NONE) {
        cleanup_free char *action =
            mem_printf("%s: GetRoleCredentials for %s in account %s", fetch->origin->setting,
                       fetch->origin->role_name, fetch->origin->account_id);

        fetch_fail_reply(fetch, action, reply);
        return;
    }
    keys.access_key_id = document_take(found, "accessKeyId");
    keys.secret_access_key = document_take(found, "secretAccessKey");
    keys.session_token = document_take(found, "sessionToken");
    keys.expires_s = json_whole(found, "expiration") / 1000;
    secret_learn(keys.secret_access_key);
    secret_learn(keys.session_token);
    fetch_keys(fetch, &keys);
}

static void ask_for_keys(struct fetch *fetch)
{
    const struct aws_origin *origin = fetch->origin;
    json_auto_t *params =
        json_pack("{s:s, s:s, s:s}", "roleName", origin->role_name, "accountId", origin->account_id,
                  "accessToken", json_text(fetch->cached, "accessToken"));

    fetch_call(fetch, &(struct fetch_call){origin->region, "sso", "GetRoleCredentials", params},
               on_keys);
}

static void on_renewed(struct fetch *fetch, const struct aws_reply *reply)
{
    int64_t now_s = clock_now_ms() / 1000;
    cleanup_free char *why = NULL;

    if (reply->kind == ERR_NONE) {
        sso_token_renew(fetch->cached, reply->result, now_s);
        learn_tokens(fetch);
        write_back(fetch);
        ask_for_keys(fetch);
        return;
    }
    log_warning("sso_token_not_renewed", "{s:s, s:s}", "code", reply->error.code, "error",
                reply->error.message);
    if (sso_token_end(fetch->cached) > now_s) {
        ask_for_keys(fetch);
    } else if (reply->kind == ERR_RETRY) {
        fetch_fail_reply(fetch, "the SSO token has ended, and CreateToken", reply);
    } else {
        why = mem_printf("the SSO token has ended and cannot be renewed (%s)", reply->error.code);
        fail_login(fetch, why);
    }
}

static void renew(struct fetch *fetch)
{
    json_auto_t *params = sso_token_params(fetch->cached);

    fetch_call(fetch, &(struct fetch_call){fetch->origin->region, "ssooidc", "CreateToken", params},
               on_renewed);
}

static void fail_ended(struct fetch *fetch, int64_t end_s)
{
    char end[TIMESTAMP_ROOM];
    cleanup_free char *why = NULL;

    timestamp_text(end_s, end);
    why = mem_printf("the SSO token ended at %s", end);
    fail_login(fetch, why);
}

/* The file's token, or ours if that one was renewed and could not be written. */
static void choose(struct fetch *fetch, const char *text)
{
    const json_t *kept = json_object_get(fetch->set->sso_tokens, fetch->origin->token_file);

    fetch->cached = text ? json_parse(text, strlen(text)) : NULL;
    if (kept && sso_token_end(kept) > sso_token_end(fetch->cached)) {
        json_decref(fetch->cached);
        fetch->cached = json_deep_copy(kept);
    }
    learn_tokens(fetch);
}

static void on_token(struct fetch *fetch, const char *text)
{
    int64_t now_s = clock_now_ms() / 1000, end_s;
    cleanup_free char *why = NULL;

    choose(fetch, text);
    end_s = sso_token_end(fetch->cached);
    if (!end_s) {
        why = mem_printf(text ? "%s is no SSO token" : "there is no SSO token (%s)",
                         fetch->origin->token_file);
        fail_login(fetch, why);
    } else if (end_s <= now_s + EARLY_S && fetch->origin->session &&
               sso_token_is_renewable(fetch->cached, now_s)) {
        renew(fetch);
    } else if (end_s > now_s) {
        ask_for_keys(fetch);
    } else {
        fail_ended(fetch, end_s);
    }
}

void provider_sso_begin(struct fetch *fetch)
{
    fetch_read(fetch, fetch->origin->token_file, on_token);
}
