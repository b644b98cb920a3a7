/* sso_token.c -- the cached token of IAM Identity Center, as a document; no I/O. */
#include "aws/credentials/sso_token.h"

#include "aws/credentials/config.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <openssl/evp.h>
#include <string.h>

char *sso_token_path(const char *session_or_url)
{
    const char *home = aws_config_variable("HOME");
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    cleanup_str struct str path = {0};

    if (!home ||
        EVP_Digest(session_or_url, strlen(session_or_url), hash, &length, EVP_sha1(), NULL) != 1)
        return NULL;
    str_addf(&path, "%s/.aws/sso/cache/", home);
    str_add_hex(&path, hash, length);
    str_add(&path, ".json");
    return str_take(&path);
}

/* The CLI's first version wrote "2020-01-01T00:00:00UTC". */
static int64_t time_of(const json_t *token, const char *name)
{
    cleanup_free char *text = mem_text(json_text(token, name));
    size_t n = text ? strlen(text) : 0;
    double seconds = 0;

    if (n > 3 && strcmp(text + n - 3, "UTC") == 0)
        memcpy(text + n - 3, "Z", 2);
    return text && timestamp_parse(text, &seconds) ? (int64_t)seconds : 0;
}

int64_t sso_token_end(const json_t *token)
{
    const char *access = json_text(token, "accessToken");

    return access && *access ? time_of(token, "expiresAt") : 0;
}

bool sso_token_is_renewable(const json_t *token, int64_t now_s)
{
    return json_text(token, "refreshToken") && json_text(token, "clientId") &&
           json_text(token, "clientSecret") && time_of(token, "registrationExpiresAt") > now_s;
}

json_t *sso_token_params(const json_t *token)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "clientId", json_text(token, "clientId"),
                     "clientSecret", json_text(token, "clientSecret"), "grantType", "refresh_token",
                     "refreshToken", json_text(token, "refreshToken"));
}

void sso_token_renew(json_t *token, const json_t *result, int64_t now_s)
{
    const char *refresh = json_text(result, "refreshToken");
    char end[TIMESTAMP_ROOM];

    timestamp_text(now_s + json_whole(result, "expiresIn"), end);
    (void)json_object_set_new(token, "accessToken", json_string(json_text(result, "accessToken")));
    (void)json_object_set_new(token, "expiresAt", json_string(end));
    if (refresh) /* it may be replaced by each use */
        (void)json_object_set_new(token, "refreshToken", json_string(refresh));
}
