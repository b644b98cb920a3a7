/* Colour, the question and the live area, on a pseudo-terminal read by a small screen. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/printable.h"
#include "check.h"
#include "daemon/views/progress.h"
#include "daemon/views/terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* ---- a terminal of 40 columns: characters, line breaks, wrapping, cursor up, erase below ---- */

enum { ROWS = 60 };

static char screen[ROWS][256]; /* bytes of a row; ASCII and an ellipsis only */
static int row, column, width;
static int master;
static FILE *out;
static char unknown[64]; /* the first sequence the screen does not know */

static void screen_clear(int columns)
{
    memset(screen, 0, sizeof(screen));
    row = column = 0;
    width = columns;
}

static void put_character(const char *bytes, size_t length)
{
    if (column == width) { /* wraps only when the next character comes, as terminals do */
        column = 0;
        row++;
    }
    memcpy(screen[row] + strlen(screen[row]), bytes, length);
    column++;
}

static void escape(int number, char final)
{
    if (final == 'A') {
        row -= number ? number : 1;
        CHECK(row >= 0);
    } else if (final == 'J' && number == 0) {
        CHECK_INT(column, 0);
        for (int i = row; i < ROWS; i++)
            memset(screen[i], 0, sizeof(screen[i]));
    } else if (final != 'm' && !*unknown) {
        (void)snprintf(unknown, sizeof(unknown), "CSI %d %c", number, final);
    }
}

static void screen_eat(const char *bytes)
{
    while (*bytes) {
        size_t length = (unsigned char)*bytes >= 0xe0 ? 3 : 1;

        if (*bytes == '\033' && bytes[1] == '[') {
            char *end;
            long number = strtol(bytes + 2, &end, 10);

            escape((int)number, *end);
            bytes = end + 1;
            continue;
        }
        if (*bytes == '\r')
            column = 0;
        else if (*bytes == '\n')
            row++;
        else if ((unsigned char)*bytes < ' ')
            (void)snprintf(unknown, sizeof(unknown), "byte %d", *bytes);
        else
            put_character(bytes, length);
        bytes += length;
    }
}

static char raw[65536];
enum { LAST = 0x7f };

/* What was written since the last call; also put on the screen. */
static const char *shown(void)
{
    static struct printable stream; /* as standard output and error have it */
    cleanup_str struct str printed = {0};
    size_t length = 0;

    fputc(LAST, out); /* a terminal passes on what is written when it likes, but in order */
    (void)fflush(out);
    while (!length || raw[length - 1] != LAST) {
        ssize_t got = read(master, raw + length, sizeof(raw) - length - 1);

        if (got <= 0)
            abort();
        length += (size_t)got;
    }
    length--;
    printable_add(&stream, &printed, raw, length);
    CHECK_INT(stream.rest.len, 0);
    (void)snprintf(raw, sizeof raw, "%s", str_text(&printed));
    screen_eat(raw);
    return raw;
}

static void resize(int columns, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};

    CHECK(ioctl(master, TIOCSWINSZ, &size) == 0);
}

static void open_terminal(void)
{
    int slave;

    CHECK(openpty(&master, &slave, NULL, NULL, NULL) == 0);
    out = fdopen(slave, "r+");
    resize(40, 24);
}

/* ---- tests ---- */

