/* assume_role.c -- STS AssumeRole: its parameters and its result. */
#include "aws/credentials/assume_role.h"

#include "aws/credentials/document.h"
#include "base/secret/secret.h"

json_t *aws_assume_role_params(const struct aws_role *role)
{
    json_t *params = json_pack("{s:s, s:s, s:s*}", "RoleArn", role->arn, "RoleSessionName",
                               role->session_name ? role->session_name : "billingd", "ExternalId",
                               role->external_id);

    if (role->duration_s)
        (void)json_object_set_new(params, "DurationSeconds", json_integer(role->duration_s));
    return params;
}

int aws_assume_role_result(const json_t *result, struct aws_credentials *out, struct err *e)
{
    const json_t *credentials = json_object_get(result, "Credentials");
    const json_t *expiration = json_object_get(credentials, "Expiration");

    aws_credentials_fini(out);
    out->access_key_id = document_take(credentials, "AccessKeyId");
    out->secret_access_key = document_take(credentials, "SecretAccessKey");
    out->session_token = document_take(credentials, "SessionToken");
    out->expires_s = (int64_t)json_number_value(expiration);
    secret_learn(out->secret_access_key);
    secret_learn(out->session_token);
    if (out->access_key_id && out->secret_access_key && out->session_token && out->expires_s > 0)
        return 0;
    aws_credentials_fini(out);
    return err_set(e, ERR_RETRY, "STS answered without credentials");
}
