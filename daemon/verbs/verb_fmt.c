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

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* Standard input, without a byte order mark; NULL and told. */
static char *read_input(size_t *length, bool *marked)
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
    *marked = text.len >= 3 && !strncmp(str_text(&text), byte_order_mark, 3);
    if (*marked) {
        char *rest = mem_text_n(text.data + 3, text.len - 3);

        *length -= 3;
        str_fini(&text);
        return rest;
    }
    return str_take(&text);
}

static bool begins_with_mark(const char *path)
{
    char bytes[4] = "";
    FILE *file = fopen(path, "re");
    bool found;

    if (!file)
        return false;
    found = fread(bytes, 1, 3, file) == 3 && !strcmp(bytes, byte_order_mark);
    (void)fclose(file);
    return found;
}

static char *read_file(const char *path, size_t *length, bool *marked)
{
    char *problem = NULL, *bytes;

    if (!strcmp(path, "-"))
        return read_input(length, marked);
    bytes = yaml_read_bytes(path, length, &problem);
    if (!bytes)
        (void)fprintf(stderr, "billingd: %s: %s\n", path, problem);
    *marked = bytes && begins_with_mark(path);
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

static void ignore_problem(void *arg, struct yaml_place place, const char *path,
                           const char *problem)
{
    (void)arg;
    (void)place;
    (void)path;
    (void)problem;
}

static bool is_understood(const char *path, const char *bytes, size_t length)
{
    struct yaml_node *node = yaml_read_text(path, bytes, length, ignore_problem, NULL);

    yaml_tree_free(node);
    return node != NULL;
}

static int format(const struct options *options, const char *path)
{
    struct problems problems = {0};
    size_t length = 0;
    bool marked = false;
    cleanup_free char *before = read_file(path, &length, &marked), *after = NULL, *whole = NULL;
    int code = EXIT_BAD_CONFIG;

    if (!before)
        return code;
    after = yaml_format(path, before, length, on_problem, &problems);
    if (after && !problems.count) {
        /* The mark goes, as other odd bytes that mean nothing do. */
        whole = mem_printf("%s%s", marked ? byte_order_mark : "", before);
        code = settle(options, path, whole, after);
    } else {
        code = !after && is_understood(path, before, length) ? EXIT_FAILED : EXIT_BAD_CONFIG;
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
