#include "daemon/verbs/spec_load.h"

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
    manifest = manifest_load(path, &problems);
    problems_sort(&problems);
    problems_print(&problems, stderr, options_color(options, stderr));
    if (!manifest)
        (void)fprintf(stderr, "%s: not used: %zu error%s, %zu warning%s\n", path, problems.errors,
                      problems.errors == 1 ? "" : "s", problems.warnings,
                      problems.warnings == 1 ? "" : "s");
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
