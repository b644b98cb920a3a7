/* problems.c -- gathering and printing what is wrong with a spec. */
#include "spec/problems.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/secret/secret.h"
#include "base/str.h"
#include "yaml/yaml.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

enum { SHOWN_WIDTH = 160 };

struct problem *problems_add(struct problems *problems, enum problem_severity severity,
                             struct yaml_place place, const char *path, const char *format, ...)
{
    cleanup_free char *text = NULL;
    struct problem *p;
    va_list args;

    problems->items = mem_resize(problems->items, problems->count + 1, sizeof *problems->items);
    p = &problems->items[problems->count++];
    *p = (struct problem){.severity = severity, .line = place.line, .column = place.column};
    p->file = mem_text(place.file ? place.file : "");
    p->path = secret_hide(path ? path : "");
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    p->text = secret_hide(text);
    for (char *c = p->text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    str_make_utf8(p->text);
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

void problems_put_off_lints(struct problems *problems)
{
    size_t kept = 0;
    bool others = false;

    for (size_t i = 0; i < problems->count; i++)
        others |= problems->items[i].severity == PROBLEM_ERROR && !*problems->items[i].code;
    for (size_t i = 0; others && i < problems->count; i++) {
        struct problem *p = &problems->items[i];

        if (p->severity == PROBLEM_WARNING && *p->code) {
            problem_fini(p);
            problems->warnings--;
        } else {
            problems->items[kept++] = *p;
        }
    }
    problems->count = others ? kept : problems->count;
}

/* What makes two problems alike; new text. */
static char *likeness(const struct problem *p)
{
    return mem_printf("%d%s %s %s", p->severity, p->code, p->file, p->text);
}

/* likeness -> how many there are. */
static json_t *count_alike(const struct problems *problems)
{
    json_t *counts = json_object();

    for (size_t i = 0; i < problems->count; i++) {
        cleanup_free char *key = likeness(&problems->items[i]);
        const json_t *before = json_object_get(counts, key);

        (void)json_object_set_new_nocheck(counts, key,
                                          json_integer(json_integer_value(before) + 1));
    }
    return counts;
}

/* How many are left out behind this one; new text, NULL for none.  alike: like it, all: of every
 * kind. */
static char *rest_of(size_t alike, size_t all)
{
    if (all)
        return mem_printf("and %zu more problem%s: put these right first", all, all > 1 ? "s" : "");
    return alike ? mem_printf("and %zu more like this", alike) : NULL;
}

void problems_each(const struct problems *problems,
                   void (*visit)(void *arg, const struct problem *problem, const char *rest),
                   void *arg)
{
    json_auto_t *counts = count_alike(problems), *told = json_object();
    size_t shown = 0;

    for (size_t i = 0; i < problems->count && shown < PROBLEMS_SHOWN; i++) {
        const struct problem *p = &problems->items[i];
        cleanup_free char *key = likeness(p);
        size_t before = (size_t)json_whole(told, key);
        size_t alike = (size_t)json_whole(counts, key) - PROBLEMS_ALIKE;
        cleanup_free char *rest = NULL;

        if (before >= PROBLEMS_ALIKE)
            continue;
        (void)json_object_set_new_nocheck(told, key, json_integer((json_int_t)before + 1));
        rest = rest_of(before + 1 == PROBLEMS_ALIKE ? alike : 0,
                       ++shown == PROBLEMS_SHOWN ? problems->count - i - 1 : 0);
        visit(arg, p, rest);
    }
}

/* Printing: the file that is open, and its line that was read last.  Problems come sorted, so each
 * file is read once. */
struct printing {
    FILE *out;
    bool color;
    const char *path; /* of the file; NULL: none */
    FILE *file;       /* NULL: it cannot be read */
    int at;           /* number of the line; 0: none */
    char *line;
    size_t room;
    bool utf8; /* the line is */
};

static void close_file(struct printing *p)
{
    if (p->file)
        (void)fclose(p->file);
    p->file = NULL;
    p->path = NULL;
    p->at = 0;
}

static void end_line(struct printing *p)
{
    p->line[strcspn(p->line, "\r\n")] = '\0';
    p->utf8 = str_is_utf8(p->line, strlen(p->line));
}

/* Line number `wanted` of the file without its end, valid until the next call; NULL when there is
 * none. */
static char *read_line(struct printing *p, const char *path, int wanted)
{
    char *line;

    if (!p->path || strcmp(p->path, path) != 0 || wanted < p->at) {
        close_file(p);
        p->path = path;
        p->file = strcmp(path, "-") != 0 ? yaml_read_open(path) : NULL;
    }
    for (; p->file && p->at < wanted; p->at++)
        if (getline(&p->line, &p->room, p->file) < 0)
            return NULL;
        else if (p->at + 1 == wanted)
            end_line(p);
    if (!p->file || !p->at)
        return NULL;
    line = p->line;
    return wanted == 1 && !strncmp(line, "\xef\xbb\xbf", 3) ? line + 3 : line;
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

/* Whether a key of the line says that its value is a secret: "password: ...". */
static bool names_secret(const char *line)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length;
    char after;

    for (; *line; line += length + (line[length] != '\0')) {
        length = strspn(line, letters);
        after = line[length + strspn(line + length, "\"' ")];
        if (length && (after == ':' || after == '=')) {
            cleanup_free char *name = mem_text_n(line, length);

            for (char *c = name; *c; c++)
                *c = (char)(*c == '-' ? '_' : toupper((unsigned char)*c));
            if (secret_is_name(name))
                return true;
        }
    }
    return false;
}

/* A line is told with its place, and not shown, when there could be a secret in any of it. */
static bool may_show(const char *line)
{
    cleanup_free char *hidden = secret_hide(line);

    return !strcmp(line, hidden) && !names_secret(line);
}

/* Bytes of the line before a comment that begins behind the place: it is not what is wrong. */
static size_t without_comment(const char *line, size_t place)
{
    char quote = '\0';

    for (size_t i = 0; line[i]; i++) {
        if (line[i] == '#' && !quote && i > place && strchr(" \t", line[i - 1])) {
            while (i && strchr(" \t", line[i - 1]))
                i--;
            return i;
        }
        if (strchr("\"'", line[i]) && (!quote || quote == line[i]))
            quote = quote ? '\0' : line[i];
    }
    return strlen(line);
}

/* The line with a caret below; whatever could steer a terminal is shown as '?'. */
static void print_line(struct printing *printing, const struct problem *p)
{
    const char *line = p->line > 0 ? read_line(printing, p->file, p->line) : NULL;
    int first = p->column > SHOWN_WIDTH - 20 ? p->column - SHOWN_WIDTH / 2 : 1;
    bool utf8 = printing->utf8, color = printing->color;
    cleanup_free char *whole = NULL, *shown = NULL;
    FILE *out = printing->out;
    size_t n;

    if (!line || !may_show(line))
        return;
    whole = mem_text_n(line, without_comment(line, bytes_of(line, p->column - 1)));
    line = whole + bytes_of(whole, first - 1);
    shown = mem_text_n(line, bytes_of(line, SHOWN_WIDTH));
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
    (void)fprintf(out, "%s^%s\n", color ? PRINTABLE_OURS "[1;32m" : "",
                  color ? PRINTABLE_OURS "[0m" : "");
}

static void print_problem(void *arg, const struct problem *p, const char *rest)
{
    struct printing *printing = arg;
    bool color = printing->color;
    FILE *out = printing->out;
    const char *bold = color ? PRINTABLE_OURS "[1m" : "",
               *plain = color ? PRINTABLE_OURS "[0m" : "";
    const char *tint = !color                         ? ""
                       : p->severity == PROBLEM_ERROR ? PRINTABLE_OURS "[31m"
                                                      : PRINTABLE_OURS "[33m";

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
    print_line(printing, p);
    if (p->cost)
        (void)fprintf(out, "        cost: %s\n", p->cost);
    if (p->remedy)
        (void)fprintf(out, "      remedy: %s\n", p->remedy);
    if (rest)
        (void)fprintf(out, "        %s\n", rest);
}

void problems_print(const struct problems *problems, FILE *out, bool color)
{
    struct printing printing = {.out = out, .color = color};

    problems_each(problems, print_problem, &printing);
    close_file(&printing);
    free(printing.line);
}

void problems_fini(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        problem_fini(&problems->items[i]);
    free(problems->items);
    *problems = (struct problems){0};
}

static void log_problem(void *arg, const struct problem *p, const char *rest)
{
    (void)arg;
    if (p->severity == PROBLEM_ERROR)
        log_error("spec_error", "{s:s, s:i, s:i, s:s, s:s, s:s*}", "file", p->file, "line", p->line,
                  "column", p->column, "path", p->path, "error", p->text, "more", rest);
    else
        log_warning("spec_warning", "{s:s, s:i, s:i, s:s, s:s, s:s, s:s*}", "file", p->file, "line",
                    p->line, "column", p->column, "path", p->path, "code", p->code, "error",
                    p->text, "more", rest);
}

void problems_log(const struct problems *problems)
{
    problems_each(problems, log_problem, NULL);
}
