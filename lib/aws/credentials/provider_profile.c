/* provider_profile.c -- the selected profile: its keys or whom it names for some, or roles on top
 * of another's.
 *
 * Rules and cases: tests/vectors/credentials/assume-role-tests.json.  The selected profile's role
 * goes before its keys, keys of a source profile go before its role, a profile may be its own
 * source.  Within a profile: web identity, role, SSO, keys, credential_process (botocore's order).
 */
#include "aws/credentials/provider.h"

#include "aws/credentials/config_file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_CHAIN = 16, SHORTEST_S = 900, LONGEST_S = 43200, LONGEST_CHAINED_S = 3600 };

struct walk {
    const struct aws_config *config;
    struct aws_chain *chain;
    const char *visited[LONGEST_CHAIN];
    size_t count;
    struct err *e;
};

static const struct aws_config_entry *entry_of(const struct walk *w, const char *profile,
                                               const char *key)
{
    return aws_config_entry(w->config, profile, key);
}

static int wrong(const struct walk *w, const struct aws_config_entry *entry, const char *problem)
{
    return aws_config_wrong(entry, problem, w->e);
}

/* What cannot work without a person. */
static int refuse(const struct walk *w, const char *profile, const char *key, const char *why)
{
    const struct aws_config_entry *entry = entry_of(w, profile, key);

    return entry ? wrong(w, entry, why) : 0;
}

/* 1 with keys, 0 without, -1 with half of them. */
static int take_keys(const struct walk *w, const char *profile)
{
    const struct aws_config_entry *id = entry_of(w, profile, "aws_access_key_id");
    const struct aws_config_entry *secret = entry_of(w, profile, "aws_secret_access_key");
    const struct aws_config_entry *token = entry_of(w, profile, "aws_session_token");
    struct aws_credentials *keys = &w->chain->keys;

    if (!id && !secret)
        return 0;
    if (!secret)
        return wrong(w, id, "the profile has no aws_secret_access_key");
    if (!id)
        return wrong(w, secret, "the profile has no aws_access_key_id");
    keys->access_key_id = mem_text(id->text);
    keys->secret_access_key = mem_text(secret->text);
    keys->session_token = mem_text(token ? token->text : NULL);
    return 1;
}

/* The result of a provider that a profile names, which must have something then. */
static int take_provider(const struct walk *w, const struct aws_config_entry *source, int found)
{
    struct aws_chain *chain = w->chain;
    cleanup_free char *why = NULL;

    if (!found) {
        why = mem_printf("is %s, but %s", source->text, chain->why);
        return wrong(w, source, why);
    }
    if (found < 0)
        return -1;
    free(chain->source); /* it is the profile */
    chain->source = NULL;
    chain->origin.last_resort = false;
    return 1;
}

static int take_named_source(const struct walk *w, const struct aws_config_entry *source)
{
    static const char *const sources[] = {"Environment", "Ec2InstanceMetadata", "EcsContainer",
                                          NULL};
    int found, named = aws_config_word(source->text, sources);

    if (named == 0) {
        found = aws_provider_environment_keys(&w->chain->keys, w->e);
        return found ? found : wrong(w, source, "is Environment, but AWS_ACCESS_KEY_ID is not set");
    }
    if (named == 1)
        return take_provider(w, source, aws_provider_metadata(w->config, w->chain, w->e));
    if (named == 2)
        return take_provider(w, source, aws_provider_container(w->config, w->chain, w->e));
    return wrong(w, source, "must be Environment, Ec2InstanceMetadata or EcsContainer");
}

static int take_duration(const struct walk *w, const char *profile, struct aws_role *role)
{
    const struct aws_config_entry *entry = entry_of(w, profile, "duration_seconds");
    char *end;
    long value;

    if (!entry)
        return 0;
    value = strtol(entry->text, &end, 10);
    if (*end || value < SHORTEST_S || value > LONGEST_S)
        return wrong(w, entry, "must be a number of seconds from 900 to 43200");
    role->duration_s = (int)value;
    return 0;
}

static char *text_of(const struct walk *w, const char *profile, const char *key)
{
    const struct aws_config_entry *entry = entry_of(w, profile, key);

    return mem_text(entry ? entry->text : NULL);
}

static int fill_role(const struct walk *w, const char *profile, struct aws_role *role)
{
    role->arn = text_of(w, profile, "role_arn");
    role->session_name = text_of(w, profile, "role_session_name");
    if (!role->session_name)
        role->session_name = mem_text(aws_config_variable("AWS_ROLE_SESSION_NAME"));
    return take_duration(w, profile, role);
}

/* Roles are met last one first, so each new one goes to the front. */
static int take_role(const struct walk *w, const char *profile)
{
    struct aws_chain *chain = w->chain;

    chain->roles = mem_resize(chain->roles, chain->role_count + 1, sizeof *chain->roles);
    memmove(chain->roles + 1, chain->roles, chain->role_count * sizeof *chain->roles);
    chain->role_count++;
    memset(chain->roles, 0, sizeof *chain->roles);
    chain->roles->external_id = text_of(w, profile, "external_id");
    return fill_role(w, profile, chain->roles);
}

/* Its role is assumed with the token, so that no other credentials are needed. */
static int take_web_identity(const struct walk *w, const char *profile)
{
    const struct aws_config_entry *file = entry_of(w, profile, "web_identity_token_file");
    struct aws_origin *origin = &w->chain->origin;

    if (!file)
        return 0;
    if (!entry_of(w, profile, "role_arn"))
        return wrong(w, file, "the profile needs role_arn as well");
    origin->kind = AWS_ORIGIN_WEB_IDENTITY;
    origin->setting = mem_printf("%s:%d: %s", file->file, file->line, file->key);
    origin->token_file = mem_text(file->text);
    return fill_role(w, profile, &origin->role) ? -1 : 1;
}

