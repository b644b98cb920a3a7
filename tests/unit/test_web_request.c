/* The head of a request: what is taken, what is refused with which status, and any bytes at all. */
#include "check.h"
#include "daemon/web/web_request.h"

#include <stdlib.h>

static char method[64], path[WEB_HEAD];
static size_t body_size;

static int parse_n(const char *bytes, size_t length)
{
    struct web_request request = {0};
    char *head = malloc(length + 1); /* exact, so that a sanitizer sees every byte too far */
    int status;

    memcpy(head, bytes, length);
    head[length] = '\0';
    status = web_request_parse(head, length, &request);
    method[0] = path[0] = '\0';
    body_size = request.body_size;
    CHECK(request.body_size <= WEB_BODY); /* whatever becomes of it */
    if (status == 200) {
        (void)snprintf(method, sizeof(method), "%s", request.method);
        (void)snprintf(path, sizeof(path), "%s", request.path);
    }
    free(head);
    return status;
}

static int parse(const char *text)
{
    return parse_n(text, strlen(text));
}

static void test_taken(void)
{
    CHECK_INT(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    CHECK_TEXT(method, "GET");
    CHECK_TEXT(path, "/");
    CHECK_INT(parse("HEAD /-/ready?a=/b?c HTTP/1.1\r\nhOST:\r\nX-1:  y \r\n\r\n"), 200);
    CHECK_TEXT(method, "HEAD");
    CHECK_TEXT(path, "/-/ready");
    CHECK_INT(parse("GET http://127.0.0.1:9464/metrics?x HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    CHECK_TEXT(path, "/metrics");
    CHECK_INT(parse("GET /a%2Fb HTTP/1.0\r\n\r\n"), 200);
    CHECK_TEXT(path, "/a%2Fb");
    CHECK_INT(parse("GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"), 200);
    CHECK_INT(parse("GET / HTTP/1.0\r\nContent-Length: 000 \r\n\r\n"), 200);
    CHECK_INT(body_size, 0);
    CHECK_INT(parse("POST / HTTP/1.0\r\nContent-Length: 04096\r\n\r\n"), 200);
    CHECK_INT(body_size, WEB_BODY);
}

static void test_incomplete(void)
{
    static const char whole[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";

    for (size_t length = 0; length + 1 < sizeof(whole); length++)
        CHECK_INT(parse_n(whole, length), 0);
    CHECK_INT(parse(whole), 200);
}

static void test_refused(void)
{
    static const struct {
        int status;
        const char *text;
    } cases[] = {
        {400, "\x16\x03\x01"},
        {400, " GET / HTTP/1.1\r\n"},
        {400, "\r\nGET / HTTP/1.1\r\n"},
        {400, "GET\r\n\r\n"},
        {400, "GET /\r\n\r\n"},
        {400, "GET  / HTTP/1.0\r\n\r\n"},
        {400, "GET /a b HTTP/1.0\r\n\r\n"},
        {400, "GET /a\tb HTTP/1.0\r\n\r\n"},
        {400, "G(T / HTTP/1.0\r\n\r\n"},
        {400, "GET metrics HTTP/1.0\r\n\r\n"},
        {400, "OPTIONS * HTTP/1.0\r\n\r\n"},
        {400, "GET http://127.0.0.1 HTTP/1.0\r\n\r\n"},
        {400, "GET / http/1.0\r\n\r\n"},
        {400, "GET / HTTP/1.10\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\n\r\n"},
        {505, "GET / HTTP/0.9\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n folded: y\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\nContent-Length: -1\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\nContent-Length:\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\nContent-Length: 0 5\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\nOrigin: http://evil\r\nOrigin: http://x\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\nContent-Length: 0x1\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n"},
        {413, "POST / HTTP/1.0\r\nContent-Length: 4097\r\n\r\n"},
        {413, "GET / HTTP/1.0\r\nContent-Length: 99999999999999999999999\r\n\r\n"},
        {413, "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n"},
    };
    static char lengthy[WEB_HEAD + 1];

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int status = parse(cases[i].text);

        CHECK_INT(status, cases[i].status);
        if (status != cases[i].status)
            fprintf(stderr, "  in: %s\n", cases[i].text);
    }
    CHECK_INT(parse_n("GET /\0 HTTP/1.0\r\n\r\n", 19), 400);
    memset(lengthy, 'a', WEB_HEAD);
    CHECK_INT(parse_n(lengthy, WEB_HEAD - 1), 0);
    CHECK_INT(parse_n(lengthy, WEB_HEAD), 414);
    memcpy(lengthy, "GET / HTTP/1.1\r\n", 16);
    CHECK_INT(parse_n(lengthy, WEB_HEAD), 431);
    (void)snprintf(lengthy, sizeof lengthy,
                   "POST / HTTP/1.0\r\nContent-Length: 4096\r\nX: %04100d\r\n\r\n", 0);
    CHECK_INT(parse(lengthy), 431);
}

/* Pieces of requests put together at random: only known statuses, and (sanitized) no bad access. */
static void test_random(void)
{
    static const char *const pieces[] = {"GET",
                                         "HEAD",
                                         " ",
                                         "/",
                                         "/metrics",
                                         "?",
                                         "HTTP/1.1",
                                         "HTTP/1.0",
                                         "\r\n",
                                         "\r\n\r\n",
                                         "\n",
                                         "\r",
                                         ":",
                                         "Host",
                                         "\t",
                                         "http://",
                                         "Content-Length: 5000\r\n\r\n",
                                         "0",
                                         "5",
                                         "\x7f",
                                         "\xff",
                                         "a",
                                         "GET / HTTP/1.1\r\nHost: a\r\n"};
    int seen[600] = {0};

    srand(1);
    for (int round = 0; round < 200000; round++) {
        char text[1024] = "";
        int status;

        for (int n = rand() % 12; n > 0; n--)
            strcat(text, pieces[(size_t)rand() % (sizeof(pieces) / sizeof(*pieces))]);
        status = parse(text);
        CHECK(status == 0 || status == 200 || status == 400 || status == 413 || status == 505);
        CHECK(status != 200 || path[0] == '/');
        seen[status]++;
    }
    CHECK(seen[0] && seen[200] && seen[400] && seen[413]);
}

int main(void)
{
    test_taken();
    test_incomplete();
    test_refused();
    test_random();
    return check_done();
}
