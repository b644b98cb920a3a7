#include "aws/endpoint.h"

#include "base/mem.h"

#include "aws/partition.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_label(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '-')
            return false;
    return n > 0 && n < 64 && text[0] != '-' && text[n - 1] != '-';
}

/* Names a TLS wildcard certificate covers; dots are right only without TLS. */
static bool fits_host(const char *bucket, bool dots)
{
    size_t n = strlen(bucket);

    for (size_t i = 0; i < n; i++)
        if (!islower((unsigned char)bucket[i]) && !isdigit((unsigned char)bucket[i]) &&
            bucket[i] != '-' && !(dots && bucket[i] == '.'))
            return false;
    return n >= 3 && n <= 63 && isalnum((unsigned char)bucket[0]) &&
           isalnum((unsigned char)bucket[n - 1]);
}

static bool is_address(const char *host)
{
    char name[64];
    struct in_addr ignored;
    size_t n = strcspn(host, ":");

    if (host[0] == '[')
        return true;
    (void)snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : 0, host);
    return inet_pton(AF_INET, name, &ignored) == 1;
}

static bool is_port(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return length > 0 && length <= 5 && strtol(text, NULL, 10) > 0 &&
           strtol(text, NULL, 10) <= 65535;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT. */
static bool is_authority(const char *text, size_t length)
{
    const char *closing = *text == '[' ? memchr(text, ']', length) : NULL;
    size_t host = closing ? (size_t)(closing + 1 - text) : strcspn(text, ":/");

    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-._:[]", text[i]))
            return false;
    if (!host || host > length || (*text == '[' && !closing))
        return false;
    return host == length || (text[host] == ':' && is_port(text + host + 1, length - host - 1));
}

/* The signature covers the host as curl sends it: without a port that is the scheme's own. */
static void drop_default_port(struct aws_endpoint *endpoint)
{
    const char *port = endpoint->plain ? ":80" : ":443";
    size_t n = strlen(endpoint->host), m = strlen(port);

    if (n > m && strcmp(endpoint->host + n - m, port) == 0)
        endpoint->host[n - m] = '\0';
}

/* The URL without what stands before an @ or behind a ? or #: it may be a password, or a token. New
 * text. */
static char *without_secrets(const char *url)
{
    const char *start = strstr(url, "//"), *end;
    size_t query = 0;

    start = start ? start + 2 : url;
    end = strrchr(start, '@');
    end = end ? end : start;
    query = strcspn(end, "?#");
    return mem_printf("%.*s%s%.*s%.1s%s", (int)(start - url), url, *end == '@' ? "***" : "",
                      (int)query, end, end + query, end[query] ? "***" : "");
}

/* What a URL is written with (RFC 3986), escapes and all; a blank, a line end or a letter beyond
 * ASCII would be signed as one thing and sent as another. */
static bool is_url_text(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text >= 0x7f || strchr("?#\"", *text))
            return false;
    return true;
}

static int parse_url(const struct aws_endpoint_wish *wish, struct aws_endpoint *endpoint,
                     struct err *e)
{
    const char *rest = NULL;
    size_t length, base;

    if (strncasecmp(wish->url, "https://", 8) == 0)
        rest = wish->url + 8;
    else if (strncasecmp(wish->url, "http://", 7) == 0)
        rest = wish->url + 7;
    length = rest ? strcspn(rest, "/?#") : 0;
    base = rest ? strlen(rest + length) : 0;
    while (base && rest[length + base - 1] == '/')
        base--;
    if (!rest || !is_authority(rest, length) || length >= 250 || base >= sizeof endpoint->base ||
        !is_url_text(rest)) {
        cleanup_free char *shown = without_secrets(wish->url);

        return err_set(e, ERR_INVALID, "%s: not a usable endpoint URL: \"%s\"",
                       wish->origin ? wish->origin : "endpoint", shown);
    }
    endpoint->plain = rest == wish->url + 7;
    (void)snprintf(endpoint->host, sizeof endpoint->host, "%.*s", (int)length, rest);
    (void)snprintf(endpoint->base, sizeof endpoint->base, "%.*s", (int)base, rest + length);
    drop_default_port(endpoint);
    return 0;
}

/* Takes no more bucket than fits_host allows. */
static void put_bucket_in_host(const struct aws_endpoint_wish *wish, struct aws_endpoint *endpoint)
{
    char host[sizeof endpoint->host];

    (void)snprintf(host, sizeof host, "%.63s.%.250s", wish->bucket, endpoint->host);
    memcpy(endpoint->host, host, sizeof host);
    endpoint->bucket_in_host = true;
}

