#include "spec/lint/log_key.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define CALLER                                                                                     \
    "authorizer.* identity.caller identity.user identity.userArn identity.accountId "              \
    "identity.cognito* identity.clientCert.*"

const struct log_key log_key_table[] = {
    {"requestId", NULL, LOG_KEY_COUNTED, "requestId extendedRequestId", false,
     "a line counts by its sub, status and responseLength if it has all three, and a copy counts "
     "again"},
    {"requestTimeEpoch", "requestTime", LOG_KEY_BILLED, "requestTimeEpoch requestTime", true,
     "calls are dated by their log event, a few seconds late: those around midnight of a month's "
     "end may be billed a month late"},
    {"sub", NULL, LOG_KEY_BILLED, CALLER, true, "all calls are unattributed: nobody pays for them"},
    {"responseLength", NULL, LOG_KEY_BILLED, "responseLength", true,
     "the bytes of all calls are 0"},
    {"status", NULL, LOG_KEY_PRICED, "status", true,
     "rules by status match nothing: what they leave out is billed"},
    {"routeKey", NULL, LOG_KEY_PRICED, "routeKey", true, "prices and rules by route match nothing"},
    {"username", "user", LOG_KEY_PRICED, CALLER, false,
     "usage shows no names, and cannot be grouped by user"},
    {"httpMethod", NULL, LOG_KEY_SHOWN, "httpMethod", false, "usage shows no method"},
    {"path", NULL, LOG_KEY_SHOWN, "path", false, "usage shows no path"},
    {"apiId", NULL, LOG_KEY_SHOWN, "apiId", false, "calls of two APIs cannot be told apart"},
    {"stage", NULL, LOG_KEY_SHOWN, "stage", false, "calls of two stages cannot be told apart"},
    {"ip", NULL, LOG_KEY_SHOWN, "identity.sourceIp", false, "usage shows no address"},
    {"protocol", NULL, LOG_KEY_SHOWN, "protocol", false, "usage shows no protocol"},
    {"clientId", NULL, LOG_KEY_SHOWN, CALLER, false, "usage shows no client"},
    {"dataProcessed", NULL, LOG_KEY_SHOWN, "dataProcessed", true,
     "bytes cannot be compared with CloudWatch's DataProcessed"},
    {0},
};

/* Source: "Customize HTTP API access logs", API Gateway developer guide
 * (http-api-logging-variables); "authorizer." has any claim, and any key that a Lambda authorizer
 * returns. */
static const char *const variables[] = {
    "accountId",
    "apiId",
    "authorizer.*",
    "awsEndpointRequestId",
    "awsEndpointRequestId2",
    "customDomain.basePathMatched",
    "dataProcessed",
    "domainName",
    "domainPrefix",
    "error.message",
    "error.messageString",
    "error.responseType",
    "extendedRequestId",
    "httpMethod",
    "identity.accountId",
    "identity.caller",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.clientCert.clientCertPem",
    "identity.clientCert.subjectDN",
    "identity.clientCert.issuerDN",
    "identity.clientCert.serialNumber",
    "identity.clientCert.validity.notBefore",
    "identity.clientCert.validity.notAfter",
    "identity.sourceIp",
    "identity.user",
    "identity.userAgent",
    "identity.userArn",
    "integration.error",
    "integration.integrationStatus",
    "integration.latency",
    "integration.requestId",
    "integration.status",
    "integrationErrorMessage",
    "integrationLatency",
    "integrationStatus",
    "path",
    "protocol",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "responseLatency",
    "responseLength",
    "routeKey",
    "stage",
    "status",
    NULL,
};

/* Claims that the issuer makes, or that have no quote in them.  Source: "Understanding the access
 * token", "... the ID token" (Amazon Cognito), RFC 7519; everything else may be what people typed:
 * names, addresses, also user names. */
static const char *const issuers_claims[] = {
    "sub",       "iss",       "aud",        "exp",     "iat",      "nbf",
    "jti",       "client_id", "token_use",  "scope",   "event_id", "azp",
    "auth_time", "version",   "origin_jti", "at_hash", NULL};

const struct log_key *log_key_find(const char *name)
{
    for (const struct log_key *key = log_key_table; key->name; key++)
        if (!strcmp(key->name, name) || (key->other && !strcmp(key->other, name)))
            return key;
    return NULL;
}

static bool is_one_of(const struct log_variable *variable, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        if (log_line_is(variable, names[i]))
            return true;
    return false;
}

/* Paths of the event that a Lambda function gets (requestContext.authorizer.jwt.claims.sub), and of
 * the claims as a whole: access logs know neither, and print "-". */
static bool is_of_event(const struct log_variable *variable)
{
    static const char *const names[] = {"authorizer.claims", "authorizer.jwt.*",
                                        "authorizer.lambda.*", "authorizer.iam.*", NULL};

    return is_one_of(variable, names);
}

bool log_key_takes(const struct log_key *key, const struct log_variable *variable)
{
    if (log_line_is(variable, "authorizer.error") || is_of_event(variable))
        return false;
    for (const char *at = key->from; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        cleanup_free char *name = mem_text_n(at, length);

        if (log_line_is(variable, name))
            return true;
        at += length;
    }
    return false;
}

bool log_key_is_callers(const struct log_variable *variable)
{
    static const char *const names[] = {"path",
                                        "identity.userAgent",
                                        "identity.clientCert.*",
                                        "error.message",
                                        "error.messageString",
                                        "authorizer.error",
                                        NULL};
    static const char claims[] = "authorizer.claims.";
    const size_t skip = sizeof claims - 1;
    struct log_variable claim = {variable->name + skip, 0, variable->quoted};

    if (log_line_is_cut(variable))
        return false;
    if (!log_line_is(variable, "authorizer.claims.*"))
        return is_one_of(variable, names);
    claim.length = variable->length - skip;
    return !is_one_of(&claim, issuers_claims);
}

bool log_key_is_variable(const struct log_variable *variable)
{
    return is_one_of(variable, variables) && !is_of_event(variable);
}

const char *log_key_nearest(const struct log_variable *variable)
{
    cleanup_free char *name = mem_text_n(variable->name, variable->length);

    if (log_line_is(variable, "authorizer.claims") || log_line_is(variable, "authorizer.jwt.*"))
        return "authorizer.claims.sub";
    return is_of_event(variable) ? NULL : str_nearest(name, variables);
}
