/* terminal.c -- colour, size and the yes/no question. */
#include "daemon/views/terminal.h"

#include "base/mem.h"
#include "base/printable.h"
#include "base/text_width.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_parse_color(const char *word, enum terminal_color *color)
{
    static const char *const words[] = {"auto", "always", "never"};

    for (int i = 0; i < 3; i++) {
        if (!strcmp(word, words[i])) {
            *color = (enum terminal_color)i;
            return true;
        }
    }
    return false;
}

/* Standard output and error are streams of our own (standard_streams.c), without a number. */
static int descriptor_of(FILE *stream)
{
    return stream == stdout ? STDOUT_FILENO : stream == stderr ? STDERR_FILENO : fileno(stream);
}

bool terminal_is_live(FILE *out)
{
    const char *term = getenv("TERM");

    return isatty(descriptor_of(out)) && term && *term && strcmp(term, "dumb") != 0;
}

bool terminal_use_color(enum terminal_color color, FILE *out)
{
    const char *no_color = getenv("NO_COLOR");

    if (color != TERMINAL_COLOR_AUTO)
        return color == TERMINAL_COLOR_ALWAYS;
    return !(no_color && *no_color) && terminal_is_live(out);
}

static int number(const char *variable, int otherwise)
{
    const char *text = getenv(variable);
    long value = text ? strtol(text, NULL, 10) : 0;

    return value > 0 && value < 10000 ? (int)value : otherwise;
}

void terminal_size(FILE *out, int *columns, int *rows)
{
    struct winsize size = {0};

    if (ioctl(descriptor_of(out), TIOCGWINSZ, &size))
        size = (struct winsize){0};
    *columns = size.ws_col ? size.ws_col : number("COLUMNS", 80);
    *rows = size.ws_row ? size.ws_row : number("LINES", 24);
}

const char *terminal_style(bool color, enum terminal_style style)
{
    static const char *const sequences[] = {
        PRINTABLE_OURS "[0m",  PRINTABLE_OURS "[1m",  PRINTABLE_OURS "[2m", PRINTABLE_OURS "[31m",
        PRINTABLE_OURS "[32m", PRINTABLE_OURS "[33m", PRINTABLE_OURS "[36m"};

    return color ? sequences[style] : "";
}

bool terminal_ask(FILE *in, FILE *out, const char *question)
{
    char answer[16] = "";
    cleanup_free char *shown = NULL;
    bool whole;

    if (!isatty(descriptor_of(in)) || !isatty(descriptor_of(out)))
        return false;
    shown = text_width_fit(question, 100000);
    (void)fprintf(out, "%s [y/N] ", shown);
    (void)fflush(out);
    if (!fgets(answer, sizeof(answer), in)) {
        (void)fputc('\n', out);
        return false;
    }
    whole = strchr(answer, '\n') != NULL;
    for (int c = 0; !whole && c != EOF && c != '\n';)
        c = fgetc(in);
    answer[strcspn(answer, "\r\n")] = '\0';
    return whole && (!strcasecmp(answer, "y") || !strcasecmp(answer, "yes"));
}
