/* What credential_process prints, what containers and instances answer, the token of `aws sso
 * login`: keys or an error, and not a word of the text in it.  Which one (a byte), then the text.
 */
#include "fuzz.h"

#include "aws/credentials/document.h"
#include "aws/credentials/sso_token.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

enum { WORD = 12 }; /* so long that it is not by chance in an error */

static void check_told(const struct err *e, const json_t *document)
{
    const char *key;
    const json_t *value;

    fuzz_error(e);
    json_object_foreach((json_t *)document, key, value)
        if (json_string_length(value) >= WORD)
            must(!strstr(e->text, json_string_value(value)));
}

static void take_keys(const json_t *document, const struct document_names *names)
{
    struct aws_credentials keys = {0};
    struct err e = {0};
    json_auto_t *copy = json_deep_copy(document); /* keys are overwritten where they stood */

    if (document_keys("fuzz", copy, names, &keys, &e))
        check_told(&e, document);
    else
        must(*keys.access_key_id && *keys.secret_access_key && keys.expires_s >= 0);
    aws_credentials_fini(&keys);
}

static void renew(json_t *token)
{
    json_auto_t *params = NULL, *result = json_pack("{s:s, s:i, s:s}", "accessToken", "new-token",
                                                    "expiresIn", 3600, "refreshToken", "r");

    (void)sso_token_end(token);
    if (!sso_token_is_renewable(token, 1000))
        return;
    params = sso_token_params(token);
    must(json_is_string(json_object_get(params, "refreshToken")));
    sso_token_renew(token, result, 1000);
    must(sso_token_end(token) == 4600 && !strcmp(json_text(token, "accessToken"), "new-token"));
}

FUZZ_TARGET(keys)
{
    static const struct document_names forms[] = {
        {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"},
        {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"},
        {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"},
    };
    struct fuzz_input input = {data, size};
    const struct document_names *names = &forms[fuzz_byte(&input) % 3];
    size_t length;
    cleanup_free char *text = fuzz_rest(&input, &length);
    struct err e = {0};
    json_auto_t *document = document_parse("fuzz", text, length, &e);

    must((document != NULL) == (e.kind == ERR_NONE));
    if (!document) {
        must(strlen(text) < WORD || !strstr(e.text, text));
        return;
    }
    take_keys(document, names);
    renew(document);
}
