/* http_transfer.c -- one transfer: the easy handle and its options, headers and body both ways,
 * their limits, and what is told of its end.  libcurl does not copy the request's body, the list of
 * header lines and the buffer for its error: they stay until the easy handle is gone. */
#include "aws/http_private.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STREAMED_FROM = 1 << 20, IDLE_S = 30, DNS_S = 60 };

static void forget_headers(struct http_transfer *t)
{
    for (size_t i = 0; i < t->header_count; i++) {
        free(t->headers[i].name);
        free(t->headers[i].value);
    }
    t->header_count = 0;
    t->header_bytes = 0;
}

void http_transfer_reset(struct http_transfer *t)
{
    if (t->easy)
        curl_easy_cleanup(t->easy);
    t->easy = NULL;
    t->http->reserved -= t->reserved;
    t->reserved = 0;
    curl_slist_free_all(t->lines);
    t->lines = NULL;
    forget_headers(t);
    if (t->body.data)
        explicit_bzero(t->body.data, t->body.len); /* replies of STS hold secrets */
    str_fini(&t->body);
    memset(&t->body, 0, sizeof t->body);
    t->problem[0] = '\0';
}

void http_transfer_free(struct http_transfer *t)
{
    if (t->easy && t->http->multi)
        (void)curl_multi_remove_handle(t->http->multi, t->easy);
    http_transfer_reset(t);
    free(t->headers);
    free(t);
}

size_t http_transfer_limit(const struct http_transfer *t)
{
    return t->request.body_limit ? t->request.body_limit : t->http->options.body_limit;
}

/* ---- what libcurl hands over while it runs ---- */

/* Room for a body of so many bytes: all that it may have, if there is. */
static bool has_room_for(struct http_transfer *t, size_t bytes)
{
    size_t limit = http_transfer_limit(t), free_bytes;

    if (bytes <= t->reserved || t->reserved >= limit)
        return true;
    free_bytes = t->http->options.in_flight > t->http->reserved
                     ? t->http->options.in_flight - t->http->reserved
                     : 0;
    if (limit - t->reserved > free_bytes)
        return false;
    t->http->reserved += limit - t->reserved;
    t->reserved = limit;
    return true;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t n = size * count, expected;
    curl_off_t told = 0;

    if (n > http_transfer_limit(t) - t->body.len) {
        t->too_large = true;
        return 0;
    }
    (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &told);
    expected = told > 0 ? (size_t)told : 0;
    if (!has_room_for(t, expected > t->body.len + n ? expected : t->body.len + n)) {
        t->wants_room = true;
        return 0;
    }
    str_add_n(&t->body, data, n);
    return n;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t n = size * count, name, start, end = n;

    if (n > 5 && strncmp(line, "HTTP/", 5) == 0) {
        forget_headers(t); /* a reply after "100 Continue" */
        return n;
    }
    t->header_bytes += n;
    if (t->header_bytes > t->http->options.header_limit) {
        t->too_large = true;
        return 0;
    }
    for (name = 0; name < n && line[name] != ':'; name++)
        ;
    if (name == n)
        return n;
    for (start = name + 1; start < n && strchr(" \t", line[start]); start++)
        ;
    while (end > start && strchr(" \t\r\n", line[end - 1]))
        end--;
    t->headers = mem_resize(t->headers, t->header_count + 1, sizeof *t->headers);
    t->headers[t->header_count].name = mem_text_n(line, name);
    t->headers[t->header_count++].value = mem_text_n(line + start, end - start);
    return n;
}

/* Also before libcurl sends it again by itself.  (CURLOPT_PREREQFUNCTION) */
static int on_connected(void *arg, char *address, char *local, int port, int local_port)
{
    const struct http_transfer *t = arg;

    (void)address;
    (void)local;
    (void)port;
    (void)local_port;
    return t->request.may_go_out(t->request.may_arg) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* ---- its end ---- */

static enum http_failure failure_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return HTTP_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
        return HTTP_REFUSED;
    default:
        return HTTP_CONNECTION;
    }
}