static int remember(struct walk *w, const char *profile)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->visited[i], profile) == 0)
            return err_set(w->e, ERR_INVALID, "profile \"%s\": its source profiles form a loop",
                           profile);
    if (w->count == LONGEST_CHAIN)
        return err_set(w->e, ERR_INVALID, "profile \"%s\": more than %d source profiles", profile,
                       LONGEST_CHAIN);
    w->visited[w->count++] = profile;
    return 0;
}

/* Only role_arn's rules. *next is the profile to go on with, NULL when the keys are found. */
static int visit_role(struct walk *w, const char *profile, const char **next)
{
    const struct aws_config_entry *role = entry_of(w, profile, "role_arn");
    const struct aws_config_entry *source = entry_of(w, profile, "source_profile");
    const struct aws_config_entry *named = entry_of(w, profile, "credential_source");

    *next = NULL;
    if (!source && !named)
        return wrong(w, role, "the profile needs source_profile or credential_source as well");
    if (source && named)
        return wrong(w, source, "cannot be combined with credential_source");
    if (take_role(w, profile))
        return -1;
    if (named)
        return take_named_source(w, named) < 0 ? -1 : 0;
    if (!aws_config_has(w->config, AWS_SECTION_PROFILE, source->text))
        return err_set(w->e, ERR_INVALID, "%s:%d: source_profile: there is no profile \"%s\"",
                       source->file, source->line, source->text);
    if (aws_config_check(w->config, AWS_SECTION_PROFILE, source->text, w->e))
        return -1;
    *next = source->text;
    return 0;
}

/* What a profile has besides roles; results as a provider's. */
static int take_own(const struct walk *w, const char *profile)
{
    int found = aws_provider_sso(w->config, profile, &w->chain->origin, w->e);

    if (!found)
        found = take_keys(w, profile);
    if (!found)
        found = aws_provider_process(w->config, profile, &w->chain->origin, w->e);
    if (!found)
        found = refuse(w, profile, "login_session",
                       "keys of `aws login` cannot be used: use `aws sso login`, or export them");
    return found;
}

static int visit(struct walk *w, const char *profile, const char **next)
{
    bool is_source = w->count > 0;
    bool self = is_source && strcmp(w->visited[w->count - 1], profile) == 0;
    int found;

    *next = NULL;
    if (!self && remember(w, profile))
        return -1;
    if (is_source && (found = take_keys(w, profile)) != 0)
        return found < 0 ? -1 : 0;
    if (self)
        return remember(w, profile); /* no keys: it would go round for ever */
    found = take_web_identity(w, profile);
    if (!found && entry_of(w, profile, "role_arn"))
        return refuse(w, profile, "mfa_serial",
                      "roles that need MFA are not supported: a daemon has nobody to type the code")
                   ? -1
                   : visit_role(w, profile, next);
    if (!found)
        found = take_own(w, profile);
    if (found || !is_source)
        return found < 0 ? -1 : 0;
    return err_set(w->e, ERR_INVALID,
                   "profile \"%s\", source_profile of \"%s\", has no credentials", profile,
                   w->visited[w->count - 2]);
}

/* AWS caps what is assumed with a role's credentials at an hour. */
static int check_durations(const struct walk *w)
{
    enum aws_origin_kind kind = w->chain->origin.kind;
    size_t first = kind == AWS_ORIGIN_KEYS || kind == AWS_ORIGIN_PROCESS ? 1 : 0;

    for (size_t i = first; i < w->chain->role_count; i++)
        if (w->chain->roles[i].duration_s > LONGEST_CHAINED_S)
            return err_set(w->e, ERR_INVALID,
                           "profile \"%s\": duration_seconds: at most 3600 when a role is assumed "
                           "with another role's credentials",
                           w->visited[0]);
    return 0;
}

static char *why_missing(const struct aws_config *config, const char *profile)
{
    cleanup_str struct str text = {0};

    if (!config->files)
        return mem_text("there is no shared config or credentials file");
    str_addf(&text, "there is no profile \"%s\" in", profile);
    for (const struct config_name *name = config->files; name; name = name->next)
        str_addf(&text, "%s %s", name == config->files ? "" : " or", name->text);
    return str_take(&text);
}

static int fail_missing(const char *profile, struct err *e)
{
    const char *quote = config_file_is_name(profile) ? "" : "'";

    return err_set(e, ERR_INVALID,
                   "AWS_PROFILE: there is no profile \"%s\" (the config file writes it "
                   "[profile %s%s%s], the credentials file [%s])",
                   profile, quote, profile, quote, profile);
}

int aws_provider_profile(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    struct walk w = {.config = config, .chain = chain, .e = e};
    const char *profile = aws_config_profile(), *next = profile;

    if (!aws_config_has(config, AWS_SECTION_PROFILE, profile)) {
        if (aws_config_variable("AWS_PROFILE"))
            return fail_missing(profile, e);
        chain->why = why_missing(config, profile);
        return 0;
    }
    while (next)
        if (visit(&w, next, &next))
            return -1;
    if (!chain->keys.access_key_id && chain->origin.kind == AWS_ORIGIN_KEYS) {
        chain->why = mem_printf("profile \"%s\" has none", profile);
        return 0;
    }
    chain->source = mem_printf("profile %s", profile);
    return check_durations(&w) ? -1 : 1;
}
