/* provider_environment.c -- AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. */
#include "aws/credentials/provider.h"

#include "base/mem.h"

int aws_provider_environment_keys(struct aws_credentials *keys, struct err *e)
{
    const char *id = aws_config_variable("AWS_ACCESS_KEY_ID");
    const char *secret = aws_config_variable("AWS_SECRET_ACCESS_KEY");

    if (!id && !secret)
        return 0;
    if (!secret)
        return err_set(e, ERR_INVALID, "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
    if (!id)
        return err_set(e, ERR_INVALID, "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID");
    keys->access_key_id = mem_text(id);
    keys->secret_access_key = mem_text(secret);
    keys->session_token = mem_text(aws_config_variable("AWS_SESSION_TOKEN"));
    return 1;
}

int aws_provider_environment(const struct aws_config *config, struct aws_chain *chain,
                             struct err *e)
{
    int found = aws_provider_environment_keys(&chain->keys, e);

    (void)config;
    if (found > 0) {
        chain->source = mem_text("environment");
        chain->origin.setting = mem_text("AWS_ACCESS_KEY_ID");
    } else if (!found) {
        chain->why = mem_text("AWS_ACCESS_KEY_ID is not set");
    }
    return found;
}
