/* provider.c -- the order of the providers. */
#include "aws/credentials/provider.h"

/* Providers that come later keep their place in the order: one that is set up is an error, so that
 * no other identity is used by accident. */
static int refuse_variable(const char *variable, const char *what, struct err *e)
{
    if (!aws_config_variable(variable))
        return 0;
    return err_set(e, ERR_INVALID, "%s is set, but %s are not supported yet", variable, what);
}

static int web_identity(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    (void)config;
    (void)chain;
    return refuse_variable("AWS_WEB_IDENTITY_TOKEN_FILE", "web identity credentials", e);
}

static int container(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    (void)config;
    (void)chain;
    if (refuse_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "container credentials", e))
        return -1;
    return refuse_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", "container credentials", e);
}

int aws_provider_resolve(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    static aws_provider_fn *const providers[] = {
        aws_provider_environment, aws_provider_profile, web_identity, container,
        /* instance metadata belongs here */
    };

    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        int found = providers[i](config, chain, e);

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
