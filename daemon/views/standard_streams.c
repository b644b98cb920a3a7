#include "daemon/views/standard_streams.h"

#include "base/log_journal.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/secret/secret.h"
#include "daemon/views/exit_code.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the C library's stream writes to: a descriptor, by way of what makes bytes printable. */
struct stream {
    int descriptor;
    bool exact;    /* the bytes are data */
    bool journal;  /* each line begins with its <priority> */
    bool given_up; /* nobody read it when the program was told to stop */
    bool within;   /* a line: its end was not written yet */
    int priority;  /* of that line, or of the one before */
    struct printable printable;
};

static struct stream output = {.descriptor = STDOUT_FILENO};
static struct stream errors = {.descriptor = STDERR_FILENO};

/* A pipe that poll(2) calls writable takes so much without waiting. */
enum { AT_ONCE_BYTES = 4096 };

static volatile sig_atomic_t stopped; /* by this signal, while waiting */

static void on_stop(int number)
{
    stopped = number;
}

/* Whether the program handles a signal, so that it is not ended by it anyway. */
static bool is_handled(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) ||
           (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

static bool takes_more(const struct stream *stream)
{
    return poll(&(struct pollfd){.fd = stream->descriptor, .events = POLLOUT}, 1, 0) != 0;
}

/* Until the reader takes more.  False when the program is told to stop meanwhile: its handler,
 * which runs then, tells the loop, which would not hear of it while we wait for a reader. */
static bool wait_for_reader(int descriptor)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    const struct sigaction ours = {.sa_handler = on_stop};
    struct sigaction before[2];
    sigset_t both, mask;

    (void)sigemptyset(&both);
    for (int i = 0; i < 2; i++)
        (void)sigaddset(&both, numbers[i]);
    (void)pthread_sigmask(SIG_BLOCK, &both, &mask);
    stopped = 0;
    for (int i = 0; i < 2; i++)
        if (!sigaction(numbers[i], NULL, &before[i]) && is_handled(&before[i]))
            (void)sigaction(numbers[i], &ours, NULL);
    (void)ppoll(&(struct pollfd){.fd = descriptor, .events = POLLOUT}, 1, NULL, &mask);
    for (int i = 0; i < 2; i++)
        (void)sigaction(numbers[i], &before[i], NULL);
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return !stopped || raise(stopped) != 0;
}

/* What a reader may keep waiting: no file. */
static bool may_wait(int descriptor)
{
    struct stat is;

    return !fstat(descriptor, &is) && !S_ISREG(is.st_mode);
}

/* False, errno set, when not all of it could be written. */
static bool write_all(struct stream *stream, const char *bytes, size_t length)
{
    const bool waits = may_wait(stream->descriptor);

    while (length) {
        size_t some = waits && length > AT_ONCE_BYTES ? AT_ONCE_BYTES : length;
        ssize_t n;

        stream->given_up = stream->given_up ||
                           (waits && !takes_more(stream) && !wait_for_reader(stream->descriptor));
        if (stream->given_up) {
            errno = EINTR;
            return false;
        }
        n = write(stream->descriptor, bytes, some);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        bytes += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* What a line for people is to the journal, by how such lines begin; syslog's numbers.  One that is
 * indented goes on about the one before. */
static int priority_of(const char *line, size_t length, int before)
{
    if (line[0] == ' ')
        return before;
    if (memmem(line, length, ": ok: ", strlen(": ok: ")))
        return 6;
    if (length >= 8 && !memcmp(line, "warning:", 8))
        return 4;
    return 3;
}

/* Of log.c, which knows better. */
static bool has_priority(const char *line, size_t length)
{
    return length > 2 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>';
}

/* The lines with their priorities.  systemd takes those off again (sd-daemon(3)). */
static void mark(struct stream *stream, struct str *out, const char *bytes, size_t length)
{
    while (length) {
        const char *end = memchr(bytes, '\n', length);
        size_t n = end ? (size_t)(end - bytes) + 1 : length;

        if (!stream->within && !has_priority(bytes, n)) {
            stream->priority = priority_of(bytes, n, stream->priority);
            str_addf(out, "<%d>", stream->priority);
        }
        stream->within = !end;
        str_add_n(out, bytes, n);
        bytes += n;
        length -= n;
    }
}

/* What a person set is told as it is in many a line; a secret put there by mistake is not. Standard
 * error has no buffer, so one call has a whole printf. */
static void hide_secrets(struct str *shown)
{
    cleanup_free char *hidden = secret_hide(str_text(shown));

    str_fini(shown);
    *shown = (struct str){0};
    str_add(shown, hidden);
}

/* (fopencookie(3): 0 for an error, never a negative number.) */
static ssize_t write_stream(void *cookie, const char *bytes, size_t length)
{
    struct stream *stream = cookie;
    cleanup_str struct str shown = {0}, marked = {0};

    if (stream->exact)
        return write_all(stream, bytes, length) ? (ssize_t)length : 0;
    printable_add(&stream->printable, &shown, bytes, length);
    if (stream == &errors)
        hide_secrets(&shown);
    if (!stream->journal)
        return write_all(stream, str_text(&shown), shown.len) ? (ssize_t)length : 0;
    mark(stream, &marked, str_text(&shown), shown.len);
    return write_all(stream, str_text(&marked), marked.len) ? (ssize_t)length : 0;
}

static FILE *open_stream(struct stream *stream, int buffering)
{
    FILE *file = fopencookie(stream, "w", (cookie_io_functions_t){.write = write_stream});

    if (!file || setvbuf(file, NULL, buffering, BUFSIZ))
        abort();
    return file;
}

void standard_streams_exact(void)
{
    output.exact = !isatty(output.descriptor);
}

/* The end of a character that never came. */
static int end_stream(FILE *file, struct stream *stream)
{
    cleanup_str struct str rest = {0};
    int failed = fflush(file);

    printable_end(&stream->printable, &rest);
    return failed || !write_all(stream, str_text(&rest), rest.len) ? -1 : 0;
}

void standard_streams_open(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        /* The lowest free one is taken, so in this order it is the one that is closed. */
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY) != descriptor)
            abort();
    }
    errors.journal = log_journal_is_stderr();
    errors.priority = 3;
    stdout = open_stream(&output, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
    stderr = open_stream(&errors, _IONBF);
}

int standard_streams_close(int code)
{
    bool failed = ferror(stdout) != 0;
    int reason = end_stream(stdout, &output) ? errno : 0;

    if (!failed && !reason)
        return code;
    /* The write that failed has taken its reason along: the next one gives it again. */
    clearerr(stdout);
    if (!reason && (putchar('\n') == EOF || fflush(stdout)))
        reason = errno;
    if (reason != EPIPE)
        (void)fprintf(stderr, "billingd: standard output: %s: what was printed is not complete\n",
                      reason ? strerror(reason) : "a write failed");
    return EXIT_FAILED;
}
