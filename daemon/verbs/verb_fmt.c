/* verb_fmt.c -- lays a spec or template out in the usual way; what it means stays. */
#include "aws/local/whole_file.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/standard_streams.h"
#include "daemon/views/text_diff.h"
#include "spec/manifest.h"
#include "yaml/yaml_format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MOST = 4 << 20 };

static void on_problem(void *arg, struct yaml_place place, const char *path, const char *problem)
{
    problems_add(arg, PROBLEM_ERROR, place, path, "%s", problem);
}

/* ---- reading ---- */

/* Standard input, without a byte order mark; NULL and told. */
static char *read_input(size_t *length)
{
    struct str text = {0};
    char bytes[16384];
    size_t n;

    while ((n = fread(bytes, 1, sizeof bytes, stdin)) > 0 && text.len <= INPUT_MOST)
        str_add_n(&text, bytes, n);
    if (text.len > INPUT_MOST) {
        (void)fputs("billingd: standard input holds more than 4 MiB\n", stderr);
        str_fini(&text);
        return NULL;
    }
    *length = text.len;
    if (text.len >= 3 && !strncmp(str_text(&text), "\xef\xbb\xbf", 3)) {
        char *rest = mem_text_n(text.data + 3, text.len - 3);

        *length -= 3;
        str_fini(&text);
        return rest;
    }
    return str_take(&text);
}

static char *read_file(const char *path, size_t *length)
{
    char *problem = NULL, *bytes;

    if (!strcmp(path, "-"))
        return read_input(length);
    bytes = yaml_read_bytes(path, length, &problem);
    if (!bytes)
        (void)fprintf(stderr, "billingd: %s: %s\n", path, problem);
    free(problem);
    return bytes;
}

/* ---- writing ---- */

/* What a link points to is replaced, not the link. */
static int replace(const char *path, const char *text)
{
    cleanup_free char *real = realpath(path, NULL);
    struct stat like;
    int problem = real && !stat(real, &like) ? whole_file_replace(real, text, &like) : errno;

    if (!problem)
        return EXIT_DONE;
    (void)fprintf(stderr, "billingd: %s is not changed: %s\n", path, strerror(problem));
    return EXIT_FAILED;
}

/* ---- the work ---- */

static int settle(const struct options *options, const char *path, const char *before,
                  const char *after)
{
    bool same = !strcmp(before, after), writes = !options->check && !options->diff;

    if (options->diff && !same)
        text_diff_print(before, after, "", stdout, options_color(options, stdout));
    if (options->check && !same && !options->diff)
        (void)printf("%s\n", path);
    if (writes && !strcmp(path, "-")) {
        standard_streams_exact(); /* a file, not words for people */
        (void)fputs(after, stdout);
    } else if (writes && !same) {
        return replace(path, after);
    }
    return options->check && !same ? EXIT_DIFFERENT : EXIT_DONE;
}

static int format(const struct options *options, const char *path)
{
    struct problems problems = {0};
    size_t length = 0;
    cleanup_free char *before = read_file(path, &length), *after = NULL;
    int code = EXIT_BAD_CONFIG;

    if (!before)
        return code;
    after = yaml_format(path, before, length, on_problem, &problems);
    if (after && !problems.count) {
        code = settle(options, path, before, after);
    } else {
        /* No line: the file is understood, but cannot be laid out. */
        code = problems.count && !problems.items[0].line ? EXIT_FAILED : EXIT_BAD_CONFIG;
        problems_sort(&problems);
        problems_print(&problems, stderr, options_color(options, stderr));
    }
    problems_fini(&problems);
    return code;
}

int verb_fmt(const struct options *options)
{
    const char *path = options->operand ? options->operand
                       : options->file  ? options->file
                                        : manifest_default_path();

    if (path)
        return format(options, path);
    (void)fputs("billingd: neither ./billing.yaml nor /etc/billingd/billing.yaml is there; name a "
                "file\n",
                stderr);
    return EXIT_BAD_CONFIG;
}
