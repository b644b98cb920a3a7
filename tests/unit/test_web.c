/* The server in a child process, asked by the real curl, and by sockets that misbehave. */
#include "aws/loop_watch.h"
#include "base/clock.h"
#include "base/mem.h"
#include "check.h"
#include "daemon/web/web.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char address[256], socket_path[64], addresses[256];
static int port;

/* ---- the child ---- */

static int asked;

static int answer_ready(void *arg, struct web_exchange *exchange)
{
    (void)arg;
    asked++;
    str_addf(&exchange->body, "not ready: first pass is under way (%d)\n", asked);
    return asked > 1 ? 200 : 503;
}

/* Large, so that it does not fit one write; made once, for hundreds ask for it. */
static int answer_metrics(void *arg, struct web_exchange *exchange)
{
    static struct str metrics;

    for (int i = 0, made = metrics.len > 0; i < 20000 && !made; i++)
        str_addf(&metrics, "%s{number=\"%05d\"} 1\n", (const char *)arg, i);
    str_add_n(&exchange->body, metrics.data, metrics.len);
    return 200;
}

static int answer_action(void *arg, struct web_exchange *exchange)
{
    (void)arg;
    if (!exchange->trusted)
        return 401;
    str_addf(&exchange->body, "done %s\n", exchange->query);
    return 202;
}

/* Costs as much as a large page does. */
static int answer_dear(void *arg, struct web_exchange *exchange)
{
    int64_t began = clock_monotonic_ms();

    (void)arg;
    while (clock_monotonic_ms() - began < 10)
        ;
    str_add(&exchange->body, "dear\n");
    return 200;
}

/* Takes its body's text, whole. */
static int answer_body(void *arg, struct web_exchange *exchange)
{
    (void)arg;
    str_addf(&exchange->body, "%zu %.*s\n", exchange->content_size, (int)exchange->content_size,
             exchange->content);
    return 200;
}

static struct web_later *waiting;

static void let_go(void)
{
    struct web_exchange exchange = {.type = "text/plain; charset=utf-8"};

    str_add(&exchange.body, "later\n");
    web_later_answer(waiting, 409, &exchange);
    waiting = NULL;
}

/* Answers when somebody lets it go. */
static int answer_later(void *arg, struct web_exchange *exchange)
{
    (void)arg;
    if (waiting)
        return 429;
    waiting = exchange->later = web_later_new();
    return 0;
}

static int answer_let_go(void *arg, struct web_exchange *exchange)
{
    (void)arg, (void)exchange;
    let_go();
    return 200;
}

static const struct web_route routes[] = {
    {"/-/body", "text/plain; charset=utf-8", answer_body, WEB_POST, true},
    {"/-/later", "text/plain; charset=utf-8", answer_later, WEB_POST, true},
    {"/-/let-go", "text/plain; charset=utf-8", answer_let_go, WEB_POST, false},
    {"/dear", "text/plain; charset=utf-8", answer_dear, WEB_GET, false},
    {"/-/act", "text/plain; charset=utf-8", answer_action, WEB_POST, false},
    {"/-/ready", "text/plain; charset=utf-8", answer_ready, WEB_GET, false},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics, WEB_GET, false},
    {0},
};

static struct web *web;
static uv_signal_t stop_signal;

static struct loop_watch watch;

static void on_stop(uv_signal_t *handle, int number)
{
    (void)number;
    web_stop(web);
    uv_close((uv_handle_t *)handle, NULL);
    if (waiting)
        let_go(); /* for nobody */
    loop_watch_end(&watch);
}

