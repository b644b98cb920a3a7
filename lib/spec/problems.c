/* problems.c -- gathering and printing what is wrong with a spec. */
#include "spec/problems.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <string.h>

enum { SHOWN_WIDTH = 160 };

struct problem *problems_add(struct problems *problems, enum problem_severity severity,
                             struct yaml_place place, const char *path, const char *format, ...)
{
    struct problem *p;
    va_list args;

    problems->items = mem_resize(problems->items, problems->count + 1, sizeof *problems->items);
    p = &problems->items[problems->count++];
    *p = (struct problem){.severity = severity, .line = place.line, .column = place.column};
    p->file = mem_text(place.file ? place.file : "");
    p->path = mem_text(path ? path : "");
    va_start(args, format);
    if (vasprintf(&p->text, format, args) < 0)
        abort();
    va_end(args);
    if (severity == PROBLEM_ERROR)
        problems->errors++;
    else
        problems->warnings++;
    return p;
}

static int compare(const void *a, const void *b)
{
    const struct problem *p = a, *q = b;
    int order = strcmp(p->file, q->file);

    if (!order)
        order = (p->line > q->line) - (p->line < q->line);
    if (!order)
        order = (p->column > q->column) - (p->column < q->column);
    if (!order)
        order = strcmp(p->code, q->code);
    if (!order)
        order = strcmp(p->text, q->text);
    return order ? order : strcmp(p->path, q->path);
}

static void problem_fini(struct problem *p)
{
    free(p->file);
    free(p->path);
    free(p->text);
    free(p->remedy);
    free(p->cost);
}

/* The same fault at the same place; a template used by ten pipelines tells it once. */
static bool is_repeat(const struct problem *p, const struct problem *q)
{
    return p->severity == q->severity && p->line == q->line && p->column == q->column && p->line &&
           !strcmp(p->file, q->file) && !strcmp(p->text, q->text) && !strcmp(p->code, q->code);
}

void problems_sort(struct problems *problems)
{
    size_t kept = 0;

    if (problems->count)
        qsort(problems->items, problems->count, sizeof *problems->items, compare);
    for (size_t i = 0; i < problems->count; i++) {
        struct problem *p = &problems->items[i];

        if (kept && is_repeat(&problems->items[kept - 1], p)) {
            if (p->severity == PROBLEM_ERROR)
                problems->errors--;
            else
                problems->warnings--;
            problem_fini(p);
        } else {
            problems->items[kept++] = *p;
        }
    }
    problems->count = kept;
}

/* Line number `wanted` of the file without its end; NULL when there is none. */
static char *read_line(const char *path, int wanted)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n = -1;

    for (int i = 0; file && i < wanted; i++) {
        n = getline(&line, &room, file);
        if (n < 0)
            break;
    }
    if (file)
        (void)fclose(file);
    if (n < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

/* Bytes of the first `columns` characters of UTF-8 text. */
static size_t bytes_of(const char *text, int columns)
{
    size_t i = 0;

    while (text[i] && columns > 0) {
        i++;
        while (((unsigned char)text[i] & 0xc0) == 0x80)
            i++;
        columns--;
    }
    return i;
}

/* The line with a caret below; whatever could steer a terminal is shown as '?'. */
static void print_line(const struct problem *p, FILE *out, bool color)
{
    char *line = p->line > 0 ? read_line(p->file, p->line) : NULL;
    int first = p->column > SHOWN_WIDTH - 20 ? p->column - SHOWN_WIDTH / 2 : 1;
    bool utf8 = line && str_is_utf8(line, strlen(line));
    char *shown;
    size_t n;

    if (!line)
        return;
    shown = line + bytes_of(line, first - 1);
    shown[bytes_of(shown, SHOWN_WIDTH)] = '\0';
    n = bytes_of(shown, p->column - first);
    for (char *c = shown; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f || (*c < 0 && !utf8))
            *c = '?';
    (void)fprintf(out, "  %5d | %s\n        | ", p->line, shown);
    for (size_t i = 0; i < n; i++)
        if (shown[i] == '\t')
            (void)fputc('\t', out);
        else if (((unsigned char)shown[i] & 0xc0) != 0x80)
            (void)fputc(' ', out);
    (void)fprintf(out, "%s^%s\n", color ? "\033[1;32m" : "", color ? "\033[0m" : "");
    free(line);
}

static void print_problem(const struct problem *p, FILE *out, bool color)
{
    const char *bold = color ? "\033[1m" : "", *plain = color ? "\033[0m" : "";
    const char *tint = !color ? "" : p->severity == PROBLEM_ERROR ? "\033[31m" : "\033[33m";

    (void)fprintf(out, "%s%s", bold, p->file);
    if (p->line > 0)
        (void)fprintf(out, ":%d:%d", p->line, p->column);
    (void)fprintf(out, ":%s ", plain);
    if (p->severity == PROBLEM_WARNING)
        (void)fprintf(out, "%swarning%s%s:%s ", tint, *p->code ? " " : "", p->code, plain);
    else if (*p->code)
        (void)fprintf(out, "%serror %s:%s ", tint, p->code, plain);
    (void)fprintf(out, "%s%s%s%s%s\n", p->path, *p->path ? ": " : "",
                  p->severity == PROBLEM_ERROR ? tint : "", p->text,
                  p->severity == PROBLEM_ERROR ? plain : "");
    print_line(p, out, color);
    if (p->cost)
        (void)fprintf(out, "        cost: %s\n", p->cost);
    if (p->remedy)
        (void)fprintf(out, "      remedy: %s\n", p->remedy);
}

void problems_print(const struct problems *problems, FILE *out, bool color)
{
    for (size_t i = 0; i < problems->count; i++)
        print_problem(&problems->items[i], out, color);
}

void problems_fini(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        problem_fini(&problems->items[i]);
    free(problems->items);
    *problems = (struct problems){0};
}
