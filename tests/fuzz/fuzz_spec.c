/* A whole spec with its template and environment: it is used or refused, problems have places
 * inside it and tell no secret, and what it comes to (check --print-effective) is a spec again that
 * comes to the same.
 *
 * The first byte says what the bytes are: 0 to 127 a spec, 128 and above a template, for a spec
 * that sets nothing.  Then values of the environment, each with a NUL behind it. */
#include "fuzz.h"

#include "base/mem.h"
#include "base/secret/secret.h"
#include "base/str.h"
#include "spec/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECRET "0123456789secret0123456789secret01234567"

static void set_environment(struct fuzz_input *input)
{
    static const char *const names[] = {"BILLING_S3_BUCKET", "BILLING_API_NAME", "FUZZ_TEXT"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cleanup_free char *value = fuzz_text(input);

        (void)setenv(names[i], value, 1);
    }
    (void)setenv("FUZZ_PASSWORD", SECRET, 1);
}

static int lines_of(const char *text)
{
    int lines = 1;

    for (; *text; text++)
        lines += strchr("\n\r\xc2\xe2", *text) != NULL; /* one that libyaml breaks at, or more */
    return lines;
}

static void check_problems(const struct problems *problems, int lines)
{
    size_t errors = 0;

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];

        errors += p->severity == PROBLEM_ERROR;
        must(p->line >= 0 && (!p->line || p->column >= 1));
        must(strcmp(p->file, "fuzz.yaml") != 0 || p->line <= lines);
        must(!*p->code == !p->remedy);
        fuzz_told(p->text);
    }
    must(errors == problems->errors && problems->count == errors + problems->warnings);
}

static void check_printed(const struct problems *problems)
{
    cleanup_free char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    problems_print(problems, out, false);
    (void)fclose(out);
    must(!strstr(text, SECRET));
}

static struct manifest *load(const char *text)
{
    struct problems problems = {0};
    struct manifest *manifest = manifest_load_text("fuzz.yaml", text, true, &problems);

    must(!manifest == (problems.errors > 0));
    problems_sort(&problems);
    check_problems(&problems, lines_of(text));
    check_printed(&problems);
    problems_fini(&problems);
    return manifest;
}

static void check_manifest(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        const struct manifest_pipeline *pipeline = &manifest->pipelines[i];
        json_auto_t *facts = manifest_resolve_facts(pipeline, manifest->account);
        json_auto_t *wanted = manifest_resolve(pipeline, facts);

        must(json_array_size(wanted) == pipeline->resource_count);
        for (size_t j = 0; j < pipeline->resource_count; j++)
            for (size_t k = 0; k < pipeline->resources[j].need_count; k++)
                must(pipeline->resources[j].needs[k] < j);
    }
}

static void load_twice(const char *text)
{
    struct manifest *manifest = load(text), *again;
    cleanup_free char *effective = NULL, *once_more = NULL;

    if (!manifest)
        return;
    check_manifest(manifest);
    effective = manifest_effective(manifest);
    must(!strstr(effective, SECRET));
    again = load(effective);
    must(again);
    once_more = manifest_effective(again);
    must(!strcmp(effective, once_more));
    manifest_free(again);
    manifest_free(manifest);
}

/* A spec that takes the bytes as its template, by a file that has no name. */
static void load_template(const char *bytes, size_t length)
{
    int file = memfd_create("template", MFD_CLOEXEC);
    cleanup_free char *spec =
        mem_printf("account: \"123456789012\"\nregion: ap-northeast-2\n"
                   "template: /proc/self/fd/%d\npipelines:\n  one: ~\n  two: {region: eu-west-1}\n",
                   file);

    must(file >= 0 && write(file, bytes, length) == (ssize_t)length);
    load_twice(spec);
    (void)close(file);
}

FUZZ_TARGET(spec)
{
    struct fuzz_input input = {data, size};
    bool template = fuzz_byte(&input) & 128;
    cleanup_free char *bytes = NULL;
    size_t length;

    set_environment(&input);
    bytes = fuzz_rest(&input, &length);
    if (template)
        load_template(bytes, length);
    else
        load_twice(bytes);
    secret_forget();
}
