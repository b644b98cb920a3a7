#include "daemon/verbs/spec_load.h"

#include "base/log.h"
#include "daemon/views/progress_while.h"

/* For people; as events of the log where that is what they read. */
static void tell(const struct options *options, const char *path, bool used,
                 const struct problems *problems)
{
    if (log_goes_to_journal()) {
        problems_log(problems);
        if (!used)
            log_error("spec_rejected", "{s:s, s:I, s:I, s:s}", "spec", path, "errors",
                      (json_int_t)problems->errors, "warnings", (json_int_t)problems->warnings,
                      "error", "it is not used");
        return;
    }
    problems_print(problems, stderr, options_color(options, stderr));
    if (!used)
        (void)fprintf(stderr, "%s: not used: %zu error%s, %zu warning%s\n", path, problems->errors,
                      problems->errors == 1 ? "" : "s", problems->warnings,
                      problems->warnings == 1 ? "" : "s");
}

/* Some milliseconds for each pipeline. */
static struct manifest *load(const struct options *options, const char *path,
                             struct problems *problems)
{
    struct progress_while *shown =
        progress_while_start(path, "reading the spec", options_color(options, stderr));
    struct manifest *manifest = manifest_load(path, problems);

    problems_sort(problems);
    progress_while_end(shown);
    return manifest;
}

struct manifest *spec_load(const struct options *options, int *code, size_t *warnings)
{
    const char *path = options->file ? options->file : manifest_default_path();
    struct problems problems = {0};
    struct manifest *manifest;

    if (!path) {
        (void)fputs(
            "billingd: no ./billing.yaml and no /etc/billingd/billing.yaml; name a spec with "
            "-f\n",
            stderr);
        *code = EXIT_BAD_CONFIG;
        return NULL;
    }
    manifest = load(options, path, &problems);
    tell(options, path, manifest != NULL, &problems);
    *warnings = problems.warnings;
    *code = manifest ? EXIT_DONE : EXIT_BAD_CONFIG;
    problems_fini(&problems);
    return manifest;
}

struct manifest *spec_load_strictly(const struct options *options, int *code)
{
    size_t warnings;
    struct manifest *manifest = spec_load(options, code, &warnings);

    if (!manifest || !options->strict || !warnings)
        return manifest;
    (void)fprintf(stderr, "billingd: stopped by --strict: %zu warning%s\n", warnings,
                  warnings == 1 ? "" : "s");
    *code = EXIT_WARNINGS;
    manifest_free(manifest);
    return NULL;
}