static void test_color(FILE *file)
{
    enum terminal_color color = TERMINAL_COLOR_AUTO;

    CHECK(terminal_parse_color("never", &color) && color == TERMINAL_COLOR_NEVER);
    CHECK(terminal_parse_color("always", &color) && color == TERMINAL_COLOR_ALWAYS);
    CHECK(terminal_parse_color("auto", &color) && color == TERMINAL_COLOR_AUTO);
    CHECK(!terminal_parse_color("yes", &color) && !terminal_parse_color("", &color));

    (void)setenv("TERM", "xterm", 1);
    (void)unsetenv("NO_COLOR");
    CHECK(terminal_use_color(TERMINAL_COLOR_AUTO, out));
    CHECK(!terminal_use_color(TERMINAL_COLOR_AUTO, file));
    CHECK(terminal_use_color(TERMINAL_COLOR_ALWAYS, file));
    CHECK(!terminal_use_color(TERMINAL_COLOR_NEVER, out));
    (void)setenv("NO_COLOR", "1", 1);
    CHECK(!terminal_use_color(TERMINAL_COLOR_AUTO, out));
    CHECK(terminal_use_color(TERMINAL_COLOR_ALWAYS, out));
    CHECK(terminal_is_live(out)); /* colour is one thing, moving the cursor another */
    (void)setenv("NO_COLOR", "", 1);
    CHECK(terminal_use_color(TERMINAL_COLOR_AUTO, out));
    (void)setenv("TERM", "dumb", 1);
    CHECK(!terminal_use_color(TERMINAL_COLOR_AUTO, out) && !terminal_is_live(out));
    (void)unsetenv("TERM");
    CHECK(!terminal_use_color(TERMINAL_COLOR_AUTO, out) && !terminal_is_live(out));
    (void)setenv("TERM", "xterm", 1);

    CHECK_TEXT(terminal_style(false, STYLE_RED), "");
    CHECK_TEXT(terminal_style(true, STYLE_RED), PRINTABLE_OURS "[31m");
    CHECK_TEXT(terminal_style(true, STYLE_PLAIN), PRINTABLE_OURS "[0m");
}

static void test_size(FILE *file)
{
    int columns, rows;

    terminal_size(out, &columns, &rows);
    CHECK_INT(columns, 40);
    CHECK_INT(rows, 24);
    (void)setenv("COLUMNS", "132", 1);
    (void)unsetenv("LINES");
    terminal_size(file, &columns, &rows);
    CHECK_INT(columns, 132);
    CHECK_INT(rows, 24);
    (void)setenv("COLUMNS", "-3", 1);
    terminal_size(file, &columns, &rows);
    CHECK_INT(columns, 80);
}

static bool ask(const char *answer)
{
    bool yes;
    struct termios mode;

    (void)tcgetattr(fileno(out), &mode);
    mode.c_lflag &= (tcflag_t)~ECHO;
    (void)tcsetattr(fileno(out), TCSANOW, &mode);
    (void)!write(master, answer, strlen(answer));
    yes = terminal_ask(out, out, "Apply?");
    CHECK(strstr(shown(), "Apply? [y/N] ") != NULL);
    return yes;
}

static void test_ask(FILE *file)
{
    FILE *none = fopen("/dev/null", "r+");

    CHECK(ask("y\n") && ask("yes\n") && ask("YES\n"));
    CHECK(!ask("\n") && !ask("n\n") && !ask("yesterday\n") && !ask("y y\n"));
    CHECK(!ask("y                              and a line that is longer\n"));
    CHECK(ask("y\n"));   /* nothing of it was left */
    CHECK(!ask("\004")); /* end of input */
    clearerr(out);
    CHECK(!terminal_ask(none, out, "Apply?"));
    CHECK(!terminal_ask(out, file, "Apply?"));
    CHECK_TEXT(shown(), "");
    (void)fclose(none);
}

/* Fast runs show no live area: only the lines that stay. */
static void test_quick(void)
{
    struct progress *progress = progress_start(out, 2, false);

    screen_clear(40);
    progress_update(progress, "p/bucket", "creating", NULL);
    progress_tick(progress);
    CHECK_TEXT(shown(), "");
    progress_done(progress, "p/bucket", PROGRESS_CHANGED, "created");
    progress_done(progress, "p/role", PROGRESS_UNCHANGED, NULL);
    progress_end(progress);
    CHECK_TEXT(shown(), "p/bucket: created (0.0 s)\r\n");
}

