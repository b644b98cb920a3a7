/* The transport against a server that does what servers should not. */
#include "aws/http.h"
#include "check.h"
#include "server.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { MOST = 1200 };

struct result {
    int calls;
    enum http_failure failure;
    int status;
    size_t length;
    char body[64];
    char header[64];
    char problem[128];
};

struct fixture {
    uv_loop_t loop;
    struct server server;
    struct http *http;
    int left; /* replies until everything is shut down */
    struct result results[MOST];
    struct http_transfer *transfers[MOST];
};

static struct fixture f;

static void shut_down(void)
{
    http_free(f.http);
    f.http = NULL;
    server_stop(&f.server);
}

static void on_done(void *arg, const struct http_reply *reply)
{
    struct result *r = arg;

    r->calls++;
    r->failure = reply->failure;
    snprintf(r->problem, sizeof r->problem, "%s", reply->problem);
    if (reply->failure == HTTP_OK) {
        const char *header = NULL;

        for (size_t i = 0; i < reply->raw.header_count; i++)
            if (strcmp(reply->raw.headers[i].name, "X-Test") == 0)
                header = reply->raw.headers[i].value;
        r->status = reply->raw.status;
        r->length = reply->raw.body_length;
        snprintf(r->body, sizeof r->body, "%s", reply->raw.body);
        snprintf(r->header, sizeof r->header, "%s", header ? header : "(none)");
    }
    if (--f.left == 0)
        shut_down();
}

static struct http_options quick(void)
{
    struct http_options options = http_defaults;

    options.total_timeout_ms = 5000; /* generous: no test may depend on a fast machine */
    options.connect_timeout_ms = 5000;
    return options;
}

static void begin(const struct http_options *options, const struct server_reply *script,
                  size_t length)
{
    struct err e = {0};

    server_fini(&f.server);
    memset(&f, 0, sizeof f);
    CHECK_INT(uv_loop_init(&f.loop), 0);
    server_start(&f.server, &f.loop, script, length);
    f.http = http_new(&f.loop, options, &e);
    CHECK(f.http != NULL);
}

static void send_one(const char *method, const char *url, const char *body)
{
    static struct aws_header headers[] = {{"X-One", "1"}, {"X-Empty", ""}};
    struct http_request request = {.method = method,
                                   .url = url,
                                   .headers = headers,
                                   .header_count = 2,
                                   .body = body,
                                   .body_length = body ? strlen(body) : 0};

    f.transfers[f.left] = http_send(f.http, &request, on_done, &f.results[f.left]);
    f.left++;
}

static void end(void)
{
    (void)uv_run(&f.loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&f.loop), 0);
    CHECK_INT(f.server.open, 0);
}

#define REPLY(text)                                                                                \
    {                                                                                              \
        .bytes = text                                                                              \
    }
#define RUN(options, script) begin(options, script, sizeof script / sizeof *script)

static void test_methods(void)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "PUT"};
    static const struct server_reply script[] = {
        REPLY("HTTP/1.1 200 OK\r\nX-Test:  a b \r\nContent-Length: 2\r\n\r\nhi"),
        REPLY("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"),
        REPLY("HTTP/1.1 204 No Content\r\n\r\n"),
    };
    struct http_options options = quick();
    char url[128];

    options.per_host = 1; /* in order, on one connection */
    RUN(&options, script);
    snprintf(url, sizeof url, "%s/a/../%%2F//b?x=%%20", f.server.url);
    for (size_t i = 0; i < 7; i++)
        send_one(methods[i], url, i == 6 ? "body" : NULL);
    end();
    CHECK_INT(f.server.connections, 1);
    CHECK_INT(f.server.most, 1);
    CHECK_INT(f.results[0].status, 200);
    CHECK_TEXT(f.results[0].body, "hi");
    CHECK_TEXT(f.results[0].header, "a b");
    CHECK_INT(f.results[1].status, 404);
    CHECK_TEXT(f.results[1].body, "");
    CHECK_INT(f.results[6].status, 204);
    CHECK_INT(f.server.request_count, 7);
}