/* Exit status 0 only when the loop could be closed after web_stop. */
static int serve(int out)
{
    static char metric[] = "billingd_test";
    struct err e = {0};
    struct web_setup setup;
    json_auto_t *hosts = json_pack("[s, s]", "x", "billing.example.com");
    uv_loop_t loop;

    (void)uv_loop_init(&loop);
    (void)uv_signal_init(&loop, &stop_signal);
    (void)uv_signal_start(&stop_signal, on_stop, SIGTERM);
    setup = (struct web_setup){.listen = addresses,
                               .routes = routes,
                               .arg = metric,
                               .hosts = hosts,
                               .token = "a-token-that-is-long",
                               .has_time = loop_watch_has_time};
    loop_watch_start(&watch, &loop, NULL, NULL);
    web = web_start(&loop, &setup, &e);
    if (!web) {
        fprintf(stderr, "%s\n", e.text);
        return 9;
    }
    if (write(out, web_address(web), strlen(web_address(web)) + 1) < 0)
        return 8;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop) ? 7 : 0;
}

static pid_t start(void)
{
    int ends[2];
    pid_t child;

    (void)snprintf(socket_path, sizeof socket_path, "/tmp/billingd-test-%d.sock", (int)getpid());
    (void)snprintf(addresses, sizeof addresses, "127.0.0.1:0, unix:%s", socket_path);
    if (pipe(ends))
        abort();
    child = fork();
    if (!child) {
        (void)close(ends[0]);
        exit(serve(ends[1]));
    }
    (void)close(ends[1]);
    CHECK(read(ends[0], address, sizeof(address) - 1) > 0);
    (void)close(ends[0]);
    *strchr(address, ',') = '\0'; /* the socket is tried by its path */
    port = atoi(strrchr(address, ':') + 1);
    return child;
}

/* ---- curl ---- */

static char output[1 << 20];

/* Runs curl with these arguments ($A is the address); its output, status lines and headers first.
 */
static const char *curl(const char *arguments)
{
    char command[1024];
    size_t length;
    FILE *pipe;

    (void)snprintf(command, sizeof(command), "A=http://%s; exec curl -sS -i -m 600 %s 2>&1",
                   address, arguments);
    pipe = popen(command, "r");
    if (!pipe)
        abort();
    length = fread(output, 1, sizeof(output) - 1, pipe);
    output[length] = '\0';
    CHECK_INT(pclose(pipe), 0);
    return output;
}

static int starts(const char *text, const char *with)
{
    int ok = !strncmp(text, with, strlen(with));

    if (!ok)
        fprintf(stderr, "  have: %.200s\n  want: %s\n", text, with);
    return ok;
}

static int ends(const char *text, const char *with)
{
    return strlen(text) >= strlen(with) && !strcmp(text + strlen(text) - strlen(with), with);
}

static void test_paths(void)
{
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
    CHECK(ends(output, "\r\n\r\nbillingd is healthy\n"));
    CHECK(starts(curl("$A/-/ready"), "HTTP/1.1 503 "));
    CHECK(ends(output, "not ready: first pass is under way (1)\n"));
    CHECK(starts(curl("$A/-/ready?verbose"), "HTTP/1.1 200 "));
    CHECK(starts(curl("-I $A/-/healthy"), "HTTP/1.1 200 "));
    CHECK(strstr(output, "Content-Length: 20\r\n") != NULL);
    CHECK(ends(output, "\r\n\r\n"));
    CHECK(starts(curl("$A/"), "HTTP/1.1 404 "));
    CHECK(strstr(output, "/metrics") != NULL);
    CHECK(starts(curl("--path-as-is $A/metrics/../-/ready"), "HTTP/1.1 404 "));
    CHECK(starts(curl("-X PUT $A/metrics"), "HTTP/1.1 405 "));
    CHECK(strstr(output, "Allow: GET, HEAD\r\n") != NULL);
    CHECK(starts(curl("-X DELETE $A/-/healthy"), "HTTP/1.1 405 "));
}