static int resolve_custom(const struct aws_endpoint_wish *wish, struct aws_endpoint *endpoint,
                          struct err *e)
{
    if (wish->fips || wish->dual_stack)
        return err_set(
            e, ERR_INVALID, "%s: a configured endpoint cannot be combined with %s endpoints",
            wish->origin ? wish->origin : "endpoint", wish->fips ? "FIPS" : "dual stack");
    if (parse_url(wish, endpoint, e))
        return -1;
    if (wish->bucket && wish->virtual_host && !wish->path_style &&
        fits_host(wish->bucket, endpoint->plain) && !is_address(endpoint->host))
        put_bucket_in_host(wish, endpoint);
    return 0;
}

static int resolve_global(const struct aws_endpoint_wish *wish, const struct aws_partition *p,
                          struct aws_endpoint *endpoint, struct err *e)
{
    const char *host = wish->fips ? wish->dual_stack ? p->iam_fips_dual_host : p->iam_fips_host
                       : wish->dual_stack ? p->iam_dual_host
                                          : p->iam_host;

    if (!host)
        return err_set(e, ERR_INVALID, "%s has no dual stack endpoint in partition %s",
                       wish->model->name, p->name);
    (void)snprintf(endpoint->host, sizeof endpoint->host, "%s", host);
    return 0;
}

static int resolve_s3(const struct aws_endpoint_wish *wish, const struct aws_partition *p,
                      struct aws_endpoint *endpoint, struct err *e)
{
    if (wish->fips && strcmp(p->name, "aws-cn") == 0)
        return err_set(e, ERR_INVALID, "partition aws-cn has no FIPS endpoint for s3");
    (void)snprintf(endpoint->host, sizeof endpoint->host, "s3%s%s.%s.%s", wish->fips ? "-fips" : "",
                   wish->dual_stack ? ".dualstack" : "", wish->region, p->dns_suffix);
    if (wish->bucket && !wish->path_style && fits_host(wish->bucket, false))
        put_bucket_in_host(wish, endpoint);
    return 0;
}

/* In us-gov the ordinary endpoints of these are FIPS endpoints; their rule sets say so. */
static bool has_fips_name(const struct aws_endpoint_wish *wish, const struct aws_partition *p)
{
    const char *prefix = wish->model->endpoint;

    if (strcmp(p->name, "aws-us-gov") != 0)
        return true;
    if (strcmp(prefix, "monitoring") == 0)
        return false;
    return wish->dual_stack || (strcmp(prefix, "sts") != 0 && strcmp(prefix, "logs") != 0 &&
                                strcmp(prefix, "portal.sso") != 0 && strcmp(prefix, "oidc") != 0);
}

int aws_endpoint_resolve(const struct aws_endpoint_wish *wish, struct aws_endpoint *endpoint,
                         struct err *e)
{
    const struct aws_partition *p;
    const char *nearest;
    bool fips;

    memset(endpoint, 0, sizeof *endpoint);
    if (!wish->region || !*wish->region)
        return err_set(e, ERR_INVALID, "no region for %s", wish->model->name);
    if (!is_label(wish->region)) {
        nearest = aws_partition_nearest(wish->region);
        return err_set(e, ERR_INVALID, "not a region: \"%s\"%s%s%s", wish->region,
                       nearest ? "; did you mean " : "", nearest ? nearest : "",
                       nearest ? "?" : "");
    }
    p = aws_partition_of(wish->region);
    (void)snprintf(endpoint->region, sizeof endpoint->region, "%s",
                   wish->model->global ? p->iam_region : wish->region);
    if (wish->url)
        return resolve_custom(wish, endpoint, e);
    if (wish->model->global)
        return resolve_global(wish, p, endpoint, e);
    if (strcmp(wish->model->name, "s3") == 0)
        return resolve_s3(wish, p, endpoint, e);
    fips = wish->fips && has_fips_name(wish, p);
    (void)snprintf(endpoint->host, sizeof endpoint->host, "%s%s.%s.%s", wish->model->endpoint,
                   fips ? "-fips" : "", wish->region,
                   wish->dual_stack ? p->dual_stack_suffix : p->dns_suffix);
    return 0;
}

int aws_endpoint_check_url(const char *url, const char *origin, struct err *e)
{
    const struct aws_endpoint_wish wish = {.url = url, .origin = origin};
    struct aws_endpoint endpoint;

    return parse_url(&wish, &endpoint, e);
}