static void test_bytes_sent(void)
{
    static const struct server_reply script[] = {REPLY("HTTP/1.1 204 No Content\r\n\r\n")};
    struct http_options options = quick();
    char url[128], want[512];

    options.per_host = 1;
    RUN(&options, script);
    snprintf(url, sizeof url, "%s/a/../%%2F//b?x=%%20", f.server.url);
    send_one("PUT", url, NULL);
    send_one("PATCH", url, "{}");
    end();
    snprintf(want, sizeof want,
             "PUT /a/../%%2F//b?x=%%20 HTTP/1.1\r\nHost: %s\r\nUser-Agent: billingd\r\n"
             "Accept: */*\r\nX-One: 1\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
             f.server.host);
    CHECK_TEXT(f.server.requests[0], want);
    snprintf(want, sizeof want,
             "PATCH /a/../%%2F//b?x=%%20 HTTP/1.1\r\nHost: %s\r\nUser-Agent: billingd\r\n"
             "Accept: */*\r\nX-One: 1\r\nX-Empty:\r\nContent-Length: 2\r\n\r\n{}",
             f.server.host);
    CHECK_TEXT(f.server.requests[1], want);
}

static void test_redirect_is_a_reply(void)
{
    static const struct server_reply script[] = {
        REPLY("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nX-Test: y\r\n"
              "Content-Length: 0\r\n\r\n")};
    struct http_options options = quick();

    RUN(&options, script);
    send_one("GET", f.server.url, NULL);
    end();
    CHECK_INT(f.results[0].failure, HTTP_OK);
    CHECK_INT(f.results[0].status, 301);
    CHECK_TEXT(f.results[0].header, "y");
}

/* One fault per run: what must come of it. */
static void check_fault(const struct server_reply *reply, enum http_failure want)
{
    struct http_options options = quick();

    options.total_timeout_ms = want == HTTP_TIMEOUT ? 100 : 5000;
    options.body_limit = 100000;
    options.header_limit = 40;
    begin(&options, reply, 1);
    send_one("POST", f.server.url, "{}");
    end();
    CHECK_INT(f.results[0].calls, 1);
    CHECK_INT(f.results[0].failure, want);
    CHECK((f.results[0].problem[0] != '\0') == (want != HTTP_OK));
    if (f.results[0].failure != want)
        fprintf(stderr, "  after: %s: %s\n", reply->bytes, f.results[0].problem);
}