static void test_live(void)
{
    struct progress *progress = progress_start(out, 20, true);
    int lines = 0;

    screen_clear(40);
    progress_update(progress, "p/stream", "creating", "waiting for status ACTIVE\033[2J");
    progress_update(progress, "p/role-with-a-name-longer-than-the-terminal", "creating", "IAM");
    clock_freeze_monotonic(clock_monotonic_ms() + 1100);
    for (int i = 0; i < 3; i++)
        progress_tick(progress);
    (void)shown();
    CHECK(!strncmp(screen[0], "  p/stream: creating 1.", 23));
    CHECK(strstr(screen[0], " s, waiting fo\u2026") != NULL); /* 39 columns */
    CHECK(!strncmp(screen[1], "  p/role-with-a-name-longer-than-the-t\u2026", 40));
    CHECK(!strncmp(screen[2], "  0 of 20 done, 2 at work, 1.", 29));
    CHECK_INT(row, 3);

    progress_done(progress, "p/stream", PROGRESS_FAILED, "AccessDenied: no\nsuch luck");
    progress_done(progress, "a line that is wider", PROGRESS_BLOCKED, "than forty columns of text");
    (void)shown();
    CHECK(!strncmp(screen[0], "p/stream: AccessDenied: no such luck (1.", 40));
    CHECK(!strncmp(screen[2], "a line that is wider: than forty columns", 40));
    CHECK(!strncmp(screen[4], "  p/role-with", 13));
    CHECK(!strncmp(screen[5], "  2 of 20 done, 1 at work", 25));

    for (int i = 0; i < 18; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "p/r%d", i);
        progress_update(progress, name, "reading", NULL);
    }
    resize(40, 9);
    progress_tick(progress);
    (void)shown();
    for (int i = 4; i < ROWS; i++)
        lines += screen[i][0] != '\0';
    CHECK_INT(lines, 7); /* 6 of 19 and the count: the cursor's row is the 8th */
    progress_end(progress);
    (void)shown();
    CHECK_TEXT(screen[4], "");
    CHECK_INT(row, 4);
    CHECK_INT(column, 0);
    CHECK_TEXT(unknown, "");
    resize(40, 24);
}

/* A terminal that became narrower wraps the frame; still nothing of it is left. */
static void test_narrower(void)
{
    struct progress *progress = progress_start(out, 1, false);

    screen_clear(40);
    progress_update(progress, "p/stream", "creating", "the status to be ACTIVE");
    clock_freeze_monotonic(clock_monotonic_ms() + 1050);
    progress_tick(progress);
    (void)shown();
    screen_clear(15); /* and so the terminal shows what it was given */
    screen_eat(
        "  p/stream: creating 1.0 s, waiting fo\u2026\r\n  0 of 1 done, 1 at work, 1.0 s\r\n");
    resize(15, 24);
    progress_end(progress);
    (void)shown();
    for (int i = 0; i < ROWS; i++)
        CHECK_TEXT(screen[i], "");
    resize(40, 24);
}

static void test_lines(FILE *file)
{
    char text[1024];
    size_t length;
    struct progress *progress = progress_start(file, 3, false);

    rewind(file);
    progress_update(progress, "p/stream", "creating", NULL);
    progress_update(progress, "p/stream", "creating", NULL);
    progress_update(progress, "p/stream", "waiting for status ACTIVE", "at most 9 s");
    progress_tick(progress);
    progress_update(progress, "p/role", "reading", NULL);
    progress_done(progress, "p/role", PROGRESS_UNCHANGED, NULL);
    progress_done(progress, "p/stream", PROGRESS_CHANGED, "created");
    progress_done(progress, "p/late", PROGRESS_BLOCKED, NULL);
    progress_update(progress, "p/never", "reading", NULL);
    progress_end(progress);
    rewind(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    CHECK_TEXT(text, "p/stream: creating\n"
                     "p/stream: waiting for status ACTIVE, at most 9 s\n"
                     "p/role: reading\n"
                     "p/stream: created (0.0 s)\n"
                     "p/late: blocked\n"
                     "p/never: reading\n");
}

int main(void)
{
    FILE *file = tmpfile();

    clock_freeze_monotonic(1000);
    open_terminal();
    test_color(file);
    test_size(file);
    test_ask(file);
    test_quick();
    test_live();
    test_narrower();
    test_lines(file);
    progress_end(NULL);
    (void)fclose(file);
    (void)fclose(out);
    (void)close(master);
    return check_done();
}
