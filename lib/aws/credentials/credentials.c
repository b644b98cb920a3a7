#include "aws/credentials/credentials.h"

#include "base/mem.h"

#include <string.h>

void aws_credentials_fini(struct aws_credentials *credentials)
{
    mem_free_secret(credentials->access_key_id);
    mem_free_secret(credentials->secret_access_key);
    mem_free_secret(credentials->session_token);
    memset(credentials, 0, sizeof *credentials);
}

void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from)
{
    aws_credentials_fini(to);
    to->access_key_id = mem_text(from->access_key_id);
    to->secret_access_key = mem_text(from->secret_access_key);
    to->session_token = mem_text(from->session_token);
    to->expires_s = from->expires_s;
}

void aws_role_fini(struct aws_role *role)
{
    free(role->arn);
    free(role->session_name);
    free(role->external_id);
    memset(role, 0, sizeof *role);
}

void aws_chain_fini(struct aws_chain *chain)
{
    aws_credentials_fini(&chain->keys);
    for (size_t i = 0; i < chain->role_count; i++)
        aws_role_fini(&chain->roles[i]);
    free(chain->roles);
    free(chain->source);
    memset(chain, 0, sizeof *chain);
}

/* Sources that come later keep their place in the order: one that is set up is an error, so that no
 * other identity is used by accident. */
static int refuse_variable(const char *variable, const char *what, struct err *e)
{
    if (!aws_config_variable(variable))
        return 0;
    return err_set(e, ERR_INVALID, "%s is set, but %s are not supported yet", variable, what);
}

int aws_source_web_identity(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    (void)config;
    (void)chain;
    return refuse_variable("AWS_WEB_IDENTITY_TOKEN_FILE", "web identity credentials", e);
}

int aws_source_container(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    (void)config;
    (void)chain;
    if (refuse_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "container credentials", e))
        return -1;
    return refuse_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", "container credentials", e);
}

int aws_chain_resolve(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    static aws_source_fn *const sources[] = {
        aws_source_environment, aws_source_profile, aws_source_web_identity, aws_source_container,
        /* aws_source_instance belongs here */
    };

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        int found = sources[i](config, chain, e);

        if (found > 0)
            return 0;
        aws_chain_fini(chain);
        if (found < 0)
            return -1;
    }
    return err_set(e, ERR_DENIED,
                   "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                   "AWS_PROFILE and its profile; profile \"%s\" has none (instance metadata is not "
                   "supported yet)",
                   aws_config_profile());
}
