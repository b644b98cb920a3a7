/* sso_token.h -- the token that `aws sso login` leaves in ~/.aws/sso/cache: what it says, and what
 * it becomes when it is renewed.
 *
 * One JSON document per session: accessToken, expiresAt, and for what renews itself refreshToken,
 * clientId, clientSecret, registrationExpiresAt (AWS SDKs and Tools Reference Guide, "IAM Identity
 * Center credential provider").  Other tools share the file: members we do not know stay. */
#ifndef AWS_CREDENTIALS_SSO_TOKEN_H
#define AWS_CREDENTIALS_SSO_TOKEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The file of a session's name or, for profiles without one, of a start URL; new text, NULL without
 * $HOME. */
char *sso_token_path(const char *session_or_url);
/* When it ends, epoch seconds; 0 when it does not say, or is no token at all. */
int64_t sso_token_end(const json_t *token);
/* Whether it can be renewed: it has what CreateToken asks for, and the registration holds. */
bool sso_token_is_renewable(const json_t *token, int64_t now_s);
/* CreateToken's parameters; new reference. */
json_t *sso_token_params(const json_t *token);
/* Puts CreateToken's result into it. */
void sso_token_renew(json_t *token, const json_t *result, int64_t now_s);

#endif
