/* provider_container.c -- the service beside a container that hands out keys: ECS, EKS Pod
 * Identity, and what speaks like them.
 *
 * Rules: AWS SDKs and Tools Reference Guide, "Container credential provider", and
 * tests/vectors/credentials/ecs-tests.json.  Keys travel in the clear, so without TLS only this
 * machine and the two services' addresses are asked. */
#include "aws/credentials/provider.h"

#include "aws/credentials/document.h"
#include "aws/credentials/fetch.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret/secret.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define ECS "http://169.254.170.2"

enum { CONNECT_MS = 2000, TOTAL_MS = 5000 };

static bool is_allowed_address(const char *host)
{
    static const char *const fours[] = {"169.254.170.2", "169.254.170.23"};
    struct in_addr four, known;
    struct in6_addr six, eks;

    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1) {
        for (size_t i = 0; i < sizeof fours / sizeof *fours; i++)
            if (inet_pton(AF_INET, fours[i], &known) == 1 && known.s_addr == four.s_addr)
                return true;
        return ntohl(four.s_addr) >> 24 == 127;
    }
    return inet_pton(AF_INET6, host, &six) == 1 && inet_pton(AF_INET6, "fd00:ec2::23", &eks) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&six) || memcmp(&six, &eks, sizeof six) == 0);
}

/* The host of "HOST[:PORT]" or "[ADDRESS][:PORT]"; NULL when it is written in any other way, which
 * two programs might read differently. */
static char *host_of(const char *authority, size_t length)
{
    bool six = *authority == '[';
    size_t start = six ? 1 : 0, host = start;

    while (host < length &&
           (isalnum((unsigned char)authority[host]) || strchr(six ? ":." : "-._", authority[host])))
        host++;
    if (host == start || (six && authority[host] != ']'))
        return NULL;
    for (size_t i = host + (six ? 1 : 0); i < length; i++)
        if (!(i == host + (six ? 1 : 0) ? authority[i] == ':'
                                        : isdigit((unsigned char)authority[i]) != 0))
            return NULL;
    return mem_text_n(authority + start, host - start);
}

static int check_full(const char *url, struct err *e)
{
    bool tls = strncasecmp(url, "https://", 8) == 0;
    const char *authority = tls ? url + 8 : url + 7;
    cleanup_free char *host = NULL;

    if (!tls && strncasecmp(url, "http://", 7) != 0)
        return err_set(e, ERR_INVALID, FULL ": must be a URL with http:// or https://");
    for (const char *c = url; *c; c++)
        if (!isgraph((unsigned char)*c))
            return err_set(e, ERR_INVALID, FULL ": holds a blank or a control character");
    host = host_of(authority, strcspn(authority, "/?#"));
    if (!host)
        return err_set(e, ERR_INVALID, FULL ": not a usable host");
    if (tls || is_allowed_address(host))
        return 0;
    return err_set(e, ERR_INVALID,
                   FULL ": without TLS keys are fetched from this machine (localhost, 127.0.0.0/8, "
                        "::1), ECS (169.254.170.2) or EKS (169.254.170.23, fd00:ec2::23) only, not "
                        "from %s",
                   host);
}

int aws_provider_container(const struct aws_config *config, struct aws_chain *chain, struct err *e)
{
    const char *relative = aws_config_variable(RELATIVE), *full = aws_config_variable(FULL);
    struct aws_origin *origin = &chain->origin;

    (void)config;
    if (!relative && !full) {
        chain->why = mem_text("neither " RELATIVE " nor " FULL " is set");
        return 0;
    }
    if (relative && (*relative != '/' || strpbrk(relative, " \t\r\n")))
        return err_set(e, ERR_INVALID, RELATIVE ": must be a path that begins with /");
    if (!relative && check_full(full, e))
        return -1;
    origin->kind = AWS_ORIGIN_CONTAINER;
    origin->setting = mem_text(relative ? RELATIVE : FULL);
    origin->url = relative ? mem_printf(ECS "%s", relative) : mem_text(full);
    origin->token_file = mem_text(aws_config_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
    if (!origin->token_file)
        origin->secret = mem_text(aws_config_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    chain->source = mem_text("container");
    return 1;
}

static void on_reply(struct fetch *fetch, const struct identity_http_reply *reply)
{
    static const struct document_names names = {"AccessKeyId", "SecretAccessKey", "Token",
                                                "Expiration"};
    struct aws_credentials keys = {0};
    struct err e = {0};
    cleanup_free char *who = mem_printf("container credentials (%s)", fetch->origin->setting);
    json_auto_t *document = NULL;

    if (!reply->answered)
        (void)err_set(&e, ERR_RETRY, "%s: no answer: %s", who, reply->problem);
    else if (reply->status != 200)
        (void)err_set(&e, reply->status >= 500 || reply->status == 429 ? ERR_RETRY : ERR_DENIED,
                      "%s: HTTP status %d%s", who, reply->status,
                      reply->status == 401 || reply->status == 403
                          ? ": the authorization token was refused"
                          : "");
    else if ((document = document_parse(who, reply->body, reply->length, &e)) != NULL &&
             !document_keys(who, document, &names, &keys, &e))
        (void)document_check_end(who, &keys, &e);
    if (e.kind == ERR_NONE) {
        fetch_keys(fetch, &keys);
        return;
    }
    aws_credentials_fini(&keys);
    fetch_fail_with(fetch, &e);
}

static void ask(struct fetch *fetch, const char *token)
{
    struct identity_http request = {.method = "GET",
                                    .url = fetch->origin->url,
                                    .headers = {{"Accept", "application/json"}},
                                    .header_count = 1,
                                    .connect_ms = CONNECT_MS,
                                    .total_ms = TOTAL_MS};

    if (token)
        request.headers[request.header_count++] =
            (struct aws_header){"Authorization", (char *)token};
    fetch_http(fetch, &request, on_reply);
}

/* Without its final line break, which is not the token's; any other would start a new header. */
static void on_token(struct fetch *fetch, const char *text)
{
    const char *file = fetch->origin->token_file;
    cleanup_free char *token = mem_text(text);
    size_t n = token ? strlen(token) : 0;

    if (!token) {
        fetch_fail(fetch, ERR_RETRY, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: there is no file %s",
                   file);
        return;
    }
    while (n && strchr(" \t\r\n", token[n - 1]))
        token[--n] = '\0';
    secret_learn(token);
    if (!n || strpbrk(token, "\r\n"))
        fetch_fail(fetch, ERR_RETRY,
                   "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s does not hold one line", file);
    else
        ask(fetch, token);
    explicit_bzero(token, n);
}

void provider_container_begin(struct fetch *fetch)
{
    const struct aws_origin *origin = fetch->origin;

    if (origin->token_file)
        fetch_read(fetch, origin->token_file, on_token);
    else if (origin->secret && strpbrk(origin->secret, "\r\n"))
        fetch_fail(fetch, ERR_INVALID, "AWS_CONTAINER_AUTHORIZATION_TOKEN: holds a line break");
    else
        ask(fetch, origin->secret);
}