static void test_metrics(void)
{
    const char *body;

    CHECK(starts(curl("$A/metrics"), "HTTP/1.1 200 "));
    CHECK(strstr(output, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != NULL);
    body = strstr(output, "\r\n\r\n");
    CHECK(body && starts(body + 4, "billingd_test{number=\"00000\"} 1\n"));
    CHECK_INT(body ? (long long)strlen(body + 4) : 0, 20000LL * 32);
    CHECK(ends(output, "billingd_test{number=\"19999\"} 1\n"));
}

static void test_bodies(void)
{
    CHECK(starts(curl("-d x=1 $A/-/healthy"), "HTTP/1.1 413 "));
    CHECK(strstr(output, "Connection: close\r\n") != NULL);
    CHECK(starts(curl("-X GET -d x=1 $A/metrics"), "HTTP/1.1 413 "));
    CHECK(starts(curl("-T - -H Expect: $A/metrics < CMakeLists.txt"), "HTTP/1.1 413 "));
    CHECK(starts(curl("-H \"X: $(head -c 20000 /dev/zero | tr '\\0' a)\" $A/-/healthy"),
                 "HTTP/1.1 431 "));
    CHECK(starts(curl("$A/$(head -c 20000 /dev/zero | tr '\\0' a)"), "HTTP/1.1 414 "));
}

/* ---- sockets ---- */

enum { PATIENCE_MS = 60000 }; /* with a busy machine */

static int connect_to(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
        abort();
    return fd;
}

static void say(int fd, const char *text)
{
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static int count(const char *text, const char *what)
{
    int found = 0;

    for (; (text = strstr(text, what)); text++)
        found++;
    return found;
}

/* Everything until the server closes, or has said so often that it is healthy (0: until it closes);
 * -1 when it stays open. */
static int hear(int fd, int answers, char *text, size_t room)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    size_t length = 0;

    text[0] = '\0';
    while (length + 1 < room && (!answers || count(text, "billingd is healthy\n") < answers) &&
           poll(&wait, 1, PATIENCE_MS) == 1) {
        ssize_t got = recv(fd, text + length, room - length - 1, 0);

        if (got <= 0)
            return 0;
        length += (size_t)got;
        text[length] = '\0';
    }
    return -1;
}

/* No answer, although the server went on and served others. */
static bool is_silent(int fd)
{
    char byte;

    return starts(curl("$A/-/healthy"), "HTTP/1.1 200 ") &&
           recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

static void test_garbage(void)
{
    static const char *const requests[] = {
        "garbage\r\n\r\n",
        "GET\r\n\r\n",
        "GET /-/healthy HTTP/9.9\r\nHost: x\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS hello\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\n\r\n", /* no Host */
        "GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    };
    char text[4096];

    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
        int fd = connect_to();

        say(fd, requests[i]);
        (void)shutdown(fd, SHUT_WR);
        CHECK_INT(hear(fd, 0, text, sizeof(text)), 0);
        CHECK(!strstr(text, " 200 "));
        (void)close(fd);
    }
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
}

/* One answer per connection, and the end is told. */
static void test_pipelined(void)
{
    int fd = connect_to();
    char text[4096];

    say(fd, "HEAD /-/healthy HTTP/1.0\r\n\r\nGET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(hear(fd, 0, text, sizeof(text)), 0);
    CHECK(starts(text, "HTTP/1.1 200 OK\r\n"));
    CHECK(ends(text, "Connection: close\r\n\r\n"));
    (void)close(fd);
}

/* Requests that come together are answered one after another, on a connection that stays. */
static void test_kept(void)
{
    int fd = connect_to();
    char text[8192];

    say(fd, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nHEAD /none HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /-/he");
    CHECK_INT(hear(fd, 2, text, sizeof(text)), -1);
    CHECK_INT(count(text, "HTTP/1.1 "), 3);
    CHECK_INT(count(text, "HTTP/1.1 404 "), 1);
    CHECK_INT(count(text, "billingd is healthy\n"), 2);
    CHECK_INT(count(text, "Connection: close"), 0);
    say(fd, "althy HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Close\r\n\r\nGET / HTTP/1.1");
    CHECK_INT(hear(fd, 0, text, sizeof(text)), 0);
    CHECK_INT(count(text, "HTTP/1.1 200 "), 1);
    CHECK_INT(count(text, "Connection: close"), 1);
    (void)close(fd);
}

#define JSON_HEAD "Host: x\r\nBillingd-Action: 1\r\nContent-Type: application/json\r\n"

/* Bodies, where they are taken: whole whatever pieces they come in, and what follows is a request.
 */
static void test_content(void)
{
    char text[8192];
    int fd = connect_to();

    say(fd, "POST /-/body HTTP/1.1\r\n" JSON_HEAD "Content-Length: 8\r\n\r\nGET ");
    CHECK(is_silent(fd));
    say(fd, "/ HTPOST /-/body HTTP/1.1\r\n" JSON_HEAD "Content-Length: 2\r\n\r\n{}"
            "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(hear(fd, 1, text, sizeof(text)), -1);
    CHECK_INT(count(text, "HTTP/1.1 200 "), 3);
    CHECK(strstr(text, "\r\n\r\n8 GET / HT\n") && strstr(text, "\r\n\r\n2 {}\n"));
    (void)close(fd);
    CHECK(starts(curl("-H 'Billingd-Action: 1' -d x=1 $A/-/body"), "HTTP/1.1 415 "));
    CHECK(starts(curl("-H 'Billingd-Action: 1' --json {} $A/-/act"), "HTTP/1.1 413 "));
    CHECK(starts(curl("-X PUT -H 'Billingd-Action: 1' --json {} $A/-/body"), "HTTP/1.1 405 "));
    CHECK(strstr(output, "\r\nAllow: POST\r\n") != NULL);
    CHECK(starts(curl("--json {} $A/-/body"), "HTTP/1.1 403 "));
    CHECK(starts(curl("-H 'Billingd-Action: 1' -H 'Expect: 100-continue' --json {} $A/-/body"),
                 "HTTP/1.1 417 "));
    CHECK(starts(curl("-H 'Billingd-Action: 1' -X POST $A/-/body"), "HTTP/1.1 200 "));
    CHECK(ends(output, "\r\n\r\n0 \n"));
    /* What is refused is read to its end all the same, into no more room than there is. */
    CHECK(starts(curl("-H 'Billingd-Action: 1' -H 'Content-Type: application/json' -H Expect: "
                      "-d \"$(head -c 90000 /dev/zero | tr '\\0' a)\" $A/-/body"),
                 "HTTP/1.1 413 "));
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
}

/* An answer that is not known yet keeps nobody waiting, and may come when its client has gone. */
static void test_later(void)
{
    char text[4096];
    int fd = connect_to();

    say(fd, "POST /-/later HTTP/1.1\r\n" JSON_HEAD "Content-Length: 1\r\n\r\n1"
            "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(is_silent(fd));
    CHECK(starts(curl("-H 'Billingd-Action: 1' --json 1 $A/-/later"), "HTTP/1.1 429 "));
    CHECK(is_silent(fd));
    CHECK(starts(curl("-H 'Billingd-Action: 1' -X POST $A/-/let-go"), "HTTP/1.1 200 "));
    CHECK_INT(hear(fd, 1, text, sizeof(text)), -1);
    CHECK(starts(text, "HTTP/1.1 409 ") && strstr(text, "\r\n\r\nlater\nHTTP/1.1 200 "));
    say(fd, "POST /-/later HTTP/1.1\r\n" JSON_HEAD "Content-Length: 1\r\n\r\n1");
    CHECK(is_silent(fd));
    (void)close(fd);
    CHECK(starts(curl("-H 'Billingd-Action: 1' -X POST $A/-/let-go"), "HTTP/1.1 200 "));
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
}

/* Names that a page of another site could have been given. */
static void test_hosts(void)
{
    CHECK(starts(curl("-H 'Host: billing.example.com:9' $A/-/healthy"), "HTTP/1.1 200 "));
    CHECK(starts(curl("-H 'Host: LOCALHOST' $A/-/healthy"), "HTTP/1.1 200 "));
    CHECK(starts(curl("-H 'Host: [::1]:80' $A/-/healthy"), "HTTP/1.1 200 "));
    CHECK(starts(curl("-H 'Host: 203.0.113.9' $A/-/healthy"), "HTTP/1.1 200 "));
    CHECK(starts(curl("-0 -H Host: $A/-/healthy"), "HTTP/1.1 200 "));
    CHECK(starts(curl("-H 'Host: evil.example' $A/-/healthy"), "HTTP/1.1 421 "));
    CHECK(strstr(output, "web.hosts") != NULL);
    CHECK(starts(curl("-H 'Host: 127.0.0.1.evil.example' $A/-/healthy"), "HTTP/1.1 421 "));
    CHECK(starts(curl("-H 'Host: [::1].evil.example' $A/-/healthy"), "HTTP/1.1 421 "));
    CHECK(starts(curl("-H 'Host;' $A/-/healthy"), "HTTP/1.1 421 "));
    CHECK(starts(curl("--request-target http://evil.example/-/healthy $A"), "HTTP/1.1 421 "));
    CHECK(starts(curl("-H 'Host: x' -H 'Host : y' $A/-/healthy"), "HTTP/1.1 400 "));
}

static void test_actions(void)
{
#define TOKEN "a-token-that-is-long"
    CHECK(starts(curl("$A/-/act"), "HTTP/1.1 405 "));
    CHECK(strstr(output, "Allow: POST\r\n") != NULL);
    CHECK(starts(curl("-X POST $A/-/act"), "HTTP/1.1 403 "));
    CHECK(starts(curl("-X POST -H 'Billingd-Action: 1' $A/-/act"), "HTTP/1.1 401 "));
    CHECK(strstr(output, "WWW-Authenticate: Basic ") != NULL);
    CHECK(starts(curl("-X POST -H 'Billingd-Action: 1' -u a:" TOKEN " \"$A/-/act?x=1\""),
                 "HTTP/1.1 202 "));
    CHECK(ends(output, "done x=1\n"));
    CHECK(starts(
        curl("-X POST -H 'Billingd-Action: 1' -H 'Authorization: Bearer " TOKEN "' $A/-/act"),
        "HTTP/1.1 202 "));
    CHECK(
        starts(curl("-X POST -H 'Billingd-Action: 1' -u a:" TOKEN "r $A/-/act"), "HTTP/1.1 401 "));
    CHECK(starts(curl("-X POST -H 'Billingd-Action: 1' -H 'Authorization: Bearer' $A/-/act"),
                 "HTTP/1.1 401 "));
    CHECK(starts(curl("-X POST -H 'Billingd-Action: 1' -H 'Origin: http://evil.example' -u a:" TOKEN
                      " $A/-/act"),
                 "HTTP/1.1 403 "));
}

static void make_socket(const char *path, bool listens)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)unlink(path);
    strcpy(at.sun_path, path);
    CHECK_INT(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    if (listens)
        CHECK_INT(listen(fd, 1), 0);
    else
        (void)close(fd);
}

static void check_address(const char *listen, enum err_kind kind, const char *text);

/* Who comes that way is trusted; the file is made, replaced and removed only when it is ours. */
static void test_socket(void)
{
    char command[256], path[96], listen_to[128];
    struct stat found;

    (void)snprintf(command, sizeof command,
                   "--unix-socket %s -X POST -H 'Billingd-Action: 1' http://evil.example/-/act",
                   socket_path);
    CHECK(starts(curl(command), "HTTP/1.1 202 "));
    CHECK(!stat(socket_path, &found) && (found.st_mode & 0777) == 0660);
    (void)snprintf(path, sizeof path, "%s.other", socket_path);
    (void)snprintf(listen_to, sizeof listen_to, "unix:%s", path);
    make_socket(path, false);
    check_address(listen_to, ERR_NONE, "unix:/"); /* left behind by who is gone */
    CHECK(lstat(path, &found) != 0);
    make_socket(path, true);
    check_address(listen_to, ERR_RETRY, "is billingd running already?");
    CHECK(!lstat(path, &found));
    (void)unlink(path);
    CHECK_INT(symlink("/nowhere", path), 0);
    check_address(listen_to, ERR_RETRY, "is billingd running already?");
    CHECK(!lstat(path, &found) && S_ISLNK(found.st_mode));
    (void)unlink(path);
    check_address("unix:http.sock", ERR_INVALID, "must be absolute");
    check_address("unix:/nowhere/at/all/http.sock", ERR_INVALID, "No such file");
    check_address("127.0.0.1:0, [::1", ERR_INVALID, "not an address with a port");
    check_address("127.0.0.1:0,127.0.0.1:0", ERR_NONE, "127.0.0.1:");
}

/* A request in pieces, from a client that then closes its half. */
static void test_pieces(void)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = connect_to();

    for (size_t i = 0; i + 1 < sizeof(request); i++) {
        CHECK(send(fd, request + i, 1, MSG_NOSIGNAL) == 1);
        (void)usleep(500);
    }
    (void)shutdown(fd, SHUT_WR);
    CHECK_INT(hear(fd, 0, output, sizeof(output)), 0);
    CHECK(ends(output, "billingd_test{number=\"19999\"} 1\n"));
    (void)close(fd);
}

/* Useless clients, some silent, some dripping bytes, some that do not read: all are dropped in
 * time.
 */
static void test_slow(void)
{
    enum { SLOW = WEB_CONNECTIONS - 8 };
    int fds[SLOW];
    char text[256];
    pid_t dripper;

    for (int i = 0; i < SLOW; i++) {
        fds[i] = connect_to();
        say(fds[i], i % 3 == 0   ? ""
                    : i % 3 == 1 ? "GET /-/heal"
                                 : "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    dripper = fork();
    if (!dripper) {
        for (int i = 0;; i++) {
            say(fds[1 + i % 3 * 3], "a");
            (void)usleep(100000);
        }
    }
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
    CHECK_INT(hear(fds[0], 0, text, sizeof(text)), 0);
    CHECK_TEXT(text, "");
    CHECK_INT(hear(fds[4], 0, text, sizeof(text)), 0);
    CHECK(starts(text, "HTTP/1.1 408 "));
    (void)kill(dripper, SIGKILL);
    (void)waitpid(dripper, NULL, 0);
    for (int i = 0; i < SLOW; i++)
        (void)close(fds[i]);
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
}

/* Whoever asks for much that is dear has it in turns, and nobody's health check stands behind it.
 */
static void test_turns(void)
{
    enum { MANY = 100 };
    struct pollfd ready[2] = {{.events = POLLIN}, {.events = POLLIN}};
    int fds[MANY];

    for (int i = 0; i < MANY; i++)
        fds[i] = connect_to();
    for (int i = 0; i < MANY; i++)
        say(fds[i], "GET /dear HTTP/1.1\r\nHost: x\r\n\r\n");
    ready[0].fd = fds[MANY - 1];
    ready[1].fd = connect_to();
    say(ready[1].fd, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(poll(ready, 2, 20000) > 0);
    CHECK(ready[1].revents & POLLIN);
    for (int i = 0; i < MANY; i++) { /* and everybody is served */
        struct pollfd one = {.fd = fds[i], .events = POLLIN};

        CHECK_INT(poll(&one, 1, 20000), 1);
        (void)close(fds[i]);
    }
    (void)close(ready[1].fd);
}

/* 200 requests at once. */
static void test_many(void)
{
    const char *at;
    int answers = 0;

    (void)curl("-Z --parallel-immediate --parallel-max 200 -f \"$A/-/healthy?[1-200]\"");
    for (at = output; (at = strstr(at, "billingd is healthy\n")); at++)
        answers++;
    CHECK_INT(answers, 200);
}

/* Clients that ask for much and go away without reading. */
static void test_rude(void)
{
    for (int i = 0; i < 100; i++) {
        struct linger reset = {1, 0};
        int fd = connect_to();

        say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        (void)close(fd);
    }
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
}

/* ---- clients that hold on ---- */

enum { HOLDERS = 2 * WEB_CONNECTIONS };

/* A number of /proc/PID/status ("VmRSS:", kilobytes), or its descriptors for NULL. */
static long look_at(pid_t pid, const char *name)
{
    char path[64], line[256];
    FILE *file;
    long value = 0;

    (void)snprintf(path, sizeof path, name ? "/proc/%d/status" : "/proc/%d/fd", (int)pid);
    if (!name) {
        DIR *folder = opendir(path);

        while (folder && readdir(folder))
            value++;
        if (folder)
            (void)closedir(folder);
        return value;
    }
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, name, strlen(name)))
            value = atol(line + strlen(name));
    if (file)
        (void)fclose(file);
    return value;
}

static bool is_open(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* Opens all of them with these words, and asks; returns how many of the last that there is room for
 * are open then, or -1 when it took so long that they may have been timed out. */
static int held_open(const char *words, int fds[static HOLDERS])
{
    int64_t began = 0;
    int still_open = 0;

    for (int i = 0; i < HOLDERS; i++) {
        if (i == HOLDERS - WEB_CONNECTIONS)
            began = clock_monotonic_ms();
        fds[i] = connect_to();
        say(fds[i], words);
    }
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
    for (int i = HOLDERS - WEB_CONNECTIONS; i < HOLDERS; i++)
        still_open += is_open(fds[i]);
    /* The server's timers count from the beginning of the round that accepted. */
    return clock_monotonic_ms() - began < WEB_TIMEOUT_S * 750 ? still_open : -1;
}

#ifdef __SANITIZE_ADDRESS__ /* one round may be longer than who waits is given: not judged */
enum { MOST_TRIES = 1 };
#else
enum { MOST_TRIES = 20 };
#endif

/* Who says a byte and waits does not keep others out: they are answered while those are still
 * there, and not because those were timed out. */
static void hold_and_ask(const char *words)
{
    static int fds[HOLDERS];
    int still_open = -1;

    for (int tries = 0; still_open < 0 && tries < MOST_TRIES; tries++) {
        still_open = held_open(words, fds);
        CHECK(starts(curl("$A/metrics"), "HTTP/1.1 200 "));
        CHECK(starts(curl("$A/-/ready"), "HTTP/1.1 200 "));
        for (int i = 0; i < HOLDERS; i++)
            (void)close(fds[i]);
    }
#ifndef __SANITIZE_ADDRESS__
    if (still_open < 0)
        (void)printf("the machine is too busy to tell who was kept out\n");
    else
        CHECK(still_open >= WEB_CONNECTIONS - 1);
#endif
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
}

static void await_descriptors(pid_t child, long wanted)
{
    for (int i = 0; i < 30000 && look_at(child, NULL) > wanted; i++)
        (void)usleep(10000);
    CHECK_INT(look_at(child, NULL), wanted);
}

/* What is kept for each of them would grow with every round; where the heap's pieces lie does not.
 */
static void test_holders(pid_t child, long descriptors)
{
    static const char *const words[] = {"G", "", "GET /-/heal"};
    long memory = 0, before = 0;
    unsigned grown = 0;

    for (int round = 0; round < 6 && (round < 2 || grown == (unsigned)round); round++) {
        hold_and_ask(words[round % 3]);
        await_descriptors(child, descriptors);
        memory = look_at(child, "VmRSS:");
        CHECK(memory > 0);
        grown += memory > before + 64;
        before = memory;
    }
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed for a while */
    CHECK(grown < 6);
#endif
}

/* Who asks for much and does not read gives way as well. */
static void test_not_reading(pid_t child, long descriptors)
{
    enum { MANY = 3 * WEB_CONNECTIONS };
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    int fds[MANY], small = 1024;

    for (int i = 0; i < MANY; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        (void)setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        if (connect(fds[i], (struct sockaddr *)&to, sizeof to))
            abort();
        say(fds[i], request);
    }
    CHECK(starts(curl("$A/-/healthy"), "HTTP/1.1 200 "));
    for (int i = 0; i < MANY; i++)
        (void)close(fds[i]);
    await_descriptors(child, descriptors);
}

static void check_address(const char *listen, enum err_kind kind, const char *text)
{
    struct err e = {0};
    uv_loop_t loop;
    struct web *started;

    (void)uv_loop_init(&loop);
    started = web_start(&loop, &(struct web_setup){.listen = listen, .routes = routes}, &e);
    CHECK((started == NULL) == (kind != ERR_NONE));
    CHECK_INT(e.kind, kind);
    if (started) {
        CHECK(starts(web_address(started), text));
        web_stop(started);
    } else if (!strstr(e.text, text)) {
        CHECK_TEXT(e.text, text);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool bound = fd >= 0 && !bind(fd, (struct sockaddr *)&to, sizeof(to));

    if (fd >= 0)
        (void)close(fd);
    return bound;
}

static void test_addresses(void)
{
    check_address("127.0.0.1:0", ERR_NONE, "127.0.0.1:");
    check_address("localhost:0", ERR_NONE, "127.0.0.1:");
    if (has_ipv6())
        check_address("[::1]:0", ERR_NONE, "[::1]:");
    else
        printf("not tested: [::1], this machine has no IPv6\n");
    check_address("0.0.0.0:0", ERR_NONE, "0.0.0.0:");
    check_address(address, ERR_RETRY, "is billingd running already?");
    check_address("203.0.113.1:0", ERR_INVALID, "cannot listen on 203.0.113.1:0");
    check_address("", ERR_INVALID, "not an address with a port");
    check_address("9464", ERR_INVALID, "not an address with a port");
    check_address(":9464", ERR_INVALID, "not an address with a port");
    check_address("::1:9464", ERR_INVALID, "not an address with a port");
    check_address("[::1:9464", ERR_INVALID, "not an address with a port");
    check_address("[:9464", ERR_INVALID, "not an address with a port");
    check_address("127.0.0.1:", ERR_INVALID, "the port must be 0 to 65535");
    check_address("127.0.0.1:65536", ERR_INVALID, "the port must be 0 to 65535");
    check_address("127.0.0.1:http", ERR_INVALID, "the port must be 0 to 65535");
    check_address("example.com:80", ERR_INVALID, "example.com is not an IP address");
    web_stop(NULL);
}

int main(void)
{
    int status = -1, open_fd;
    pid_t child;
    long descriptors; /* of the server when nobody is connected */
    struct rlimit files = {4096, 4096};

    (void)setrlimit(RLIMIT_NOFILE, &files); /* for so many clients */
    child = start();
    descriptors = look_at(child, NULL);

    test_paths();
    test_metrics();
    test_bodies();
    test_garbage();
    test_pipelined();
    test_kept();
    test_content();
    test_later();
    test_hosts();
    test_actions();
    test_socket();
    test_pieces();
    test_many();
    test_turns();
    test_rude();
    test_addresses();
    test_slow();
    test_holders(child, descriptors);
    test_not_reading(child, descriptors);
    open_fd = connect_to(); /* neither must an answer that is waited for */
    say(open_fd, "POST /-/later HTTP/1.1\r\n" JSON_HEAD "Content-Length: 1\r\n\r\n1");
    open_fd = connect_to(); /* a connection in the middle of a request must not hold up the stop */
    say(open_fd, "GET /metrics HTTP/1.1\r\n");
    CHECK(kill(child, SIGTERM) == 0);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(access(socket_path, F_OK) != 0);
    return check_done();
}