static void test_faults(void)
{
    static const struct {
        struct server_reply reply;
        enum http_failure want;
    } faults[] = {
        {{.bytes = NULL}, HTTP_TIMEOUT},
        {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", .delay_ms = 20}, HTTP_OK},
        {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"}, HTTP_TIMEOUT},
        {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", .close = true},
         HTTP_CONNECTION},
        {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", .reset = true},
         HTTP_CONNECTION},
        {{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", .close = true},
         HTTP_CONNECTION},
        {{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhel", .close = true},
         HTTP_CONNECTION},
        {{.bytes = "", .close = true}, HTTP_CONNECTION},
        {{.bytes = "", .reset = true}, HTTP_CONNECTION},
        {{.bytes = "\x16\x03garbage\r\n\r\n", .close = true}, HTTP_CONNECTION},
        {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", .filler = 200000},
         HTTP_TOO_LARGE},
        {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", .filler = 100000}, HTTP_OK},
        {{.bytes = "HTTP/1.1 200 OK\r\nX: ", .filler = 200000}, HTTP_CONNECTION},
        {{.bytes = "HTTP/1.1 200 OK\r\nX-Long: 3456789012345678901234567890123456789\r\n\r\n"},
         HTTP_TOO_LARGE},
    };

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        check_fault(&faults[i].reply, faults[i].want);
}

/* As many at once as there is room for the largest that each may be. */
static void check_room(size_t in_flight, unsigned most)
{
    static const struct server_reply script[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", .filler = 500, .delay_ms = 5}};
    struct http_options options = quick();

    options.body_limit = 600;
    options.in_flight = in_flight;
    RUN(&options, script);
    for (int i = 0; i < 6; i++)
        send_one("GET", f.server.url, NULL);
    end();
    for (int i = 0; i < 6; i++)
        CHECK_INT(f.results[i].length, 500);
    CHECK_INT(f.server.most, most);
}

static void test_room(void)
{
    check_room(1, 1); /* one is never kept waiting for ever */
    check_room(1199, 1);
    check_room(1200, 2);
    check_room(1 << 20, 6);
}

static void send_again(const char *url)
{
    struct http_request request = {.method = "GET", .url = url, .again = true};

    f.transfers[f.left] = http_send(f.http, &request, on_done, &f.results[f.left]);
    f.left++;
}

/* What may be asked again begins with little room: all go at once where replies are small, and
 * where they are not, each is asked again once there is room for all that it may have. */
static void test_usual_room(void)
{
    static const struct server_reply small[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n", .filler = 90, .delay_ms = 5}};
    static const struct server_reply large[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", .filler = 500, .delay_ms = 5}};
    struct http_options options = quick();

    options.body_limit = 600;
    options.usual = 100;
    options.in_flight = 600;
    for (int round = 0; round < 2; round++) {
        begin(&options, round ? large : small, 1);
        for (int i = 0; i < 6; i++)
            send_again(f.server.url);
        end();
        for (int i = 0; i < 6; i++)
            CHECK_INT(f.results[i].length, round ? 500 : 90);
        CHECK_INT(f.server.most, 6);
        CHECK(round ? f.server.request_count > 6 : f.server.request_count == 6);
    }
}

static void test_unreachable(void)
{
    static const struct server_reply script[] = {REPLY("HTTP/1.1 204 No Content\r\n\r\n")};
    static const struct {
        const char *url;
        enum http_failure want;
    } rows[] = {
        {"http://127.0.0.1:1/", HTTP_CONNECTION},
        {"https://127.0.0.1:1/", HTTP_CONNECTION},
        {"ftp://127.0.0.1/", HTTP_CONNECTION},
        {"http://", HTTP_REFUSED},
    };
    struct http_options options = quick();

    RUN(&options, script);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        send_one("GET", rows[i].url, NULL);
    end();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_INT(f.results[i].failure, rows[i].want);
}

/* https is never answered in the clear. */
static void test_no_tls_there(void)
{
    static const struct server_reply script[] = {REPLY("HTTP/1.1 204 No Content\r\n\r\n")};
    struct http_options options = quick();
    char url[64];

    options.total_timeout_ms = 100;
    RUN(&options, script);
    snprintf(url, sizeof url, "https://%s/", f.server.host);
    send_one("GET", url, NULL);
    end();
    CHECK(f.results[0].failure != HTTP_OK);
    CHECK_INT(f.server.request_count, 0);
}

/* Waiting must not eat the time of a transfer: 40 replies of 50 ms each, 2 at a time, 200 ms each.
 */
static void test_queue(void)
{
    static const struct server_reply script[] = {
        {.bytes = "HTTP/1.1 204 No Content\r\n\r\n", .delay_ms = 60}};
    struct http_options options = quick();

    options.per_host = 2;
    options.total_timeout_ms = 1000;
    RUN(&options, script);
    for (int i = 0; i < 40; i++)
        send_one("GET", f.server.url, NULL);
    end();
    for (int i = 0; i < 40; i++)
        CHECK_INT(f.results[i].failure, HTTP_OK);
    CHECK_INT(f.server.most, 2);
    CHECK_INT(f.server.connections, 2);
}

/* A kept connection that the server has closed since: the next request gets a new one. */
static void test_stale_connection(void)
{
    static const struct server_reply script[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .close = true}};
    struct http_options options = quick();

    options.per_host = 1;
    RUN(&options, script);
    for (int i = 0; i < 20; i++)
        send_one("GET", f.server.url, NULL);
    end();
    for (int i = 0; i < 20; i++)
        CHECK_INT(f.results[i].failure, HTTP_OK);
    CHECK(f.server.connections >= 20);
}

static void cancel_rest(void *arg, const struct http_reply *reply)
{
    (void)arg;
    CHECK_INT(reply->failure, HTTP_OK);
    for (int i = 1; i < 30; i++)
        http_cancel(f.transfers[i]);
    shut_down();
}

static void free_inside(void *arg, const struct http_reply *reply)
{
    (void)arg;
    CHECK_INT(reply->failure, HTTP_OK);
    shut_down();
}

/* From inside the first completion: all others are running or waiting. */
static void check_cancel(http_done_fn *first)
{
    static const struct server_reply script[] = {
        {.bytes = "HTTP/1.1 204 No Content\r\n\r\n", .delay_ms = 1}, {.bytes = NULL}};
    struct http_options options = quick();
    struct http_request request = {.method = "GET"};

    RUN(&options, script);
    request.url = f.server.url;
    f.transfers[0] = http_send(f.http, &request, first, NULL);
    f.left = 1;
    for (int i = 1; i < 30; i++)
        send_one("GET", f.server.url, NULL);
    end();
    for (int i = 0; i < 30; i++)
        CHECK_INT(f.results[i].calls, 0);
}

static void test_free_before_anything(void)
{
    static const struct server_reply script[] = {{.bytes = NULL}};
    struct http_options options = quick();

    RUN(&options, script);
    send_one("GET", f.server.url, NULL);
    shut_down();
    end();
    CHECK_INT(f.results[0].calls, 0);
    http_free(NULL);
    http_cancel(NULL);
}

static long peak_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Memory after 1000 more requests is what it was after the first 200 (not under a sanitizer, which
 * keeps freed memory back). */
static void test_memory(void)
{
    static const struct server_reply script[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", .filler = 4000}};
    struct http_options options = quick();
    long early = 0;

    for (int round = 0; round < 6; round++) {
        RUN(&options, script);
        for (int i = 0; i < 200; i++)
            send_one("POST", f.server.url, "{}");
        end();
        CHECK(f.server.connections <= 16);
        CHECK_INT(f.results[199].length, 4000);
        if (round == 0)
            early = peak_kib();
    }
    printf("peak %ld KiB, %ld KiB after the first 200\n", peak_kib(), early);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
    CHECK(peak_kib() - early < 512);
    CHECK(peak_kib() < 24 * 1024);
#endif
}

/* A request as curl writes it to a proxy names the whole URL. */
static bool asked(size_t i, const char *line)
{
    return f.server.requests[i] && strncmp(f.server.requests[i], line, strlen(line)) == 0;
}

/* The server plays the proxy: of a host that does not exist, for plain HTTP, never for what is
 * direct or for this machine. */
static void test_proxy(void)
{
    static const struct server_reply script[] = {
        REPLY("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")};
    struct http_options options = quick();
    const struct http_request direct = {
        .method = "GET", .url = "http://127.0.0.1:1/direct", .direct = true};

    for (int i = 0; i < 2; i++) {
        RUN(&options, script);
        setenv(i ? "http_proxy" : "HTTP_PROXY", f.server.url, 1);
        send_one("GET", "http://nowhere.invalid/far", NULL);
        f.left++;
        (void)http_send(f.http, &direct, on_done, &f.results[1]);
        end();
        CHECK_INT(f.results[0].status, 200);
        CHECK(asked(0, "GET http://nowhere.invalid/far HTTP/1.1\r\n"));
        CHECK_INT(f.results[1].failure, HTTP_CONNECTION);
        CHECK_INT(f.server.request_count, 1);
        unsetenv("http_proxy");
        unsetenv("HTTP_PROXY");
    }
    RUN(&options, script);
    setenv("HTTP_PROXY", f.server.url, 1);
    setenv("NO_PROXY", "nowhere.invalid", 1);
    send_one("GET", "http://nowhere.invalid/far", NULL);
    end();
    CHECK_INT(f.results[0].failure, HTTP_CONNECTION);
    CHECK_INT(f.server.request_count, 0);
    unsetenv("NO_PROXY");

    RUN(&options, script);
    setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
    send_one("GET", f.server.url, NULL);
    end();
    CHECK(asked(0, "GET / HTTP/1.1\r\n"));
    unsetenv("HTTP_PROXY");
}

int main(void)
{
    for (const char *const *name =
             (const char *const[]){"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                   "ALL_PROXY", "HTTP_PROXY", "no_proxy", "NO_PROXY", NULL};
         *name; name++)
        unsetenv(*name);
    test_memory();
    test_methods();
    test_bytes_sent();
    test_redirect_is_a_reply();
    test_room();
    test_usual_room();
    test_faults();
    test_unreachable();
    test_no_tls_there();
    test_queue();
    test_stale_connection();
    test_proxy();
    check_cancel(cancel_rest);
    check_cancel(free_inside);
    test_free_before_anything();
    server_fini(&f.server);
    return check_done();
}
