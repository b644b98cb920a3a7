/* document.c -- keys out of JSON documents; what was taken is overwritten. */
#include "aws/credentials/document.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret/secret.h"
#include "base/timestamp.h"

#include <openssl/crypto.h>

json_t *document_parse(const char *who, const char *text, size_t length, struct err *e)
{
    json_t *document = json_parse(text, length);

    if (json_is_object(document))
        return document;
    json_decref(document);
    (void)err_set(e, ERR_RETRY, "%s: answered with %zu bytes that are no JSON object", who, length);
    return NULL;
}

char *document_take(const json_t *document, const char *name)
{
    json_t *value = json_object_get(document, name);
    char *copy = mem_text(json_string_value(value));

    if (copy)
        OPENSSL_cleanse((char *)json_string_value(value), json_string_length(value));
    return copy;
}

static int fail(const char *who, const char *name, const char *problem,
                struct aws_credentials *keys, struct err *e)
{
    aws_credentials_fini(keys);
    return err_set(e, ERR_RETRY, "%s: %s %s", who, name, problem);
}

int document_keys(const char *who, const json_t *document, const struct document_names *names,
                  struct aws_credentials *keys, struct err *e)
{
    const json_t *expires = json_object_get(document, names->expires);
    double end = 0;

    aws_credentials_fini(keys);
    keys->access_key_id = document_take(document, names->id);
    keys->secret_access_key = document_take(document, names->secret);
    keys->session_token = document_take(document, names->token);
    if (keys->session_token)
        secret_learn(keys->secret_access_key);
    else
        secret_learn_lasting(keys->secret_access_key);
    secret_learn(keys->session_token);
    if (!keys->access_key_id || !*keys->access_key_id)
        return fail(who, names->id, "is missing in the answer", keys, e);
    if (!keys->secret_access_key || !*keys->secret_access_key)
        return fail(who, names->secret, "is missing in the answer", keys, e);
    if (expires && !json_is_null(expires) &&
        (!json_is_string(expires) || !timestamp_parse(json_string_value(expires), &end) ||
         end <= 0))
        return fail(who, names->expires, "is no time", keys, e);
    keys->expires_s = (int64_t)end;
    return 0;
}

int document_check_end(const char *who, const struct aws_credentials *keys, struct err *e)
{
    char end[TIMESTAMP_ROOM];

    if (!keys->expires_s || keys->expires_s > clock_now_ms() / 1000)
        return 0;
    timestamp_text(keys->expires_s, end);
    return err_set(e, ERR_RETRY, "%s: the keys it gave ended at %s", who, end);
}
