/* provider_web_identity.c -- a token in a file (a Kubernetes service account's, say) for which STS
 * gives keys.  The file is read anew each time: whoever mounts it replaces the token. */
#include "aws/credentials/provider.h"

#include "aws/credentials/assume_role.h"
#include "aws/credentials/fetch.h"
#include "base/mem.h"
#include "base/secret/secret.h"
#include "base/str.h"

#include <string.h>

int aws_provider_web_identity(const struct aws_config *config, struct aws_chain *chain,
                              struct err *e)
{
    const char *file = aws_config_variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *role = aws_config_variable("AWS_ROLE_ARN");
    struct aws_origin *origin = &chain->origin;

    (void)config;
    if (!file) {
        chain->why = mem_text("AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        return 0;
    }
    if (!role)
        return err_set(e, ERR_INVALID, "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
    origin->kind = AWS_ORIGIN_WEB_IDENTITY;
    origin->setting = mem_text("AWS_WEB_IDENTITY_TOKEN_FILE");
    origin->token_file = mem_text(file);
    origin->role.arn = mem_text(role);
    origin->role.session_name = mem_text(aws_config_variable("AWS_ROLE_SESSION_NAME"));
    chain->source = mem_text("web identity");
    return 1;
}

static void on_assumed(struct fetch *fetch, const struct aws_reply *reply)
{
    struct aws_credentials keys = {0};
    struct err e = {0};
    cleanup_free char *action = mem_printf("AssumeRoleWithWebIdentity %s (token of %s)",
                                           fetch->origin->role.arn, fetch->origin->token_file);

    if (reply->kind != ERR_NONE)
        fetch_fail_reply(fetch, action, reply);
    else if (aws_assume_role_result(reply->result, &keys, &e))
        fetch_fail_with(fetch, &e);
    else
        fetch_keys(fetch, &keys);
}

static void on_token(struct fetch *fetch, const char *text)
{
    const struct aws_origin *origin = fetch->origin;
    cleanup_free char *token = mem_text(text);
    json_auto_t *params = NULL;

    if (!token) {
        fetch_fail(fetch, ERR_RETRY, "%s: there is no file %s", origin->setting,
                   origin->token_file);
        return;
    }
    token[strcspn(token, "\r\n")] = '\0';
    if (!*token || !str_is_utf8(token, strlen(token))) {
        fetch_fail(fetch, ERR_RETRY, "%s: %s holds no token", origin->setting, origin->token_file);
        return;
    }
    secret_learn(token);
    params = aws_assume_role_params(&origin->role);
    (void)json_object_set_new(params, "WebIdentityToken", json_string(token));
    explicit_bzero(token, strlen(token));
    fetch_call(fetch,
               &(struct fetch_call){fetch->region, "sts", "AssumeRoleWithWebIdentity", params},
               on_assumed);
}

void provider_web_identity_begin(struct fetch *fetch)
{
    fetch_read(fetch, fetch->origin->token_file, on_token);
}
