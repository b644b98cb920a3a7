/* Log lines into pipes nobody reads, full disks, gone readers, terminals and sockets: the writer
 * never stands still, a line is whole or missing, and every missing one is counted. */
#include "base/log.h"
#include "base/log_output.h"
#include "base/str.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES = 20000, HUNG_S = 60 };

/* What the child saw, told to the parent over a pipe. */
struct seen {
    uint64_t dropped;
    bool waits;  /* log_flush: some lines still wait */
    bool blocks; /* standard error itself was left without O_NONBLOCK */
};

static void write_lines(int count)
{
    for (int i = 0; i < count; i++)
        log_info("line", "{s:i, s:s}", "number", i, "text", "and words that take some room");
}

/* Runs what in a process whose standard error is fd; a process that stands still is killed. */
static pid_t start(int fd, void (*what)(int report), int report)
{
    pid_t child = fork();

    if (child)
        return child;
    (void)alarm(HUNG_S);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)unsetenv("JOURNAL_STREAM");
    (void)dup2(fd, STDERR_FILENO);
    what(report);
    _exit(0);
}

static void report_to(int report)
{
    struct seen seen = {.waits = log_flush(),
                        .blocks = !(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK)};

    seen.dropped = log_dropped();
    if (write(report, &seen, sizeof seen) != sizeof seen)
        _exit(9);
}

static void flood(int report)
{
    log_never_wait();
    write_lines(LINES);
    report_to(report);
    log_drain(HUNG_S * 500); /* now somebody reads */
    while (log_flush())
        log_drain(HUNG_S * 500);
}

static void flood_as_another_user(int report)
{
    if (seteuid(65534))
        _exit(8);
    flood(report);
}

static void flood_and_go(int report)
{
    log_never_wait();
    write_lines(LINES);
    report_to(report);
}

static char *read_all(int fd)
{
    struct str text = {0};
    char part[65536];
    ssize_t got;

    while ((got = read(fd, part, sizeof part)) > 0)
        str_add_n(&text, part, (size_t)got);
    return str_take(&text);
}

/* Every line is whole; gives the lines of this program and what one tells of dropped ones. */
static int count_lines(const char *text, json_int_t *told)
{
    int lines = 0, last = -1;

    *told = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
        json_error_t error;
        json_auto_t *line = json_loadb(text, (size_t)(end - text), 0, &error);
        const char *event = json_string_value(json_object_get(line, "event"));
        int number = (int)json_integer_value(json_object_get(line, "number"));

        if (text == end || text[0] == '\r')
            continue;
        CHECK(line && event);
        if (event && !strcmp(event, "log_lines_dropped")) {
            *told += json_integer_value(json_object_get(line, "lines"));
        } else {
            lines++;
            CHECK(number > last);
            last = number;
        }
    }
    CHECK_TEXT(text, ""); /* nothing is cut */
    return lines;
}

static int ended(pid_t child)
{
    int status = -1;

    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Nobody reads until the writer is done; then all that was kept arrives, and the count of the rest.
 */
static void check_unread(int reading, int writing, void (*what)(int))
{
    struct seen seen = {0};
    int report[2];
    json_int_t told = 0;
    pid_t child;
    char *text;

    CHECK(!pipe(report));
    child = start(writing, what, report[1]);
    (void)close(writing);
    (void)close(report[1]);
    CHECK_INT(read(report[0], &seen, sizeof seen), sizeof seen);
    CHECK(seen.waits && seen.blocks && seen.dropped > 0);
    text = read_all(reading);
    CHECK_INT(ended(child), 0);
    CHECK_INT(count_lines(text, &told), LINES - (long long)seen.dropped);
    CHECK_INT(told, (long long)seen.dropped);
    CHECK(strlen(text) > LOG_OUTPUT_ROOM);
    free(text);
    (void)close(reading);
    (void)close(report[0]);
}

static void test_unread(void)
{
    int ends[2];

    CHECK(!pipe(ends));
    check_unread(ends[0], ends[1], flood);
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    check_unread(ends[0], ends[1], flood);
    if (geteuid()) {
        printf("not tested: a pipe of another user's, only root can be another\n");
        return;
    }
    CHECK(!pipe(ends)); /* it may not be opened again */
    check_unread(ends[0], ends[1], flood_as_another_user);
}

/* A terminal that was stopped (Ctrl-S) takes a little and then nothing. */
static void test_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), slave, report[2];
    struct seen seen = {0};
    pid_t child;

    if (master < 0 || grantpt(master) || unlockpt(master) ||
        (slave = open(ptsname(master), O_RDWR | O_NOCTTY)) < 0) {
        printf("not tested: this machine has no terminals\n");
        return;
    }
    CHECK(!pipe(report));
    child = start(slave, flood_and_go, report[1]);
    CHECK_INT(read(report[0], &seen, sizeof seen), sizeof seen);
    CHECK(seen.waits && seen.blocks && seen.dropped > 0);
    CHECK_INT(ended(child), 0);
    (void)close(master);
    (void)close(slave);
    (void)close(report[0]);
    (void)close(report[1]);
}

