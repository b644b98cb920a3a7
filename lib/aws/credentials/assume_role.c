/* assume_role.c -- STS AssumeRole: its parameters and its result. */
#include "aws/credentials/assume_role.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"

#include <openssl/crypto.h>

json_t *aws_assume_role_params(const struct aws_role *role)
{
    json_t *params = json_pack("{s:s, s:s, s:s*}", "RoleArn", role->arn, "RoleSessionName",
                               role->session_name ? role->session_name : "billingd", "ExternalId",
                               role->external_id);

    if (role->duration_s)
        (void)json_object_set_new(params, "DurationSeconds", json_integer(role->duration_s));
    return params;
}

/* The text is copied out and then overwritten where it stood. */
static char *take_text(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    char *copy = mem_text(json_string_value(value));

    if (copy)
        OPENSSL_cleanse((char *)json_string_value(value), json_string_length(value));
    return copy;
}

int aws_assume_role_result(const json_t *result, struct aws_credentials *out, struct err *e)
{
    const json_t *credentials = json_object_get(result, "Credentials");
    const json_t *expiration = json_object_get(credentials, "Expiration");

    aws_credentials_fini(out);
    out->access_key_id = take_text(credentials, "AccessKeyId");
    out->secret_access_key = take_text(credentials, "SecretAccessKey");
    out->session_token = take_text(credentials, "SessionToken");
    out->expires_s = (int64_t)json_number_value(expiration);
    secret_learn(out->secret_access_key);
    secret_learn(out->session_token);
    if (out->access_key_id && out->secret_access_key && out->session_token && out->expires_s > 0)
        return 0;
    aws_credentials_fini(out);
    return err_set(e, ERR_RETRY, "STS answered without credentials");
}
