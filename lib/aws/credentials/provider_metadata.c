/* provider_metadata.c -- an EC2 instance's metadata service, which has the keys of its role.
 *
 * IMDSv2 only: a token by PUT, then the role's name, then its keys.  Rules: AWS SDKs and Tools
 * Reference Guide, "IMDS credential provider"; the cases of tests/vectors/credentials. */
#include "aws/credentials/provider.h"

#include "aws/credentials/document.h"
#include "aws/credentials/fetch.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define ROLES "/latest/meta-data/iam/security-credentials/"
#define HOP_LIMIT                                                                                  \
    "a container needs a hop limit of 2 (aws ec2 modify-instance-metadata-options "                \
    "--http-put-response-hop-limit 2)"

enum { MOST_S = 60, MOST_ATTEMPTS = 10, ATTEMPTS = 3, TOKEN_LIMIT = 1024 };

/* ---- settings ---- */

/* A variable, else a key of the profile; *name says which. */
static const char *setting(const struct aws_config *config, struct aws_config_setting from,
                           const char **name)
{
    const char *text = aws_config_variable(from.variable);

    *name = text ? from.variable : from.key;
    return text ? text : aws_config_text(config, from.key);
}

static int find_mode(const struct aws_config *config, const char **url, struct err *e)
{
    static const char *const modes[] = {"IPv4", "IPv6", NULL};
    int mode;

    if (aws_config_choice(config,
                          (struct aws_config_setting){"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                                      "ec2_metadata_service_endpoint_mode"},
                          modes, &mode, e))
        return -1;
    *url = mode == 1 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    return 0;
}

static bool is_url(const char *url)
{
    size_t scheme = strncasecmp(url, "http://", 7) == 0    ? 7
                    : strncasecmp(url, "https://", 8) == 0 ? 8
                                                           : 0;

    for (const char *c = url; *c; c++)
        if (!isgraph((unsigned char)*c) || strchr("@?#\\", *c))
            return false;
    return scheme && isalnum((unsigned char)url[scheme + (url[scheme] == '[')]);
}

static int find_url(const struct aws_config *config, struct aws_origin *origin, struct err *e)
{
    const char *name;
    const char *url = setting(config,
                              (struct aws_config_setting){"AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                                          "ec2_metadata_service_endpoint"},
                              &name);
    size_t n;

    if (!url && find_mode(config, &url, e))
        return -1;
    if (!is_url(url))
        return err_set(e, ERR_INVALID, "%s: not a usable URL", name);
    n = strlen(url);
    while (url[n - 1] == '/')
        n--;
    origin->url = mem_text_n(url, n);
    return 0;
}

/* botocore's settings. */
static int find_limits(const struct aws_config *config, struct aws_origin *origin, struct err *e)
{
    origin->timeout_s = 1;
    origin->attempts = ATTEMPTS;
    return aws_config_number(config,
                             (struct aws_config_setting){"AWS_METADATA_SERVICE_TIMEOUT",
                                                         "metadata_service_timeout"},
                             MOST_S, &origin->timeout_s, e) ||
                   aws_config_number(
                       config,
                       (struct aws_config_setting){"AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                                                   "metadata_service_num_attempts"},
                       MOST_ATTEMPTS, &origin->attempts, e)
               ? -1
               : 0;
}

static bool is_role_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("+=,.@-_", text[i]))
            return false;
    return length > 0 && length <= 128;
}

int aws_provider_metadata(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    struct aws_origin *origin = &chain->origin;
    bool disabled;
    const char *name, *role;

    if (aws_config_flag(config, (struct aws_config_setting){"AWS_EC2_METADATA_DISABLED", NULL},
                        &disabled, e))
        return -1;
    if (disabled) {
        chain->why = mem_text("AWS_EC2_METADATA_DISABLED is true");
        return 0;
    }
    if (find_url(config, origin, e) || find_limits(config, origin, e))
        return -1;
    role = setting(
        config,
        (struct aws_config_setting){"AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name"},
        &name);
    if (role && !is_role_name(role, strlen(role)))
        return err_set(e, ERR_INVALID, "%s: not a name", name);
    origin->kind = AWS_ORIGIN_METADATA;
    origin->role_name = mem_text(role);
    origin->setting = mem_text("instance metadata");
    origin->last_resort = true; /* provider_profile.c takes that back */
    chain->source = mem_text("instance metadata");
    return 1;
}

/* ---- asking ---- */

static void ask_for_token(struct fetch *fetch);

/* A failure that its status explains; what any answer may be. */
static void fail(struct fetch *fetch, const char *what, const struct identity_http_reply *reply)
{
    const char *who = fetch->origin->setting;

    if (!reply->answered)
        fetch_fail(fetch, ERR_RETRY, "%s: no answer to the request for %s: %s", who, what,
                   reply->problem);
    else if (reply->status == 403)
        fetch_fail(fetch, ERR_DENIED,
                   "%s: HTTP status 403: it is switched off for this instance (http-endpoint)",
                   who);
    else
        fetch_fail(fetch, reply->status >= 500 || reply->status == 429 ? ERR_RETRY : ERR_DENIED,
                   "%s: HTTP status %d to the request for %s", who, reply->status, what);
}

static void get(struct fetch *fetch, const char *path, const char *name, fetch_http_fn *take)
{
    cleanup_free char *url = mem_printf("%s%s%s", fetch->origin->url, path, name);
    const struct identity_http request = {.method = "GET",
                                          .url = url,
                                          .headers = {{"x-aws-ec2-metadata-token", fetch->token}},
                                          .header_count = 1,
                                          .connect_ms = fetch->origin->timeout_s * 1000L,
                                          .total_ms = fetch->origin->timeout_s * 1000L};

    fetch_http(fetch, &request, take);
}

/* A token that the service does not know any more is replaced, once. */
static bool renew(struct fetch *fetch, const struct identity_http_reply *reply)
{
    if (!reply->answered || reply->status != 401 || fetch->renewed)
        return false;
    fetch->renewed = true;
    ask_for_token(fetch);
    return true;
}

static void take_document(struct fetch *fetch, const struct identity_http_reply *reply)
{
    static const struct document_names names = {"AccessKeyId", "SecretAccessKey", "Token",
                                                "Expiration"};
    const char *who = fetch->origin->setting;
    struct aws_credentials keys = {0};
    struct err e = {0};
    json_auto_t *document = document_parse(who, reply->body, reply->length, &e);
    const char *code = json_text(document, "Code"), *message = json_text(document, "Message");

    if (document && code && strcmp(code, "Success") != 0)
        (void)err_set(&e, ERR_RETRY, "%s: %s%s%s", who, code, message ? ": " : "",
                      message ? message : "");
    else if (document)
        (void)document_keys(who, document, &names, &keys, &e);
    if (e.kind != ERR_NONE)
        fetch_fail_with(fetch, &e);
    else
        fetch_keys(fetch, &keys); /* also when they have ended: identity.c knows why */
}

static void on_keys(struct fetch *fetch, const struct identity_http_reply *reply)
{
    if (renew(fetch, reply))
        return;
    if (!reply->answered || reply->status != 200)
        fail(fetch, "the role's keys", reply);
    else
        take_document(fetch, reply);
}

static void on_role(struct fetch *fetch, const struct identity_http_reply *reply)
{
    size_t n = reply->answered ? strcspn(reply->body, "\r\n") : 0;

    if (renew(fetch, reply))
        return;
    if (reply->answered && reply->status == 404) {
        fetch_fail(fetch, ERR_DENIED, "%s: this instance has no IAM role (instance profile)",
                   fetch->origin->setting);
    } else if (!reply->answered || reply->status != 200) {
        fail(fetch, "the role's name", reply);
    } else if (!is_role_name(reply->body, n)) {
        fetch_fail(fetch, ERR_RETRY, "%s: answered with what is no role's name",
                   fetch->origin->setting);
    } else {
        cleanup_free char *name = mem_text_n(reply->body, n);

        get(fetch, ROLES, name, on_keys);
    }
}

/* A service that takes connections but gives no token lost the answer on the way back. */
static void fail_without_token(struct fetch *fetch, const struct identity_http_reply *reply)
{
    const char *who = fetch->origin->setting;

    if (!reply->answered && !reply->connected)
        fetch_fail(fetch, ERR_DENIED, "%s: nobody answers at %s (%s): this is no EC2 instance", who,
                   fetch->origin->url, reply->problem);
    else if (!reply->answered)
        fetch_fail(fetch, ERR_RETRY, "%s: no answer to the request for a token (%s): " HOP_LIMIT,
                   who, reply->problem);
    else if (reply->status == 404 || reply->status == 405 || reply->status == 400)
        fetch_fail(fetch, ERR_DENIED,
                   "%s: HTTP status %d to the request for a token: not IMDSv2, and billingd uses "
                   "no other",
                   who, reply->status);
    else
        fail(fetch, "a token", reply);
}

static void on_token(struct fetch *fetch, const struct identity_http_reply *reply)
{
    size_t n = reply->answered ? strcspn(reply->body, " \t\r\n") : 0;

    if (!reply->answered || reply->status != 200) {
        fail_without_token(fetch, reply);
        return;
    }
    if (!n || n != reply->length || n > TOKEN_LIMIT) {
        fetch_fail(fetch, ERR_RETRY, "%s: answered with what is no token", fetch->origin->setting);
        return;
    }
    mem_free_secret(fetch->token);
    fetch->token = mem_text_n(reply->body, n);
    secret_learn(fetch->token);
    if (fetch->origin->role_name)
        get(fetch, ROLES, fetch->origin->role_name, on_keys);
    else
        get(fetch, ROLES, "", on_role);
}

static void ask_for_token(struct fetch *fetch)
{
    cleanup_free char *url = mem_printf("%s/latest/api/token", fetch->origin->url);
    const struct identity_http request = {
        .method = "PUT",
        .url = url,
        .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}},
        .header_count = 1,
        .connect_ms = fetch->origin->timeout_s * 1000L,
        .total_ms = fetch->origin->timeout_s * 1000L};

    fetch_http(fetch, &request, on_token);
}

void provider_metadata_begin(struct fetch *fetch)
{
    fetch->attempts = fetch->origin->attempts;
    ask_for_token(fetch);
}