static uint64_t dropped_by(int fd)
{
    struct seen seen = {0};
    int report[2];
    pid_t child;

    CHECK(!pipe(report));
    child = start(fd, flood_and_go, report[1]);
    CHECK_INT(read(report[0], &seen, sizeof seen), sizeof seen);
    CHECK(!seen.waits && seen.blocks);
    CHECK_INT(ended(child), 0);
    (void)close(report[0]);
    (void)close(report[1]);
    return seen.dropped;
}

static void test_gone(void)
{
    int ends[2], full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);

    CHECK(!pipe(ends));
    (void)close(ends[0]);
    CHECK_INT((long long)dropped_by(ends[1]), LINES);
    CHECK_INT((long long)dropped_by(full), LINES);
    CHECK_INT((long long)dropped_by(null), 0);
    (void)close(ends[1]);
    (void)close(full);
    (void)close(null);
}

/* The disk is full in the middle of a line, and has room again later. */
static void fill(int report)
{
    struct rlimit limit = {100000, RLIM_INFINITY};

    (void)setrlimit(RLIMIT_FSIZE, &limit);
    log_never_wait();
    write_lines(LINES);
    limit.rlim_cur = RLIM_INFINITY;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    log_warning("after", "{s:i}", "number", LINES);
    report_to(report);
}

static void test_full_disk(void)
{
    char path[] = "/tmp/test_log_XXXXXX";
    int file = mkstemp(path), report[2];
    struct seen seen = {0};
    char *text, *cut, *after;

    CHECK(file >= 0 && !pipe(report));
    CHECK_INT(ended(start(file, fill, report[1])), 0);
    CHECK_INT(read(report[0], &seen, sizeof seen), sizeof seen);
    CHECK(seen.dropped > 0 && !seen.waits);
    CHECK(lseek(file, 0, SEEK_SET) == 0);
    text = read_all(file);
    after = strstr(text, "\n{\"event\":\"log_lines_dropped\"");
    CHECK(after != NULL);
    if (after) { /* a line of its own, behind the one that was cut */
        json_int_t told;

        CHECK_INT(count_lines(after + 1, &told), 1);
        CHECK_INT(told, (long long)seen.dropped);
        *after = '\0';
        cut = strrchr(text, '\n');
        CHECK(cut && cut[1] == '{' && cut[strlen(cut) - 1] != '}');
        CHECK_INT(strlen(text), 100000);
        cut[1] = '\0';
        CHECK_INT(count_lines(text, &told), LINES - (long long)seen.dropped);
    }
    free(text);
    (void)close(file);
    (void)unlink(path);
    (void)close(report[0]);
    (void)close(report[1]);
}

/* A verb waits for its reader: not one line is missing. */
static void all(int report)
{
    (void)report;
    write_lines(LINES);
    if (log_dropped())
        _exit(7);
}

static void test_patience(void)
{
    int ends[2];
    json_int_t told;
    pid_t child;
    char *text;

    CHECK(!pipe(ends));
    child = start(ends[1], all, -1);
    (void)close(ends[1]);
    text = read_all(ends[0]);
    CHECK_INT(ended(child), 0);
    CHECK_INT(count_lines(text, &told), LINES);
    CHECK_INT(told, 0);
    free(text);
    (void)close(ends[0]);
}

int main(void)
{
    test_unread();
    test_terminal();
    test_gone();
    test_full_disk();
    test_patience();
    return check_done();
}