void http_transfer_reply(struct http_transfer *t, CURLcode code, struct http_reply *reply)
{
    long status = 0, sent = 0;
    curl_off_t connect_us = 0;

    *reply = (struct http_reply){.failure = t->too_large ? HTTP_TOO_LARGE : failure_of(code),
                                 .transfer = t};
    (void)curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
    reply->connected = connect_us > 0;
    (void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    reply->sent = sent > 0;
    if (reply->failure == HTTP_OK) {
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        reply->raw.status = (int)status;
        reply->raw.headers = t->headers;
        reply->raw.header_count = t->header_count;
        reply->raw.body = str_text(&t->body);
        reply->raw.body_length = t->body.len;
        t->problem[0] = '\0';
    } else if (t->too_large) {
        (void)snprintf(
            t->problem, sizeof t->problem, "the %s larger than %zu bytes",
            t->header_bytes > t->http->options.header_limit ? "reply's headers are" : "reply is",
            t->header_bytes > t->http->options.header_limit ? t->http->options.header_limit
                                                            : http_transfer_limit(t));
    } else if (!t->problem[0]) {
        (void)snprintf(t->problem, sizeof t->problem, "%s", curl_easy_strerror(code));
    }
    reply->problem = t->problem;
}

/* ---- its start ---- */

static void add_lines(struct http_transfer *t)
{
    bool typed = false;

    for (size_t i = 0; i < t->request.header_count; i++) {
        const struct aws_header *h = &t->request.headers[i];
        /* curl's spelling of a header without a value is "Name;" */
        cleanup_free char *line =
            *h->value ? mem_printf("%s: %s", h->name, h->value) : mem_printf("%s;", h->name);

        typed = typed || strcasecmp(h->name, "Content-Type") == 0;
        t->lines = curl_slist_append(t->lines, line);
    }
    t->lines = curl_slist_append(t->lines, "Expect:");
    if (!typed)
        t->lines = curl_slist_append(t->lines, "Content-Type:");
}

static void set_method(struct http_transfer *t)
{
    const char *method = t->request.method;
    bool sends = t->request.body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
                 strcmp(method, "PATCH") == 0;

    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (sends) { /* also without a body, for "Content-Length: 0" */
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->request.body ? t->request.body : "");
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request.body_length);
    }
    curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_limits(struct http_transfer *t, const struct http_options *options)
{
    const struct http_request *own = &t->request;

    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     own->connect_timeout_ms ? own->connect_timeout_ms
                                             : options->connect_timeout_ms);
    if (t->request.body_length > STREAMED_FROM) {
        curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1024L);
        curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, options->stall_s);
    } else {
        curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS,
                         own->total_timeout_ms ? own->total_timeout_ms : options->total_timeout_ms);
    }
}

/* A bundle replaces the system's trust, it does not add to it.  Never a file and a directory
 * together, as libcurl's defaults have it: then it reads the whole file again for each connection
 * (libcurl keeps the parsed one only without CURLOPT_CAPATH), which costs 5 MB and time. */
static void set_trust(CURL *easy, const char *bundle)
{
    const char *file = bundle ? bundle : curl_version_info(CURLVERSION_NOW)->cainfo;
    struct stat info;

    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (bundle && stat(bundle, &info) == 0 && S_ISDIR(info.st_mode)) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(easy, CURLOPT_CAPATH, bundle);
    } else if (bundle || (file && access(file, R_OK) == 0)) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           (strncasecmp(host, "localhost", 9) == 0 && strchr(":/", host[9]));
}

/* https_proxy, all_proxy, no_proxy and their upper case forms are libcurl's.  HTTP_PROXY it leaves
 * alone, since a CGI program is handed a header under that name; the SDKs read it, and we are no
 * CGI program.  This machine itself is not reached by way of another. */
static void set_proxy(struct http_transfer *t, bool plain)
{
    const char *proxy = getenv("HTTP_PROXY");

    if (t->request.direct)
        curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
    else if (plain && proxy && *proxy && !getenv("http_proxy") && !is_loopback(t->request.url + 7))
        curl_easy_setopt(t->easy, CURLOPT_PROXY, proxy);
}

static void set_connection(struct http_transfer *t, const struct http_options *options)
{
    bool plain = strncasecmp(t->request.url, "http://", 7) == 0;

    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(t->easy, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
    curl_easy_setopt(t->easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_S);
    /* A resolver thread that hangs is left behind instead of waited for by the whole loop. */
    curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, options->user_agent);
    set_proxy(t, plain);
    set_trust(t->easy, options->ca_bundle);
}

void http_transfer_open(struct http_transfer *t)
{
    if ((t->easy = curl_easy_init()) == NULL)
        abort();
    add_lines(t);
    set_connection(t, &t->http->options);
    set_limits(t, &t->http->options);
    set_method(t);
    curl_easy_setopt(t->easy, CURLOPT_URL, t->request.url);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->lines);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    if (t->request.may_go_out) {
        curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, on_connected);
        curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
    }
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->problem);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
}
